//! The folder of figures: each as SVG, PNG and PDF, for each size in a folder of its own.

use super::ReportError;
use super::lacking::Lacking;
use crate::escape::terminal;
use crate::plot::Size;
use crate::plot::drawing::{Drawing, has_sign};
use crate::record::output_folder::OutputFolder;
use std::collections::BTreeSet;

/// A drawn figure.
pub struct Drawn {
    /// Its file's name, without extension.
    pub name: String,
    /// Its caption.
    pub caption: String,
    /// The picture for a page that has the font.
    pub svg: String,
}

/// The folder.
const FOLDER: &str = "plots/";

/// The name and caption of each figure.
const LIST: &str = "plots/captions.txt";

/// Writes figures into files.
pub struct Plots<'a> {
    out: &'a OutputFolder,
    written: BTreeSet<String>,
    sizes: BTreeSet<Size>,
    drawn: Vec<Drawn>,
    lacking: Lacking,
}

impl<'a> Plots<'a> {
    /// Figures for `plots/` in a report's folder: column size there, other sizes in folders inside.
    pub fn new(out: &'a OutputFolder, sizes: &[Size]) -> Self {
        let sizes: BTreeSet<Size> = sizes.iter().copied().chain([Size::Column]).collect();
        Self { out, written: BTreeSet::new(), sizes, drawn: Vec::new(), lacking: Lacking::default() }
    }

    /// The folder of a size.
    fn place(size: Size) -> String {
        if size == Size::Column { FOLDER.to_owned() } else { format!("{FOLDER}{}/", size.name()) }
    }

    /// Draws a figure at each size and writes it in each format.
    ///
    /// # Errors
    /// [`ReportError`].
    pub fn draw(&mut self, name: &str, caption: String, draw: impl Fn(Size) -> Drawing) -> Result<(), ReportError> {
        let failed = |reason| ReportError::Figure { name: name.to_owned(), reason };
        for &size in &self.sizes {
            let drawing = draw(size);
            let file = |extension: &str| format!("{}{name}.{extension}", Self::place(size));
            let svg = drawing.svg_file(&caption).map_err(failed)?;
            let (png, pdf) = (drawing.png().map_err(failed)?, drawing.pdf(&caption).map_err(failed)?);
            self.out.write_together(&[(file("svg"), svg.as_bytes()), (file("png"), &png), (file("pdf"), &pdf)])?;
            self.written.extend(["svg", "png", "pdf"].map(file));
        }
        let column = draw(Size::Column);
        column.texts().for_each(|text| self.lacking.add(text, has_sign));
        let svg = column.svg().map_err(failed)?;
        self.drawn.push(Drawn { name: name.to_owned(), caption, svg });
        Ok(())
    }

    /// A note on characters that no figure can show, if there are any.
    pub fn lacking(&self) -> Option<String> {
        let instead = "PNG and PDF show a box instead; SVG and the page use another font if the reader has one";
        self.lacking.note("the font of figures", instead)
    }

    /// Removes the figures of an earlier report that this one does not have, and returns its own.
    ///
    /// # Errors
    /// [`ReportError::File`].
    pub fn finish(self) -> Result<Vec<Drawn>, ReportError> {
        for name in self.out.listed(FOLDER).iter().filter(|name| *name != LIST && !self.written.contains(*name)) {
            self.out.remove(name);
        }
        for size in Size::ALL.into_iter().filter(|size| !self.sizes.contains(size)) {
            self.out.remove_empty(Self::place(size).trim_end_matches('/'));
        }
        let lines: Vec<String> =
            self.drawn.iter().map(|drawn| format!("{}: {}\n", drawn.name, terminal(&drawn.caption))).collect();
        self.out.write(LIST, lines.concat().as_bytes())?;
        Ok(self.drawn)
    }
}

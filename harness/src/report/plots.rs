//! The folder of figures: each as SVG, PNG and PDF, for each size in a folder of its own.

use super::ReportError;
use super::lacking::Lacking;
use crate::escape::terminal;
use crate::plot::Size;
use crate::plot::drawing::{Drawing, has_sign};
use crate::record::output_folder::OutputFolder;
use rayon::prelude::*;
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

/// A figure that is to be drawn.
pub struct Picture<'f> {
    /// Its file's name, without extension.
    pub name: String,
    /// Its caption.
    pub caption: String,
    /// Draws it at a size.
    pub draw: Box<dyn Fn(Size) -> Drawing + Sync + 'f>,
}

/// A figure in each size and format.
struct Rendered {
    /// The files, each with its content.
    files: Vec<(String, Vec<u8>)>,
    /// The texts in it.
    texts: Vec<String>,
    drawn: Drawn,
}

/// So many figures are in memory together.
const AT_ONCE: usize = 32;

/// So many files are written and synced together: each has a thread that waits for the disk.
const TOGETHER: usize = 48;

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

    /// Draws figures at each size with all cores, and writes them in each format.
    ///
    /// # Errors
    /// [`ReportError`].
    pub fn draw(&mut self, pictures: &[Picture<'_>]) -> Result<(), ReportError> {
        pictures.chunks(AT_ONCE).try_for_each(|pictures| self.draw_at_once(pictures))
    }

    fn draw_at_once(&mut self, pictures: &[Picture<'_>]) -> Result<(), ReportError> {
        let rendered = pictures.par_iter().map(|picture| self.render(picture)).collect::<Result<Vec<_>, _>>()?;
        let files: Vec<(String, &[u8])> =
            rendered.iter().flat_map(|one| &one.files).map(|(name, bytes)| (name.clone(), bytes.as_slice())).collect();
        for files in files.chunks(TOGETHER) {
            self.out.write_together(files)?;
        }
        for Rendered { files, texts, drawn } in rendered {
            self.written.extend(files.into_iter().map(|(name, _)| name));
            texts.iter().for_each(|text| self.lacking.add(text, has_sign));
            self.drawn.push(drawn);
        }
        Ok(())
    }

    fn render(&self, picture: &Picture<'_>) -> Result<Rendered, ReportError> {
        let Picture { name, caption, draw } = picture;
        let failed = |reason| ReportError::Figure { name: name.clone(), reason };
        let mut files = Vec::new();
        for &size in &self.sizes {
            let drawing = draw(size);
            let svg = drawing.svg_file(caption).map_err(failed)?.into_bytes();
            let (png, pdf) = (drawing.png().map_err(failed)?, drawing.pdf(caption).map_err(failed)?);
            let file = |extension: &str| format!("{}{name}.{extension}", Self::place(size));
            files.extend([(file("svg"), svg), (file("png"), png), (file("pdf"), pdf)]);
        }
        let column = draw(Size::Column);
        let texts = column.texts().map(str::to_owned).collect();
        let svg = column.svg().map_err(failed)?;
        Ok(Rendered { files, texts, drawn: Drawn { name: name.clone(), caption: caption.clone(), svg } })
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

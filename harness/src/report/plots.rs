//! The folder of figures: each as SVG, PNG and PDF, for each size in a folder of its own.

use super::drawing::{Drawing, Size, has_sign};
use super::lacking::Lacking;
use super::{ReportError, subfolder};
use crate::escape::terminal;
use crate::results::{write_together, write_whole};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use swath_datasets::bounded;

/// A figure that is drawn.
pub struct Drawn {
    /// Its file's name, without extension.
    pub name: String,
    /// What it shows.
    pub caption: String,
    /// The picture for a page that has the font.
    pub svg: String,
}

/// Each figure's name and caption, to be copied from; by it the next report knows which files are its own to remove.
const LIST: &str = "captions.txt";
const EXTENSIONS: [&str; 3] = ["svg", "png", "pdf"];

/// Figures on their way into files.
pub struct Plots {
    folder: PathBuf,
    sizes: BTreeSet<Size>,
    drawn: Vec<Drawn>,
    lacking: Lacking,
}

impl Plots {
    /// Figures for `plots/` in a report's folder: for a column there, for other sizes in folders inside.
    ///
    /// # Errors
    /// [`ReportError::File`].
    pub fn new(report: &Path, sizes: &[Size]) -> Result<Self, ReportError> {
        let folder = subfolder(report, "plots")?;
        let sizes: BTreeSet<Size> = sizes.iter().copied().chain([Size::Column]).collect();
        for &size in &sizes {
            subfolder(&folder, Self::place(size))?;
        }
        Ok(Self { folder, sizes, drawn: Vec::new(), lacking: Lacking::default() })
    }

    /// The folder of a size inside `plots/`.
    fn place(size: Size) -> &'static str {
        if size == Size::Column { "" } else { size.name() }
    }

    /// Draws a figure at each size and writes it each way.
    ///
    /// # Errors
    /// [`ReportError`].
    pub fn draw(&mut self, name: &str, caption: String, draw: impl Fn(Size) -> Drawing) -> Result<(), ReportError> {
        let failed = |reason| ReportError::Figure { name: name.to_owned(), reason };
        for &size in &self.sizes {
            let drawing = draw(size);
            let path = |extension: &str| self.folder.join(Self::place(size)).join(format!("{name}.{extension}"));
            let svg = drawing.svg_file(&caption).map_err(failed)?;
            let (png, pdf) = (drawing.png().map_err(failed)?, drawing.pdf(&caption).map_err(failed)?);
            write_together(&[(path("svg"), svg.as_bytes()), (path("png"), &png), (path("pdf"), &pdf)])?;
        }
        let column = draw(Size::Column);
        column.texts().for_each(|text| self.lacking.add(text, has_sign));
        let svg = column.svg().map_err(failed)?;
        self.drawn.push(Drawn { name: name.to_owned(), caption, svg });
        Ok(())
    }

    /// Which characters no figure shows, if there are any.
    pub fn lacking(&self) -> Option<String> {
        let instead = "a box stands there in PNG and PDF; SVG and the page take another font where the reader has one";
        self.lacking.note("the font of figures", instead)
    }

    /// Removes figures that an earlier report left and this one does not have; returns those that it has.
    pub fn finish(self) -> Vec<Drawn> {
        let list = self.folder.join(LIST);
        for line in bounded::read_text(&list, bounded::TEXT).unwrap_or_default().lines() {
            let name = line.split(':').next().unwrap_or("");
            for size in Size::ALL {
                let is_current = self.sizes.contains(&size) && self.drawn.iter().any(|drawn| drawn.name == name);
                // A name and not a way out of the folder.
                let is_plain = !name.contains(['/', '\\']) && !name.starts_with('.');
                for extension in EXTENSIONS.iter().filter(|_| is_plain && !is_current) {
                    // One that cannot be removed does no harm: the page does not show it.
                    let _ =
                        std::fs::remove_file(self.folder.join(Self::place(size)).join(format!("{name}.{extension}")));
                }
            }
        }
        for size in Size::ALL.into_iter().filter(|size| !self.sizes.contains(size)) {
            // If it is empty now.
            let _ = std::fs::remove_dir(self.folder.join(Self::place(size)));
        }
        let lines: Vec<String> =
            self.drawn.iter().map(|drawn| format!("{}: {}\n", drawn.name, terminal(&drawn.caption))).collect();
        // Without the list the next report would leave what it no longer has, and that is all.
        let _ = write_whole(&list, lines.concat().as_bytes());
        self.drawn
    }
}

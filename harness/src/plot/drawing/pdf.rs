//! PDF, by krilla: lines and text stay vectors, and the used letters are embedded.

use super::{Anchor, Drawing, FONT, Ink, Mark, text_width};
use crate::escape::terminal;
use krilla::color::rgb;
use krilla::configure::{Configuration, PdfVersion};
use krilla::geom::{Path, PathBuilder, Point, Transform};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, LineCap, LineJoin, Stroke};
use krilla::surface::Surface;
use krilla::text::{Font, TextDirection};
use krilla::{Document, SerializeSettings};

/// Height of the middle of a line of text above its baseline, in ems: half of a capital's height.
const MIDDLE: f64 = 0.357;
/// Depth of a line's baseline below its top, in ems: the font's ascent.
const ASCENT: f64 = 2189.0 / 2048.0;
/// Handles of a Bezier curve that draws a quarter of a circle.
const QUARTER: f64 = 0.552_284_75;

impl Drawing {
    /// A PDF of one page of its printed size.
    ///
    /// # Errors
    /// An error of krilla, as text.
    pub fn pdf(&self, title: &str) -> Result<Vec<u8>, String> {
        let font = Font::new(FONT.to_vec().into(), 0).ok_or("the bundled font cannot be read")?;
        let points = self.size.points();
        let (width, height) = (self.size.width() * points, self.height.ceil() * points);
        let settings = PageSettings::from_wh(width as f32, height as f32).ok_or("it has no size")?;
        // The newest version that pdflatex includes without a warning.
        let configuration = Configuration::new_with_version(PdfVersion::Pdf15);
        let mut document = Document::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
        document.set_metadata(Metadata::new().title(terminal(title).into_owned()));
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        surface.push_transform(&Transform::from_scale(points as f32, points as f32));
        for mark in &self.marks {
            draw(&mut surface, mark, &font);
        }
        surface.pop();
        surface.finish();
        page.finish();
        document.finish().map_err(|error| format!("{error:?}"))
    }
}

fn fill(Ink(r, g, b): Ink, opacity: f64) -> Fill {
    Fill { paint: rgb::Color::new(r, g, b).into(), opacity: share(opacity), ..Fill::default() }
}

fn share(opacity: f64) -> NormalizedF32 {
    NormalizedF32::new(opacity as f32).unwrap_or(NormalizedF32::ONE)
}

fn path(points: &[(f64, f64)], is_closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    let (&(x, y), rest) = points.split_first()?;
    path.move_to(x as f32, y as f32);
    rest.iter().for_each(|&(x, y)| path.line_to(x as f32, y as f32));
    if is_closed {
        path.close();
    }
    path.finish()
}

fn circle(x: f64, y: f64, r: f64) -> Option<Path> {
    let mut path = PathBuilder::new();
    path.move_to((x + r) as f32, y as f32);
    let quarters = [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0), (1.0, 0.0)];
    for pair in quarters.windows(2) {
        let ((ax, ay), (bx, by)) = (pair[0], pair[1]);
        let at = |u: f64, v: f64| ((x + r * u) as f32, (y + r * v) as f32);
        let (from, to, end) =
            (at(ax + QUARTER * bx, ay + QUARTER * by), at(bx + QUARTER * ax, by + QUARTER * ay), at(bx, by));
        path.cubic_to(from.0, from.1, to.0, to.1, end.0, end.1);
    }
    path.close();
    path.finish()
}

fn draw(surface: &mut Surface<'_>, mark: &Mark, font: &Font) {
    let (fill, stroke, path) = match mark {
        Mark::Line { points, ink: Ink(r, g, b), opacity, width } => {
            let stroke = Stroke {
                paint: rgb::Color::new(*r, *g, *b).into(),
                width: *width as f32,
                opacity: share(*opacity),
                line_cap: LineCap::Butt,
                line_join: LineJoin::Round,
                ..Stroke::default()
            };
            (None, Some(stroke), path(points, false))
        }
        Mark::Area { points, ink, opacity } => (Some(fill(*ink, *opacity)), None, path(points, true)),
        Mark::Disc { at, radius, ink } => (Some(fill(*ink, 1.0)), None, circle(at.0, at.1, *radius)),
        Mark::Text { at, text, size, ink, anchor } => {
            surface.set_stroke(None);
            surface.set_fill(Some(fill(*ink, 1.0)));
            let width = text_width(text, *size);
            let (dx, dy) = match anchor {
                Anchor::Left => (0.0, MIDDLE * size),
                Anchor::Right => (-width, MIDDLE * size),
                Anchor::Top => (-width / 2.0, ASCENT * size),
                Anchor::Centre | Anchor::Upwards => (-width / 2.0, MIDDLE * size),
            };
            let angle = if *anchor == Anchor::Upwards { -90.0 } else { 0.0 };
            surface.push_transform(&Transform::from_translate(at.0 as f32, at.1 as f32));
            surface.push_transform(&Transform::from_rotate(angle));
            let start = Point::from_xy(dx as f32, dy as f32);
            surface.draw_text(start, font.clone(), *size as f32, text, false, TextDirection::Auto);
            surface.pop();
            surface.pop();
            return;
        }
    };
    if let Some(path) = path {
        surface.set_fill(fill);
        surface.set_stroke(stroke);
        surface.draw_path(&path);
    }
}

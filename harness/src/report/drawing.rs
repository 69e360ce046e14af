//! A drawing as a list of marks, rendered by plotters as SVG or PNG.
//!
//! Sizes are logical: a drawing is [`WIDTH`] wide, made to be printed at the width of a paper's column (3.5 inches).

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Polygon, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, FontDesc, FontFamily, FontStyle, FontTransform, RGBColor, WHITE};
use std::sync::LazyLock;

/// Logical width of every drawing.
pub const WIDTH: f64 = 480.0;
/// Size of axis titles and labels: 8 points at a column's width.
pub const TEXT: f64 = 15.5;
/// Size of the numbers at ticks.
pub const SMALL: f64 = 14.0;
/// Pixels, and units of the SVG's own coordinates, per logical unit: about 410 dots per inch in a column.
const SCALE: f64 = 3.0;

/// What plotters divides a size by before it writes it as SVG's, which is the em.
const SVG_EM: f64 = 1.24;
/// Ascent and descent of the bundled font in ems: what plotters' rasteriser takes for the size.
const BITMAP_EM: f64 = (2189.0 + 600.0) / 2048.0;

/// Named so that an SVG viewer without it takes what comes next.
const FAMILY: &str = "Open Sans, Helvetica, Arial, sans-serif";
static FONT: LazyLock<bool> = LazyLock::new(|| {
    let bytes = include_bytes!("../../assets/OpenSans-Regular.ttf");
    plotters::style::register_font(FAMILY, FontStyle::Normal, bytes).is_ok()
});

/// A colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ink(pub u8, pub u8, pub u8);

/// For text and axes.
pub const BLACK: Ink = Ink(0x22, 0x22, 0x22);
/// For what should stand back.
pub const GREY: Ink = Ink(0x77, 0x77, 0x77);
/// For grids.
pub const PALE: Ink = Ink(0xe2, 0xe2, 0xe2);

/// Where a text stands in relation to its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// To the right of it, centred in height.
    Left,
    /// To the left of it, centred in height.
    Right,
    /// Below it, centred in width.
    Top,
    /// Turned to read upwards, centred on it.
    Upwards,
}

enum Mark {
    Line { points: Vec<(f64, f64)>, ink: Ink, opacity: f64, width: f64 },
    Area { points: Vec<(f64, f64)>, ink: Ink, opacity: f64 },
    Disc { at: (f64, f64), radius: f64, ink: Ink },
    Text { at: (f64, f64), text: String, size: f64, ink: Ink, anchor: Anchor },
}

/// Marks on a white ground, the first at the bottom.
pub struct Drawing {
    height: f64,
    marks: Vec<Mark>,
}

impl Drawing {
    /// An empty drawing of that height.
    pub fn new(height: f64) -> Self {
        Self { height, marks: Vec::new() }
    }

    /// A line through points.
    pub fn line(&mut self, points: &[(f64, f64)], ink: Ink, opacity: f64, width: f64) {
        self.marks.push(Mark::Line { points: points.to_vec(), ink, opacity, width });
    }

    /// A dashed line through points.
    pub fn dashes(&mut self, points: &[(f64, f64)], ink: Ink, width: f64) {
        const DASH: f64 = 5.0;
        let mut drawn = 0.0;
        for pair in points.windows(2) {
            let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
            let length = (x1 - x0).hypot(y1 - y0);
            let at = |distance: f64| {
                let share = if length > 0.0 { distance / length } else { 0.0 };
                (x0 + (x1 - x0) * share, y0 + (y1 - y0) * share)
            };
            let mut from = 0.0;
            while from < length {
                let phase = (drawn + from) % (2.0 * DASH);
                let to = (from + DASH - phase % DASH).min(length);
                if phase < DASH {
                    self.line(&[at(from), at(to)], ink, 1.0, width);
                }
                from = to + 1e-9;
            }
            drawn += length;
        }
    }

    /// A filled polygon.
    pub fn area(&mut self, points: &[(f64, f64)], ink: Ink, opacity: f64) {
        self.marks.push(Mark::Area { points: points.to_vec(), ink, opacity });
    }

    /// A filled disc.
    pub fn disc(&mut self, at: (f64, f64), radius: f64, ink: Ink) {
        self.marks.push(Mark::Disc { at, radius, ink });
    }

    /// A text.
    pub fn text(&mut self, at: (f64, f64), text: &str, size: f64, ink: Ink, anchor: Anchor) {
        self.marks.push(Mark::Text { at, text: text.to_owned(), size, ink, anchor });
    }

    /// As SVG, of the logical size.
    ///
    /// # Errors
    /// What plotters says.
    pub fn svg(&self) -> Result<String, String> {
        let (width, height) = self.pixels();
        let mut svg = String::new();
        self.render(&SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area(), SVG_EM)?;
        // Coordinates stay fine, but the picture opens at its logical size.
        let (fine, logical) = (format!("width=\"{width}\" height=\"{height}\""), (WIDTH, self.height.ceil()));
        Ok(svg.replacen(&fine, &format!("width=\"{}\" height=\"{}\"", logical.0, logical.1), 1))
    }

    /// As PNG, three pixels to a logical unit.
    ///
    /// # Errors
    /// What plotters or the encoder says.
    pub fn png(&self) -> Result<Vec<u8>, String> {
        let (width, height) = self.pixels();
        let mut pixels = vec![0; (width * height * 3) as usize];
        self.render(&BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area(), BITMAP_EM)?;
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let per_metre = (f64::from(width) / (3.5 * 0.0254)).round() as u32;
        let unit = png::Unit::Meter;
        encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: per_metre, yppu: per_metre, unit }));
        let mut writer = encoder.write_header().map_err(|error| error.to_string())?;
        writer.write_image_data(&pixels).map_err(|error| error.to_string())?;
        writer.finish().map_err(|error| error.to_string())?;
        Ok(bytes)
    }

    fn pixels(&self) -> (u32, u32) {
        ((WIDTH * SCALE) as u32, (self.height.ceil() * SCALE) as u32)
    }

    fn render<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>, em: f64) -> Result<(), String> {
        if !*FONT {
            return Err("the bundled font cannot be read".into());
        }
        let failed = |error: &dyn std::fmt::Display| error.to_string();
        area.fill(&WHITE).map_err(|e| failed(&e))?;
        let place = |(x, y): (f64, f64)| ((x * SCALE).round() as i32, (y * SCALE).round() as i32);
        let places = |points: &[(f64, f64)]| points.iter().map(|&at| place(at)).collect::<Vec<_>>();
        let colour = |Ink(r, g, b): Ink| RGBColor(r, g, b);
        for mark in &self.marks {
            let drawn = match mark {
                Mark::Line { points, ink, opacity, width } => {
                    let style = colour(*ink).mix(*opacity).stroke_width((width * SCALE).round().max(1.0) as u32);
                    area.draw(&PathElement::new(places(points), style))
                }
                Mark::Area { points, ink, opacity } => {
                    area.draw(&Polygon::new(places(points), colour(*ink).mix(*opacity).filled()))
                }
                Mark::Disc { at, radius, ink } => {
                    area.draw(&Circle::new(place(*at), (radius * SCALE).round() as i32, colour(*ink).filled()))
                }
                Mark::Text { at, text, size, ink, anchor } => {
                    let (horizontal, vertical) = match anchor {
                        Anchor::Left => (HPos::Left, VPos::Center),
                        Anchor::Right => (HPos::Right, VPos::Center),
                        Anchor::Top => (HPos::Center, VPos::Top),
                        Anchor::Upwards => (HPos::Center, VPos::Center),
                    };
                    let font = font(size * SCALE * em);
                    let font = if *anchor == Anchor::Upwards { font.transform(FontTransform::Rotate270) } else { font };
                    let style = font.color(&colour(*ink)).pos(Pos::new(horizontal, vertical));
                    area.draw(&Text::new(text.clone(), place(*at), style))
                }
            };
            drawn.map_err(|e| failed(&e))?;
        }
        area.present().map_err(|e| failed(&e))
    }
}

fn font(size: f64) -> FontDesc<'static> {
    FontDesc::new(FontFamily::Name(FAMILY), size, FontStyle::Normal)
}

/// The width of a text.
pub fn text_width(text: &str, size: f64) -> f64 {
    // Measured large, so that rounding to whole pixels does not matter.
    let width = if *FONT {
        font(size * BITMAP_EM * 8.0).box_size(text).map(|(width, _)| f64::from(width) / 8.0)
    } else {
        Ok(0.0)
    };
    width.unwrap_or_else(|_| text.chars().count() as f64 * size * 0.6)
}

/// The text, shortened to fit a width, with an ellipsis where something is left out.
pub fn fit(text: &str, size: f64, width: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    let shortened = (0..chars.len()).rev().map(|n| chars[..n].iter().collect::<String>() + "\u{2026}");
    shortened.into_iter().find(|text| text_width(text, size) <= width).unwrap_or_default()
}

//! SVG and PNG, by plotters.

use super::{Anchor, Drawing, FONT, Ink, Mark};
use crate::escape;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as STANDARD;
use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Polygon, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, FontDesc, FontFamily, FontStyle, FontTransform, RGBColor, WHITE};
use std::fmt::Write as _;
use std::sync::LazyLock;

/// Pixels, and units of the SVG's own coordinates, per logical unit: about 410 dots per inch in a column.
const SCALE: f64 = 3.0;

/// Plotters divides a size by this before it writes it as the em of an SVG.
const SVG_EM: f64 = 1.24;
/// Ascent plus descent of the bundled font in ems, which plotters' rasteriser takes for the size.
const BITMAP_EM: f64 = (2189.0 + 600.0) / 2048.0;

/// The font and its substitutes for SVG viewers without it.
const FAMILY: &str = "Open Sans, Helvetica, Arial, sans-serif";
static IS_REGISTERED: LazyLock<bool> =
    LazyLock::new(|| plotters::style::register_font(FAMILY, FontStyle::Normal, FONT).is_ok());

/// The font's Latin, Greek and Cyrillic letters for SVG files and pages, as a rule of CSS.
pub static FONT_FACE: LazyLock<String> = LazyLock::new(|| {
    let font = STANDARD.encode(include_bytes!("../../../assets/OpenSans-Regular.woff2"));
    format!("@font-face{{font-family:\"Open Sans\";src:url(data:font/woff2;base64,{font}) format(\"woff2\")}}")
});

/// The width of a text in the bundled font; `None` if it cannot be measured.
pub fn font_width(text: &str, size: f64) -> Option<f64> {
    // Measured large, so that rounding to whole pixels does not matter.
    let (width, _) = IS_REGISTERED.then(|| font(size * BITMAP_EM * 8.0))?.box_size(text).ok()?;
    Some(f64::from(width) / 8.0)
}

fn font(size: f64) -> FontDesc<'static> {
    FontDesc::new(FontFamily::Name(FAMILY), size, FontStyle::Normal)
}

impl Drawing {
    /// An SVG of the logical size, for a page that has the font.
    ///
    /// # Errors
    /// An error of plotters, as text.
    pub fn svg(&self) -> Result<String, String> {
        let (width, height) = self.pixels();
        let mut svg = String::new();
        self.render(&SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area(), SVG_EM)?;
        // Coordinates stay fine, but the picture opens at its logical size.
        let fine = format!("width=\"{width}\" height=\"{height}\"");
        let logical = format!("width=\"{}\" height=\"{}\"", self.size.width(), self.height.ceil());
        Ok(svg.replacen(&fine, &logical, 1))
    }

    /// An SVG of the printed size with a title for screen readers and the font inside, for a file.
    ///
    /// # Errors
    /// As [`Drawing::svg`].
    pub fn svg_file(&self, title: &str) -> Result<String, String> {
        let svg = self.svg()?;
        let logical = format!("width=\"{}\" height=\"{}\"", self.size.width(), self.height.ceil());
        let points = self.size.points();
        let printed =
            format!("width=\"{:.2}pt\" height=\"{:.2}pt\"", self.size.width() * points, self.height.ceil() * points);
        let svg = svg.replacen(&logical, &printed, 1);
        let (start, rest) = svg.split_at(svg.find('>').map_or(0, |end| end + 1));
        let mut whole = String::with_capacity(svg.len() + FONT_FACE.len() + title.len() + 64);
        let title = escape::xml(title);
        write!(whole, "{start}\n<title>{title}</title>\n<style>{}</style>{rest}", *FONT_FACE)
            .map_err(|e| e.to_string())?;
        Ok(whole)
    }

    /// A PNG with three pixels per logical unit.
    ///
    /// # Errors
    /// An error of plotters or of the encoder, as text.
    pub fn png(&self) -> Result<Vec<u8>, String> {
        let (width, height) = self.pixels();
        let mut pixels = vec![0; (width * height * 3) as usize];
        self.render(&BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area(), BITMAP_EM)?;
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        // Flat areas compress best without a filter.
        encoder.set_filter(png::Filter::NoFilter);
        let metres = self.size.width() * self.size.points() / 72.0 * 0.0254;
        let per_metre = (f64::from(width) / metres).round() as u32;
        let unit = png::Unit::Meter;
        encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: per_metre, yppu: per_metre, unit }));
        let mut writer = encoder.write_header().map_err(|error| error.to_string())?;
        writer.write_image_data(&pixels).map_err(|error| error.to_string())?;
        writer.finish().map_err(|error| error.to_string())?;
        Ok(bytes)
    }

    fn pixels(&self) -> (u32, u32) {
        ((self.size.width() * SCALE) as u32, (self.height.ceil() * SCALE) as u32)
    }

    fn render<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>, em: f64) -> Result<(), String> {
        if !*IS_REGISTERED {
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
                        Anchor::Centre | Anchor::Upwards => (HPos::Center, VPos::Center),
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

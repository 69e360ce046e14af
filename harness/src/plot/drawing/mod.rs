//! A drawing as a list of marks, rendered as SVG and PNG by plotters and as PDF by krilla.
//!
//! Places and sizes are in logical units. Text is [`TEXT`] units high in every [`Size`], so that figures for a column, a page and
//! a slide differ in room and not in layout.

mod pdf;
mod pixels;

pub use pixels::FONT_FACE;

use crate::escape::terminal;
use ab_glyph::{Font as _, FontRef};
use pixels::font_width;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::LazyLock;

/// Size of axis titles and labels.
pub const TEXT: f64 = 15.5;
/// Size of the numbers at ticks.
pub const SMALL: f64 = 14.0;

/// The font of all figures.
const FONT: &[u8] = include_bytes!("../../../assets/OpenSans-Regular.ttf");

/// Whether the font of figures has a glyph for a character.
pub fn has_sign(c: char) -> bool {
    static PARSED: LazyLock<Option<FontRef<'static>>> = LazyLock::new(|| FontRef::try_from_slice(FONT).ok());
    PARSED.as_ref().is_none_or(|font| font.glyph_id(c).0 != 0)
}

/// The printed size of a figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Size {
    /// A column of a paper: 3.5 inches wide, text of 8 points.
    #[default]
    Column,
    /// The whole width of a paper's page: 7 inches, text of 8 points.
    Page,
    /// A slide: 13.3 inches wide, text of 18 points.
    Slide,
}

impl Size {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Column, Self::Page, Self::Slide];

    /// Its name in YAML and of its folder.
    pub fn name(self) -> &'static str {
        match self {
            Self::Column => "column",
            Self::Page => "page",
            Self::Slide => "slide",
        }
    }

    /// Logical width of a drawing.
    pub fn width(self) -> f64 {
        match self {
            Self::Column => 480.0,
            Self::Page => 960.0,
            Self::Slide => 820.0,
        }
    }

    /// Logical height of the area between the axes of a plot.
    pub fn plot_height(self) -> f64 {
        match self {
            Self::Column => 300.0,
            Self::Page => 400.0,
            Self::Slide => 350.0,
        }
    }

    /// Points (1/72 inch) per logical unit.
    fn points(self) -> f64 {
        match self {
            Self::Column | Self::Page => 252.0 / 480.0,
            Self::Slide => 960.0 / 820.0,
        }
    }
}

/// A colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ink(pub u8, pub u8, pub u8);

/// For text and axes.
pub const BLACK: Ink = Ink(0x22, 0x22, 0x22);
/// For secondary marks.
pub const GREY: Ink = Ink(0x77, 0x77, 0x77);
/// For grids.
pub const PALE: Ink = Ink(0xe2, 0xe2, 0xe2);

/// The position of a text relative to its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// To the right of it, centred in height.
    Left,
    /// To the left of it, centred in height.
    Right,
    /// Below it, centred in width.
    Top,
    /// Centred on it.
    Centre,
    /// Turned to read upwards, centred on it.
    Upwards,
}

enum Mark {
    Line { points: Vec<(f64, f64)>, ink: Ink, opacity: f64, width: f64 },
    Area { points: Vec<(f64, f64)>, ink: Ink, opacity: f64 },
    Disc { at: (f64, f64), radius: f64, ink: Ink },
    Text { at: (f64, f64), text: String, size: f64, ink: Ink, anchor: Anchor },
}

impl Mark {
    fn lower(&mut self, by: f64) {
        match self {
            Self::Line { points, .. } | Self::Area { points, .. } => points.iter_mut().for_each(|point| point.1 += by),
            Self::Disc { at, .. } | Self::Text { at, .. } => at.1 += by,
        }
    }
}

/// Size of a title, and the distance of its lines.
const TITLE: f64 = 17.0;
const LINE: f64 = 23.0;

/// Marks on a white background, drawn in order.
pub struct Drawing {
    size: Size,
    height: f64,
    marks: Vec<Mark>,
}

impl Drawing {
    /// An empty drawing of that height.
    pub fn new(size: Size, height: f64) -> Self {
        Self { size, height, marks: Vec::new() }
    }

    /// Adds a title above the drawing, in as many lines as needed.
    pub fn entitle(&mut self, title: &str) {
        let lines = wrap(title, TITLE, self.size.width() - 8.0);
        let room = LINE * lines.len() as f64 + 8.0;
        for mark in &mut self.marks {
            mark.lower(room);
        }
        self.height += room;
        for (i, line) in lines.iter().enumerate() {
            let at = (self.size.width() / 2.0, LINE * (i as f64 + 0.5) + 2.0);
            self.text(at, line, TITLE, BLACK, Anchor::Centre);
        }
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

    /// Its texts.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.marks.iter().filter_map(|mark| if let Mark::Text { text, .. } = mark { Some(text.as_str()) } else { None })
    }

    /// A text.
    pub fn text(&mut self, at: (f64, f64), text: &str, size: f64, ink: Ink, anchor: Anchor) {
        // A longer text would leave the drawing, but would still take time to lay out.
        let text = terminal(&clip(text, LONGEST)).into_owned();
        self.marks.push(Mark::Text { at, text, size, ink, anchor });
    }
}

/// The width of a text.
pub fn text_width(text: &str, size: f64) -> f64 {
    let text = &*terminal(text);
    font_width(text, size).unwrap_or_else(|| text.chars().count() as f64 * size * 0.6)
}

/// The most characters of a text.
const LONGEST: usize = 1000;

/// The most lines of a title.
const LINES: usize = 12;

/// An upper bound on characters per em: even an `i` is a quarter of an em wide.
const THIN: f64 = 8.0;

/// The first `most` characters of a text, with an ellipsis if there are more. Texts of unknown length are clipped before layout,
/// because measuring takes time for each character.
pub fn clip(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}\u{2026}", &text[..end])),
    }
}

/// The text in at most `LINES` lines of at most that width, broken at spaces.
pub fn wrap(text: &str, size: f64, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let most = longest(size, width);
        match lines.last_mut() {
            Some(line)
                if line.len() <= 4 * most
                    && word.len() <= 4 * most
                    && text_width(&format!("{line} {word}"), size) <= width =>
            {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(fit(word, size, width)),
        }
        if lines.len() > LINES {
            lines.truncate(LINES);
            if let Some(line) = lines.last_mut() {
                *line = fit(&format!("{line} \u{2026}"), size, width);
            }
            break;
        }
    }
    lines
}

/// An upper bound on the characters of a text of that width.
fn longest(size: f64, width: f64) -> usize {
    (THIN * width / size).max(0.0) as usize + 1
}

/// The text, shortened with an ellipsis if it is wider than `width`.
pub fn fit(text: &str, size: f64, width: f64) -> String {
    let most = longest(size, width);
    let clipped = clip(text, most);
    let text = &*terminal(&clipped);
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().take(most).collect();
    let shortened = (0..chars.len()).rev().map(|n| chars[..n].iter().collect::<String>() + "\u{2026}");
    shortened.into_iter().find(|text| text_width(text, size) <= width).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_of_a_long_text_is_measured() {
        let begun = crate::clock::Moment::now();
        let long = ["x".repeat(1_000_000), "a b ".repeat(250_000), "\u{301}".repeat(500_000)];
        for text in &long {
            for width in [0.0, 20.0, 300.0, 5000.0] {
                let fitted = fit(text, TEXT, width);
                assert!(fitted.chars().count() <= longest(TEXT, width) + 1 && fitted.len() < text.len());
                assert!(wrap(text, TITLE, width).len() <= LINES);
            }
            let mut drawing = Drawing::new(Size::Column, 10.0);
            drawing.text((0.0, 0.0), text, TEXT, BLACK, Anchor::Upwards);
            drawing.entitle(text);
            assert!(drawing.height < 400.0, "a title does not fill the figure: {}", drawing.height);
            assert!(drawing.pdf(&clip(text, LONGEST)).is_ok() && drawing.svg().is_ok() && drawing.png().is_ok());
        }
        assert!(begun.elapsed() < 60.0, "{} s", begun.elapsed());
    }

    #[test]
    fn texts_that_fit_are_unchanged() {
        assert_eq!(clip("abc", 3), "abc");
        assert_eq!(clip("abcd", 3), "abc\u{2026}");
        assert_eq!(fit("facility-location", TEXT, 500.0), "facility-location");
        let fitted = fit("facility-location(lambda=0.5)", TEXT, 100.0);
        assert!(fitted.starts_with("facility") && fitted.ends_with('\u{2026}'), "{fitted}");
        assert_eq!(wrap("A title of few words", TITLE, 470.0), ["A title of few words"]);
    }
}

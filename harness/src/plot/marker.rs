//! The colour and shape of each retriever, the same in every figure and table.

use super::drawing::{Drawing, Ink};

/// Okabe & Ito's colours, which are distinct with any colour vision, without yellow, which is invisible on white paper.
const COLOURS: [Ink; 7] = [
    Ink(0x00, 0x72, 0xb2),
    Ink(0xd5, 0x5e, 0x00),
    Ink(0x00, 0x9e, 0x73),
    Ink(0xcc, 0x79, 0xa7),
    Ink(0xe6, 0x9f, 0x00),
    Ink(0x56, 0xb4, 0xe9),
    Ink(0x00, 0x00, 0x00),
];

/// Corners of each shape on a unit circle; the first is a disc. Eight shapes and seven colours have no common factor, so that 56
/// retrievers have different markers.
const SHAPES: [&[(f64, f64)]; 8] = [
    &[],
    &[(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)],
    &[(0.0, -1.05), (0.95, 0.7), (-0.95, 0.7)],
    &[(0.0, -1.15), (1.0, 0.0), (0.0, 1.15), (-1.0, 0.0)],
    &[(0.0, 1.05), (0.95, -0.7), (-0.95, -0.7)],
    &[
        (-0.35, -1.0),
        (0.35, -1.0),
        (0.35, -0.35),
        (1.0, -0.35),
        (1.0, 0.35),
        (0.35, 0.35),
        (0.35, 1.0),
        (-0.35, 1.0),
        (-0.35, 0.35),
        (-1.0, 0.35),
        (-1.0, -0.35),
        (-0.35, -0.35),
    ],
    &[
        (0.0, -0.45),
        (0.6, -1.0),
        (1.0, -0.6),
        (0.45, 0.0),
        (1.0, 0.6),
        (0.6, 1.0),
        (0.0, 0.45),
        (-0.6, 1.0),
        (-1.0, 0.6),
        (-0.45, 0.0),
        (-1.0, -0.6),
        (-0.6, -1.0),
    ],
    &[
        (0.0, -1.1),
        (0.28, -0.38),
        (1.05, -0.34),
        (0.45, 0.15),
        (0.65, 0.89),
        (0.0, 0.47),
        (-0.65, 0.89),
        (-0.45, 0.15),
        (-1.05, -0.34),
        (-0.28, -0.38),
    ],
];

/// The marker of the `index`-th retriever.
#[derive(Clone, Copy, Debug)]
pub struct Marker {
    /// Its colour.
    pub ink: Ink,
    shape: &'static [(f64, f64)],
}

/// The number of colours.
pub const COUNT: usize = COLOURS.len();

/// The `index`-th colour.
pub fn colour(index: usize) -> Ink {
    COLOURS[index % COLOURS.len()]
}

impl Marker {
    /// A disc.
    pub fn disc(ink: Ink) -> Self {
        Self { ink, shape: SHAPES[0] }
    }

    /// The marker of the `index`-th retriever of an experiment.
    pub fn new(index: usize) -> Self {
        Self { ink: COLOURS[index % COLOURS.len()], shape: SHAPES[index % SHAPES.len()] }
    }

    /// The same in a pale colour.
    #[must_use]
    pub fn faded(self) -> Self {
        let Ink(r, g, b) = self.ink;
        let pale = |part: u8| u8::MAX - (u8::MAX - part) / 5 * 2;
        Self { ink: Ink(pale(r), pale(g), pale(b)), ..self }
    }

    /// Draws it with a white rim, so that markers that overlap stay apart.
    pub fn draw(&self, drawing: &mut Drawing, at: (f64, f64), radius: f64) {
        const WHITE: Ink = Ink(0xff, 0xff, 0xff);
        for (ink, radius) in [(WHITE, radius + 1.2), (self.ink, radius)] {
            if self.shape.is_empty() {
                drawing.disc(at, radius, ink);
            } else {
                let corners: Vec<_> = self.shape.iter().map(|(x, y)| (at.0 + radius * x, at.1 + radius * y)).collect();
                drawing.area(&corners, ink, 1.0);
            }
        }
    }

    /// Its colour in CSS.
    pub fn css(&self) -> String {
        let Ink(r, g, b) = self.ink;
        format!("rgb({r},{g},{b})")
    }

    /// Its corners on a unit circle as SVG writes them; empty for a disc.
    pub fn corners(&self) -> String {
        let corners: Vec<String> = self.shape.iter().map(|(x, y)| format!("{x},{y}")).collect();
        corners.join(" ")
    }

    /// A small SVG for tables and legends of the page.
    pub fn svg(&self) -> String {
        let shape = match self.corners() {
            corners if corners.is_empty() => "<circle r=\"1\"/>".to_owned(),
            corners => format!("<polygon points=\"{corners}\"/>"),
        };
        let fill = self.css();
        format!(
            "<svg class=\"marker\" viewBox=\"-1.3 -1.3 2.6 2.6\" fill=\"{fill}\" aria-hidden=\"true\">{shape}</svg>"
        )
    }
}

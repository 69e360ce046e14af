//! Grids: a type that is read once for every combination of its axes.

use super::Reader;
use super::error::ReadError;
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, Visitor};
use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;

/// All points of a grid: `T` read once for each combination of the axes, the last axis varying fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid<T>(pub Vec<T>);

/// The most points one grid may have.
pub const MAX_POINTS: usize = 10_000;

/// The name by which a [`Reader`] knows that a type wants a grid.
pub(super) const GRID: &str = "swath::Grid";

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Grid<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Points<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Points<T> {
            type Value = Grid<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a grid of points")
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut access: A) -> Result<Grid<T>, A::Error> {
                let mut points = Vec::new();
                while let Some(point) = access.next_element()? {
                    points.push(point);
                }
                Ok(Grid(points))
            }
        }

        deserializer.deserialize_newtype_struct(GRID, Points(PhantomData))
    }
}

/// The chosen element of each axis, in the order in which the type reads them.
#[derive(Default)]
pub(super) struct Axes {
    /// (chosen, length) of each.
    chosen: Vec<(usize, usize)>,
    met: usize,
}

impl Axes {
    /// The chosen element of the next axis, which has `length` elements.
    pub(super) fn choose(&mut self, length: usize) -> usize {
        if self.met == self.chosen.len() {
            self.chosen.push((0, length));
        }
        self.met += 1;
        self.chosen[self.met - 1].0
    }

    /// Moves to the next combination; false after the last.
    fn advance(&mut self) -> bool {
        self.met = 0;
        while let Some((chosen, length)) = self.chosen.pop() {
            if chosen + 1 < length {
                self.chosen.push((chosen + 1, length));
                return true;
            }
        }
        false
    }
}

/// Reads the points of a grid, one for each combination of its axes.
pub(super) struct Combinations<'n> {
    reader: Reader<'n>,
    axes: &'n RefCell<Axes>,
    points: usize,
    more: bool,
}

impl<'n> Combinations<'n> {
    /// The combinations of the grid that `reader` reads with these `axes`.
    pub(super) fn new(reader: Reader<'n>, axes: &'n RefCell<Axes>) -> Self {
        Self { reader, axes, points: 0, more: true }
    }
}

impl<'de> de::SeqAccess<'de> for Combinations<'_> {
    type Error = ReadError;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, ReadError> {
        if !self.more {
            return Ok(None);
        }
        if self.points == MAX_POINTS {
            let help = vec!["split it into several retrievers or experiments".into()];
            return Err(
                ReadError::new(format!("this grid has more than {MAX_POINTS} points"), help).at(self.reader.place())
            );
        }
        self.points += 1;
        let point = seed.deserialize(self.reader)?;
        self.more = self.axes.borrow_mut().advance();
        Ok(Some(point))
    }
}

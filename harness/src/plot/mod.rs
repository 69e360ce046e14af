//! Pictures of numbers: axes, marks, text, and the Pareto front.

pub mod axis;
pub mod drawing;
pub mod format;
pub mod frame;
pub mod marker;
pub mod pareto;

pub use drawing::Size;
pub use marker::Marker;

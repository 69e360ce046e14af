//! Points that are compared with each other while a graph is built: dense vectors on a [grid], others [exactly](exact).

mod centre;
pub mod exact;
pub mod grid;
mod keyed;
mod total_order;
pub mod whole_products;

pub use centre::Centre;
pub use exact::{ExactDistances, ExactItems};
pub use grid::GridRows;
pub use keyed::KeyedDistance;
pub use total_order::TotalOrder;

/// Points that are measured together, at most.
pub const TOGETHER: usize = 64;

/// Distances from one point, to others.
pub trait Distances {
    /// A distance, or what orders points as distances do: smaller is nearer.
    type Distance: KeyedDistance;

    /// Measures the points at `ids`, at most [`TOGETHER`], one for each place of `out`.
    fn measure(&self, ids: &[u32], out: &mut [Self::Distance]);

    /// Says that a point will be measured soon.
    fn prefetch(&self, id: u32);
}

impl<D: Distances> Distances for &D {
    type Distance = D::Distance;

    fn measure(&self, ids: &[u32], out: &mut [D::Distance]) {
        D::measure(self, ids, out);
    }

    fn prefetch(&self, id: u32) {
        D::prefetch(self, id);
    }
}

/// Points of which each is looked for among the others. Their distances are the same to the bit on every machine.
pub trait Items: Sync {
    /// A distance of two.
    type Distance: ItemDistance;
    /// Distances from one of them.
    type From<'a>: Distances<Distance = Self::Distance>
    where
        Self: 'a;

    /// How many there are.
    fn len(&self) -> usize;

    /// Distances from one of them.
    fn from(&self, id: u32) -> Self::From<'_>;

    /// One in the middle of all, where walks start; `None` if there are none.
    fn middle(&self) -> Option<u32>;
}

/// A distance that can be multiplied.
pub trait ItemDistance: KeyedDistance + Send + Sync {
    /// The distance, at least 0.
    fn number(self) -> f64;
}

impl ItemDistance for i32 {
    #[inline(always)]
    fn number(self) -> f64 {
        f64::from(self)
    }
}

impl ItemDistance for TotalOrder<f64> {
    #[inline(always)]
    fn number(self) -> f64 {
        self.0
    }
}

/// Some of the points, by their places in a list.
pub struct Members<'a, I> {
    pub items: &'a I,
    pub ids: &'a [u32],
}

/// Distances to some of the points, by their places in a list.
pub struct ToMembers<'a, D> {
    pub from: D,
    pub ids: &'a [u32],
}

impl<D: Distances> Distances for ToMembers<'_, D> {
    type Distance = D::Distance;

    fn measure(&self, places: &[u32], out: &mut [Self::Distance]) {
        let mut ids = [0; TOGETHER];
        for (id, &place) in ids.iter_mut().zip(places) {
            *id = self.ids[place as usize];
        }
        self.from.measure(&ids[..places.len()], out);
    }

    fn prefetch(&self, place: u32) {
        self.from.prefetch(self.ids[place as usize]);
    }
}

impl<I: Items> Items for Members<'_, I> {
    type Distance = I::Distance;
    type From<'a>
        = ToMembers<'a, I::From<'a>>
    where
        Self: 'a;

    fn len(&self) -> usize {
        self.ids.len()
    }

    fn from(&self, place: u32) -> Self::From<'_> {
        ToMembers { from: self.items.from(self.ids[place as usize]), ids: self.ids }
    }

    fn middle(&self) -> Option<u32> {
        (!self.ids.is_empty()).then_some(0)
    }
}

//! Graphs of near points, and the search over them: what `vamana` and `hnsw` share.
//!
//! - Building: `insertion` inserts points in batches, `prune` chooses their targets, `connect` makes every point reachable, and
//!   `layers` builds what is above the graph. Points are compared as [`items`](crate::items) are.
//! - Searching: `walk` follows the edges. It compares the query with codes of 8 bits (`coded`) where these tell near points
//!   apart, otherwise exactly.
//! - `twins` are points that are the same; `adjacency` holds the finished lists.
//!
//! Everything is the same to the bit on every machine and with any number of threads.

mod adjacency;
mod coded;
mod connect;
mod insertion;
mod layers;
mod prune;
#[cfg(test)]
mod tests;
mod twins;
mod walk;

pub use insertion::Shape;
pub use prune::Rule;

use crate::base::{Base, Query};
use crate::base_facts::BaseFacts;
use crate::candidates::{Candidates, Words};
use crate::items::{Distances, ExactDistances, ExactItems, GridRows, Items, KeyedDistance};
use crate::params::Count;
use crate::points::{PointType, Points};
use crate::scratch::Scratch;
use crate::unfit::Unfit;
use adjacency::Adjacency;
use coded::CodedRows;
use insertion::{GrowingLists, insert_all};
use layers::Layers;
use serde::Serialize;
use twins::Twins;
use walk::{Course, Near, TargetLists as _, WalkMemory, walk};

/// A directed graph over the different base points: for each its targets, and the one where walks start, from which every other
/// can be reached.
#[derive(Clone, Debug, PartialEq)]
pub struct ProximityGraph {
    targets: Adjacency,
    /// `None` if there are no points.
    start: Option<u32>,
    layers: Layers,
    /// Those that the graph does not hold, being the same as others.
    twins: Twins,
    /// What walks compare; `None` where they compare exactly.
    codes: Option<CodedRows>,
}

/// How a graph is built.
#[derive(Clone, Copy, Debug)]
pub struct GraphPlan {
    pub graph: Shape,
    /// Of the layers above; `None` for a graph without.
    pub layers: Option<LayersPlan>,
}

/// How the layers above a graph are built.
#[derive(Clone, Copy, Debug)]
pub struct LayersPlan {
    pub shape: Shape,
    /// One of so many points is in the layer above.
    pub part: usize,
}

/// How many points a search keeps under consideration, and how many it finds at least.
#[derive(Clone, Copy, Debug)]
pub struct WalkWidths {
    pub ef: usize,
    pub pool: usize,
}

impl WalkWidths {
    /// Those of parameters.
    pub fn of(ef: Count, pool: Count) -> Self {
        Self { ef: ef.size(), pool: pool.size() }
    }

    /// The `ef` with which a search among so many rows finds the pool exactly.
    pub fn exhaustive(pool: Count, rows: usize) -> Count {
        let all = u32::try_from(rows).ok().and_then(|rows| Count::new(rows).ok());
        all.filter(|all| all.get() > pool.get()).unwrap_or(pool)
    }

    /// Whether the walk keeps enough.
    ///
    /// # Errors
    /// It does not.
    pub fn check(self) -> Result<(), Unfit> {
        let Self { ef, pool } = self;
        if ef >= pool {
            return Ok(());
        }
        let message = format!("a walk that keeps {ef} vectors under consideration cannot find a pool of {pool}");
        Err(Unfit::new(message, format!("use at least {pool}")).of("ef"))
    }
}

/// The parameters of candidates that walk over a graph: all that such candidates differ in.
pub trait WalkedGraph: Sized + Send + Sync + 'static {
    /// The parameters that shape the graph.
    type Build: Serialize;

    /// How wide walks are.
    fn widths(&self) -> WalkWidths;

    /// The same graph with walks that keep `ef`, for this pool.
    #[must_use]
    fn with_widths(&self, pool: Count, ef: Count) -> Self;

    /// Those that shape the graph.
    fn graph_part(&self) -> Self::Build;

    /// How such a graph is built.
    fn plan(part: &Self::Build) -> GraphPlan;
}

impl<W: WalkedGraph> Candidates for W {
    type Build = W::Build;
    type Index = ProximityGraph;

    fn pool(&self) -> usize {
        self.widths().pool
    }

    fn exhaustive(&self, pool: Count, rows: usize) -> Self {
        self.with_widths(pool, WalkWidths::exhaustive(pool, rows))
    }

    fn build_part(&self) -> W::Build {
        self.graph_part()
    }

    fn build(part: &W::Build, base: &Base) -> ProximityGraph {
        ProximityGraph::build(base, &W::plan(part))
    }

    fn words(graph: &ProximityGraph) -> Option<Vec<u32>> {
        Some(graph.words())
    }

    fn restore(words: &[u32], base: &Base) -> Option<ProximityGraph> {
        ProximityGraph::restore(words, base)
    }

    fn bytes(graph: &ProximityGraph, base: &Base) -> usize {
        base.bytes() + graph.bytes()
    }

    fn decision(graph: &ProximityGraph, base: &Base) -> Option<String> {
        graph.decision(base)
    }

    fn estimate(&self, facts: &BaseFacts) -> usize {
        ProximityGraph::estimate(&W::plan(&self.graph_part()), facts)
    }

    fn check(&self, _: &BaseFacts) -> Result<(), Unfit> {
        self.widths().check()
    }

    fn search(
        &self,
        graph: &ProximityGraph,
        base: &Base,
        query: Query<'_>,
        scratch: &mut Scratch,
        found: &mut Vec<u32>,
    ) {
        graph.find(base, query, self.widths(), scratch, found);
    }
}

/// Stands for no point in [`ProximityGraph::words`].
const NOWHERE: u32 = u32::MAX;

/// Of points found by codes so many more than the pool, and so many more in parts of it, are measured exactly: codes put few
/// points that far from their place.
const MORE_BY_CODES: usize = 20;
const MORE_BY_CODES_OF_POOL: usize = 2;

/// A graph over points that are all different.
struct BuiltGraph {
    targets: Adjacency,
    start: Option<u32>,
    layers: Layers,
}

impl BuiltGraph {
    fn of<I: Items>(items: &I, plan: &GraphPlan) -> Self {
        let above = plan.layers.map(|LayersPlan { shape, part }| Layers::build(items, shape, part));
        let layers = above.unwrap_or_default();
        let start = items.middle();
        let order = start.map(|start| layers::order(items.len(), start, layers.lowest())).unwrap_or_default();
        let entry = |id: u32, memory: &mut WalkMemory<'_>| {
            let is_above = layers.lowest().binary_search(&id).is_ok();
            let found = if is_above { None } else { layers.descend(&items.from(id), memory) };
            found.or(start).unwrap_or(0)
        };
        let lists = insert_all(items, plan.graph, &order, &entry);
        let edges = connect::missing_edges(items, &lists, start, plan.graph.ef);
        Self { targets: Adjacency::new(&lists, &edges), start, layers }
    }
}

impl ProximityGraph {
    /// Builds the graph. Points that are the same as one with a lower id have no edges.
    pub fn build(base: &Base, plan: &GraphPlan) -> Self {
        let twins = Twins::of(base.points());
        let over = |base: &Base| match base.points() {
            Points::Dense(_) => BuiltGraph::of(&GridRows::new(base), plan),
            _ => BuiltGraph::of(&ExactItems::new(base), plan),
        };
        let BuiltGraph { targets, start, layers } = if twins.is_empty() {
            over(base)
        } else {
            let later = twins.are_later(base.len());
            let different: Vec<usize> = (0..base.len()).filter(|&id| !later[id]).collect();
            let some = over(&Base::new(base.points().gather(&different), base.distance()));
            BuiltGraph {
                targets: some.targets.renumbered(&different, base.len()),
                start: some.start.map(|id| different[id as usize] as u32),
                layers: some.layers.renumbered(&different),
            }
        };
        Self { targets, start, layers, twins, codes: None }.with_codes(base)
    }

    /// With codes of the base, if they serve.
    fn with_codes(self, base: &Base) -> Self {
        let codes = CodedRows::new(base).filter(|codes| codes.tell_apart(base, &self.targets));
        Self { codes, ..self }
    }

    /// The start of walks ([`NOWHERE`] without points), the lists, and the layers.
    pub fn words(&self) -> Vec<u32> {
        let mut words = vec![self.start.unwrap_or(NOWHERE)];
        self.targets.words(&mut words);
        self.layers.words(&mut words);
        words
    }

    /// The graph over `base` with these words; `None` if there is none.
    pub fn restore(words: &[u32], base: &Base) -> Option<Self> {
        let mut words = Words(words);
        let start = Some(words.take(1)?[0]).filter(|&start| start != NOWHERE);
        let targets = Adjacency::restore(&mut words)?;
        let layers = Layers::restore(&mut words, base.len())?;
        if !words.0.is_empty() || targets.len() != base.len() || start.is_some() == base.is_empty() {
            return None;
        }
        let twins = Twins::of(base.points());
        let later = twins.are_later(base.len());
        let leads_nowhere = (0..base.len()).all(|id| !later[id] || targets.of(id as u32).is_empty());
        let mut led_to = start.iter().chain(targets.targets()).chain(layers.lowest());
        if !leads_nowhere || led_to.any(|&id| later.get(id as usize) != Some(&false)) {
            return None;
        }
        Some(Self { targets, start, layers, twins, codes: None }.with_codes(base))
    }

    /// What walks compare, in words, where the data decided that.
    pub fn decision(&self, base: &Base) -> Option<String> {
        base.points().dense()?;
        let said = match self.codes {
            Some(_) => "walks compare codes of 8 bits, and what they keep is measured exactly",
            None => "walks compare exactly: codes of 8 bits would not tell near points apart",
        };
        Some(said.to_owned())
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        let codes = self.codes.as_ref().map_or(0, CodedRows::held);
        self.targets.bytes() + self.layers.bytes() + self.twins.bytes() + codes
    }

    /// Bytes that such a graph needs while it is built, beside the points: the growing lists, and the finished ones or what
    /// points are compared by, whichever is more. An estimate from above.
    pub fn estimate(plan: &GraphPlan, facts: &BaseFacts) -> usize {
        let rows = facts.rows;
        let finished =
            |rows: usize, capacity: usize| rows.saturating_mul(capacity * size_of::<u32>() + size_of::<u64>());
        let (grid, codes) = match facts.kind {
            PointType::Dense => (GridRows::bytes(rows, facts.dim), CodedRows::bytes(rows, facts.dim)),
            _ => (0, 0),
        };
        let graph = plan.graph.within(rows).capacity;
        let layers = plan.layers.map_or(0, |LayersPlan { shape, part }| {
            // Members and their lists; all layers together have less than twice the points of the lowest.
            let rows = 2 * rows.div_ceil(part);
            finished(rows, shape.within(rows).capacity + 1)
        });
        let building = GrowingLists::bytes(rows, graph).saturating_add(finished(rows, graph)).saturating_add(grid);
        building.max(finished(rows, graph).saturating_add(codes)).saturating_add(layers)
    }

    /// Finds at least the `pool` nearest to the query of those that a walk of width `ef`, at least `pool`, keeps: with each of
    /// them those that are the same. Counts what walks measure, by codes or exactly; what is found by codes is measured again
    /// when the pool is filled, and does not count again.
    pub fn find(&self, base: &Base, query: Query<'_>, widths: WalkWidths, scratch: &mut Scratch, found: &mut Vec<u32>) {
        found.clear();
        let WalkWidths { ef, pool } = widths;
        let ef = ef.max(pool);
        let mut memory = WalkMemory::of(scratch);
        let by_codes = self.codes.as_ref().and_then(|codes| codes.from(query, memory.arena));
        let exact = ExactDistances::new(base, query);
        let Some(from) = by_codes else {
            self.collect(self.walk(&exact, ef, &mut memory), pool, 0, found);
            return;
        };
        // A walk that keeps all points leaves none out.
        let more = if ef < base.len() { MORE_BY_CODES.max(pool / MORE_BY_CODES_OF_POOL) } else { ef };
        self.collect(self.walk(&from, ef, &mut memory), pool, more, found);
        found.iter().for_each(|&id| exact.prefetch(id));
    }

    /// Of what a walk kept the nearest, each with those that are the same, until there are `pool`; then so many `more`.
    fn collect<D: KeyedDistance>(&self, nearest: &[Near<D>], pool: usize, mut more: usize, found: &mut Vec<u32>) {
        let mut last = None;
        for near in nearest {
            if found.len() >= pool {
                // Of those that are as near as the last, lower ids come first, whatever they are the same as.
                let is_beyond = self.twins.is_empty() || last.is_some_and(|last| near.distance() > last);
                if more == 0 && is_beyond {
                    return;
                }
                more = more.saturating_sub(1);
            }
            found.push(near.id());
            found.extend(self.twins.others(near.id()).take(pool));
            last = Some(near.distance());
        }
    }

    /// The `ef` nearest that a walk finds, nearest first, ties by lower id; all if there are at most `ef`. Those that are the
    /// same as one with a lower id are left out.
    fn walk<'s, D: Distances>(&self, from: &D, ef: usize, memory: &mut WalkMemory<'s>) -> &'s [Near<D::Distance>] {
        let Some(start) = self.start else { return &[] };
        let starts = [start, self.layers.descend(from, memory).unwrap_or(start)];
        let course = Course { rows: self.targets.len(), starts: &starts, ef };
        walk(course, &self.targets, from, memory, |_| ())
    }

    /// Edges into each point.
    #[cfg(test)]
    pub fn in_degrees(&self) -> Vec<usize> {
        let mut degrees = vec![0; self.targets.len()];
        self.targets.targets().iter().for_each(|&target| degrees[target as usize] += 1);
        degrees
    }
}

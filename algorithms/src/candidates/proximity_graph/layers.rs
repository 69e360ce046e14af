//! Layers above a graph: each holds some of the points of the one below it. A walk comes down through them to where it starts.

use super::adjacency::Adjacency;
use super::insertion::{Shape, insert_all};
use super::walk::{Course, WalkMemory, walk};
use crate::candidates::Words;
use crate::items::{Distances, Items, Members, ToMembers};
use crate::random;

/// A graph over some of the points. In its lists a point is its place among the members.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Points, ascending.
    members: Vec<u32>,
    lists: Adjacency,
}

/// All layers above a graph, the highest first, each within the next.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layers(Vec<Layer>);

/// Which points are in each layer above the lowest, the highest first: in each on average one of `part`, at least 2, of the layer below.
///
/// Source: Malkov & Yashunin 2018, whose levels `-ln(u) / ln(part)` have this distribution.
fn draw(rows: usize, part: usize) -> Vec<Vec<u32>> {
    let (mut rng, part) = (random::stream(0, "hnsw levels", 0), part.max(2));
    let mut layers: Vec<Vec<u32>> = Vec::new();
    for id in 0..rows as u32 {
        let mut height = 0;
        while random::below(&mut rng, part) == 0 {
            if layers.len() == height {
                layers.push(Vec::new());
            }
            layers[height].push(id);
            height += 1;
        }
    }
    layers.reverse();
    layers
}

/// The order in which points are inserted: `start`, those of the layer above, the others; each part in an order drawn at random.
pub fn order(rows: usize, start: u32, above: &[u32]) -> Vec<u32> {
    let mut rng = random::stream(0, "vamana order", 0);
    let mut first: Vec<u32> = above.iter().copied().filter(|&id| id != start).collect();
    let others = |id: &u32| *id != start && above.binary_search(id).is_err();
    let mut rest: Vec<u32> = (0..rows as u32).filter(others).collect();
    random::shuffle(&mut rng, &mut first);
    random::shuffle(&mut rng, &mut rest);
    [vec![start], first, rest].concat()
}

impl Layers {
    /// Builds them, the highest first, so that points of a layer are found through those above it.
    pub fn build<I: Items>(items: &I, shape: Shape, part: usize) -> Self {
        let mut layers = Self::default();
        for members in draw(items.len(), part) {
            let of_layer = Members { items, ids: &members };
            let above: Vec<u32> = layers.lowest().iter().filter_map(|id| place(&members, *id)).collect();
            let order = order(members.len(), 0, &above);
            let entry = |at: u32, memory: &mut WalkMemory<'_>| {
                let found = layers.descend(&items.from(members[at as usize]), memory);
                found.and_then(|id| place(&members, id)).filter(|_| above.binary_search(&at).is_err()).unwrap_or(0)
            };
            let lists = Adjacency::new(&insert_all(&of_layer, shape, &order, &entry), &[]);
            layers.0.push(Layer { members, lists });
        }
        layers
    }

    /// The members of the lowest layer; none if there is no layer.
    pub fn lowest(&self) -> &[u32] {
        self.0.last().map_or(&[], |layer| &layer.members)
    }

    /// The point of the lowest layer that is nearest, as far as walks find that which keep one point; `None` if there is no layer.
    pub fn descend<D: Distances>(&self, from: &D, memory: &mut WalkMemory<'_>) -> Option<u32> {
        let mut found = None;
        for Layer { members, lists } in &self.0 {
            let start = found.and_then(|id| place(members, id)).unwrap_or(0);
            let course = Course { rows: members.len(), starts: &[start], ef: 1 };
            let nearest = walk(course, lists, &ToMembers { from, ids: members }, memory, |_| ()).first();
            found = nearest.map(|near| members[near.id() as usize]);
        }
        found
    }

    /// The same where point `i` has the number `ids[i]`, ascending.
    pub fn renumbered(mut self, ids: &[usize]) -> Self {
        self.0.iter_mut().flat_map(|layer| &mut layer.members).for_each(|id| *id = ids[*id as usize] as u32);
        self
    }

    /// The number of layers; for each its members and its [lists](Adjacency::words).
    pub fn words(&self, words: &mut Vec<u32>) {
        words.push(self.0.len() as u32);
        for layer in &self.0 {
            layer.lists.words(words);
            words.extend(&layer.members);
        }
    }

    /// The layers with these words, above a graph of so many points; `None` if there are none.
    pub fn restore(words: &mut Words<'_>, rows: usize) -> Option<Self> {
        let mut layers: Vec<Layer> = Vec::new();
        for _ in 0..words.count()? {
            let lists = Adjacency::restore(words)?;
            let members = words.take(lists.len())?.to_vec();
            let are_below =
                layers.last().is_none_or(|above| above.members.iter().all(|&id| place(&members, id).is_some()));
            let ascend = members.windows(2).all(|pair| pair[0] < pair[1]);
            let are_points = members.last().is_some_and(|&last| (last as usize) < rows);
            if !(ascend && are_points && are_below) {
                return None;
            }
            layers.push(Layer { members, lists });
        }
        Some(Self(layers))
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.0.iter().map(|layer| layer.lists.bytes() + size_of_val(layer.members.as_slice())).sum()
    }
}

/// The place of a point among members, ascending.
fn place(members: &[u32], id: u32) -> Option<u32> {
    members.binary_search(&id).ok().map(|place| place as u32)
}

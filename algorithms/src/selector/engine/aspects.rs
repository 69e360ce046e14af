//! The subtopics that oracles look at.

use crate::scratch::Scratch;
use crate::selector::{Request, SelectorSetting};
use crate::unfit::Unfit;

/// The subtopics that each item of the pool covers, numbered from 0.
pub struct Aspects<'s> {
    count: usize,
    /// (position, subtopic's number), ascending.
    pairs: &'s [(u32, u32)],
    /// The offset of each position's pairs; m + 1 values.
    starts: &'s [u32],
}

impl<'s> Aspects<'s> {
    pub fn new(request: &Request<'_>, scratch: &'s Scratch) -> Self {
        let (arena, items) = (&scratch.arena, &request.pool.items);
        let names = arena.alloc_slice_fill_iter(request.subtopics.iter().map(|&(_, subtopic)| subtopic));
        names.sort_unstable();
        let count = {
            let mut count = 0;
            for i in 0..names.len() {
                if i == 0 || names[i] != names[count - 1] {
                    names[count] = names[i];
                    count += 1;
                }
            }
            count
        };
        let names = &names[..count];
        let starts = arena.alloc_slice_fill_copy(items.len() + 1, 0_u32);
        let mut pairs = bumpalo::collections::Vec::with_capacity_in(request.subtopics.len(), arena);
        for (position, item) in items.iter().enumerate() {
            let from = request.subtopics.partition_point(|&(id, _)| id < item.id);
            let of_item = request.subtopics[from..].iter().take_while(|&&(id, _)| id == item.id);
            let number = |subtopic| names.partition_point(|&name| name < subtopic) as u32;
            pairs.extend(of_item.map(|&(_, subtopic)| (position as u32, number(subtopic))));
            starts[position + 1] = pairs.len() as u32;
        }
        Self { count, pairs: pairs.into_bump_slice(), starts }
    }

    /// Number of subtopics of the query.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The pairs of the item at `position`.
    pub fn of(&self, position: usize) -> &[(u32, u32)] {
        &self.pairs[self.starts[position] as usize..self.starts[position + 1] as usize]
    }
}

/// Checks that the dataset has subtopics, which an oracle looks at.
pub fn check_subtopics(setting: SelectorSetting) -> Result<(), Unfit> {
    if setting.subtopics {
        return Ok(());
    }
    let message = "an oracle picks by the query's subtopics, and the dataset has none";
    Err(Unfit::new(message, "use a dataset with `subtopics`, or another selector"))
}

//! Local search: one pick for one other item.

use super::Sum;

/// Swaps for each pick, at most.
const SWAPS: usize = 10;

impl Sum<'_, '_> {
    /// Again and again the swap that gains most. Of swaps that gain as much, the one that brings in the item which stands first in the
    /// pool, for the pick that stands last. Picks stay as they are if no swap gains.
    pub(super) fn swap(&self, picked: &mut [usize]) {
        let (m, arena) = (self.size(), &self.scratch.arena);
        // The distances of each pick to all items, and their sum over picks.
        let rows = arena.alloc_slice_fill_copy(picked.len() * m, 0.0);
        let totals = arena.alloc_slice_fill_copy(m, 0.0);
        let is_picked = arena.alloc_slice_fill_copy(m, false);
        for (&pick, row) in picked.iter().zip(rows.chunks_exact_mut(m)) {
            self.spreads.row(pick, row);
            totals.iter_mut().zip(&*row).for_each(|(total, distance)| *total += distance);
            is_picked[pick] = true;
        }
        let part = |totals: &[f64], i: usize| self.request.score(i) + self.lambda * totals[i];
        let magnitude: f64 = picked.iter().map(|&i| self.request.score(i).abs() + self.lambda * totals[i]).sum();
        let mut swaps = 0;
        while swaps < SWAPS * picked.len() {
            // What is not above the rounding of sums is no gain.
            let mut best = (1e-12 * magnitude, None);
            for i in (0..m).filter(|&i| !is_picked[i]) {
                for (slot, &pick) in picked.iter().enumerate() {
                    let gain = part(totals, i) - self.lambda * rows[slot * m + i] - part(totals, pick);
                    let is_later = |(other, slot): (usize, usize)| other == i && picked[slot] < pick;
                    if gain > best.0 || gain == best.0 && best.1.is_some_and(is_later) {
                        best = (gain, Some((i, slot)));
                    }
                }
            }
            let Some((new, slot)) = best.1 else { break };
            let row = &mut rows[slot * m..(slot + 1) * m];
            totals.iter_mut().zip(&*row).for_each(|(total, distance)| *total -= distance);
            self.spreads.row(new, row);
            totals.iter_mut().zip(&*row).for_each(|(total, distance)| *total += distance);
            (is_picked[picked[slot]], is_picked[new]) = (false, true);
            picked[slot] = new;
            swaps += 1;
        }
        if swaps > 0 {
            self.order(picked);
        }
    }
}

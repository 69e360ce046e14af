//! For which searches codes are worth it: the data decide, and what is found is the same.

use std::fmt;
use std::ops::Range;

/// Numbers of nearest ones that are tried.
const TRIED: [usize; 4] = [10, 100, 1_000, 10_000];

/// One query at a time: codes must rule out all rows but the nearest ones and one in so many. Those are read again, from places far
/// apart, which costs as much as the codes of about 16 rows spare.
const SINGLE: usize = 16;

/// The same of many queries at once, where a row costs less.
const BATCH: usize = 128;

/// How many nearest ones may be looked for by codes, at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worth {
    /// By one query at a time.
    pub single: usize,
    /// By many at once.
    pub batch: usize,
}

impl Worth {
    /// However many.
    pub const ALWAYS: Self = Self { single: usize::MAX, batch: usize::MAX };

    /// By how many of `rows` rows codes leave to be measured exactly for so many nearest ones.
    pub fn of(rows: usize, left: impl Fn(usize) -> usize) -> Self {
        let tried: Vec<Range<usize>> =
            TRIED.into_iter().take_while(|&most| most < rows).map(|most| most..left(most)).collect();
        let worth = |one_in: usize| {
            let enough = tried.iter().take_while(|tried| tried.len() <= rows / one_in);
            enough.last().map_or(0, |tried| tried.start)
        };
        Self { single: worth(SINGLE), batch: worth(BATCH) }
    }
}

/// A whole number with a comma before each three digits.
fn grouped(number: usize) -> String {
    if number < 1_000 { number.to_string() } else { format!("{},{:03}", grouped(number / 1_000), number % 1_000) }
}

impl fmt::Display for Worth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { single, batch } = *self;
        let single = grouped(single);
        write!(f, "a query is compared by codes of 8 bits for pools of up to {single}, by values for larger ones; ")?;
        match batch {
            0 => f.write_str("queries of a batch are compared by values"),
            _ => write!(f, "queries of a batch by codes for pools of up to {}", grouped(batch)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_worth_it_where_they_leave_few_beside_the_nearest() {
        assert_eq!(Worth::of(5_000, |most| most), Worth { single: 1_000, batch: 1_000 }, "all that are tried");
        assert_eq!(Worth::of(1_000_000, |most| most), Worth { single: 10_000, batch: 10_000 });
        // 16,000 / 16 = 1,000 and 16,000 / 128 = 125.
        assert_eq!(Worth::of(16_000, |most| 2 * most), Worth { single: 1_000, batch: 100 });
        assert_eq!(Worth::of(16_000, |most| most + 126), Worth { single: 10_000, batch: 0 });
        let none = Worth::of(16_000, |most| most + 126).to_string();
        assert!(none.contains("up to 10,000, by values") && none.ends_with("batch are compared by values"), "{none}");
        assert_eq!([0, 999, 1_000, 1_234_056].map(grouped), ["0", "999", "1,000", "1,234,056"]);
        assert_eq!(Worth::of(16_000, |_| 16_000), Worth { single: 0, batch: 0 });
        assert_eq!(
            Worth::of(16_000, |most| if most == 10 { 16_000 } else { most }).single,
            0,
            "no larger one is asked"
        );
    }
}

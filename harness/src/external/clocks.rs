//! Two clocks: a program times each row, and swath times each block. Neither alone is believed.

/// How much longer than its rows a block may take by swath's clock, beside what the exchange takes.
const SLACK: f64 = 1.1;

/// The exchange takes at most this share of a block.
const MOST: f64 = 0.5;

/// The seconds of the rows of a block.
#[derive(Clone, Debug, PartialEq)]
pub struct RowTimes {
    /// Seconds of each row.
    pub seconds: Vec<f64>,
    /// Whether they are by swath's clock, since the two disagree.
    pub is_swaths: bool,
}

/// Decides the seconds of the rows of a block.
///
/// - `ns`: nanoseconds of each row by the program's clock.
/// - `block`: seconds of the block by swath's clock.
/// - `echo`: seconds a row that the exchange takes by swath's clock, without a search.
///
/// The program's clock counts where `block <= 1.1 x sum + 2 x echo x n`, where the last part is at most half of the block: a program that
/// is slow to exchange arrays is not believed for that. Otherwise swath's does, less the exchange, the same for each row: never the lower
/// of two clocks that disagree.
///
/// # Errors
/// The rows took longer than the block.
pub fn row_times(ns: &[u64], block: f64, echo: f64) -> Result<RowTimes, String> {
    let n = ns.len() as f64;
    let sum = ns.iter().map(|&ns| ns as f64 * 1e-9).sum::<f64>();
    if sum > block {
        return Err(format!(
            "its times of {} rows sum up to {sum:.6} s, but all of them together took {block:.6} s",
            ns.len()
        ));
    }
    if block <= SLACK * sum + (2.0 * echo * n).min(MOST * block) {
        return Ok(RowTimes { seconds: ns.iter().map(|&ns| ns as f64 * 1e-9).collect(), is_swaths: false });
    }
    Ok(RowTimes { seconds: vec![less_echo(block, echo, ns.len()) / n; ns.len()], is_swaths: true })
}

/// Seconds of a block of `rows` without the exchange. If that would be more than half of the block, it was disturbed, or is no exchange
/// alone: nothing is taken off.
pub fn less_echo(block: f64, echo: f64, rows: usize) -> f64 {
    let exchange = echo * rows as f64;
    if exchange <= MOST * block { block - exchange } else { block }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_clock_counts_unless_the_block_took_much_longer() {
        let ns = [1_000_000, 3_000_000];
        let by = |block, echo| row_times(&ns, block, echo);
        let own = RowTimes { seconds: vec![0.001, 0.003], is_swaths: false };
        assert_eq!(by(0.004, 0.0), Ok(own.clone()));
        assert_eq!(by(0.0044, 0.0), Ok(own.clone()));
        assert_eq!(by(0.0084, 0.001), Ok(own));
        let swaths = |seconds| Ok(RowTimes { seconds: vec![seconds; 2], is_swaths: true });
        assert_eq!(by(0.006, 0.0), swaths(0.003));
        assert_eq!(by(0.012, 0.001), swaths(0.005));
        // An echo that was disturbed, or is slow on purpose, takes nothing of it.
        assert_eq!(row_times(&[1, 1], 0.01, 0.1), Ok(RowTimes { seconds: vec![0.005; 2], is_swaths: true }));
        assert_eq!(row_times(&[0, 0], 0.01, 0.001), Ok(RowTimes { seconds: vec![0.004; 2], is_swaths: true }));
        assert_eq!(less_echo(0.01, 0.1, 2), 0.01);
        assert_eq!(less_echo(0.01, 0.002, 2), 0.006);
        assert!(by(0.003, 0.0).expect_err("impossible").starts_with("its times of 2 rows sum up to 0.004000 s"));
        assert!(row_times(&[], 0.1, 0.0).expect("nothing").seconds.is_empty());
    }

    #[test]
    fn a_clock_that_says_nothing_is_not_believed() {
        let RowTimes { seconds, is_swaths } = row_times(&[1; 1000], 0.05, 1e-6).expect("possible");
        assert!(is_swaths && (seconds.iter().sum::<f64>() - 0.049).abs() < 1e-9);
    }
}

//! Sets with planted similarities.

use super::graph::different;
use super::{Array, Draw, Makes, Planted, Row, Rows, Size, constant};
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use swath_algorithms::Unfit;
use swath_algorithms::params::{Count, Fraction};

/// Sets of equal size, drawn without preference. Query i shares as many members with base set i (from 0 again after the last) as give
/// it a known Jaccard similarity: exactly that of whole numbers of members that is next to the asked one. Its name says it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Jaccard {
    /// Members of each set, at most half of the `dimension`.
    pub members: Count,
    /// The similarity of a query to its base set; spread evenly from 0 to 1, if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub similarity: Option<Fraction>,
}

impl Default for Jaccard {
    fn default() -> Self {
        Self { members: constant!(Count, 30), similarity: None }
    }
}

impl Jaccard {
    /// The similarity that is asked for a query.
    pub(super) fn asked(&self, query: usize) -> f64 {
        // Multiples of the golden ratio are spread evenly, however many there are.
        let spread = || ((query as f64 + 0.5) * 0.618_033_988_749_895).fract();
        self.similarity.map_or_else(spread, Fraction::get)
    }

    /// The members that a query has in common with its base set, and those of both together.
    pub(super) fn planted_for(&self, query: usize) -> [usize; 2] {
        let (members, asked) = (self.members.size(), self.asked(query));
        let similarity = |common: usize| common as f64 / (2 * members - common) as f64;
        // J = c / (2 s - c), and so c = 2 s J / (1 + J), which lies between two whole numbers.
        let exact = 2.0 * members as f64 * asked / (1.0 + asked);
        let (less, more) = (exact.floor() as usize, (exact.ceil() as usize).min(members));
        let is_less = asked - similarity(less) <= similarity(more) - asked;
        let common = if is_less { less } else { more };
        [common, 2 * members - common]
    }

    fn base(&self, rng: &mut ChaCha8Rng, dim: usize) -> Vec<u32> {
        different(rng, dim, self.members.size()).into_iter().map(|member| member as u32).collect()
    }

    fn query(&self, number: usize, rng: &mut ChaCha8Rng, size: &Size) -> Vec<u32> {
        let base = self.base(&mut Row::base(number % size.n).stream(size.seed), size.dim);
        let [common, _] = self.planted_for(number);
        let mut row: Vec<u32> = different(rng, base.len(), common).into_iter().map(|at| base[at]).collect();
        // Numbers that are not in the base set, counted without its members.
        let others = different(rng, size.dim - base.len(), base.len() - common);
        row.extend(others.into_iter().map(|place| outside(&base, place as u32)));
        row.sort_unstable();
        row
    }
}

/// The number at `place` of those that are not in an ascending set.
fn outside(set: &[u32], place: u32) -> u32 {
    // Each member before it moves it up by one.
    let (mut from, mut to) = (0, set.len());
    while from < to {
        let middle = usize::midpoint(from, to);
        if set[middle] - middle as u32 <= place { from = middle + 1 } else { to = middle }
    }
    place + from as u32
}

impl Draw for Jaccard {
    fn makes(&self) -> Makes {
        Makes::Sets
    }

    fn check(&self, size: &Size) -> Result<(), Unfit> {
        let (members, dim) = (self.members.size(), size.dim);
        if members <= dim / 2 {
            return Ok(());
        }
        let message = format!("two sets of {members} members below {dim} cannot be without a common one");
        let help = match dim / 2 {
            0 => format!("use a `dimension` of {} or more", 2 * members),
            most => format!("use `members: {most}` or less, or a larger `dimension`"),
        };
        Err(Unfit::new(message, help).of("members"))
    }

    fn rows(&self, size: Size) -> Rows<'_> {
        Rows::Sets(Box::new(move |row, rng| match row.array {
            Array::Train => self.base(rng, size.dim),
            Array::Test => self.query(row.number, rng, &size),
        }))
    }

    fn members(&self, _: &Size) -> [usize; 2] {
        [self.members.size(); 2]
    }

    fn planted(&self, size: &Size) -> Planted {
        let name = |query: usize| {
            let [common, all] = self.planted_for(query);
            format!("{common} / {all} to base set {}", query % size.n)
        };
        Planted { test_names: Some((0..size.queries).map(name).collect()), ..Planted::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Distribution;
    use super::super::tests::generated;
    use super::*;
    use swath_algorithms::{Distance, Points};

    fn with(members: u32, similarity: Option<f64>) -> Jaccard {
        let similarity = similarity.map(|value| Fraction::new(value).expect("in range"));
        Jaccard { members: Count::new(members).expect("in range"), similarity }
    }

    /// By counting: the similarity of each query to its base set is the planted one, and next to the asked one. Others are far less.
    #[test]
    fn similarities_are_those_planted() {
        for (members, dim, similarity) in [
            (30, 5000, None),
            (30, 60, None),
            (1, 2, None),
            (25, 900, Some(0.5)),
            (8, 100, Some(0.0)),
            (8, 16, Some(1.0)),
        ] {
            let (jaccard, n) = (with(members, similarity), 15);
            let data =
                generated(Distribution::Jaccard(jaccard.clone()), n, dim, Distance::Jaccard).dataset().expect("sets");
            let (Points::Sets(train), Points::Sets(test)) = (&data.train, &data.test) else { panic!("sets") };
            assert!((0..n as usize).all(|i| train.row(i).len() == members as usize));
            for query in 0..20 {
                let (own, base) = (test.row(query), train.row(query % n as usize));
                assert_eq!(own.len(), members as usize);
                let common = own.iter().filter(|member| base.contains(member)).count();
                let all = 2 * members as usize - common;
                assert_eq!([common, all], jaccard.planted_for(query));
                let (found, asked) = (common as f64 / all as f64, jaccard.asked(query));
                // Similarities of whole numbers are at most 2 / (members + 1) apart: from one less than all common to all.
                assert!((found - asked).abs() <= 1.0 / f64::from(members + 1) + 1e-9, "{found} for {asked}");
                assert_eq!(
                    data.test_labels.name(query).expect("a name"),
                    format!("{common} / {all} to base set {}", query % n as usize)
                );
                if dim == 5000 && found > 0.2 {
                    assert_eq!(
                        (data.neighbors.ids(query)[0] as usize, data.neighbors.distances(query)[0]),
                        (query % 15, 1.0 - found)
                    );
                }
            }
        }
    }

    #[test]
    fn similarities_are_spread_evenly() {
        let jaccard = with(30, None);
        let mut asked: Vec<f64> = (0..1000).map(|query| jaccard.asked(query)).collect();
        asked.sort_by(f64::total_cmp);
        // The largest gap of multiples of the golden ratio is below 2.2 / n (Sos 1958).
        assert!(
            asked.windows(2).all(|pair| pair[1] - pair[0] < 2.2e-3) && asked[0] < 2.2e-3 && asked[999] > 1.0 - 2.2e-3
        );
    }

    #[test]
    fn numbers_outside_a_set_are_counted() {
        let set = [0, 3, 4, 9];
        let expected: Vec<u32> = (0..12).filter(|number| !set.contains(number)).collect();
        assert_eq!((0..8).map(|place| outside(&set, place)).collect::<Vec<u32>>(), expected);
        assert_eq!(outside(&[], 5), 5);
    }

    #[test]
    fn sets_that_are_too_large_are_refused() {
        let error =
            generated(Distribution::Jaccard(with(9, None)), 5, 17, Distance::Jaccard).header().expect_err("unfit");
        assert_eq!(
            error.to_string(),
            "`generate: jaccard`: two sets of 9 members below 17 cannot be without a common one"
        );
        assert_eq!(error.help(), "use `members: 8` or less, or a larger `dimension`");
        // No number of members is small enough.
        let error =
            generated(Distribution::Jaccard(with(9, None)), 5, 1, Distance::Jaccard).header().expect_err("unfit");
        assert_eq!(error.help(), "use a `dimension` of 18 or more");
    }
}

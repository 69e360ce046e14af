//! Selectors that limit what another one picks, against greedy under the constraint, written naively.

use crate::naive;
use crate::support::{Case, cases_up_to, groups_of};
use proptest::prelude::*;
use swath_algorithms::kernel::Kernel;
use swath_algorithms::params::{Count, Fraction, NonNegative, PartialFraction};
use swath_algorithms::selector::{
    Dpp, GroupLimit, MaxMin, MaxSum, Mmr, PairWeight, Request, Selector, SelectorParams, Ssd, Threshold, TopK,
};
use swath_algorithms::{Groups, Pool, Scratch};

fn limit(limit: u32, within: SelectorParams) -> SelectorParams {
    let limit = Count::new(limit).expect("in range");
    SelectorParams::GroupLimit(GroupLimit { limit, within: Box::new(within), ..GroupLimit::default() })
}

fn apart(similarity: f64, within: SelectorParams) -> SelectorParams {
    let similarity = Fraction::new(similarity).expect("in range");
    SelectorParams::Threshold(Threshold { similarity, within: Box::new(within), ..Threshold::default() })
}

fn top_k() -> SelectorParams {
    SelectorParams::TopK(TopK {})
}

fn mmr(lambda: f64) -> SelectorParams {
    SelectorParams::Mmr(Mmr { lambda: Fraction::new(lambda).expect("in range"), ..Mmr::default() })
}

/// What picks forbid, word for word.
#[derive(Debug)]
enum Rule {
    Groups(u32),
    Similarity(f64),
}

impl Rule {
    fn forbids(&self, case: &Case, picks: &[usize], i: usize) -> bool {
        match *self {
            Self::Groups(limit) => {
                let group = |i: usize| case.groups[0].of[case.pool.items[i].id as usize];
                group(i) >= 0 && picks.iter().filter(|&&pick| group(pick) == group(i)).count() >= limit as usize
            }
            Self::Similarity(least) => {
                let kernel = Kernel::raw(case.base.distance());
                picks.iter().any(|&pick| case.similarity(kernel, pick, i) >= least)
            }
        }
    }

    fn around(&self, within: SelectorParams) -> SelectorParams {
        match *self {
            Self::Groups(most) => limit(most, within),
            Self::Similarity(least) => apart(least, within),
        }
    }

    /// What is neither picked nor forbidden, in the order of the pool.
    fn open(&self, case: &Case, picks: &[usize]) -> Vec<usize> {
        (0..case.m()).filter(|i| !picks.contains(i) && !self.forbids(case, picks, *i)).collect()
    }

    /// Checks that valid picks obey, that others come only where nothing else is left, in order of score, and that as many are
    /// counted. Returns the valid ones.
    fn check<'p>(
        &self,
        case: &Case,
        picked: &'p [usize],
        counted: usize,
        k: usize,
    ) -> Result<&'p [usize], TestCaseError> {
        prop_assert_eq!(picked.len(), k.min(case.m()));
        let (valid, others) = picked.split_at(picked.len() - counted);
        for (at, &pick) in valid.iter().enumerate() {
            prop_assert!(!self.forbids(case, &valid[..at], pick), "{pick} of {valid:?}");
        }
        prop_assert!(others.is_empty() || self.open(case, valid).is_empty(), "{valid:?}, {others:?}");
        let mut left = (0..case.m()).filter(|i| !valid.contains(i));
        prop_assert!(others.iter().all(|&other| left.next() == Some(other)), "{valid:?}, {others:?}");
        Ok(valid)
    }
}

/// Groups of some items, and a rule: a limit, or a similarity that may be that of two items.
fn ruled_cases(most: usize) -> impl Strategy<Value = (Case, usize, Rule)> {
    let rule = (any::<bool>(), 1_u32..4, 0.0_f64..=1.0, any::<prop::sample::Index>(), any::<prop::sample::Index>());
    (cases_up_to(most), rule).prop_map(|((case, k), (is_groups, limit, free, i, j))| {
        let kernel = Kernel::raw(case.base.distance());
        let of_two = case.similarity(kernel, i.index(case.m()), j.index(case.m()));
        let least = if free < 0.5 && (0.0..=1.0).contains(&of_two) { of_two } else { free };
        (case, k, if is_groups { Rule::Groups(limit) } else { Rule::Similarity(least) })
    })
}

/// Picks, and how many of them are counted as forbidden.
fn select(case: &Case, selector: &SelectorParams, k: usize) -> (Vec<usize>, usize) {
    let (scratch, mut picked) = (Scratch::default(), vec![3; 2]);
    selector.select(&case.request(k), &scratch, &mut picked);
    (picked, scratch.forbidden.get())
}

/// Greedy under the rule: each next pick is what the selector picks next from the picks so far and what they leave open.
fn step_by_step(case: &Case, rule: &Rule, selector: &SelectorParams, k: usize) -> Vec<usize> {
    let mut picks: Vec<usize> = Vec::new();
    while picks.len() < k {
        let open = rule.open(case, &picks);
        if open.is_empty() {
            break;
        }
        let mut all = [picks.clone(), open].concat();
        all.sort_unstable();
        let pool = Pool { items: all.iter().map(|&i| case.pool.items[i]).collect(), ..case.pool.clone() };
        let mut picked = Vec::new();
        selector.select(&Request { pool: &pool, ..case.request(k) }, &Scratch::default(), &mut picked);
        picks.push(all[picked[picks.len()]]);
    }
    picks
}

proptest! {
    #[test]
    fn by_score_each_next_one_is_the_best_that_is_allowed((case, k, rule) in ruled_cases(12)) {
        let (picked, counted) = select(&case, &rule.around(top_k()), k);
        let valid = rule.check(&case, &picked, counted, k)?;
        for (at, &pick) in valid.iter().enumerate() {
            prop_assert_eq!(pick, rule.open(&case, &valid[..at])[0]);
        }
        // Asked as any other selector is: relevance alone is `mmr` with a lambda of 1.
        prop_assert_eq!((picked, counted), select(&case, &rule.around(mmr(1.0)), k));
    }

    #[test]
    fn around_mmr_it_is_greedy_under_the_constraint((case, k, rule) in ruled_cases(12), lambda in 0.0_f64..=1.0) {
        let (picked, counted) = select(&case, &rule.around(mmr(lambda)), k);
        let valid = rule.check(&case, &picked, counted, k)?;
        let kernel = Kernel::raw(case.base.distance());
        for (at, &pick) in valid.iter().enumerate() {
            let value = |i: usize| {
                let nearest = valid[..at].iter().map(|&t| case.similarity(kernel, t, i)).fold(f64::NEG_INFINITY, f64::max);
                if at == 0 { case.rel(i) } else { lambda * case.rel(i) - (1.0 - lambda) * nearest }
            };
            let taken: Vec<usize> = (0..case.m()).filter(|i| !rule.open(&case, &valid[..at]).contains(i)).collect();
            prop_assert_eq!(pick, case.best(&taken, value), "step {}", at);
        }
    }

    #[test]
    fn around_max_sum_it_is_greedy_under_the_constraint((case, k, rule) in ruled_cases(12), lambda in 0.0_f64..3.0) {
        let max_sum = MaxSum { lambda: PairWeight::Fixed(NonNegative::new(lambda).expect("in range")), ..MaxSum::default() };
        let (picked, counted) = select(&case, &rule.around(SelectorParams::MaxSum(max_sum)), k);
        let valid = rule.check(&case, &picked, counted, k)?;
        for (at, &pick) in valid.iter().enumerate() {
            let value = |i: usize| 0.5 * case.rel(i) + lambda * valid[..at].iter().map(|&t| case.spread(t, i)).sum::<f64>();
            let best = rule.open(&case, &valid[..at]).into_iter().map(value).fold(f64::NEG_INFINITY, f64::max);
            prop_assert!(value(pick) >= best - 1e-7, "step {at}: {} of {best}", value(pick));
        }
    }

    /// Every selector whose next pick depends on the picks before and on the item alone.
    #[test]
    fn around_greedy_selectors_it_is_their_greedy_under_the_constraint((case, k, rule) in ruled_cases(12)) {
        let dpp = Dpp { theta: PartialFraction::new(0.6).expect("in range"), ..Dpp::default() };
        let inner = [
            mmr(0.4),
            SelectorParams::MaxMin(MaxMin {}),
            SelectorParams::MaxSum(MaxSum::default()),
            SelectorParams::Dpp(dpp),
            SelectorParams::Ssd(Ssd::default()),
        ];
        for inner in inner {
            let (picked, counted) = select(&case, &rule.around(inner.clone()), k);
            let valid = rule.check(&case, &picked, counted, k)?;
            prop_assert_eq!(valid, step_by_step(&case, &rule, &inner, k), "{}", inner.name());
        }
    }

    /// Around any selector, also where picks depend on the whole pool, and around each other.
    #[test]
    fn around_any_selector_the_limit_holds_until_nothing_else_is_left((case, k, rule) in ruled_cases(10)) {
        let inner = SelectorParams::all().into_iter().filter(|selector| selector.check(&case.setting()).is_ok());
        for inner in inner {
            let (picked, counted) = select(&case, &rule.around(inner.clone()), k);
            if matches!(inner, SelectorParams::GroupLimit(_) | SelectorParams::Threshold(_)) {
                // Those that break the inner limit alone are counted, too.
                prop_assert_eq!(picked.len(), k.min(case.m()));
                continue;
            }
            rule.check(&case, &picked, counted, k)?;
        }
    }

    #[test]
    fn both_limits_hold_around_each_other((case, k) in cases_up_to(12), most in 1_u32..3, least in 0.3_f64..=1.0) {
        let rules = [Rule::Groups(most), Rule::Similarity(least)];
        for (selector, outer) in [(limit(most, apart(least, mmr(0.5))), 0), (apart(least, limit(most, mmr(0.5))), 1)] {
            let (picked, counted) = select(&case, &selector, k);
            let valid = &picked[..picked.len() - counted];
            for (at, &pick) in valid.iter().enumerate() {
                prop_assert!(rules.iter().all(|rule| !rule.forbids(&case, &valid[..at], pick)), "{valid:?} of {picked:?}");
            }
            // The outer limit holds as long as anything is left that it allows.
            let broken = (0..picked.len()).find(|&at| rules[outer].forbids(&case, &picked[..at], picked[at]));
            prop_assert!(broken.is_none_or(|at| rules[outer].open(&case, &picked[..at]).is_empty()), "{picked:?}");
        }
    }

    /// Greedy is optimal on a matroid: no set within the limit that is as large is more relevant.
    #[test]
    fn a_group_limit_by_score_is_the_most_relevant_set((case, k) in cases_up_to(10), most in 1_u32..3) {
        let (picked, counted) = select(&case, &limit(most, top_k()), k);
        let valid = &picked[..picked.len() - counted];
        let relevance = |set: &[usize]| set.iter().map(|&i| case.rel(i)).sum::<f64>();
        let obeys = |set: &[usize]| (0..set.len()).all(|at| !Rule::Groups(most).forbids(&case, &set[..at], set[at]));
        let sets = (0..1_usize << case.m()).map(|set| case.members(set)).filter(|set| set.len() <= k && obeys(set));
        let (mut largest, mut best) = (0, f64::NEG_INFINITY);
        for set in sets {
            largest = largest.max(set.len());
            best = if set.len() == valid.len() { best.max(relevance(&set)) } else { best };
        }
        prop_assert_eq!(valid.len(), largest.min(k));
        prop_assert!(relevance(valid) >= best - 1e-12);
    }

    /// A limit that nothing breaks changes nothing.
    #[test]
    fn what_breaks_no_limit_is_left_as_it_is((case, k) in cases_up_to(10)) {
        for inner in SelectorParams::all().into_iter().filter(|selector| selector.check(&case.setting()).is_ok()) {
            prop_assert_eq!(case.select(&*limit(1000, inner.clone()), k), case.select(&*inner, k), "{}", inner.name());
        }
    }
}

/// Pools so large that approximate similarities are compared first, with many groups and many near copies.
#[test]
fn large_pools_are_limited_as_small_ones() {
    for space in naive::SPACES {
        let mut case = Case::of(naive::irregular_cloud(space, 24, 300, 5));
        case.groups = vec![groups_of((0..300).map(|i| (i * i % 23) - 1))];
        let kernel = Kernel::raw(space.distance);
        let mut all: Vec<f64> = (1..300).map(|i| case.similarity(kernel, 0, i)).collect();
        all.sort_by(f64::total_cmp);
        let often = all[200].clamp(0.0, 1.0);
        for rule in [Rule::Groups(1), Rule::Groups(3), Rule::Similarity(often)] {
            for inner in [top_k(), mmr(0.3), SelectorParams::MaxMin(MaxMin {}), SelectorParams::Ssd(Ssd::default())] {
                let (picked, counted) = select(&case, &rule.around(inner.clone()), 30);
                let valid = rule.check(&case, &picked, counted, 30).expect("the limit holds");
                assert_eq!(valid, step_by_step(&case, &rule, &inner, 30), "{} on {space}", inner.name());
            }
        }
    }
}

/// What is wrong with a selector inside another says where it stands.
#[test]
fn a_refusal_of_the_selector_inside_says_where_it_stands() {
    let case = Case::new(&[1.0, 0.0, 0.0, 1.0], &[1.0, 0.5], swath_algorithms::Distance::Angular);
    let clipped = SelectorParams::Dpp(Dpp { kernel: Kernel::Cosine.into(), ..Dpp::default() });
    let refused = apart(0.5, limit(2, clipped)).check(&case.setting()).expect_err("not definite");
    assert_eq!(refused.inside, ["within", "group-limit", "within", "dpp"]);
    assert_eq!(refused.parameter, Some("kernel"));
    let oracle = limit(1, apart(0.5, serde_json::from_str("{\"xquad\": {}}").expect("a selector")));
    assert!(oracle.is_oracle() && !limit(1, mmr(0.5)).is_oracle());
    let near = serde_json::from_str("{\"flvmi\": {}}").expect("a selector");
    assert!(limit(1, near).needs_query() && !apart(0.5, mmr(0.5)).needs_query());
    let wide = Threshold { kernel: Kernel::Rbf.into(), ..Threshold::default() };
    assert!(wide.needs_query());
}

/// An item without a group is its own: it is never one too many.
#[test]
fn items_without_a_group_are_not_limited() {
    let rows: Vec<f32> = (0..6).flat_map(|i| [1.0, i as f32 * 0.1]).collect();
    let mut case = Case::new(&rows, &[1.0, 0.0], swath_algorithms::Distance::Angular);
    case.groups = vec![groups_of([4, Groups::NONE, Groups::NONE, 4, Groups::NONE, 7])];
    assert_eq!(select(&case, &limit(1, top_k()), 4), (vec![0, 1, 2, 4], 0));
    assert_eq!(select(&case, &limit(1, top_k()), 6), (vec![0, 1, 2, 4, 5, 3], 1));
}

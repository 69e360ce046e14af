//! Pools of hundreds, whose gains and similarities are first bounded: every selector picks what it picks without bounds.

use crate::definitions::{expected_visits, vendi_score, walk_of};
use crate::naive::{self, SPACES};
use crate::support::Case;
use swath_algorithms::kernel::Kernel;
use swath_algorithms::params::{Fraction, NonNegative, PartialFraction, Positive, PositiveFraction};
use swath_algorithms::selector::{
    Dartboard, DiversityTerm, Dpp, FacilityLocation, Flvmi, GraphCut, Grasshopper, MaxMin, MaxSum, Mmr, Optimizer,
    Redundancy, SaturatedCoverage, Selector, SelectorParams, SemanticCompression, Spread, Ssd, Vendi, Weights,
};
use swath_algorithms::{Distance, KernelChoice, random};

/// Rows among which ties and near-ties abound: `distinct` different ones and copies of them, some moved by a few units in the last
/// place, so that bounds cannot tell them apart; opposites and zeros among them.
fn rows(m: usize, d: usize, distinct: usize) -> Vec<f32> {
    let mut rng = random::stream(m as u64, "rows", d as u64);
    let different: Vec<f32> = (0..distinct * d).map(|_| random::normal(&mut rng) as f32).collect();
    let mut rows: Vec<f32> = (0..m * d).map(|at| different[at % (distinct * d)]).collect();
    for (i, row) in rows.chunks_exact_mut(d).enumerate() {
        match i % 7 {
            // Near-ties.
            3 => row.iter_mut().for_each(|v| *v *= 1.0 + random::below(&mut rng, 8) as f32 * f32::EPSILON),
            // The same direction in another unit.
            4 => row.iter_mut().for_each(|v| *v *= 8.0),
            _ => {}
        }
        match i % 50 {
            11 => row.fill(0.0),
            12 => row.iter_mut().for_each(|v| *v = -*v),
            _ => {}
        }
    }
    rows
}

/// Dense pools of many shapes, and one of every other space.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (m, d, distinct) in [(65, 19, 40), (128, 100, 90), (257, 1, 200), (288, 3, 60), (300, 17, 300), (600, 100, 90)]
    {
        let rows = rows(m, d, distinct);
        for distance in Distance::DENSE {
            cases.push(Case::new(&rows, &rows[5 * d..6 * d], distance));
        }
    }
    cases.extend(SPACES.into_iter().map(|space| Case::of(naive::irregular_cloud(space, 20, 320, 3))));
    cases
}

fn coverage_selectors(kernel: KernelChoice, optimizer: Optimizer) -> Vec<SelectorParams> {
    let eta = |eta| Positive::new(eta).expect("in range");
    let flvmi = |of| SelectorParams::Flvmi(Flvmi { eta: eta(of), kernel, optimizer });
    let facility = |weights| {
        SelectorParams::FacilityLocation(FacilityLocation { weights, kernel, optimizer, ..Default::default() })
    };
    let [half, quarter] = [0.5, 0.25].map(|part| Fraction::new(part).expect("in range"));
    let compression = |a, b, c, weights| {
        SelectorParams::SemanticCompression(SemanticCompression {
            a,
            b,
            c,
            weights,
            kernel,
            optimizer,
            ..Default::default()
        })
    };
    let none = Fraction::new(0.0).expect("in range");
    let dispersed = |a, b, c, weights| match compression(a, b, c, weights) {
        SelectorParams::SemanticCompression(all) => {
            SelectorParams::SemanticCompression(SemanticCompression { diversity: DiversityTerm::Dispersion, ..all })
        }
        other => other,
    };
    let cut = |lambda| {
        let lambda = NonNegative::new(lambda).expect("in range");
        SelectorParams::GraphCut(GraphCut { lambda, kernel, optimizer })
    };
    let saturated = |alpha| {
        let alpha = PositiveFraction::new(alpha).expect("in range");
        SelectorParams::SaturatedCoverage(SaturatedCoverage { alpha, kernel, optimizer })
    };
    vec![
        cut(0.0),
        cut(0.5),
        cut(30.0),
        saturated(1e-6),
        saturated(0.003),
        saturated(0.03),
        saturated(1.0),
        facility(Weights::Uniform),
        facility(Weights::Relevance),
        facility(Weights::Softmax),
        flvmi(1.0),
        flvmi(0.2),
        flvmi(3.0),
        compression(half, quarter, quarter, Weights::Uniform),
        compression(half, half, none, Weights::Relevance),
        compression(none, half, half, Weights::Softmax),
        dispersed(half, quarter, quarter, Weights::Uniform),
        dispersed(none, half, half, Weights::Relevance),
    ]
}

/// Until nothing is left to gain, and beyond. A sum over all of a pool of these sizes is only computed for items that bounds leave.
#[test]
fn coarse_gains_change_nothing() {
    for case in cases() {
        for kernel in case.kernels(|kernel| FacilityLocation { kernel, ..FacilityLocation::default() }) {
            let lazy = coverage_selectors(kernel, Optimizer::Lazy);
            for (lazy, plain) in lazy.iter().zip(coverage_selectors(kernel, Optimizer::Naive)) {
                let (space, m) = (case.cloud.space, case.m());
                assert_eq!(case.select(&**lazy, 60), case.select(&*plain, 60), "{lazy:?} on {m} of {space}");
            }
        }
    }
}

/// Pools so large that their matrix is not kept, with rooms that matter from the start, later, and never.
#[test]
fn rooms_of_large_pools_are_known_when_they_matter() {
    let values = rows(1040, 5, 700);
    for distance in [Distance::Angular, Distance::Euclidean] {
        let case = Case::new(&values, &values[5..10], distance);
        for alpha in [0.0005, 0.012, 0.5] {
            let alpha = PositiveFraction::new(alpha).expect("in range");
            let with = |optimizer| SaturatedCoverage { alpha, optimizer, ..SaturatedCoverage::default() };
            let (lazy, plain) = (case.select(&with(Optimizer::Lazy), 16), case.select(&with(Optimizer::Naive), 16));
            assert_eq!(lazy, plain, "{alpha:?} of {distance}");
        }
        let with = |optimizer| GraphCut { optimizer, ..GraphCut::default() };
        assert_eq!(case.select(&with(Optimizer::Lazy), 16), case.select(&with(Optimizer::Naive), 16), "{distance}");
    }
}

/// Scores so large that their last digits are as large as gains in coverage, and negative ones: the largest first gain by magnitude,
/// which says how gains are rounded, is not the best.
#[test]
fn coarse_gains_are_rounded_as_exact_ones() {
    let values = rows(300, 17, 300);
    let mut case = Case::new(&values, &values[..17], Distance::Angular);
    for (scale, weights) in [
        (-3.0, Weights::Uniform),
        (-1.0, Weights::Relevance),
        (1e-9, Weights::Relevance),
        (1e9, Weights::Relevance),
        (1e9, Weights::Softmax),
    ] {
        case.pool.items.iter_mut().for_each(|item| item.score = scale * (item.rel + 0.3));
        case.pool.keep_best(300);
        for diversity in [0.0, 0.5] {
            let [a, b, c] = [0.5 - diversity / 2.0, 0.5 - diversity / 2.0, diversity]
                .map(|part| Fraction::new(part).expect("in range"));
            let with =
                |optimizer| SemanticCompression { a, b, c, weights, optimizer, ..SemanticCompression::default() };
            let picked = case.select(&with(Optimizer::Lazy), 50);
            assert_eq!(picked, case.select(&with(Optimizer::Naive), 50), "scores times {scale}");
        }
    }
}

/// Against the definition, and not only against another way through the code.
#[test]
fn coarse_gains_are_those_of_the_definition() {
    let values = rows(257, 3, 100);
    let case = Case::new(&values, &values[3..6], Distance::Angular);
    let similarity: Vec<Vec<f64>> =
        (0..257).map(|i| (0..257).map(|j| case.similarity(Kernel::Cosine, i, j)).collect()).collect();
    let covers = |picked: &[usize], v: usize| picked.iter().map(|&r| similarity[r][v]).fold(0.0, f64::max);
    let facility =
        |picked: &[usize], i: usize| -> f64 { (0..257).map(|v| (similarity[i][v] - covers(picked, v)).max(0.0)).sum() };
    assert_eq!(case.select(&FacilityLocation::default(), 25), case.naive_greedy(25, facility));
    let capped = |picked: &[usize], i: usize| -> f64 {
        let term = |v: usize| {
            let cap = case.to_query(Kernel::Cosine, v);
            (similarity[i][v].min(cap) - covers(picked, v).min(cap)).max(0.0)
        };
        (0..257).map(term).sum()
    };
    assert_eq!(case.select(&Flvmi::default(), 25), case.naive_greedy(25, capped));
    let total: Vec<f64> = similarity.iter().map(|row| row.iter().sum()).collect();
    let cut = |picked: &[usize], i: usize| {
        let to_picked: f64 = picked.iter().map(|&r| similarity[i][r]).sum();
        total[i] - 0.5 * (2.0 * to_picked + similarity[i][i])
    };
    assert_eq!(case.select(&GraphCut::default(), 25), case.naive_greedy(25, cut));
    let saturated = |picked: &[usize], i: usize| -> f64 {
        let term = |v: usize| {
            let reached: f64 = picked.iter().map(|&r| similarity[r][v]).sum();
            similarity[i][v].min((0.1 * total[v] - reached).max(0.0))
        };
        (0..257).map(term).sum()
    };
    assert_eq!(case.select(&SaturatedCoverage::default(), 25), case.naive_greedy(25, saturated));
    assert!(Flvmi::default().check(&case.setting()).is_ok());
}

/// Cosines of all pairs, exactly.
fn cosines(case: &Case) -> Vec<Vec<f64>> {
    let row = |i| (0..case.m()).map(|j| case.similarity(Kernel::Gram, i, j)).collect();
    (0..case.m()).map(row).collect()
}

/// Dense pools by angle and inner product, where similarities are approximate first.
fn directed_cases() -> Vec<Case> {
    let mut cases = cases();
    cases.retain(|case| case.base.distance().of_items() == Distance::Angular && case.base.points().dense().is_some());
    assert!(cases.len() >= 8);
    cases
}

#[test]
fn approximate_novelty_changes_nothing() {
    for case in directed_cases() {
        let all = cosines(&case);
        for lambda in [0.0, 0.5, 0.95] {
            for kernel in [Kernel::Gram, Kernel::Cosine] {
                let similar =
                    |i: usize, j: usize| if kernel == Kernel::Cosine { all[i][j].max(0.0) } else { all[i][j] };
                let mut expected = vec![0];
                while expected.len() < 50 {
                    let value = |i: usize| {
                        let nearest = expected.iter().map(|&t| similar(t, i)).fold(f64::NEG_INFINITY, f64::max);
                        lambda * case.rel(i) - (1.0 - lambda) * nearest
                    };
                    expected.push(case.best(&expected, value));
                }
                let mmr =
                    Mmr { lambda: Fraction::new(lambda).expect("in range"), kernel: kernel.into(), ..Mmr::default() };
                assert_eq!(
                    case.select(&mmr, 50),
                    expected,
                    "{kernel:?}, {lambda} on {} of {}",
                    case.m(),
                    case.cloud.space
                );
                if lambda == 0.0 && kernel == Kernel::Gram {
                    assert_eq!(case.select(&MaxMin {}, 50), expected);
                }
            }
        }
    }
}

#[test]
fn approximate_means_change_nothing() {
    for case in directed_cases() {
        let all = cosines(&case);
        for (redundancy, added) in [(Redundancy::Mean, 0.0), (Redundancy::Dartboard, 1.0)] {
            for (lambda, kernel) in
                [(0.0, Kernel::Gram), (0.5, Kernel::Gram), (0.5, Kernel::Cosine), (0.95, Kernel::Gram)]
            {
                let (mut expected, mut sums) = (vec![0], vec![0.0; case.m()]);
                while expected.len() < 50 {
                    // In the order of picking, as the selector adds up.
                    let last = &all[expected[expected.len() - 1]];
                    let similar = |cosine: f64| if kernel == Kernel::Cosine { cosine.max(0.0) } else { cosine };
                    sums.iter_mut().zip(last).for_each(|(sum, &cosine)| *sum += similar(cosine));
                    let each = (1.0 - lambda) / (expected.len() as f64 + added);
                    expected.push(case.best(&expected, |i| lambda * case.rel(i) - each * sums[i]));
                }
                let lambda = Fraction::new(lambda).expect("in range");
                let mmr = Mmr { lambda, kernel: kernel.into(), redundancy };
                assert_eq!(case.select(&mmr, 50), expected, "{mmr:?} on {} of {}", case.m(), case.cloud.space);
            }
        }
    }
}

#[test]
fn approximate_sums_change_nothing() {
    for case in directed_cases() {
        let all = cosines(&case);
        for (lambda, scale) in [(0.0, 1.0), (0.1, 1.0), (3.0, 1.0), (1e6, 1.0), (0.1, 1e9)] {
            let mut case = Case { pool: case.pool.clone(), ..Case::of(case.cloud.clone()) };
            case.pool.items.iter_mut().for_each(|item| item.score *= scale);
            let (mut expected, mut sums) = (vec![], vec![0.0; case.m()]);
            while expected.len() < 50 {
                let best = case.best(&expected, |i| 0.5 * case.rel(i) + lambda * sums[i]);
                // In the order of picking, as the selector adds up.
                sums.iter_mut().zip(&all[best]).for_each(|(sum, cosine)| *sum += 1.0 - cosine);
                expected.push(best);
            }
            let lambda_of = NonNegative::new(lambda).expect("in range").into();
            let max_sum = MaxSum { lambda: lambda_of, distance: Spread::Cosine, ..MaxSum::default() };
            assert_eq!(case.select(&max_sum, 50), expected, "{lambda} on {} of {}", case.m(), case.cloud.space);
        }
    }
}

/// Norms that `f32` cannot square: everything is exact then, and the picks are those of the same vectors in another unit.
#[test]
fn what_f32_cannot_square_is_picked_the_same() {
    let values = rows(300, 17, 120);
    let case = |factor: f32| {
        let values: Vec<f32> = values.iter().map(|v| v * factor).collect();
        Case::new(&values, &values[17..34], Distance::Angular)
    };
    let (small, usual) = (case(2.0_f32.powi(-70)), case(1.0));
    let window = |window| swath_algorithms::params::Count::new(window).expect("in range");
    for bias in [false, true] {
        for of in [100, 5] {
            let ssd = Ssd { bias, window: window(of), ..Ssd::default() };
            assert_eq!(small.select(&ssd, 60), usual.select(&ssd, 60), "window {of}, bias {bias}");
        }
    }
    for selector in SelectorParams::all().into_iter().filter(|selector| !selector.is_oracle()) {
        assert_eq!(small.select(&*selector, 60), usual.select(&*selector, 60), "{}", selector.name());
    }
}

/// Remainders by Gram-Schmidt on similarities. Vectors give the same up to rounding, so each pick must be the best up to that.
#[test]
fn approximate_remainders_change_nothing() {
    for case in directed_cases() {
        let (all, m, k) = (cosines(&case), case.m(), 60);
        for bias in [0.0, 1.0] {
            let theta = PartialFraction::new(0.6).expect("in range");
            let dpp = Dpp { theta, ..Dpp::default() };
            let ssd = Ssd { gamma: NonNegative::new(0.7).expect("in range"), bias: bias > 0.0, ..Ssd::default() };
            for is_dpp in [true, false] {
                if is_dpp && bias > 0.0 {
                    continue;
                }
                let picked = if is_dpp { case.select(&dpp, k) } else { case.select(&ssd, k) };
                let mut left: Vec<f64> = (0..m).map(|i| if all[i][i] > 0.5 { 1.0 } else { 0.0 } + bias).collect();
                let mut coordinates: Vec<Vec<f64>> = vec![Vec::new(); m];
                for (step, &pick) in picked.iter().enumerate() {
                    let is_first = step == 0 && !is_dpp;
                    let value = |i: usize| {
                        let left: f64 = if left[i] < 1e-12 { 0.0 } else { left[i] };
                        if is_dpp {
                            1.5 * case.rel(i) + left.ln()
                        } else if is_first {
                            case.rel(i)
                        } else {
                            case.rel(i) + 0.7 * left.sqrt()
                        }
                    };
                    let best = value(case.best(&picked[..step], value));
                    if is_dpp && best < -20.0 {
                        // Nothing is left but rounding: the rest is by relevance.
                        break;
                    }
                    let off = if step == 0 { 1e-12 } else { 1e-6 };
                    assert!(
                        value(pick) >= best - off,
                        "step {step}, bias {bias}, dpp {is_dpp}: {} of {best} on {m} of {}",
                        value(pick),
                        case.cloud.space
                    );
                    let root = if left[pick] > 1e-12 { 1.0 / left[pick].sqrt() } else { 0.0 };
                    let of_pick = coordinates[pick].clone();
                    for i in 0..m {
                        let along: f64 = of_pick.iter().zip(&coordinates[i]).map(|(a, b)| a * b).sum();
                        let own = if i == pick && all[i][i] > 0.5 { 1.0 } else { all[pick][i] };
                        let new = (own + bias - along) * root;
                        coordinates[i].push(new);
                        left[i] -= new * new;
                    }
                }
            }
        }
    }
}

/// Scores of all items at every step, none left out by a bound.
#[test]
fn bounds_of_vendi_scores_change_nothing() {
    let large = cases().into_iter().filter(|case| case.m() > 280).map(|case| (case, 6));
    // Many picks, so that what items added to fewer of them bounds scores; more picks than dimensions, so that eigenvalues are 0.
    let many = SPACES.into_iter().map(|space| (Case::of(naive::irregular_cloud(space, 12, 50, 3)), 20));
    for (mut case, k) in large.chain(many) {
        let with = Kernel::raw(case.base.distance());
        for s in [0.3, 0.9, 1.0] {
            // So that the score decides between many.
            case.pool.items.iter_mut().for_each(|item| item.score *= 0.1);
            let picked = case.select(&Vendi { s: Fraction::new(s).expect("in range"), ..Vendi::default() }, k);
            for (step, &pick) in picked.iter().enumerate() {
                let value = |i: usize| {
                    let set = [&picked[..step], &[i]].concat();
                    (1.0 - s) * case.rel(i) + s * vendi_score(&case, with, &set) / set.len() as f64
                };
                let best = value(case.best(&picked[..step], value));
                assert!(
                    value(pick) >= best - 1e-9,
                    "step {step} of {s} on {}: {} of {best}",
                    case.cloud.space,
                    value(pick)
                );
            }
        }
    }
}

/// Conjugate gradients and updates, against elimination on the whole chain; with copies, opposites and zeros, too.
#[test]
fn walks_over_large_pools_are_solved() {
    let mut all: Vec<Case> =
        SPACES.into_iter().map(|space| Case::of(naive::irregular_cloud(space, 20, 120, 3))).collect();
    let values = rows(130, 17, 60);
    all.extend(Distance::DENSE.map(|distance| Case::new(&values, &values[17..34], distance)));
    for case in all {
        for (lambda, temperature) in [(0.5, 0.1), (0.95, 1.0), (0.999, 0.5)] {
            let grasshopper = Grasshopper {
                lambda: PartialFraction::new(lambda).expect("in range"),
                temperature: Positive::new(temperature).expect("in range"),
                ..Grasshopper::default()
            };
            let picked = case.select(&grasshopper, 12);
            let steps = walk_of(&case, Kernel::coverage(case.base.distance()), lambda, temperature);
            for (step, &pick) in picked.iter().enumerate() {
                let visits = expected_visits(&steps, &picked[..step]).expect("the walk ends");
                let left = (0..case.m()).filter(|i| !picked[..step].contains(i));
                let most = left.map(|i| visits[i]).fold(0.0, f64::max);
                assert!(
                    visits[pick] >= most * (1.0 - 2e-9),
                    "step {step} of {lambda} on {}: {} of {most}",
                    case.cloud.space,
                    visits[pick]
                );
                // Of equals, the first of the pool.
                let first = (0..case.m()).find(|i| !picked[..step].contains(i) && visits[*i] >= most * (1.0 - 1e-11));
                assert!(first.is_none_or(|first| pick <= first), "step {step} of {lambda} on {}", case.cloud.space);
            }
        }
    }
}

/// A pool whose similarities are not kept, against one whose are: the first 1,000 of it, and some that are like nothing.
#[test]
fn a_walk_over_a_pool_too_large_to_keep_is_the_same() {
    let dim = 60;
    let mut values = rows(1000, dim - 40, 1000);
    let mut wide: Vec<f32> =
        values.chunks_exact(dim - 40).flat_map(|row| row.iter().copied().chain([0.0; 40])).collect();
    let query: Vec<f32> = wide[..dim].to_vec();
    let kept = Case::new(&wide, &query, Distance::Angular);
    // Forty that are orthogonal to all, so that only jumps lead there; at this temperature none does.
    values.clear();
    for i in 0..40 {
        let mut row = vec![0.0; dim];
        row[dim - 40 + i] = 1.0;
        wide.extend(row);
    }
    let larger = Case::new(&wide, &query, Distance::Angular);
    assert!(larger.m() == 1040);
    let grasshopper = Grasshopper { temperature: Positive::new(1e-3).expect("in range"), ..Grasshopper::default() };
    assert_eq!(larger.ids(&larger.select(&grasshopper, 3)), kept.ids(&kept.select(&grasshopper, 3)));
}

/// Gains of all items at every step, none left out because it was too low before.
#[test]
fn lazy_gains_of_dartboard_change_nothing() {
    for case in cases() {
        let with = Kernel::raw(case.base.distance());
        let m = case.m();
        let all: Vec<Vec<f64>> = (0..m).map(|i| (0..m).map(|j| case.similarity(with, i, j)).collect()).collect();
        for sigma in [0.01, 0.1, 1.0] {
            let log = |s: f64| -(0.5 * (1.0 - s)).max(0.0).powi(2) / (2.0 * sigma * sigma);
            let dartboard = Dartboard { sigma: Positive::new(sigma).expect("in range"), ..Dartboard::default() };
            let picked = case.select(&dartboard, 25);
            let mut covered: Vec<f64> = all[0].iter().map(|&s| log(s)).collect();
            for (step, &pick) in picked.iter().enumerate().skip(1) {
                let gain = |i: usize| {
                    let logs = (0..m).filter(|&t| log(all[i][t]) > covered[t]).map(|t| {
                        let own = log(all[i][t]);
                        log(case.rel(t)) + own + (-(covered[t] - own).exp_m1()).ln()
                    });
                    let logs: Vec<f64> = logs.collect();
                    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    if logs.is_empty() {
                        most
                    } else {
                        most + logs.iter().map(|log| (log - most).exp()).sum::<f64>().ln()
                    }
                };
                let best = gain(case.best(&picked[..step], gain));
                let off = 1e-9 * best.abs().max(1.0);
                assert!(
                    best == gain(pick) || gain(pick) >= best - off,
                    "step {step} of {sigma} on {m} of {}",
                    case.cloud.space
                );
                covered.iter_mut().zip(&all[pick]).for_each(|(covered, &s)| *covered = covered.max(log(s)));
            }
        }
    }
}

//! Every registered selector against what all must satisfy, and each against its definition.

use crate::naive::{self, Row, SPACES};
use crate::support::{Case, cases_up_to, groups_of, setting};
use proptest::prelude::*;
use std::collections::BTreeSet;
use swath_algorithms::kernel::{Kernel, median};
use swath_algorithms::params::{Count, Fraction, NonNegative, PartialFraction, Positive, PositiveFraction};
use swath_algorithms::points::PointType;
use swath_algorithms::selector::{
    AspectSource, Cluster, Dartboard, DiversityTerm, Dpp, FacilityLocation, Flvmi, GraphCut, Grasshopper, GroupLimit,
    MaxMin, MaxSum, Method, Mmr, Optimizer, PairWeight, Pm2, Quality, Random, Redundancy, SaturatedCoverage, Selector,
    SelectorParams, SelectorSetting, SemanticCompression, Spread, Ssd, Stochastic, SumOptimizer, SumVector, Threshold,
    TopK, Vendi, Weights, Xquad,
};
use swath_algorithms::{Distance, KernelChoice, Scratch};

fn fraction(value: f64) -> Fraction {
    Fraction::new(value).expect("in range")
}

fn not_negative(value: f64) -> NonNegative {
    NonNegative::new(value).expect("in range")
}

fn positive(value: f64) -> Positive {
    Positive::new(value).expect("in range")
}

/// All selectors with their defaults, and those whose parameters take another way through the code.
fn every_selector() -> Vec<SelectorParams> {
    let mut all = SelectorParams::all();
    let medoids = Cluster { method: Method::KMedoids, ..Cluster::default() };
    let dispersed = SemanticCompression { diversity: DiversityTerm::Dispersion, ..SemanticCompression::default() };
    let stochastic = Optimizer::Stochastic(Stochastic::default());
    let sliding = Ssd { window: Count::new(2).expect("in range"), bias: true, ..Ssd::default() };
    let powers = Dpp { quality: Quality::Power, ..Dpp::default() };
    all.extend([
        SelectorParams::Dpp(powers.clone()),
        SelectorParams::Dpp(Dpp { eta: Some(not_negative(0.1)), ..powers }),
        SelectorParams::Cluster(medoids),
        SelectorParams::Mmr(Mmr { redundancy: Redundancy::Mean, ..Mmr::default() }),
        SelectorParams::SemanticCompression(dispersed),
        SelectorParams::FacilityLocation(FacilityLocation { optimizer: stochastic, ..FacilityLocation::default() }),
        SelectorParams::Ssd(sliding),
    ]);
    for optimizer in [SumOptimizer::Swap, SumOptimizer::FrankWolfe, SumOptimizer::Exact] {
        all.push(SelectorParams::MaxSum(MaxSum { optimizer, ..MaxSum::default() }));
    }
    let clusters = AspectSource::Clusters(Count::new(4).expect("in range"));
    for aspects in [clusters, AspectSource::Queries] {
        all.push(SelectorParams::Xquad(Xquad { aspects, ..Xquad::default() }));
        all.push(SelectorParams::Pm2(Pm2 { aspects, ..Pm2::default() }));
    }
    let of = |within: SelectorParams| GroupLimit { within: Box::new(within), ..GroupLimit::default() };
    let inside = [SelectorParams::Mmr(Mmr::default()), SelectorParams::Random(Random {})];
    all.extend(inside.map(|within| SelectorParams::GroupLimit(of(within))));
    let twice = Box::new(SelectorParams::GroupLimit(of(SelectorParams::FacilityLocation(FacilityLocation::default()))));
    all.push(SelectorParams::Threshold(Threshold { within: twice, ..Threshold::default() }));
    all
}

/// Those that are not refused on these points.
fn every_selector_for(case: &Case) -> Vec<SelectorParams> {
    every_selector().into_iter().filter(|selector| selector.check(&case.setting()).is_ok()).collect()
}

fn cases() -> impl Strategy<Value = (Case, usize)> {
    cases_up_to(10)
}

proptest! {
    /// What holds for any selector: the right number, no item twice, the same again whatever the memory held before, all
    /// of the pool for k >= m.
    #[test]
    fn every_selector_picks_different_items_and_the_same_again((case, k) in cases()) {
        for selector in every_selector_for(&case) {
            let mut scratch = Scratch::default();
            let mut first = Vec::new();
            selector.select(&case.request(k), &scratch, &mut first);
            let mut second = Vec::new();
            scratch.reset();
            selector.select(&case.request(k), &scratch, &mut second);
            prop_assert_eq!(&first, &second, "{}", selector.name());
            prop_assert_eq!(first.len(), k.min(case.m()), "{}", selector.name());
            let different: BTreeSet<usize> = first.iter().copied().collect();
            prop_assert!(different.len() == first.len() && different.iter().all(|&i| i < case.m()));
        }
    }

    /// The most relevant item comes first where the definition says so.
    #[test]
    fn the_first_pick_is_the_most_relevant((case, k) in cases()) {
        let some = PartialFraction::new(0.4).expect("in range");
        let with_direction = case.base.distance() == Distance::Euclidean || !case.row(0).is_zero();
        let mut all: Vec<SelectorParams> = vec![
            SelectorParams::Mmr(Mmr::default()),
            SelectorParams::Mmr(Mmr { redundancy: Redundancy::Mean, ..Mmr::default() }),
            SelectorParams::MaxMin(MaxMin {}),
            SelectorParams::SumVector(SumVector {}),
            SelectorParams::Dartboard(Dartboard::default()),
            SelectorParams::Ssd(Ssd::default()),
            SelectorParams::MaxSum(MaxSum::default()),
        ];
        // The determinant of a vector without a direction is 0, however relevant it is.
        if with_direction {
            all.push(SelectorParams::Dpp(Dpp { theta: some, ..Dpp::default() }));
        }
        for selector in all.into_iter().filter(|selector| selector.check(&case.setting()).is_ok()) {
            prop_assert_eq!(case.select(&*selector, k)[0], 0, "{}", selector.name());
        }
    }

    #[test]
    fn top_k_is_the_most_relevant((case, k) in cases()) {
        let picked = case.select(&TopK {}, k);
        for other in (0..case.m()).filter(|i| !picked.contains(i)) {
            prop_assert!(picked.iter().all(|&i| case.rel(i) >= case.rel(other)));
        }
    }

    #[test]
    fn mmr_is_its_definition(
        (case, k) in cases(),
        lambda in 0.0_f64..=1.0,
        redundancy in prop::sample::select(vec![Redundancy::Largest, Redundancy::Mean, Redundancy::Dartboard]),
    ) {
        let mmr = |kernel| Mmr { lambda: fraction(lambda), kernel, redundancy };
        for kernel in case.kernels(mmr) {
            let with = kernel.or_raw(case.base.distance());
            let picked = case.select(&mmr(kernel), k);
            prop_assert_eq!(picked.len(), k.min(case.m()));
            for (step, &pick) in picked.iter().enumerate() {
                let value = |i: usize| {
                    let similarities = picked[..step].iter().map(|&t| case.similarity(with, t, i));
                    let redundant = match redundancy {
                        Redundancy::Largest => (1.0 - lambda) * similarities.fold(f64::NEG_INFINITY, f64::max),
                        Redundancy::Mean => (1.0 - lambda) / step as f64 * similarities.fold(0.0, |sum, s| sum + s),
                        Redundancy::Dartboard => (1.0 - lambda) / (step as f64 + 1.0) * similarities.fold(0.0, |sum, s| sum + s),
                    };
                    if step == 0 { case.rel(i) } else { lambda * case.rel(i) - redundant }
                };
                let best = case.best(&picked[..step], value);
                prop_assert!(pick == best || value(pick) > value(best) - case.slack(with), "{with:?}, step {step}");
                if redundancy == Redundancy::Dartboard && step > 0 {
                    // As its authors write it: in distances (1 - s) / 2, the least is picked.
                    let far = |s: f64| 0.5 * (1.0 - s);
                    let theirs = |i: usize| {
                        let apart: f64 = picked[..step].iter().map(|&t| far(case.similarity(with, t, i))).sum();
                        (1.0 - lambda) * apart / (step as f64 + 1.0) - lambda * far(case.rel(i))
                    };
                    let best = (0..case.m()).filter(|i| !picked[..step].contains(i)).map(theirs).fold(f64::NEG_INFINITY, f64::max);
                    prop_assert!(theirs(pick) >= best - 1e-12 - case.slack(with), "{with:?}, step {step}");
                }
            }
        }
    }

    #[test]
    fn mmr_of_relevance_alone_is_top_k((case, k) in cases()) {
        for redundancy in [Redundancy::Largest, Redundancy::Mean, Redundancy::Dartboard] {
            let mmr = Mmr { lambda: fraction(1.0), redundancy, ..Mmr::default() };
            prop_assert_eq!(case.select(&mmr, k), case.select(&TopK {}, k));
        }
    }

    /// Sums of vectors, column by column; where picks cancel out the cosine is 0.
    #[test]
    fn sum_vector_turns_the_sum_towards_the_query((case, k) in cases()) {
        prop_assume!(SumVector {}.check(&case.setting()).is_ok());
        let is_angular = case.base.distance() == Distance::Angular;
        let row = |row: &Row| {
            let length = if is_angular { naive::norm(row) } else { 1.0 };
            let values: Vec<f64> = (0..case.cloud.dim as u32).map(|column| f64::from(row.value(column))).collect();
            values.into_iter().map(|value| if length > 0.0 { value / length } else { 0.0 }).collect::<Vec<f64>>()
        };
        let (rows, query) = ((0..case.m()).map(|i| row(case.row(i))).collect::<Vec<_>>(), row(&case.cloud.query));
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let cosine = |set: &[usize]| {
            let sum: Vec<f64> = (0..case.cloud.dim).map(|column| set.iter().map(|&i| rows[i][column]).sum()).collect();
            let scale = (dot(&sum, &sum) * dot(&query, &query)).sqrt();
            let squares: f64 = set.iter().map(|&i| dot(&rows[i], &rows[i])).sum();
            if dot(&sum, &sum) > 1e-12 * squares && scale > 0.0 { dot(&sum, &query) / scale } else { 0.0 }
        };
        let picked = case.select(&SumVector {}, k);
        for (step, &pick) in picked.iter().enumerate() {
            let value = |i: usize| if step == 0 { case.rel(i) } else { cosine(&[&picked[..step], &[i]].concat()) };
            let best = value(case.best(&picked[..step], value));
            prop_assert!(value(pick) >= best - 1e-7, "step {step}: {} for {best}", value(pick));
            // Of equals, the first of the pool.
            let first = (0..case.m()).find(|i| !picked[..step].contains(i) && case.row(*i) == case.row(pick));
            prop_assert_eq!(Some(pick), first);
        }
    }

    #[test]
    fn max_min_takes_the_farthest_point((case, k) in cases()) {
        let mut expected = vec![0];
        while expected.len() < k.min(case.m()) {
            // Least cosine or least negative square: the order of distances without their rounding.
            let near = |i: usize, t: usize| match case.base.distance() {
                Distance::Euclidean => {
                    let (i, t) = (case.pool.items[i].id, case.pool.items[t].id);
                    -case.base.measure(case.base.query(i as usize), t)
                }
                distance => case.similarity(Kernel::raw(distance), i, t),
            };
            let value = |i: usize| -expected.iter().map(|&t| near(i, t)).fold(f64::NEG_INFINITY, f64::max);
            expected.push(case.best(&expected, value));
        }
        prop_assert_eq!(case.select(&MaxMin {}, k), expected);
    }

    #[test]
    fn max_sum_is_borodins_greedy((case, k) in cases(), lambda in 0.0_f64..3.0, cosine in any::<bool>()) {
        let cosine = cosine && case.base.distance().of_items() == Distance::Angular;
        let spread = if cosine { Spread::Cosine } else { Spread::Metric };
        let picked = case.select(&MaxSum { lambda: not_negative(lambda).into(), distance: spread, ..MaxSum::default() }, k);
        let distance = |i: usize, j: usize| match spread {
            Spread::Metric => case.spread(i, j),
            Spread::Cosine if i == j => 0.0,
            Spread::Cosine => 1.0 - case.similarity(Kernel::Gram, i, j),
        };
        // Our angles are our own: the choice must be the best, up to their last bits.
        for (step, &pick) in picked.iter().enumerate() {
            let value = |i: usize| {
                0.5 * case.rel(i) + lambda * picked[..step].iter().map(|&t| distance(t, i)).sum::<f64>()
            };
            let best = (0..case.m()).filter(|i| !picked[..step].contains(i)).map(value).fold(f64::NEG_INFINITY, f64::max);
            prop_assert!(value(pick) >= best - 1e-7, "step {step}: {} for {best}", value(pick));
        }
    }

    #[test]
    fn lazy_facility_location_is_plain_greedy_item_for_item(
        (case, k) in cases(),
        weights in prop::sample::select(vec![Weights::Uniform, Weights::Relevance, Weights::Softmax]),
    ) {
        let with_kernel = |kernel| FacilityLocation { kernel, ..FacilityLocation::default() };
        for kernel in case.kernels(with_kernel) {
            let with = kernel.or_coverage(case.base.distance());
            let gain = |picked: &[usize], i: usize| -> f64 {
                let terms = (0..case.m()).map(|v| {
                    let covered = picked.iter().map(|&r| case.similarity(with, r, v)).fold(0.0, f64::max);
                    case.weight(weights, 0.2, v) * (case.similarity(with, i, v) - covered).max(0.0)
                });
                terms.sum()
            };
            let params = |optimizer| FacilityLocation { weights, temperature: positive(0.2), kernel, optimizer };
            let lazy = case.select(&params(Optimizer::Lazy), k);
            prop_assert_eq!(&lazy, &case.select(&params(Optimizer::Naive), k));
            case.check_greedy(with, &lazy, k, gain)?;
            // A sample of everything is everything.
            let all = Optimizer::Stochastic(Stochastic { epsilon: PositiveFraction::new(1e-6).expect("in range") });
            if k <= 13 {
                prop_assert_eq!(&lazy, &case.select(&params(all), k));
            }
        }
    }

    /// Gains in logarithms, by the platform's functions; where nothing underflows, also as its authors have it: the largest sum.
    #[test]
    fn dartboard_gains_the_most_relevant_information(
        (case, k) in cases(),
        sigma in prop_oneof![0.05_f64..1.0, prop::sample::select(vec![1e-6, 1e-3, 1e6])],
    ) {
        let dartboard = |kernel| Dartboard { sigma: positive(sigma), kernel };
        for kernel in case.kernels(dartboard) {
            let with = kernel.or_raw(case.base.distance());
            let log_density = |s: f64| -(0.5 * (1.0 - s)).max(0.0).powi(2) / (2.0 * sigma * sigma);
            let log = |i: usize, t: usize| log_density(case.similarity(with, i, t));
            let (scratch, mut picked) = (Scratch::default(), Vec::new());
            dartboard(kernel).select(&case.request(k), &scratch, &mut picked);
            prop_assert_eq!(picked[0], 0);
            for (step, &pick) in picked.iter().enumerate().skip(1) {
                let covered = |t: usize| picked[..step].iter().map(|&r| log(r, t)).fold(f64::NEG_INFINITY, f64::max);
                let gain = |i: usize| {
                    let better = (0..case.m()).filter(|&t| log(i, t) > covered(t));
                    let logs = better.map(|t| log_density(case.rel(t)) + log(i, t) + (-(covered(t) - log(i, t)).exp_m1()).ln());
                    let logs: Vec<f64> = logs.collect();
                    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    if logs.is_empty() { most } else { most + logs.iter().map(|log| (log - most).exp()).sum::<f64>().ln() }
                };
                let best = gain(case.best(&picked[..step], gain));
                // Similarities have 53 bits, of which the logarithms lose those of 1 / sigma.
                let off = 1e-11 * best.abs().max(1.0) + 1e-15 / sigma / sigma + case.slack(with) / sigma;
                prop_assert!(gain(pick) >= best - off || best == gain(pick), "{with:?}, step {step}: {} for {best}", gain(pick));
                if best == f64::NEG_INFINITY {
                    prop_assert!(scratch.filled.get());
                }
                if (0.2..1.0).contains(&sigma) {
                    let total = |i: usize| -> f64 {
                        (0..case.m()).map(|t| (log_density(case.rel(t)) + covered(t).max(log(i, t))).exp()).sum()
                    };
                    let best = total(case.best(&picked[..step], total));
                    prop_assert!(total(pick) >= best * (1.0 - 1e-9), "{with:?}, step {step}");
                }
            }
        }
    }

    #[test]
    fn flvmi_is_coverage_capped_by_relevance((case, k) in cases(), eta in 0.1_f64..2.0) {
        for kernel in case.kernels(|kernel| Flvmi { kernel, ..Flvmi::default() }) {
            let with = kernel.or_coverage(case.base.distance());
            let gain = |picked: &[usize], i: usize| -> f64 {
                let terms = (0..case.m()).map(|v| {
                    let cap = eta * case.to_query(with, v);
                    let covered = picked.iter().map(|&r| case.similarity(with, r, v)).fold(0.0, f64::max).min(cap);
                    (case.similarity(with, i, v).min(cap) - covered).max(0.0)
                });
                terms.sum()
            };
            let params = |optimizer| Flvmi { eta: positive(eta), kernel, optimizer };
            let lazy = case.select(&params(Optimizer::Lazy), k);
            prop_assert_eq!(&lazy, &case.select(&params(Optimizer::Naive), k));
            case.check_greedy(with, &lazy, k, gain)?;
        }
    }

    #[test]
    fn graph_cut_is_its_definition((case, k) in cases(), lambda in 0.0_f64..2.0) {
        for kernel in case.kernels(|kernel| GraphCut { kernel, ..GraphCut::default() }) {
            let with = kernel.or_coverage(case.base.distance());
            let params = |optimizer| GraphCut { lambda: not_negative(lambda), kernel, optimizer };
            let lazy = case.select(&params(Optimizer::Lazy), k);
            prop_assert_eq!(&lazy, &case.select(&params(Optimizer::Naive), k));
            // Sums in another order: the choice must be the best, up to their last bits.
            for (step, &pick) in lazy.iter().enumerate() {
                let value = |i: usize| {
                    let set = [&lazy[..step], &[i]].concat();
                    let sum = |of: &[usize]| -> f64 {
                        set.iter().flat_map(|&r| of.iter().map(move |&v| (r, v))).map(|(r, v)| case.similarity(with, r, v)).sum()
                    };
                    sum(&(0..case.m()).collect::<Vec<_>>()) - lambda * sum(&set)
                };
                let best = (0..case.m()).filter(|i| !lazy[..step].contains(i)).map(value).fold(f64::NEG_INFINITY, f64::max);
                prop_assert!(value(pick) >= best - 1e-9, "{with:?}, step {step}: {} for {best}", value(pick));
            }
        }
    }

    #[test]
    fn saturated_coverage_is_its_definition((case, k) in cases(), alpha in 0.01_f64..=1.0) {
        let alpha_of = PositiveFraction::new(alpha).expect("in range");
        for kernel in case.kernels(|kernel| SaturatedCoverage { kernel, ..SaturatedCoverage::default() }) {
            let with = kernel.or_coverage(case.base.distance());
            let value = |set: &[usize]| -> f64 {
                let of = |v: usize| {
                    let reached: f64 = set.iter().map(|&r| case.similarity(with, r, v)).sum();
                    reached.min(alpha * (0..case.m()).map(|u| case.similarity(with, v, u)).sum::<f64>())
                };
                (0..case.m()).map(of).sum()
            };
            let params = |optimizer| SaturatedCoverage { alpha: alpha_of, kernel, optimizer };
            let lazy = case.select(&params(Optimizer::Lazy), k);
            prop_assert_eq!(&lazy, &case.select(&params(Optimizer::Naive), k));
            for (step, &pick) in lazy.iter().enumerate() {
                let with_it = |i: usize| value(&[&lazy[..step], &[i]].concat());
                let best = (0..case.m()).filter(|i| !lazy[..step].contains(i)).map(with_it).fold(f64::NEG_INFINITY, f64::max);
                prop_assert!(with_it(pick) >= best - 1e-9, "{with:?}, step {step}: {} for {best}", with_it(pick));
            }
        }
    }

    /// Its log determinant is that of a dense Cholesky factor of the best item at every step, and what it fills with is in
    /// order of relevance.
    #[test]
    fn dpp_adds_most_to_the_log_determinant((case, k) in cases(), theta in 0.0_f64..0.95) {
        let dpp = |kernel| Dpp { theta: PartialFraction::new(theta).expect("in range"), kernel, ..Dpp::default() };
        for kernel in case.kernels(dpp) {
            let with = kernel.or_raw(case.base.distance());
            let scratch = Scratch::default();
            let mut picked = Vec::new();
            dpp(kernel).select(&case.request(k), &scratch, &mut picked);
            let alpha = theta / (2.0 * (1.0 - theta));
            let value = |set: &[usize]| case.log_det(with, 0.0, set) + set.iter().map(|&i| 2.0 * alpha * case.rel(i)).sum::<f64>();
            let mut filling = None;
            for (step, &pick) in picked.iter().enumerate() {
                let with_it = |i: usize| value(&[&picked[..step], &[i]].concat());
                let left = || (0..case.m()).filter(|i| !picked[..step].contains(i));
                let best = left().map(with_it).fold(f64::NEG_INFINITY, f64::max);
                if filling.is_none() && with_it(pick) == f64::NEG_INFINITY {
                    // Singular to rounding for us; nothing else may be clearly better.
                    filling = Some(step);
                    let before = if step == 0 { 0.0 } else { value(&picked[..step]) };
                    prop_assert!(best - before < -18.0, "{with:?}, step {step} fills, but {} is to be had", best - before);
                }
                match filling {
                    None => prop_assert!(with_it(pick) >= best - 1e-6, "{with:?}, step {step}: {} of {best}", with_it(pick)),
                    Some(_) => prop_assert!(left().all(|other| case.rel(pick) >= case.rel(other)) || !scratch.filled.get()),
                }
            }
            if filling.is_some() {
                prop_assert!(scratch.filled.get());
            }
        }
    }

    /// DiskANN's rows literally; what is left of one beside the picks, by elimination, is largest at each pick.
    #[test]
    fn dpp_of_powers_takes_the_longest_remainder(
        (case, k) in cases(),
        p in 0.5_f64..3.0,
        eta in prop_oneof![Just(0.0), 1e-3_f64..2.0],
        rescored in any::<bool>(),
    ) {
        let mut case = case;
        if rescored {
            // As an expansion does.
            case.pool.items.iter_mut().enumerate().for_each(|(i, item)| item.score = 0.9 * item.score + 0.01 * (i % 3) as f64);
            case.pool.keep_best(case.m());
        }
        let dpp = Dpp { quality: Quality::Power, p: Some(positive(p)), eta: Some(not_negative(eta)), ..Dpp::default() };
        prop_assume!(dpp.check(&case.setting()).is_ok());
        let is_replaced = (0..case.m()).any(|i| case.rel(i) != case.pool.scaled(case.pool.items[i].rel));
        let far: Vec<f64> = (0..case.m()).map(|i| match case.base.distance() {
            _ if is_replaced => 1.0 - case.rel(i),
            Distance::Euclidean => case.pool.items[i].distance.powi(2),
            // As scaled by the pool, where it has an end and a beginning.
            _ => 1.0 - case.rel(i),
        }).collect();
        let (least, most) = far.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), &d| (least.min(d), most.max(d)));
        let scale = |i: usize| {
            let place = if most > least { (most - far[i]) / (most - least) } else { 0.0 };
            (place + f64::from(f32::EPSILON)).powf(p)
        };
        let longest = (0..case.m()).map(|i| naive::norm(case.row(i))).fold(0.0, f64::max);
        let ridge = eta * longest * longest;
        let product = |i: usize, j: usize| scale(i) * scale(j) * naive::dot(case.row(i), case.row(j)) + if i == j { ridge } else { 0.0 };
        // What elimination leaves of the last diagonal entry, of the picks and i; 0 where it is rounding.
        let left_of = |set: &[usize], i: usize| {
            let all = [set, &[i]].concat();
            let mut matrix: Vec<Vec<f64>> = all.iter().map(|&a| all.iter().map(|&b| product(a, b)).collect()).collect();
            for step in 0..set.len() {
                if matrix[step][step] <= 1e-12 * product(set[step], set[step]) {
                    continue;
                }
                for row in step + 1..all.len() {
                    let factor = matrix[row][step] / matrix[step][step];
                    (step..all.len()).for_each(|column| matrix[row][column] -= factor * matrix[step][column]);
                }
            }
            let left = matrix[set.len()][set.len()];
            if left > 1e-12 * product(i, i) { left } else { 0.0 }
        };
        let (scratch, mut picked) = (Scratch::default(), Vec::new());
        dpp.select(&case.request(k), &scratch, &mut picked);
        prop_assert_eq!(picked.len(), k.min(case.m()));
        for (step, &pick) in picked.iter().enumerate() {
            let value = |i: usize| left_of(&picked[..step], i);
            let best = value(case.best(&picked[..step], value));
            if best == 0.0 {
                prop_assert!(scratch.filled.get() || longest == 0.0);
                break;
            }
            prop_assert!(value(pick) >= best * (1.0 - 1e-6), "step {step}: {} of {best}", value(pick));
        }
    }

    /// By eigenvalues from another algorithm.
    #[test]
    fn vendi_adds_most_to_relevance_and_score((case, k) in cases(), s in prop_oneof![0.0_f64..=1.0, Just(1.0)]) {
        let vendi = |kernel| Vendi { s: fraction(s), kernel };
        for kernel in case.kernels(vendi) {
            let with = kernel.or_raw(case.base.distance());
            let picked = case.select(&vendi(kernel), k);
            for (step, &pick) in picked.iter().enumerate() {
                let value = |i: usize| {
                    let set = [&picked[..step], &[i]].concat();
                    (1.0 - s) * case.rel(i) + s * vendi_score(&case, with, &set) / set.len() as f64
                };
                let best = value(case.best(&picked[..step], value));
                // Roots of distributions are `f32`, and their angles are our own.
                let off = if with == Kernel::FisherRao { 1e-4 } else { 1e-9 + case.slack(with) };
                prop_assert!(value(pick) >= best - off, "{with:?}, step {step}: {} for {best}", value(pick));
            }
            if s == 0.0 {
                prop_assert_eq!(picked, case.select(&TopK {}, k));
            }
        }
    }

    /// By elimination on the whole chain, at every step anew.
    #[test]
    fn grasshopper_visits_most((case, k) in cases(), lambda in prop_oneof![0.0_f64..0.99, Just(0.5)], temperature in 0.02_f64..2.0) {
        let grasshopper = |kernel| Grasshopper {
            lambda: PartialFraction::new(lambda).expect("in range"), temperature: positive(temperature), kernel,
        };
        for kernel in case.kernels(grasshopper) {
            let with = kernel.or_coverage(case.base.distance());
            let picked = case.select(&grasshopper(kernel), k);
            let steps = walk_of(&case, with, lambda, temperature);
            for (step, &pick) in picked.iter().enumerate() {
                let Some(visits) = expected_visits(&steps, &picked[..step]) else { break };
                let most = (0..case.m()).filter(|i| !picked[..step].contains(i)).map(|i| visits[i]).fold(0.0, f64::max);
                let off = 1e-7 + if with == Kernel::FisherRao { 1e-3 } else { 0.0 };
                prop_assert!(visits[pick] >= most * (1.0 - off), "{with:?}, step {step}: {} of {most}", visits[pick]);
            }
        }
    }

    /// Gram-Schmidt word for word, on sums of items whose inner products are those of the similarities.
    #[test]
    fn ssd_is_gram_schmidt_in_a_sliding_window((case, k) in cases(), gamma in 0.0_f64..2.0, window in 1_u32..5, bias in any::<bool>()) {
        let ssd = |kernel| Ssd { gamma: not_negative(gamma), window: Count::new(window).expect("in range"), bias, kernel };
        for kernel in case.kernels(ssd) {
            let with = kernel.or_raw(case.base.distance());
            let picked = case.select(&ssd(kernel), k);
            let m = case.m();
            let added = if bias { 1.0 } else { 0.0 };
            let products: Vec<Vec<f64>> = (0..m).map(|i| (0..m).map(|j| case.similarity(with, i, j) + added).collect()).collect();
            // A vector is given by how much of each item is in it.
            let dot = |a: &[f64], b: &[f64]| -> f64 {
                (0..m).map(|i| a[i] * (0..m).map(|j| b[j] * products[i][j]).sum::<f64>()).sum()
            };
            let mut directions: Vec<Vec<f64>> = Vec::new();
            let minus = |v: &mut Vec<f64>, direction: &[f64]| {
                let (along, square) = (dot(v, direction), dot(direction, direction));
                if square > 1e-12 {
                    v.iter_mut().zip(direction).for_each(|(v, d)| *v -= along / square * d);
                }
            };
            for (step, &pick) in picked.iter().enumerate() {
                let live = &directions[directions.len().saturating_sub(window as usize)..];
                let left_of = |i: usize| {
                    let mut v: Vec<f64> = (0..m).map(|j| if i == j { 1.0 } else { 0.0 }).collect();
                    live.iter().for_each(|direction| minus(&mut v, direction));
                    v
                };
                let value = |i: usize| {
                    let v = left_of(i);
                    case.rel(i) + if step == 0 { 0.0 } else { gamma * dot(&v, &v).max(0.0).sqrt() }
                };
                let best = (0..m).filter(|i| !picked[..step].contains(i)).map(value).fold(f64::NEG_INFINITY, f64::max);
                prop_assert!(value(pick) >= best - 1e-5, "{with:?}, step {step}: {} for {best}", value(pick));
                let mut direction = left_of(pick);
                if dot(&direction, &direction) <= 1e-12 {
                    direction.fill(0.0);
                }
                directions.push(direction);
            }
        }
    }

    #[test]
    fn semantic_compression_of_one_part_is_that_part((case, k) in cases(), weights in prop::sample::select(vec![Weights::Uniform, Weights::Relevance])) {
        let parts = |a: f64, b: f64, c: f64| SemanticCompression {
            a: fraction(a), b: fraction(b), c: fraction(c), weights, ..SemanticCompression::default()
        };
        prop_assert_eq!(case.select(&parts(1.0, 0.0, 0.0), k), case.select(&TopK {}, k));
        let facility = FacilityLocation { weights, ..FacilityLocation::default() };
        prop_assert_eq!(case.select(&parts(0.0, 1.0, 0.0), k), case.select(&facility, k));
    }

    #[test]
    fn semantic_compression_is_greedy_on_its_objective(
        (case, k) in cases(),
        a in 0.0_f64..1.0,
        b in 0.0_f64..1.0,
        dispersion in any::<bool>(),
        weights in prop::sample::select(vec![Weights::Uniform, Weights::Relevance, Weights::Softmax]),
    ) {
        let total = a + b + 0.3;
        let (a, b) = (a / total, b / total);
        let c = 1.0 - a - b;
        let diversity = if dispersion { DiversityTerm::Dispersion } else { DiversityTerm::LogDet };
        let raw = Kernel::raw(case.base.distance());
        let count = k.min(case.m());
        let all: f64 = (0..case.m()).map(|v| case.weight(weights, 0.1, v)).sum();
        for kernel in case.kernels(|kernel| SemanticCompression { kernel, ..SemanticCompression::default() }) {
            let params = |optimizer| SemanticCompression {
                a: fraction(a), b: fraction(b), c: fraction(c), diversity, weights, optimizer, kernel, ..SemanticCompression::default()
            };
            let lazy = case.select(&params(Optimizer::Lazy), k);
            let naive = case.select(&params(Optimizer::Naive), k);
            let cover = kernel.or_coverage(case.base.distance());
            let monotone = |set: &[usize]| {
                let rel: f64 = set.iter().map(|&i| case.rel(i)).sum();
                let best = |v: usize| set.iter().map(|&r| case.similarity(cover, r, v)).fold(0.0, f64::max);
                let covered: f64 = (0..case.m()).map(|v| case.weight(weights, 0.1, v) * best(v)).sum();
                a * rel + if all > 0.0 { b * count as f64 * covered / all } else { 0.0 }
            };
            // The value by which greedy chooses.
            let value = |set: &[usize]| if dispersion {
                let pairs: f64 = set.iter().enumerate().flat_map(|(at, &i)| set[..at].iter().map(move |&j| (i, j)))
                    .map(|(i, j)| case.spread(i, j)).sum();
                0.5 * monotone(set) + c * pairs / (count.max(2) - 1) as f64
            } else {
                monotone(set) + c * case.log_det(raw, 1.0, set)
            };
            for (step, &pick) in lazy.iter().enumerate() {
                let with_it = |i: usize| value(&[&lazy[..step], &[i]].concat());
                let best = (0..case.m()).filter(|i| !lazy[..step].contains(i)).map(with_it).fold(f64::NEG_INFINITY, f64::max);
                prop_assert!(with_it(pick) >= best - 1e-7, "{cover:?}, step {step}: {} for {best}", with_it(pick));
            }
            prop_assert!((value(&lazy) - value(&naive)).abs() <= 1e-9, "{cover:?}");
        }
    }

    #[test]
    fn xquad_of_subtopics_alone_is_greedy_coverage_of_them((case, k) in cases()) {
        let picked = case.select(&Xquad { lambda: fraction(1.0), ..Xquad::default() }, k);
        let covers = |i: usize| -> BTreeSet<u32> {
            case.subtopics.iter().filter(|&&(id, _)| id == case.pool.items[i].id).map(|&(_, s)| s).collect()
        };
        let mut covered = BTreeSet::new();
        for (step, &pick) in picked.iter().enumerate() {
            let new = |i: usize| covers(i).difference(&covered).count();
            prop_assert!((0..case.m()).filter(|i| !picked[..step].contains(i)).all(|i| new(i) <= new(pick)));
            covered.extend(covers(pick));
        }
        prop_assert_eq!(case.select(&Xquad { lambda: fraction(0.0), ..Xquad::default() }, k), case.select(&TopK {}, k));
    }

    /// No subtopic that can still be served has two seats fewer than one that was just served.
    #[test]
    fn pm2_serves_subtopics_in_turn((mut case, k) in cases_up_to(10)) {
        // Each item covers one subtopic.
        case.subtopics = (0..case.base.len() as u32).map(|id| (id, id % 3)).collect();
        case.pool.items.iter_mut().for_each(|item| item.score = item.score.abs() + 0.1);
        case.pool.items.sort_by(swath_algorithms::Item::best_first);
        let picked = case.select(&Pm2 { lambda: fraction(0.9), ..Pm2::default() }, k);
        let mut seats = [0_usize; 3];
        for (step, &pick) in picked.iter().enumerate() {
            let of = |i: usize| (case.pool.items[i].id % 3) as usize;
            let open = (0..case.m()).filter(|i| !picked[..step].contains(i)).map(of).collect::<BTreeSet<_>>();
            let fewest = open.iter().map(|&s| seats[s]).min().expect("some left");
            // 0.9 against 0.1: only a relevance nine times as large could serve another than the one whose turn it is.
            let largest = case.pool.items.iter().map(|item| item.score).fold(0.0, f64::max);
            let smallest = case.pool.items.iter().map(|item| item.score).fold(f64::INFINITY, f64::min);
            prop_assert!(seats[of(pick)] == fewest || largest > 9.0 * smallest);
            seats[of(pick)] += 1;
        }
    }

    /// One of each cluster: duplicates fall into the same, so none is picked as long as different items are left.
    #[test]
    fn clusters_part_the_pool_and_give_their_best((case, k) in cases(), method in prop::sample::select(vec![Method::KMeans, Method::KMedoids])) {
        let cluster = Cluster { method, ..Cluster::default() };
        prop_assume!(cluster.check(&case.setting()).is_ok());
        let picked = case.select(&cluster, k);
        prop_assert!(picked.contains(&0), "the most relevant of all is the most relevant of its cluster");
        let different = |positions: &[usize]| {
            let mut kept: Vec<&Row> = Vec::new();
            positions.iter().for_each(|&i| if !kept.contains(&case.row(i)) { kept.push(case.row(i)) });
            kept.len()
        };
        // At no angle there may be different vectors.
        let told_apart = case.base.distance().of_items() != Distance::Angular;
        if told_apart && k <= different(&(0..case.m()).collect::<Vec<_>>()) {
            prop_assert_eq!(different(&picked), k);
        }
    }
}

/// Four groups of eight items, near to each other and far from the rest: k-medoids finds them, whatever the points are.
#[test]
fn medoids_find_the_groups() {
    for space in SPACES {
        // Group g, member i.
        let row = |g: usize, i: usize| match space.points {
            PointType::Dense => Row::Dense(
                (0..5)
                    .map(|at| {
                        if at == g {
                            9.0
                        } else if at == 4 {
                            0.05 * i as f32
                        } else {
                            0.0
                        }
                    })
                    .collect(),
            ),
            PointType::Bits => Row::Bits((0..80).map(|at| at / 16 == g || at == 72 + i).collect()),
            PointType::Sets => {
                Row::Set((0..80).filter(|&at| at / 16 == g || at == 72 + i).map(|at| at as u32).collect())
            }
            PointType::Sparse => Row::Sparse([(g as u32, 9.0), (4 + i as u32, 1.0)].into()),
        };
        let dim = if matches!(space.points, PointType::Bits | PointType::Sets) { 80 } else { 5 };
        let dim = if space.points == PointType::Sparse { 12 } else { dim };
        let rows = (0..32).map(|id| row(id % 4, id / 4)).collect();
        let case = Case::of(naive::Cloud { space, dim, rows, query: row(1, 3) });
        let medoids = Cluster { method: Method::KMedoids, ..Cluster::default() };
        let groups: BTreeSet<u32> = case.ids(&case.select(&medoids, 4)).into_iter().map(|id| id % 4).collect();
        assert_eq!(groups.len(), 4, "{space}");
    }
}

/// The determinant's own kernel is that of the distance, whatever `kernel` says.
#[test]
fn the_log_determinant_of_semantic_compression_ignores_the_kernel() {
    for space in SPACES {
        let case = Case::of(naive::irregular_cloud(space, 3, 40, 2));
        let half = |kernel| SemanticCompression {
            a: fraction(0.1),
            b: fraction(0.0),
            c: fraction(0.9),
            kernel,
            ..SemanticCompression::default()
        };
        let dpp = |kernel| Dpp { theta: PartialFraction::new(0.1).expect("below 1"), kernel, ..Dpp::default() };
        let differ = case
            .kernels(dpp)
            .iter()
            .any(|&kernel| case.select(&dpp(kernel), 12) != case.select(&dpp(KernelChoice::DEFAULT), 12));
        assert!(differ || space.points == PointType::Sets, "{space}: they differ elsewhere");
        for kernel in case.kernels(half) {
            assert_eq!(
                case.select(&half(kernel), 12),
                case.select(&half(KernelChoice::DEFAULT), 12),
                "{space}, {kernel:?}"
            );
        }
    }
}

/// Nothing in the pool covers subtopic 0, and item 3 alone covers subtopic 1: neither keeps its turn from subtopic 2.
#[test]
fn pm2_skips_subtopics_that_nothing_left_covers() {
    let mut case = Case::new(&[1.0, 0.1, 1.0, 0.2, 1.0, 0.3, 1.0, 2.0], &[1.0, 0.0], Distance::Angular);
    case.subtopics = vec![(0, 2), (1, 2), (2, 2), (3, 1), (9, 0)];
    let picked = case.select(&Pm2 { lambda: fraction(1.0), ..Pm2::default() }, 4);
    assert_eq!(case.ids(&picked), [3, 0, 1, 2]);
}

#[test]
fn random_picks_every_item_equally_often() {
    let case = Case::new(&[1.0, 2.0, 3.0, 4.0, 5.0], &[0.0], Distance::Euclidean);
    let mut counts = [0_u32; 5];
    for query_id in 0..3000 {
        let mut picked = Vec::new();
        let request = swath_algorithms::selector::Request { query_id, ..case.request(2) };
        Random {}.select(&request, &Scratch::default(), &mut picked);
        picked.iter().for_each(|&i| counts[i] += 1);
    }
    // 1200 expected each; five standard deviations are about 134.
    assert!(counts.iter().all(|&count| (1066..=1334).contains(&count)), "{counts:?}");
}

/// Two pairs of mirror images: what is left after the first pick of each pair covers only itself and its image, so that
/// gains tie exactly in theory and only nearly in floating point. The higher score decides, whatever the ids are.
#[test]
fn true_ties_go_to_the_higher_score_and_not_to_rounding() {
    let turned = |degrees: f64| [degrees.to_radians().cos() as f32, degrees.to_radians().sin() as f32];
    for step in 1..40 {
        let angle = f64::from(step) * 0.7;
        // In this order ever farther from the query, which lies 5 degrees to one side.
        let rows = [turned(90.0 - angle), turned(angle - 90.0), turned(90.0 + angle), turned(-90.0 - angle)];
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
            let case = Case::new(&order.map(|row: usize| rows[row]).concat(), &turned(5.0), Distance::Angular);
            let picked = case.ids(&case.select(&FacilityLocation::default(), 4));
            let picked: Vec<usize> = picked.into_iter().map(|id| order[id as usize]).collect();
            assert_eq!(picked, [0, 1, 2, 3], "at {angle} degrees");
        }
    }
}

/// Pools beyond the size whose kernel is kept give what smaller memory would: the same rows, computed again.
#[test]
fn a_pool_too_large_to_keep_its_kernel_is_covered_the_same() {
    let rows: Vec<f32> = (0..1100 * 3).map(|i| ((i * 7919 + i / 7) % 1009) as f32 / 500.0 - 1.0).collect();
    let case = Case::new(&rows, &[0.3, -0.2, 0.5], Distance::Angular);
    let gain = |picked: &[usize], i: usize| -> f64 {
        let terms = (0..case.m()).map(|v| {
            let covered = picked.iter().map(|&r| case.similarity(Kernel::Cosine, r, v)).fold(0.0, f64::max);
            (case.similarity(Kernel::Cosine, i, v) - covered).max(0.0)
        });
        terms.sum()
    };
    assert_eq!(case.select(&FacilityLocation::default(), 4), case.naive_greedy(4, gain));
    for naive in [Optimizer::Naive, Optimizer::Lazy] {
        let cover = case.select(&SaturatedCoverage { optimizer: naive, ..SaturatedCoverage::default() }, 5);
        assert_eq!(cover, case.select(&SaturatedCoverage::default(), 5));
        let cut = case.select(&GraphCut { optimizer: naive, ..GraphCut::default() }, 5);
        assert_eq!(cut, case.select(&GraphCut::default(), 5));
    }
}

#[test]
fn a_stochastic_choice_is_seeded_and_nearly_as_good() {
    let rows: Vec<f32> = (0..300 * 4).map(|i| ((i as f32 * 12.9898).sin() * 437.585).fract()).collect();
    let mut case = Case::new(&rows, &[0.3, -0.2, 0.5, 0.1], Distance::Angular);
    let value = |picked: &[usize]| -> f64 {
        let best = |v: usize| picked.iter().map(|&r| case.similarity(Kernel::Cosine, r, v)).fold(0.0, f64::max);
        (0..case.m()).map(best).sum()
    };
    let stochastic =
        FacilityLocation { optimizer: Optimizer::Stochastic(Stochastic::default()), ..FacilityLocation::default() };
    let (greedy, sampled) = (case.select(&FacilityLocation::default(), 10), case.select(&stochastic, 10));
    assert!(value(&sampled) > 0.9 * value(&greedy), "{} of {}", value(&sampled), value(&greedy));
    let before = case.select(&stochastic, 10);
    assert_eq!(before, sampled);
    case.seed += 1;
    assert_ne!(case.select(&stochastic, 10), before);
}

/// Fewer directions than picks: the rest comes by relevance, and this is reported.
#[test]
fn a_dpp_without_directions_left_fills_by_relevance_and_says_so() {
    let rows = [1.0, 0.0, 2.0, 0.0, 0.9, 0.1, 0.0, 1.0, 1.0, 1.0];
    let case = Case::new(&rows, &[1.0, 0.05], Distance::Angular);
    let scratch = Scratch::default();
    let mut picked = Vec::new();
    Dpp::default().select(&case.request(2), &scratch, &mut picked);
    assert!(!scratch.filled.get());
    Dpp::default().select(&case.request(4), &scratch, &mut picked);
    assert!(scratch.filled.get());
    assert_eq!(picked[2..], (0..5).filter(|i| !picked[..2].contains(i)).take(2).collect::<Vec<_>>());
}

#[test]
fn the_width_of_the_rbf_kernel_is_the_median_distance_of_the_pool() {
    let case = Case::new(&[1.0, 2.0, 4.0, 9.0], &[0.0], Distance::Euclidean);
    assert_eq!(case.pool.sigma, median(&mut [1.0, 2.0, 4.0, 9.0]));
    assert!((case.rel(0) - (-1.0_f64 / 18.0).exp()).abs() < 1e-15);
}

/// Points at 1, 2 and 4 from the query: sigma is 2, relevances are exp(-1/8), exp(-1/2) and exp(-2), and the first pick is
/// half a sigma from the second and one and a half from the third. `max-sum` takes the third from
/// lambda = (exp(-1/2) - exp(-2)) / 2 = 0.2356 on; dispersion halves all but itself, so from c / a = 0.2356 on.
#[test]
fn distances_are_measured_in_sigmas() {
    let dispersed = |c: f64| SemanticCompression {
        a: fraction(1.0 - c),
        b: fraction(0.0),
        c: fraction(c),
        diversity: DiversityTerm::Dispersion,
        ..SemanticCompression::default()
    };
    for unit in [1.0, 1e-3, 1e5] {
        let case = Case::new(&[unit, 2.0 * unit, 4.0 * unit], &[0.0], Distance::Euclidean);
        for (lambda, second) in [(0.23, 1), (0.24, 2)] {
            let max_sum = MaxSum { lambda: not_negative(lambda).into(), ..MaxSum::default() };
            assert_eq!(case.select(&max_sum, 2), [0, second], "lambda {lambda} in units of {unit}");
            // The odds of c are lambda.
            let picked = case.select(&dispersed(lambda / (1.0 + lambda)), 2);
            assert_eq!(picked, [0, second], "dispersion, odds {lambda} in units of {unit}");
        }
    }
}

/// Three copies of the query, one point at 3 and one at 5: sigma is 0, so distances are over the largest to the query, 5.
/// Beside a copy another is worth half its relevance of 1, and the farthest point lambda * 1. Of copies alone all distances
/// are 0.
#[test]
fn where_sigma_is_zero_the_largest_distance_is_the_unit() {
    for unit in [1.0, 1e-3, 1e5] {
        let rows = [0.0, 0.0, 0.0, 3.0 * unit, 5.0 * unit];
        let case = Case::new(&rows, &[0.0], Distance::Euclidean);
        assert_eq!(case.pool.sigma, 0.0);
        for (lambda, second) in [(0.45, 1), (0.55, 4)] {
            let max_sum = MaxSum { lambda: not_negative(lambda).into(), ..MaxSum::default() };
            assert_eq!(case.select(&max_sum, 2), [0, second], "lambda {lambda} in units of {unit}");
        }
        let copies = Case::new(&[unit; 4], &[unit], Distance::Euclidean);
        assert_eq!(copies.select(&MaxSum::default(), 3), [0, 1, 2]);
    }
}

/// Irregular values: among points of a lattice near-ties abound, and rounding decides those.
fn irregular(count: usize) -> Vec<f32> {
    (0..count).map(|i| ((i as f32 * 12.9898).sin() * 437.585).fract()).collect()
}

/// Rotating the space changes no angle and no length, so no ranking.
#[test]
fn rankings_do_not_depend_on_the_axes() {
    let (rows, query) = (irregular(60), [0.4_f32, -0.3]);
    let turn = |v: &[f32]| {
        let (s, c) = 0.7_f64.sin_cos();
        let turned = v.chunks(2).flat_map(|p| {
            let (x, y) = (f64::from(p[0]), f64::from(p[1]));
            [(c * x - s * y) as f32, (s * x + c * y) as f32]
        });
        turned.collect::<Vec<_>>()
    };
    for distance in Distance::DENSE {
        let (mut straight, mut turned) =
            (Case::new(&rows, &query, distance), Case::new(&turn(&rows), &turn(&query), distance));
        (straight.subtopics, turned.subtopics) = ([(1, 0), (2, 1), (9, 0)].into(), [(1, 0), (2, 1), (9, 0)].into());
        for selector in every_selector_for(&straight) {
            // In two dimensions nothing is left after two picks: k = 2 for those that would then look at rounding.
            let k = if matches!(selector, SelectorParams::Dpp(_) | SelectorParams::Ssd(_)) { 2 } else { 8 };
            let ids = |case: &Case| case.ids(&case.select(&*selector, k));
            assert_eq!(ids(&straight), ids(&turned), "{} on {distance}", selector.name());
        }
    }
}

/// Numbering the base another way changes no ranking, where no scores tie. (Random choices are of positions, which are
/// ordered by relevance, so they do not depend on numbers either.)
#[test]
fn rankings_do_not_depend_on_the_numbering() {
    for space in SPACES {
        let cloud = naive::irregular_cloud(space, 6, 40, 1);
        let number = |id: u32| (id * 17 + 5) % 40;
        let mut one = Case::of(cloud.clone());
        let mut other = Case::of(cloud.numbered(&(0..40).map(number).collect::<Vec<_>>()));
        assert!(one.pool.items.windows(2).all(|w| w[0].score > w[1].score), "{space}: scores tie");
        one.subtopics = (0..40).map(|id| (id, id % 7)).collect();
        other.subtopics = one.subtopics.iter().map(|&(id, s)| (number(id), s)).collect();
        other.subtopics.sort_unstable();
        one.groups = vec![groups_of((0..40).map(|id| id % 4 - 1))];
        let new: Vec<usize> = (0..40).map(|id| number(id) as usize).collect();
        (0..40).for_each(|id| other.groups[0].of[new[id]] = one.groups[0].of[id]);
        for selector in every_selector_for(&one) {
            let expected: Vec<u32> = one.ids(&one.select(&*selector, 8)).into_iter().map(number).collect();
            assert_eq!(other.ids(&other.select(&*selector, 8)), expected, "{} on {space}", selector.name());
        }
    }
}

/// Densities down to e^-100,000, and gains of which a sum would lose all: at a degree from the first pick, 84 and 85 degrees to
/// both sides of the query, and 170.
#[test]
fn dartboard_tells_apart_what_underflows() {
    let turned = |degrees: f64| [degrees.to_radians().cos() as f32, degrees.to_radians().sin() as f32];
    let rows = [turned(0.0), turned(1.0), turned(-85.0), turned(84.0), turned(170.0)].concat();
    let case = Case::new(&rows, &turned(0.0), Distance::Angular);
    // The gain of the second is about (7.6e-5 / sigma)^2 / 2; that of the others about exp(-(0.448 / sigma)^2 / 2) and less.
    for (sigma, expected) in [(1e-3, [0, 1, 3, 2, 4]), (1e-2, [0, 1, 3, 2, 4]), (0.1, [0, 3, 2, 1, 4])] {
        let dartboard = Dartboard { sigma: positive(sigma), ..Dartboard::default() };
        assert_eq!(case.ids(&case.select(&dartboard, 5)), expected, "{sigma}");
    }
}

/// The Vendi score, from eigenvalues by Jacobi's rotations.
pub fn vendi_score(case: &Case, kernel: Kernel, set: &[usize]) -> f64 {
    let n = set.len();
    let own = |i: usize| case.own_similarity(kernel, i);
    let entry =
        |a: usize, b: usize| if a == b { own(set[a]) } else { case.similarity(kernel, set[a.min(b)], set[a.max(b)]) };
    let mut matrix: Vec<Vec<f64>> = (0..n).map(|a| (0..n).map(|b| entry(a, b)).collect()).collect();
    for _ in 0..12 {
        for (p, q) in (0..n).flat_map(|q| (0..q).map(move |p| (p, q))) {
            if matrix[p][q].abs() < 1e-300 {
                continue;
            }
            let angle = 0.5 * (2.0 * matrix[p][q]).atan2(matrix[q][q] - matrix[p][p]);
            let (s, c) = angle.sin_cos();
            for j in 0..n {
                let (a, b) = (matrix[p][j], matrix[q][j]);
                (matrix[p][j], matrix[q][j]) = (c * a - s * b, s * a + c * b);
            }
            for row in &mut matrix {
                (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
            }
        }
    }
    let shares = (0..n).map(|i| matrix[i][i] / n as f64).filter(|&share| share > 1e-12);
    (-shares.map(|share| share * share.ln()).sum::<f64>()).exp()
}

/// The steps of GRASSHOPPER's walk: from each item, the probability of each next one.
pub fn walk_of(case: &Case, kernel: Kernel, lambda: f64, temperature: f64) -> Vec<Vec<f64>> {
    let m = case.m();
    let similar =
        |i: usize, j: usize| if i == j { case.own_similarity(kernel, i) } else { case.similarity(kernel, i, j) };
    let row = |i: usize| {
        let total: f64 = (0..m).map(|j| similar(i, j)).sum();
        let jump = |j: usize| case.weight(Weights::Softmax, temperature, j);
        let step =
            |j: usize| if total > 0.0 { lambda * similar(i, j) / total + (1.0 - lambda) * jump(j) } else { jump(j) };
        (0..m).map(step).collect()
    };
    (0..m).map(row).collect()
}

/// Shares of time if nothing absorbs, else expected visits; `None` if the walk hardly ever ends.
pub fn expected_visits(steps: &[Vec<f64>], absorbing: &[usize]) -> Option<Vec<f64>> {
    let m = steps.len();
    let is_open = |i: usize| !absorbing.contains(&i);
    // (I - P)' v = 1; without absorption (I - P)' v = 0, with the sum of v in place of the last equation.
    let mut system: Vec<Vec<f64>> = (0..m)
        .map(|j| {
            let entry = |i: usize| {
                let own = f64::from(u8::from(i == j));
                if is_open(i) && is_open(j) { own - steps[i][j] } else { own }
            };
            let right = if absorbing.is_empty() { 0.0 } else { f64::from(u8::from(is_open(j))) };
            (0..m).map(entry).chain([right]).collect()
        })
        .collect();
    if absorbing.is_empty() {
        system[m - 1].fill(1.0);
    }
    for column in 0..m {
        let pivot = (column..m).max_by(|&a, &b| system[a][column].abs().total_cmp(&system[b][column].abs()))?;
        system.swap(column, pivot);
        if system[column][column].abs() < 1e-8 {
            return None;
        }
        for row in (0..m).filter(|&row| row != column) {
            let factor = system[row][column] / system[column][column];
            for at in column..=m {
                system[row][at] -= factor * system[column][at];
            }
        }
    }
    Some((0..m).map(|i| system[i][m] / system[i][i]).collect())
}

/// Three pages on one subject and one on another, a little less relevant: the walk is mostly at the three, and once one of them
/// absorbs it, at the other.
#[test]
fn a_picked_item_absorbs_the_walk_of_its_neighbours() {
    let turned = |degrees: f64| [degrees.to_radians().cos() as f32, degrees.to_radians().sin() as f32];
    let rows = [turned(38.0), turned(40.0), turned(42.0), turned(-48.0)].concat();
    let case = Case::new(&rows, &turned(0.0), Distance::Angular);
    let lambda = PartialFraction::new(0.9).expect("in range");
    let picked =
        case.ids(&case.select(&Grasshopper { lambda, temperature: positive(1.0), ..Grasshopper::default() }, 4));
    assert_eq!(picked[1], 3, "{picked:?}");
    assert_ne!(picked[0], 3);
}

/// A ridge makes the same of vectors in any unit, and a large one the order of lengths.
#[test]
fn the_ridge_of_powers_is_a_share() {
    let rows = irregular(60);
    let of = |unit: f32, eta: f64| {
        let times = |values: &[f32]| values.iter().map(|value| value * unit).collect::<Vec<_>>();
        let case = Case::new(&times(&rows), &times(&[0.4, -0.3, 0.2]), Distance::Euclidean);
        let dpp = Dpp { quality: Quality::Power, eta: Some(not_negative(eta)), ..Dpp::default() };
        case.ids(&case.select(&dpp, 8))
    };
    assert_eq!(of(1.0, 0.1), of(1024.0, 0.1));
    assert_ne!(of(1.0, 0.1), of(1.0, 0.0));
    let case = Case::new(&rows, &[0.4, -0.3, 0.2], Distance::Euclidean);
    let far = |i: usize| case.pool.items[i].distance.powi(2);
    let most = (0..20).map(far).fold(0.0, f64::max);
    let length = |i: usize| (most - far(i)).powi(2) * naive::norm(case.row(i));
    let mut by_length: Vec<usize> = (0..20).collect();
    by_length.sort_by(|&a, &b| length(b).total_cmp(&length(a)));
    assert_eq!(of(1.0, 1e5), case.ids(&by_length[..8]));
}

/// Two to one side of the query and one to the other, less relevant: with it the sum points at the query.
#[test]
fn a_sum_is_balanced() {
    let turned = |degrees: f64| [degrees.to_radians().cos() as f32, degrees.to_radians().sin() as f32];
    for distance in Distance::DENSE {
        let rows = [turned(20.0), turned(21.0), turned(-25.0), turned(90.0)].concat();
        let case = Case::new(&rows, &turned(0.0), distance);
        assert_eq!(case.ids(&case.select(&SumVector {}, 4)), [0, 2, 1, 3], "{distance}");
    }
    // Ten times as long, the one to the other side outweighs the first, but not by angle.
    let rows = [turned(20.0), turned(21.0), turned(-25.0).map(|v| 10.0 * v)].concat();
    let second = |distance| {
        let mut case = Case::new(&rows, &turned(0.0), distance);
        case.pool.items.sort_by_key(|item| item.id);
        case.ids(&case.select(&SumVector {}, 2))[1]
    };
    assert_eq!(Distance::DENSE.map(second), [1, 2, 1]);
}

#[test]
fn parameters_that_do_not_go_together_are_refused() {
    let without = SelectorSetting {
        distance: Distance::Euclidean,
        kind: PointType::Dense,
        subtopics: false,
        aspects: false,
        groups: &[],
        pool: Some(26),
        programs: false,
    };
    let message = |selector: &dyn Selector| selector.check(&without).map_err(|unfit| unfit.to_string()).err();
    let clipped = KernelChoice::from(Kernel::Cosine);
    let say = message(&Dpp { kernel: clipped, ..Dpp::default() }).expect("not definite");
    assert!(say.contains("not positive semidefinite") && say.contains("`gram`"), "{say}");
    assert!(message(&Ssd { kernel: clipped, ..Ssd::default() }).is_some());
    let raw = FacilityLocation { kernel: Kernel::Gram.into(), ..FacilityLocation::default() };
    assert!(message(&raw).expect("negative").contains("can be negative"));
    // Whatever the value is, also that which holds where it is left out.
    let ridge = |eta| Dpp { eta: Some(not_negative(eta)), ..Dpp::default() };
    for eta in [0.0, 0.1] {
        assert!(message(&ridge(eta)).expect("no ridge").contains("`eta` belongs to `quality: power`"));
    }
    for p in [1.0, 2.0] {
        let power = Dpp { p: Some(positive(p)), ..Dpp::default() };
        assert!(message(&power).expect("no power").contains("`p` belongs to `quality: power`"));
    }
    for aspects in [AspectSource::Subtopics, AspectSource::Queries] {
        for temperature in [0.1, 1.0].map(|temperature| Some(positive(temperature))) {
            let both = [
                message(&Xquad { aspects, temperature, ..Xquad::default() }),
                message(&Pm2 { aspects, temperature, ..Pm2::default() }),
            ];
            for said in both {
                assert!(said.expect("no clusters").contains("`temperature` belongs to `aspects: { clusters: 5 }`"));
            }
        }
    }
    let both = Dpp { quality: Quality::Power, theta: PartialFraction::new(0.1).expect("in range"), ..Dpp::default() };
    assert!(message(&both).expect("no theta").contains("`theta` belongs to `quality: exponential`"));
    let named = Dpp { quality: Quality::Power, kernel: Kernel::Gram.into(), ..Dpp::default() };
    assert!(message(&named).expect("no kernel").contains("`kernel` belongs to `quality: exponential`"));
    let ridged = Dpp { quality: Quality::Power, ..ridge(0.1) };
    assert_eq!(message(&ridged), None);
    let one_and_a_half = SemanticCompression { a: fraction(1.0), ..SemanticCompression::default() };
    assert!(message(&one_and_a_half).expect("too much").contains("add up to 1.5"));
    assert!(message(&Xquad::default()).expect("no subtopics").contains("the dataset has none"));
    assert!(message(&Pm2::default()).is_some());
    assert!(message(&GroupLimit::default()).expect("no groups").contains("use a dataset with `groups`"));
    assert!(message(&MaxSum { distance: Spread::Cosine, ..MaxSum::default() }).is_some());
    assert!(
        message(&MaxSum { lambda: PairWeight::Adaptive, ..MaxSum::default() }).expect("L2").contains("can exceed 1")
    );
    let exact = MaxSum { optimizer: SumOptimizer::Exact, ..MaxSum::default() };
    let say = message(&exact).expect("26 items");
    assert!(say.contains("at most 25, and this one may have 26") && say.contains("optimizer: swap"), "{say}");
    let fits = |pool| exact.check(&SelectorSetting { pool, ..without });
    assert_eq!((fits(Some(25)), fits(None)), (Ok(()), Ok(())));
    let by_queries = Xquad { aspects: AspectSource::Queries, ..Xquad::default() };
    assert!(message(&by_queries).expect("no sub-queries").contains("array `aspects`"));
    assert_eq!(by_queries.check(&SelectorSetting { aspects: true, ..without }), Ok(()));
    assert!(!by_queries.is_oracle() && Xquad::default().is_oracle());
    for selector in SelectorParams::all().into_iter().filter(|selector| selector.external().is_none()) {
        let fits = setting(SPACES[1]);
        assert_eq!(selector.check(&fits), Ok(()), "{} with its defaults", selector.name());
        assert_eq!(selector.is_oracle(), ["xquad", "pm2"].contains(&selector.name()));
    }
}

//! How often the tests reject where there is nothing to find: two different retrievers whose values are swapped, query by
//! query, at random.

use rand_chacha::ChaCha8Rng;
use swath::statistics::{LEVEL, Paired, compare, holm, permutation, wilcoxon};
use swath_algorithms::random::{self, uniform};

const QUERIES: usize = 100;
const EXPERIMENTS: usize = 10_000;
const FAMILIES: usize = 1000;
const FAMILY: usize = 20;

/// Recall at 10 of a query that is so easy, by a retriever that finds each true neighbour with this chance.
fn recall(rng: &mut ChaCha8Rng, ease: f64, chance: f64) -> f64 {
    (0..10).filter(|_| uniform(rng) < ease * chance).count() as f64 / 10.0
}

/// Retrievers of different strength, a value per query each; at every query they are handed round at random.
fn null_experiment(rng: &mut ChaCha8Rng, retrievers: usize) -> Vec<Vec<f64>> {
    let mut columns = vec![Vec::with_capacity(QUERIES); retrievers];
    for _ in 0..QUERIES {
        let ease = uniform(rng).sqrt();
        let chance = |i: usize| 0.95 - 0.35 * i as f64 / (retrievers - 1) as f64;
        let mut values: Vec<f64> = (0..retrievers).map(|i| recall(rng, ease, chance(i))).collect();
        random::shuffle(rng, &mut values);
        columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
    }
    columns
}

fn less(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

fn rejected(p: &[f64]) -> f64 {
    p.iter().filter(|&&p| p < LEVEL).count() as f64 / p.len() as f64
}

#[test]
fn a_true_null_hypothesis_is_rejected_as_often_as_the_level_says() {
    let differences = |experiment: usize| {
        let columns = null_experiment(&mut random::stream(1, "null", experiment as u64), 2);
        less(&columns[1], &columns[0])
    };
    let columns: Vec<Vec<f64>> = (0..EXPERIMENTS).map(differences).collect();
    let permutation = rejected(&permutation::p_values(&columns, 1, 7));
    let wilcoxon = rejected(&columns.iter().map(|column| wilcoxon::p_value(column)).collect::<Vec<_>>());
    println!(
        "{EXPERIMENTS} null experiments of {QUERIES} queries, rejected at 5 %: permutation {:.2} %, Wilcoxon {:.2} %",
        100.0 * permutation,
        100.0 * wilcoxon
    );
    assert!((0.043..=0.057).contains(&permutation), "permutation rejects {permutation}");
    assert!((0.04..=0.06).contains(&wilcoxon), "Wilcoxon rejects {wilcoxon}");
}

/// All of a family are compared with the same reference, as in an experiment.
#[test]
fn a_family_of_true_null_hypotheses_is_seldom_rejected() {
    let differences = |family: usize| {
        let columns = null_experiment(&mut random::stream(2, "null", family as u64), FAMILY + 1);
        columns[1..].iter().map(|column| less(column, &columns[0])).collect::<Vec<_>>()
    };
    let columns: Vec<Vec<f64>> = (0..FAMILIES).flat_map(differences).collect();
    let p = permutation::p_values(&columns, FAMILY, 7);
    let any = |p: &[f64]| p.iter().any(|&p| p < LEVEL);
    let rate = |found: usize| found as f64 / FAMILIES as f64;
    let corrected = rate(p.chunks(FAMILY).filter(|p| any(&holm::adjust(p))).count());
    let plain = rate(p.chunks(FAMILY).filter(|p| any(p)).count());
    println!(
        "{FAMILIES} families of {FAMILY} null comparisons, any rejected at 5 %: Holm {:.2} %, uncorrected {:.2} %",
        100.0 * corrected,
        100.0 * plain
    );
    assert!(corrected < 0.057, "Holm rejects in {corrected} of families");
    assert!(plain > 0.2, "or there would be nothing to correct: {plain}");
}

#[test]
fn two_identical_retrievers_do_not_differ() {
    let values = null_experiment(&mut random::stream(3, "null", 0), 2).remove(0);
    let same = Paired { reference: &values, values: &values, family: Some(0), higher_is_better: true };
    let found = compare(&[same], 7)[0].expect("values");
    assert_eq!((found.p_permutation, found.p_holm, found.p_wilcoxon), (1.0, Some(1.0), 1.0));
}

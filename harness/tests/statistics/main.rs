//! The statistics against SciPy and statsmodels: `golden.json`, as `golden.py` beside it writes it.

use serde_json::Value;
use swath::statistics::ranks::Ranking;
use swath::statistics::{Column, bootstrap, effect, holm, permutation, power, wilcoxon};

const GOLDEN: &str = include_str!("golden.json");

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("numbers").iter().map(|number| number.as_f64().expect("a number")).collect()
}

/// The largest difference so far, and where it was.
struct Largest(f64, String);

impl Largest {
    fn see(&mut self, what: &str, found: f64, expected: f64) {
        let difference = (found - expected).abs();
        assert!(difference < 1e-9, "{what}: {found}, expected {expected}");
        if difference > self.0 {
            *self = Self(difference, what.to_owned());
        }
    }
}

#[test]
fn all_is_as_scipy_and_statsmodels_have_it() {
    let golden: Value = serde_json::from_str(GOLDEN).expect("JSON");
    let scale = golden["scale"].as_f64().expect("a number");
    let mut largest = Largest(0.0, String::new());
    let mut permutations = 0;
    for case in golden["cases"].as_array().expect("cases") {
        let column = |name: &str| numbers(&case[name]).into_iter().map(|value| value / scale).collect::<Vec<_>>();
        let (a, b) = (column("a"), column("b"));
        let d: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a - b).collect();
        let mut see = |test: &str, found: f64| {
            let expected = case[test].as_f64().expect("a number");
            largest.see(&format!("{test} of {}", case["name"]), found, expected);
        };
        see("wilcoxon", wilcoxon::p_value(&d));
        see("d_z", effect::d_z(Column::new(&d)));
        see("cliffs_delta", effect::cliffs_delta(&a, &b));
        see("smallest_detectable", power::smallest_detectable(Column::new(&d)).expect("a spread"));
        if d.len() <= permutation::EXACT {
            see("permutation", permutation::p_values(std::slice::from_ref(&d), 1, 1)[0]);
            permutations += 1;
        }
    }
    assert!(permutations >= 10, "{permutations} exact permutation tests");
    for family in golden["holm"].as_array().expect("families") {
        let found = holm::adjust(&numbers(&family["p"]));
        let expected = numbers(&family["holm"]);
        assert_eq!(found.len(), expected.len());
        found.iter().zip(expected).for_each(|(&found, expected)| largest.see("holm", found, expected));
    }
    for case in golden["bca"].as_array().expect("intervals") {
        let values: Vec<f64> = numbers(&case["values"]).into_iter().map(|value| value / scale).collect();
        let mean =
            |drawn: &Value| bootstrap::mean(&numbers(drawn).iter().map(|&i| values[i as usize]).collect::<Vec<_>>());
        let mut means: Vec<f64> = case["drawn"].as_array().expect("resamples").iter().map(mean).collect();
        let found = bootstrap::interval(Column::new(&values), &mut means);
        for (end, found) in [("lo", found.lo), ("hi", found.hi)] {
            largest.see(&format!("{end} of {}", case["name"]), found, case[end].as_f64().expect("a number"));
        }
    }
    for case in golden["strata"].as_array().expect("intervals") {
        let values: Vec<Vec<f64>> = case["values"].as_array().expect("columns").iter().map(numbers).collect();
        let values: Vec<Vec<f64>> =
            values.into_iter().map(|column| column.into_iter().map(|value| value / scale).collect()).collect();
        let drawn: Vec<&Vec<Value>> =
            case["drawn"].as_array().expect("strata").iter().map(|d| d.as_array().expect("resamples")).collect();
        let mean = |stratum: usize, resample: usize| {
            let of = numbers(&drawn[stratum][resample]);
            bootstrap::mean(&of.iter().map(|&i| values[stratum][i as usize]).collect::<Vec<_>>())
        };
        let all = |resample: usize| (0..values.len()).map(|stratum| mean(stratum, resample)).sum::<f64>();
        let mut means: Vec<f64> = (0..drawn[0].len()).map(|i| all(i) / values.len() as f64).collect();
        let columns: Vec<Column<'_>> = values.iter().map(|column| Column::new(column)).collect();
        let found = bootstrap::interval_over_strata(&columns, &mut means);
        for (end, found) in [("lo", found.lo), ("hi", found.hi)] {
            largest.see(&format!("{end} of {}", case["name"]), found, case[end].as_f64().expect("a number"));
        }
    }
    for case in golden["rankings"].as_array().expect("rankings") {
        let columns: Vec<Vec<f64>> = case["values"].as_array().expect("columns").iter().map(numbers).collect();
        let ranking = Ranking::new(&columns, false).expect("ranked");
        if let Some(expected) = case["friedman"].as_f64() {
            largest.see(&format!("Friedman's p of {}", case["name"]), ranking.friedman, expected);
        }
        let number = |name: &str| case[name].as_f64().expect("a number");
        let ends = [ranking.order[0], ranking.order[ranking.order.len() - 1]];
        largest.see(&format!("Nemenyi's p of {}", case["name"]), ranking.nemenyi(ends[0], ends[1]), number("nemenyi"));
        let critical = ranking.critical_difference();
        largest.see(&format!("critical difference of {}", case["name"]), critical, number("critical_difference"));
    }
    println!("the largest difference is {:e}, in {}", largest.0, largest.1);
}

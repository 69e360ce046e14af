//! What every candidate index must satisfy. An index joins by being registered: it costs no test code.

mod cases;
mod checks;
mod faults;

use cases::cases;
use checks::CHECKS;
use serde_json::json;
use swath_algorithms::candidates::{AnyCandidates, CandidatesParams};

/// Every registered index: with its defaults, and with a small pool.
fn registered() -> Vec<CandidatesParams> {
    let small = |default: &CandidatesParams| {
        let mut json = json!(default);
        json[default.name()]["pool"] = 7.into();
        serde_json::from_value(json).expect("every index has a pool")
    };
    let defaults = CandidatesParams::all();
    let small: Vec<CandidatesParams> = defaults.iter().map(small).collect();
    defaults.into_iter().chain(small).collect()
}

#[test]
fn every_registered_index_conforms() {
    for candidates in registered() {
        for case in cases() {
            for (name, check) in CHECKS {
                if let Err(wrong) = check(&*candidates, &case) {
                    panic!("{candidates:?} fails `{name}` on {case}: {wrong}");
                }
            }
        }
    }
}

/// Each check fails for an index with the fault that it is for, and passes for the same index without it.
#[test]
fn every_check_can_fail() {
    let fails =
        |index: &dyn AnyCandidates, check: checks::Check| cases().iter().any(|case| check(index, case).is_err());
    for (name, check) in CHECKS {
        assert!(!fails(&faults::NONE, check), "an index without fault fails `{name}`");
        let faults: Vec<_> = faults::ALL.iter().filter(|index| index.caught_by() == name).collect();
        assert!(!faults.is_empty(), "no fault is for `{name}`");
        for index in faults {
            assert!(fails(index, check), "{index:?} passes `{name}`");
        }
    }
}

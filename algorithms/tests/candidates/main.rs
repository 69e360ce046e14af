//! What every candidate index must satisfy. An index joins by being registered: it costs no test code.

mod cases;
mod checks;
mod faults;

use cases::cases;
use checks::CHECKS;
use serde_json::json;
use std::fmt::Write as _;
use swath_algorithms::candidates::{AnyCandidates, CandidatesParams};
use swath_algorithms::points::PointType;
use swath_algorithms::{BaseFacts, Distance};

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
            // Whatever the number of rows: the cases have fewer than an index has lists by default.
            let facts = BaseFacts { rows: 1 << 20, ..BaseFacts::of(&case.base) };
            if candidates.check(&facts).is_err() {
                continue;
            }
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

/// What each index says of points that it cannot search, and of parameters that do not go together.
#[test]
fn what_an_index_cannot_do_is_said() {
    let facts = |kind, distance| BaseFacts { rows: 1000, dim: 64, kind, distance, numbers: 5000 };
    let mut said = String::new();
    for candidates in CandidatesParams::all().into_iter().filter(|candidates| candidates.listed().is_none()) {
        for (kind, distance) in
            PointType::ALL.into_iter().flat_map(|kind| Distance::ALL.map(|distance| (kind, distance)))
        {
            if let (true, Err(unfit)) = (distance.fits(kind), candidates.check(&facts(kind, distance))) {
                writeln!(said, "{}, {kind}, {distance}: {unfit}", candidates.name()).expect("a string takes all");
            }
        }
    }
    let wrong = [
        json!({ "ivf-flat": { "lists": 1001 } }),
        json!({ "ivf-flat": { "lists": 100, "nprobe": 101 } }),
        json!({ "hnsw": { "pool": 100, "ef": 99 } }),
        json!({ "vamana": { "pool": 100, "ef": 99 } }),
        json!({ "run": {} }),
        json!({ "run": { "file": "a.trec", "files": { "b.trec": 1 } } }),
        json!({ "run": { "file": "a.trec", "fuse": "sum" } }),
    ];
    for parameters in wrong {
        let candidates: CandidatesParams = serde_json::from_value(parameters.clone()).expect("each in range");
        let unfit = candidates.check(&facts(PointType::Sets, Distance::Jaccard)).expect_err("unfit");
        let parameter = unfit.parameter.unwrap_or("none");
        writeln!(said, "{parameters}, at {parameter}: {unfit}").expect("a string takes all");
    }
    insta::assert_snapshot!(said);
}

//! Names in a trial's file that ann-benchmarks does not know.

/// The rows of the queries.
pub const QUERY_IDS: &str = "swath/query_ids";

/// The attribute with the number of base vectors.
pub const ROWS: &str = "swath_rows";

/// Similarity evaluations.
pub const EVALUATIONS: &str = "swath/stage_evaluations";

/// Results of each query that break the selector's limit, where there are any.
pub const FORBIDDEN: &str = "swath/forbidden_results";

/// The times of all repeats.
pub const REPEATS: &str = "swath/repeats";

/// When each repeat was timed, in seconds since 1970, and the load average then.
pub const TIMED: [&str; 2] = ["repeats_at", "repeats_load"];

/// The clocks of programs outside: of the untimed pass, then of each repeat.
pub const CLOCKS: &str = "swath/clocks";

/// The attribute with what programs outside are, as JSON.
pub const PROGRAMS: &str = "swath_programs";

/// Attributes with the seconds of the untimed pass.
pub const UNTIMED: [&str; 2] = ["swath_untimed_answering", "swath_untimed_judging"];

/// The attribute of what building the index decided.
pub const DECISION: &str = "swath_decision";

/// Attributes with the peaks of memory, where these were measured.
pub const PEAKS: [&str; 2] = ["swath_build_peak", "swath_search_peak"];

/// The array of a metric's values, or another array of swath's.
pub fn in_swath(name: &str) -> String {
    format!("swath/{name}")
}

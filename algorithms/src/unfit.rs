//! Parameters that are each in range, and do not go together.

/// Why a component cannot work with its parameters, or on such a dataset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}; {help}")]
pub struct Unfit {
    /// The parameter at fault, if it is one.
    pub parameter: Option<&'static str>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: String,
}

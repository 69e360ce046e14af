//! Parameters that are each in range, but do not go together, or not with the dataset.

/// Why a stage or a metric cannot work with its parameters, or on such a dataset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}; {help}")]
pub struct Unfit {
    /// The parameter at fault, if it is one.
    pub parameter: Option<&'static str>,
    /// The way to that parameter from the stage that was checked, where that holds others: as in `within`, `mmr`.
    pub inside: Vec<&'static str>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: String,
}

impl Unfit {
    /// What is wrong, and what would be right.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { parameter: None, inside: Vec::new(), message: message.into(), help: help.into() }
    }

    /// The same, where this parameter is at fault.
    #[must_use]
    pub fn of(self, parameter: &'static str) -> Self {
        Self { parameter: Some(parameter), ..self }
    }

    /// The same, where the stage is of this name and another one's parameter.
    #[must_use]
    pub fn inside(mut self, parameter: &'static str, stage: &'static str) -> Self {
        self.inside.splice(0..0, [parameter, stage]);
        self
    }
}

//! Why a command failed, which decides its exit code.

use super::Invalid;
use crate::record::output_folder::FolderError;
use crate::record::results::ResultsError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The user's input is wrong: what, where, and what would be right.
    #[error("{0}")]
    Input(String),
    /// The experiment's file is wrong.
    #[error(transparent)]
    Invalid(#[from] Box<Invalid>),
    /// The run failed.
    #[error("{0}")]
    Run(String),
    /// The user asked the run to stop.
    #[error("{0}")]
    Stopped(String),
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Self {
        match error {
            FolderError::NotOurs(what) => Self::Input(what),
            error => Self::Run(error.to_string()),
        }
    }
}

impl From<ResultsError> for Failure {
    fn from(error: ResultsError) -> Self {
        if let ResultsError::Folder(error) = error { error.into() } else { Self::Run(error.to_string()) }
    }
}

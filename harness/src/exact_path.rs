//! Paths in JSON without loss: as text if they are UTF-8, otherwise in the system's own form (on Unix their bytes). serde alone
//! refuses a path that is not UTF-8.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The form in which a path is written.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum PathForm {
    Text(String),
    Exact(OsString),
}

impl PathForm {
    fn of(path: &Path) -> Self {
        path.to_str().map_or_else(|| Self::Exact(path.as_os_str().to_owned()), |text| Self::Text(text.to_owned()))
    }

    fn path(self) -> PathBuf {
        match self {
            Self::Text(text) => text.into(),
            Self::Exact(exact) => exact.into(),
        }
    }
}

/// Writes a path.
///
/// # Errors
/// The serializer's.
pub fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    PathForm::of(path).serialize(serializer)
}

/// Reads a path.
///
/// # Errors
/// The deserializer's.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    PathForm::deserialize(deserializer).map(PathForm::path)
}

/// For optional paths.
pub mod option {
    use super::PathForm;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
    use std::path::PathBuf;

    /// Writes a path, or null.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
        path.as_deref().map(PathForm::of).serialize(serializer)
    }

    /// Reads a path, or null.
    ///
    /// # Errors
    /// The deserializer's.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
        Ok(Option::<PathForm>::deserialize(deserializer)?.map(PathForm::path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Two {
        #[serde(with = "super")]
        one: PathBuf,
        #[serde(default, with = "super::option")]
        other: Option<PathBuf>,
    }

    #[test]
    fn text_stays_text() {
        let two = Two { one: "a/b \u{e9}".into(), other: None };
        let written = serde_json::to_string(&two).expect("written");
        assert_eq!(written, "{\"one\":\"a/b \u{e9}\",\"other\":null}");
        assert_eq!(serde_json::from_str::<Two>(&written).expect("read"), two);
        assert_eq!(serde_json::from_str::<Two>("{\"one\":\"x\"}").expect("read"), Two { one: "x".into(), other: None });
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_not_text_come_back() {
        use std::os::unix::ffi::OsStringExt as _;
        let path = PathBuf::from(OsString::from_vec(b"a/\xff b".to_vec()));
        let two = Two { one: path.clone(), other: Some(path) };
        let written = serde_json::to_string(&two).expect("written");
        assert_eq!(serde_json::from_str::<Two>(&written).expect("read"), two);
        // Through a tree of values, too, as manifests go.
        let value = serde_json::to_value(&two).expect("a value");
        assert_eq!(serde_json::from_value::<Two>(value).expect("read"), two);
    }
}

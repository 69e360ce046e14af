//! Paths in JSON without loss: as text where they are UTF-8, else in the system's own form (on Unix their bytes). serde's
//! own way refuses a path that is not UTF-8.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A path as it is written.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Exact(OsString),
}

impl Written {
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
    Written::of(path).serialize(serializer)
}

/// Reads a path.
///
/// # Errors
/// The deserializer's.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    Written::deserialize(deserializer).map(Written::path)
}

/// Paths that may be missing.
pub mod option {
    use super::Written;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
    use std::path::PathBuf;

    /// Writes a path, or null.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
        path.as_deref().map(Written::of).serialize(serializer)
    }

    /// Reads a path, or null.
    ///
    /// # Errors
    /// The deserializer's.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
        Ok(Option::<Written>::deserialize(deserializer)?.map(Written::path))
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
    fn bytes_that_are_no_text_come_back() {
        use std::os::unix::ffi::OsStringExt as _;
        let path = PathBuf::from(OsString::from_vec(b"a/\xff b".to_vec()));
        let two = Two { one: path.clone(), other: Some(path) };
        let written = serde_json::to_string(&two).expect("written");
        assert_eq!(serde_json::from_str::<Two>(&written).expect("read"), two);
        // Through a tree of values as well, as manifests go.
        let value = serde_json::to_value(&two).expect("a value");
        assert_eq!(serde_json::from_value::<Two>(value).expect("read"), two);
    }
}

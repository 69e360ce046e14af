//! Python's pickles, of NumPy's and PyTorch's objects. A pickle is a program that its reader runs: none is read here. It is
//! recognised, and refused with the line of Python that converts it.

use super::{has_ending, invalid};
use crate::format::DatasetError;
use std::path::Path;

/// PyTorch's files before version 1.6 begin with this number as a pickle.
const OLD_TORCH: &[u8] = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19";

/// Instructions that a pickle may begin with. Only two bytes before are the same in all pickles.
const FIRST: &[u8] = b"]})(cXKMJGNVU\x88\x89\x8a\x8b\x8c\x95";

/// The refusal of a file that begins with `start` and that no format can read, if it is a pickle.
pub(super) fn refusal(path: &Path, start: &[u8]) -> Option<DatasetError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (what, load) = if is_torch(start) || has_ending(path, &["pt", "pth"]) {
        ("PyTorch's pickle", format!("torch.load({name:?}, map_location=\"cpu\", weights_only=True).float().numpy()"))
    } else if matches!(start, [0x80, 2..=5, first, ..] if FIRST.contains(first)) || has_ending(path, &["pkl", "pickle"])
    {
        ("Python's pickle", format!("numpy.asarray(pickle.load(open({name:?}, \"rb\")), dtype=\"float32\")"))
    } else {
        return None;
    };
    let found = format!("it is {what}, and reading it could run any program in it");
    let expected = format!(
        "a file of numbers; if you trust this one, write such a file in Python: numpy.save(\"numbers.npy\", {load})"
    );
    Some(invalid(path, "the file", found, expected))
}

/// Whether a file is PyTorch's: a zip archive whose first member is a pickle, or the older form.
fn is_torch(start: &[u8]) -> bool {
    let is_archive = start.starts_with(b"PK\x03\x04");
    let mut names = start.windows(b"/data.pkl".len());
    start.starts_with(OLD_TORCH) || (is_archive && names.any(|name| name == b"/data.pkl"))
}

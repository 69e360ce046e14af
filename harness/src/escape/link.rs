//! Links from page to page.

use std::path::Path;

/// A relative path as the address of a link. Characters that have a meaning in an address are percent-encoded.
pub fn link(path: &Path) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-._~".contains(&b);
    let each = |b: &u8| if plain(*b) { char::from(*b).to_string() } else { format!("%{b:02X}") };
    path.as_os_str().as_encoded_bytes().iter().map(each).collect()
}

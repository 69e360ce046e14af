//! Exchange with other programs: finished runs go out, other programs' results come in.

pub mod export;
pub mod import;

/// Whether a name is a plain name of a file or folder, without a path.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}

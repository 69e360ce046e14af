//! NumPy's `.npz` archives: zip files whose members are `.npy` files, as they are or deflated. The sparse rows of
//! `scipy.sparse.save_npz` are such archives, too.

use super::bytes::{Bytes, Member, Span};
use super::npy::{self, NpyHeader};
use super::stored::StoredMatrix;
use super::{ArrayFile, ArrayFormat, CompressedRows, Matrix, choose, invalid};
use crate::bounded;
use crate::format::DatasetError;
use rawzip::{CompressionMethod, RECOMMENDED_BUFFER_SIZE, ZipArchive};
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

/// Deflate compresses by a factor of at most 1032.
const COMPRESSION: u64 = 1032;

/// At most this many arrays of a file are looked at.
const MOST: usize = 10_000;

/// NumPy's archives.
pub struct Npz;

/// An array in an archive.
struct Array {
    name: String,
    member: Member,
    header: NpyHeader,
}

impl ArrayFormat for Npz {
    fn name(&self) -> &'static str {
        "NumPy's archives"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["npz"]
    }

    fn sniff(&self, start: &[u8]) -> bool {
        start.starts_with(b"PK\x03\x04")
    }

    fn open(&self, path: &Path, part: Option<&str>) -> Result<ArrayFile, DatasetError> {
        let arrays = arrays(path)?;
        let find = |name: &str| arrays.iter().find(|array| array.name == name);
        let is_sparse = find("format").is_some() && find("shape").is_some() && find("data").is_some();
        if part.is_none() && is_sparse {
            return sparse(path, find).map(ArrayFile::Compressed);
        }
        let described = |array: &Array| (array.name.clone(), npy::shape_text(&array.header.shape));
        let described: Vec<_> = arrays.iter().map(described).collect();
        // A name may be given with its ending.
        let part = part.map(|part| part.strip_suffix(".npy").unwrap_or(part));
        let chosen = &arrays[choose(path, "array", part, &described)?];
        chosen.matrix(path).map(ArrayFile::from)
    }
}

/// The arrays of a file.
fn arrays(path: &Path) -> Result<Vec<Array>, DatasetError> {
    let io = |source| DatasetError::Io { path: path.to_owned(), source };
    let damaged = |error: &dyn std::fmt::Display| {
        invalid(
            path,
            "the archive",
            format!("it cannot be read ({error})"),
            "a whole .npz file: copy or write it again",
        )
    };
    let (file, size) = bounded::open(path).map_err(io)?;
    let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
    let archive = ZipArchive::from_file(file.try_clone().map_err(io)?, &mut buffer).map_err(|error| damaged(&error))?;
    let file = Arc::new(file);
    let mut arrays: Vec<Array> = Vec::new();
    let mut entries = archive.entries(&mut buffer);
    while let Some(entry) = entries.next_entry().map_err(|error| damaged(&error))? {
        let name = String::from_utf8_lossy(entry.file_path().as_bytes()).into_owned();
        let Some(name) = name.strip_suffix(".npy") else { continue };
        let (method, unpacked, checksum) = (entry.compression_method(), entry.uncompressed_size_hint(), entry.crc32());
        let is_deflated = match method {
            CompressionMethod::STORE => false,
            CompressionMethod::DEFLATE => true,
            method => {
                let expected = "no compression, or deflate: as numpy.savez and numpy.savez_compressed write";
                return Err(invalid(path, format!("`{name}`"), format!("it is packed by {method}"), expected));
            }
        };
        let local = archive.get_entry(entry.wayfinder()).map_err(|error| damaged(&error))?;
        let (start, end) = local.compressed_data_range();
        if start > end || end > size {
            return Err(damaged(&format!("`{name}` ends behind the file's end")));
        }
        let stored = Span::new(&file, start, end);
        let ratio = if is_deflated { COMPRESSION } else { 1 };
        if unpacked > (end - start).saturating_mul(ratio) {
            return Err(damaged(&format!("`{name}` claims {unpacked} bytes, packed into {}", end - start)));
        }
        let member = Member { stored, is_deflated, size: unpacked, checksum };
        let header = NpyHeader::read(&mut member.reader()).map_err(|error| npy::refused(path, Some(name), error))?;
        arrays.push(Array { name: name.to_owned(), member, header });
        if arrays.len() > MOST {
            return Err(invalid(path, "the archive", format!("it has more than {MOST} arrays"), "one, or a few"));
        }
    }
    Ok(arrays)
}

impl Array {
    fn matrix(&self, path: &Path) -> Result<StoredMatrix, DatasetError> {
        let matrix = npy::matrix(path, Some(&self.name), &self.header)?;
        let (needed, size) = (npy::values_bytes(&matrix.0, matrix.1), self.member.size);
        let end = needed.saturating_add(self.header.length.into());
        if end != u128::from(size) {
            let found = format!("its shape {} needs {end} bytes; it has {size}", npy::shape_text(&self.header.shape));
            return Err(invalid(path, format!("`{}`", self.name), found, "a whole array: write the file again"));
        }
        let bytes = Bytes::Member { member: self.member.clone(), skip: self.header.length };
        Ok(npy::stored(matrix, &self.header, bytes))
    }

    /// The text that an array of one text holds.
    fn text(&self) -> Option<String> {
        let mut bytes = Vec::new();
        let limit = self.header.length + 64;
        self.member.reader().take(limit).read_to_end(&mut bytes).ok()?;
        let values = bytes.get(usize::try_from(self.header.length).ok()?..)?;
        // NumPy has texts of bytes, and texts of characters of 4 bytes.
        Some(values.iter().filter(|&&byte| byte != 0).map(|&byte| char::from(byte)).collect())
    }
}

/// The rows that `scipy.sparse.save_npz` has written.
fn sparse<'a>(path: &Path, find: impl Fn(&str) -> Option<&'a Array>) -> Result<CompressedRows, DatasetError> {
    let format = find("format").and_then(Array::text).unwrap_or_default();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let line = format!("scipy.sparse.save_npz(\"rows.npz\", scipy.sparse.load_npz({name:?}).tocsr())");
    if format != "csr" {
        let found = format!("it holds a sparse matrix in SciPy's format {format:?}");
        return Err(invalid(path, "`format`", found, format!("\"csr\": rows; in Python: {line}")));
    }
    let matrix = |name: &str| {
        let missing = || invalid(path, format!("`{name}`"), "it is missing", format!("what SciPy writes: {line}"));
        find(name).ok_or_else(missing)?.matrix(path)
    };
    let not_two = |found| invalid(path, "`shape`", found, "the numbers of rows and of columns");
    let shape = matrix("shape")?;
    if (shape.header.rows, shape.header.columns) != (2, 1) {
        return Err(not_two(format!("it has {} x {} values", shape.header.rows, shape.header.columns)));
    }
    let shape = shape.all_integers()?;
    let sizes: Vec<usize> = shape.iter().filter_map(|&size| usize::try_from(size).ok()).collect();
    let [rows, columns] = sizes[..] else { return Err(not_two(format!("it is {shape:?}"))) };
    let (offsets, numbers, values) = (matrix("indptr")?, matrix("indices")?, matrix("data")?);
    let values_count = values.header.rows;
    let expected = [(&offsets, rows.saturating_add(1)), (&numbers, values_count), (&values, values_count)];
    for (array, count) in expected {
        let header = &array.header;
        if (header.rows, header.columns) != (count, 1) {
            let at = format!("`{}`", header.part.as_deref().unwrap_or_default());
            let found = format!("it has {} x {} values", header.rows, header.columns);
            return Err(invalid(path, at, found, format!("{count}, for {rows} rows with {values_count} values")));
        }
    }
    let (offsets, numbers, values) = (Box::new(offsets), Box::new(numbers), Box::new(values));
    Ok(CompressedRows { rows, columns, values_count, offsets, numbers, values })
}

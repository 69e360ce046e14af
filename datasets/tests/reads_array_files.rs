//! Reads the array files that NumPy and others wrote; `fixtures/arrays/make.py` says how each was made.

use std::path::{Path, PathBuf};
use swath_datasets::array_file::{self, ArrayFile, CompressedRows, Matrix, Truth};
use swath_datasets::number::NumberForm;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/arrays").join(name)
}

fn open(name: &str) -> Box<dyn Matrix> {
    open_part(name, None)
}

fn open_part(name: &str, part: Option<&str>) -> Box<dyn Matrix> {
    array_file::open_matrix(&path(name), part).unwrap_or_else(|error| panic!("{error}"))
}

fn open_compressed(name: &str) -> CompressedRows {
    match array_file::open(&path(name), None).unwrap_or_else(|error| panic!("{error}")) {
        ArrayFile::Compressed(rows) => rows,
        ArrayFile::Matrix(_) => panic!("{name}: a matrix"),
    }
}

/// The refusal of a file, without the path of its folder.
fn refusal(name: &str, part: Option<&str>) -> String {
    let error = match array_file::open(&path(name), part) {
        Err(error) => error,
        Ok(ArrayFile::Matrix(matrix)) => matrix.integer_rows(&mut |_| true).expect_err("refused"),
        Ok(ArrayFile::Compressed(_)) => panic!("{name} is read"),
    };
    let folder = path("");
    error.to_string().replace(&*folder.to_string_lossy(), "")
}

/// The numbers of all fixtures with fractions, and of those without.
fn numbers() -> Vec<f64> {
    (0..15).map(|i| f64::from(i * 7 % 11 - 5) + f64::from(i % 2) * 0.5).collect()
}

fn whole() -> Vec<i64> {
    (0..15).map(|i| i * 7 % 11).collect()
}

fn f32s(matrix: &dyn Matrix) -> Vec<f32> {
    let mut all = Vec::new();
    matrix
        .f32_rows(&mut |rows| {
            all.extend_from_slice(rows);
            true
        })
        .unwrap_or_else(|error| panic!("{error}"));
    all
}

fn has_shape(matrix: &dyn Matrix, rows: usize, columns: usize) {
    assert_eq!((matrix.header().rows, matrix.header().columns), (rows, columns), "{}", matrix.header().path.display());
}

/// Checks a file of the fractions.
fn has_numbers(matrix: &dyn Matrix, form: NumberForm) {
    has_shape(matrix, 5, 3);
    assert_eq!(matrix.header().form, form);
    assert_eq!(matrix.all_f64s().expect("read"), numbers(), "{}", matrix.header().path.display());
    assert_eq!(f32s(matrix), numbers().iter().map(|&number| number as f32).collect::<Vec<_>>());
}

/// Checks a file of the whole numbers, or of these less 5.
fn has_whole(matrix: &dyn Matrix, form: NumberForm, less: i64) {
    has_shape(matrix, 5, 3);
    let expected: Vec<i64> = whole().iter().map(|number| number - less).collect();
    assert_eq!(matrix.header().form, form);
    assert_eq!(matrix.all_integers().expect("read"), expected, "{}", matrix.header().path.display());
    assert_eq!(f32s(matrix), expected.iter().map(|&number| number as f32).collect::<Vec<_>>());
}

#[test]
fn numpys_arrays_are_read_in_all_types_and_orders() {
    use NumberForm::{Bool, Double, Half, Signed, Single, Unsigned};
    for (name, form) in [
        ("little-f2", Half),
        ("little-f4", Single),
        ("little-f8", Double),
        ("big-f2", Half),
        ("big-f4", Single),
        ("big-f8", Double),
        ("fortran-f4", Single),
        ("fortran-big-f8", Double),
        ("version-2", Single),
        ("version-3", Single),
    ] {
        has_numbers(&*open(&format!("{name}.npy")), form);
    }
    for (name, form) in [
        ("i1", Signed(1)),
        ("u1", Unsigned(1)),
        ("little-i2", Signed(2)),
        ("big-i2", Signed(2)),
        ("little-u2", Unsigned(2)),
        ("little-i4", Signed(4)),
        ("big-i4", Signed(4)),
        ("little-u4", Unsigned(4)),
        ("little-i8", Signed(8)),
        ("little-u8", Unsigned(8)),
        ("big-u8", Unsigned(8)),
        ("fortran-u1", Unsigned(1)),
    ] {
        has_whole(&*open(&format!("{name}.npy")), form, 0);
    }
    let bits = open("bool.npy");
    assert_eq!((bits.header().form, bits.header().form.to_string().as_str()), (Bool, "bool"));
    assert_eq!(bits.all_integers().expect("read"), whole().iter().map(|number| number % 2).collect::<Vec<_>>());
}

#[test]
fn odd_arrays_arrive_as_they_are() {
    let ids = open("one-dimension.npy");
    has_shape(&*ids, 4, 1);
    assert_eq!(ids.all_integers().expect("read"), [0, 1, 2, 3]);
    assert_eq!(ids.header().at(3, 0), "row 3");
    let empty = open("empty.npy");
    has_shape(&*empty, 0, 3);
    assert!(f32s(&*empty).is_empty());
    let odd = f32s(&*open("odd.npy"));
    assert!(odd[0].is_nan() && odd[1] == f32::INFINITY && odd[2] == f32::NEG_INFINITY);
    assert_eq!(odd[3..], [f32::INFINITY, f32::NEG_INFINITY, 0.0], "beyond the range of f32");
    let folder = tempfile::tempdir().expect("a folder");
    let longer = folder.path().join("longer.npy");
    let mut bytes = std::fs::read(path("little-f4.npy")).expect("read");
    bytes.extend([0; 7]);
    std::fs::write(&longer, bytes).expect("written");
    let longer = array_file::open_matrix(&longer, None).expect("opened");
    assert_eq!(longer.header().notes, ["7 bytes follow the array in the file: they are not read"]);
    has_numbers(&*longer, NumberForm::Single);
}

#[test]
fn reading_stops_when_it_is_told_to_and_begins_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("long.ibin");
    let (rows, columns) = (5000_u32, 100_u32);
    let mut bytes: Vec<u8> = [rows, columns].iter().flat_map(|size| size.to_le_bytes()).collect();
    bytes.extend((0..rows * columns).flat_map(u32::to_le_bytes));
    std::fs::write(&file, bytes).expect("written");
    let matrix = array_file::open_matrix(&file, None).expect("opened");
    for _ in 0..2 {
        let mut blocks = Vec::new();
        matrix
            .integer_rows(&mut |rows| {
                blocks.push((rows[0], rows.len()));
                blocks.len() < 2
            })
            .expect("read");
        assert_eq!(blocks, [(0, 65_500), (65_500, 65_500)], "whole rows");
    }
    let expected: Vec<i64> = (0..i64::from(rows * columns)).collect();
    assert!(matrix.all_integers().expect("read") == expected);
}

/// More rows than are turned at a time.
#[test]
fn a_large_matrix_in_column_order_is_turned() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("x.npy");
    let (rows, columns) = (70_000_u32, 5_u32);
    let mut bytes = b"\x93NUMPY\x01\x00\x46\x00".to_vec();
    let header = format!("{{'descr': '<u4', 'fortran_order': True, 'shape': ({rows}, {columns}), }}");
    bytes.extend(format!("{header:<69}\n").bytes());
    bytes.extend((0..rows * columns).flat_map(u32::to_le_bytes));
    std::fs::write(&file, bytes).expect("written");
    let matrix = array_file::open_matrix(&file, None).expect("opened");
    let at = |i: u32| i64::from(i % columns * rows + i / columns);
    assert!(matrix.all_integers().expect("read") == (0..rows * columns).map(at).collect::<Vec<_>>());
}

#[test]
fn what_numpys_arrays_cannot_be_read_as_is_named_with_the_line_that_helps() {
    for (name, expected) in [
        (
            "objects.npy",
            "objects.npy: the type: it holds Python objects (a pickle), which could run any program; expected numbers; in Python: \
             numpy.save(\"numbers.npy\", numpy.stack(numpy.load(\"objects.npy\", allow_pickle=True)).astype(\"float32\"))",
        ),
        (
            "records.npy",
            "records.npy: the type: it holds records: [('id', '<i4'), ('vector', '<f4', (3,))]; expected numbers; in Python: \
             numpy.save(\"numbers.npy\", numpy.load(\"records.npy\")[\"FIELD\"])",
        ),
        (
            "complex.npy",
            "complex.npy: the type: it holds complex numbers; expected numbers; in Python: \
             numpy.save(\"numbers.npy\", numpy.load(\"complex.npy\").view(\"float32\"))",
        ),
        (
            "three-dimensions.npy",
            "three-dimensions.npy: the shape: it is (2, 3, 4); expected one or two dimensions; in Python: \
             numpy.save(\"rows.npy\", x.reshape(len(x), -1)) with x = numpy.load(\"three-dimensions.npy\")",
        ),
        (
            "beyond.npy",
            "beyond.npy: row 1: the value is 9223372036854775808 (the first of 2 like it); expected a whole number below 2^63",
        ),
        (
            "little-f4.npy",
            "little-f4.npy: row 0, column 1: the value is 2.5 (the first of 7 like it); expected a whole number below 2^63",
        ),
    ] {
        assert_eq!(refusal(name, None), expected);
    }
    assert_eq!(
        refusal("little-f4.npy", Some("x")),
        "little-f4.npy: `x`: the file has no such part; expected no name: a file of this format has one array, without a name"
    );
}

#[test]
fn big_anns_matrices_and_truth_are_read() {
    use NumberForm::{Half, Signed, Single, Unsigned};
    has_numbers(&*open("plain.fbin"), Single);
    has_numbers(&*open("wide.fbin"), Single);
    has_numbers(&*open("plain.f16bin"), Half);
    has_whole(&*open("plain.u8bin"), Unsigned(1), 0);
    has_whole(&*open("plain.i8bin"), Signed(1), 5);
    has_whole(&*open("plain.ibin"), Signed(4), 5);
    for (name, has_distances) in [("truth.ibin", true), ("wide-truth.bin", true), ("ids.gt", false)] {
        let Truth { ids, distances } = array_file::truth(&path(name)).unwrap_or_else(|error| panic!("{error}"));
        has_whole(&*ids, Unsigned(4), 0);
        assert_eq!(distances.is_some(), has_distances, "{name}");
        distances.iter().for_each(|distances| has_numbers(&**distances, Single));
    }
    for (name, form) in [("plain.ivecs", Signed(4)), ("little-i8.npy", Signed(8))] {
        assert_eq!(array_file::truth(&path(name)).expect("opened").ids.header().form, form);
    }
    assert_eq!(
        refusal("wide-truth.bin", None),
        "wide-truth.bin: the name: .bin does not say what the values are; expected a name that ends in .fbin (float32), \
         .u8bin (uint8), .i8bin (int8), .f16bin (float16), .ibin (int32)"
    );
    assert_eq!(
        refusal("truth.ibin", None),
        "truth.ibin: the header: it says 5 rows of 3, which are 68 bytes with a header of 8 bytes; the file has 128; \
         expected a whole file of rows of int32 values: copy it again, or check the ending of its name"
    );
}

#[test]
fn texmexs_vectors_are_read_and_rows_of_other_lengths_are_named() {
    has_numbers(&*open("plain.fvecs"), NumberForm::Single);
    has_whole(&*open("plain.bvecs"), NumberForm::Unsigned(1), 0);
    has_whole(&*open("plain.ivecs"), NumberForm::Signed(4), 5);
    assert_eq!(refusal("ragged.fvecs", None), "ragged.fvecs: row 2: it has 2 values; expected 3, as row 0 has");
    assert_eq!(
        refusal("hidden-ragged.fvecs", None),
        "hidden-ragged.fvecs: row 1: it has 7 values; expected 3, as row 0 has"
    );
}

#[test]
fn sparse_rows_are_read() {
    for name in ["plain.csr"] {
        let CompressedRows { rows, columns, values_count, offsets, numbers, values } = open_compressed(name);
        assert_eq!((rows, columns, values_count), (5, 7, 6), "{name}");
        assert_eq!(offsets.all_integers().expect("read"), [0, 2, 2, 5, 5, 6]);
        assert_eq!(numbers.all_integers().expect("read"), [0, 6, 1, 2, 3, 6]);
        assert_eq!(f32s(&*values), [0.5, -1.5, 2.0, 3.25, -4.0, 1e-3]);
    }
    assert!(array_file::open_matrix(&path("plain.csr"), None).is_err());
}

/// Every beginning of a file is refused by name.
#[test]
fn files_that_are_cut_short_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["little-f4.npy", "fortran-big-f8.npy", "plain.fbin", "wide.fbin", "plain.u8bin", "plain.csr"] {
        let whole = std::fs::read(path(name)).expect("read");
        let cut = folder.path().join(name);
        for length in 0..whole.len() {
            std::fs::write(&cut, &whole[..length]).expect("written");
            let message = array_file::open(&cut, None).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(message.contains(name), "{name}, {length} bytes: {message}");
        }
    }
    // Whole rows are a whole file there.
    let whole = std::fs::read(path("plain.fvecs")).expect("read");
    let cut = folder.path().join("plain.fvecs");
    for length in 0..whole.len() {
        std::fs::write(&cut, &whole[..length]).expect("written");
        let is_whole = length > 0 && length.is_multiple_of(16);
        assert_eq!(array_file::open(&cut, None).is_ok(), is_whole, "{length} bytes");
    }
}

#[test]
fn a_file_of_no_known_format_is_told_of_those_that_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("x.dat");
    std::fs::write(&file, "0123456789").expect("written");
    let message = array_file::open(&file, None).err().expect("refused").to_string();
    assert!(
        message.contains("x.dat is in no known format; expected NumPy (.npy); big-ann-benchmarks' binary"),
        "{message}"
    );
    assert!(array_file::has_known_ending(Path::new("x.FBIN")) && !array_file::has_known_ending(&file));
}

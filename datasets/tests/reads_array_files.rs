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

/// More bytes than are read at a time.
#[test]
fn a_large_matrix_in_column_order_is_turned() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("x.npy");
    let (rows, columns) = (1_000_003_u32, 5_u32);
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
        let Truth { ids, distances } = array_file::truth(&path(name), None).unwrap_or_else(|error| panic!("{error}"));
        has_whole(&*ids, Unsigned(4), 0);
        assert_eq!(distances.is_some(), has_distances, "{name}");
        distances.iter().for_each(|distances| has_numbers(&**distances, Single));
    }
    for (name, form) in [("plain.ivecs", Signed(4)), ("little-i8.npy", Signed(8))] {
        assert_eq!(array_file::truth(&path(name), None).expect("opened").ids.header().form, form);
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
    for name in ["plain.csr", "sparse.npz"] {
        let CompressedRows { rows, columns, values_count, offsets, numbers, values } = open_compressed(name);
        assert_eq!((rows, columns, values_count), (5, 7, 6), "{name}");
        assert_eq!(offsets.all_integers().expect("read"), [0, 2, 2, 5, 5, 6]);
        assert_eq!(numbers.all_integers().expect("read"), [0, 6, 1, 2, 3, 6]);
        assert_eq!(f32s(&*values), [0.5, -1.5, 2.0, 3.25, -4.0, 1e-3]);
        assert!(array_file::open_matrix(&path(name), None).is_err());
    }
    assert_eq!(open_part("sparse.npz", Some("data")).header().rows, 6, "a part is a matrix");
    assert_eq!(
        refusal("sparse-columns.npz", None),
        "sparse-columns.npz: `format`: it holds a sparse matrix in SciPy's format \"csc\"; expected \"csr\": rows; in \
         Python: scipy.sparse.save_npz(\"rows.npz\", scipy.sparse.load_npz(\"sparse-columns.npz\").tocsr())"
    );
    assert_eq!(
        refusal("sparse-cut.npz", None),
        "sparse-cut.npz: `indptr`: it has 5 x 1 values; expected 6, for 5 rows with 6 values"
    );
}

#[test]
fn arrays_of_an_archive_are_chosen_by_name() {
    has_numbers(&*open("one.npz"), NumberForm::Single);
    has_numbers(&*open_part("two.npz", Some("vectors")), NumberForm::Single);
    has_numbers(&*open_part("two.npz", Some("vectors.npy")), NumberForm::Single);
    has_numbers(&*open_part("two.npz", Some("turned")), NumberForm::Double);
    let ids = open_part("two.npz", Some("ids"));
    assert_eq!(ids.all_integers().expect("read"), [0, 1, 2, 3, 4]);
    assert_eq!(ids.header().at(2, 0), "`ids`, row 2");
    let all = "`vectors` (5, 3), `ids` (5,), `turned` (5, 3)";
    assert_eq!(
        refusal("two.npz", None),
        format!("two.npz: the file: it has 3 arrays: {all}; expected the name of one array, beside the file's")
    );
    assert_eq!(
        refusal("two.npz", Some("x")),
        format!("two.npz: `x`: the file has no such array; expected one of its arrays: {all}")
    );
    assert_eq!(
        refusal("objects.npz", None),
        "objects.npz: `x`, the type: it holds Python objects (a pickle), which could run any program; expected numbers; in \
         Python: numpy.save(\"numbers.npy\", numpy.stack(numpy.load(\"objects.npz\", \
         allow_pickle=True)[\"x\"]).astype(\"float32\"))"
    );
}

/// A changed value is found by the checksum, when the last value is read.
#[test]
fn a_damaged_member_of_an_archive_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut bytes = std::fs::read(path("one.npz")).expect("read");
    let at = bytes.windows(4).position(|bytes| bytes == 2.5_f32.to_le_bytes()).expect("a value");
    bytes[at] ^= 0x10;
    let file = folder.path().join("one.npz");
    std::fs::write(&file, bytes).expect("written");
    let read = array_file::open_matrix(&file, None).and_then(|matrix| matrix.all_f64s());
    let message = read.expect_err("damaged").to_string();
    assert!(
        message.ends_with("`vectors`: its checksum is wrong; expected a whole file: copy or write it again"),
        "{message}"
    );
}

#[test]
fn pickles_are_refused_with_the_line_that_converts_them() {
    assert_eq!(
        refusal("list.pkl", None),
        "list.pkl: the file: it is Python's pickle, and reading it could run any program in it; expected a file of numbers; \
         if you trust this one, write such a file in Python: numpy.save(\"numbers.npy\", numpy.asarray(pickle.load(open(\"list.pkl\", \"rb\")), \
         dtype=\"float32\"))"
    );
    assert_eq!(
        refusal("torch.bin", None),
        "torch.bin: the file: it is PyTorch's pickle, and reading it could run any program in it; expected a file of numbers; \
         if you trust this one, write such a file in Python: numpy.save(\"numbers.npy\", torch.load(\"torch.bin\", map_location=\"cpu\", \
         weights_only=True).float().numpy())"
    );
}

/// The two bytes that all pickles begin with are 640 as a number of values, too.
#[test]
fn a_matrix_that_begins_like_a_pickle_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("x.bvecs");
    std::fs::write(&file, [0x80, 2, 0, 0].into_iter().chain((0..640).map(|i| i as u8)).collect::<Vec<u8>>())
        .expect("written");
    has_shape(&*array_file::open_matrix(&file, None).expect("opened"), 1, 640);
    let file = folder.path().join("x.npy");
    std::fs::copy(path("list.pkl"), &file).expect("copied");
    let message = array_file::open(&file, None).err().expect("refused").to_string();
    assert!(message.contains("it is Python's pickle"), "{message}");
}

#[test]
fn tensors_are_chosen_by_name() {
    use NumberForm::{Bfloat16, Bool, Double, Half, Signed, Single, Unsigned};
    has_numbers(&*open("one.safetensors"), Single);
    has_numbers(&*open("bfloat16.safetensors"), Bfloat16);
    has_numbers(&*open_part("many.safetensors", Some("float16")), Half);
    has_numbers(&*open_part("many.safetensors", Some("float64")), Double);
    has_whole(&*open_part("many.safetensors", Some("uint8")), Unsigned(1), 0);
    has_whole(&*open_part("many.safetensors", Some("int64")), Signed(8), 0);
    assert_eq!(open_part("many.safetensors", Some("bool")).header().form, Bool);
    has_shape(&*open_part("many.safetensors", Some("ids")), 5, 1);
    assert_eq!(
        refusal("many.safetensors", None),
        "many.safetensors: the file: it has 6 tensors: `bool` BOOL [5, 3], `float16` F16 [5, 3], `float64` F64 [5, 3], `ids` \
         I64 [5], `int64` I64 [5, 3], `uint8` U8 [5, 3]; expected the name of one tensor, beside the file's"
    );
    assert_eq!(
        refusal("float8.safetensors", None),
        "float8.safetensors: `b`: it holds elements of the type F8_E4M3; expected one of BOOL, F16, BF16, F32, F64, I8, I16, \
         I32, I64, U8, U16, U32, U64"
    );
}

#[test]
fn flat_indexes_of_faiss_are_read_and_others_refused_by_name() {
    for name in ["l2.faiss", "ip.faiss", "l1.faiss"] {
        has_numbers(&*open(name), NumberForm::Single);
    }
    let with_ids = open("with-ids.faiss");
    has_numbers(&*with_ids, NumberForm::Single);
    assert_eq!(with_ids.header().notes.len(), 1);
    let ids = open_part("with-ids.faiss", Some("ids"));
    assert_eq!(ids.all_integers().expect("read"), [0, 10, 20, 30, 40]);
    assert_eq!(
        refusal("l2.faiss", Some("ids")),
        "l2.faiss: `ids`: the index has no ids of its own; expected no name of a part"
    );
    assert_eq!(
        refusal("graph.faiss", None),
        "graph.faiss: the index: it is an index of kind \"IHNf\" (an HNSW graph), not a flat one; expected the vectors it was \
         built from; without them, in Python: index = faiss.read_index(\"graph.faiss\"); numpy.save(\"vectors.npy\", \
         index.reconstruct_n(0, index.ntotal)), which may be less precise (an index of inverted lists needs \
         index.make_direct_map() before)"
    );
}

#[test]
fn parquets_columns_are_read_however_they_are_packed() {
    use NumberForm::{Double, Half, Signed, Single, Unsigned};
    for name in [
        "lists-none",
        "lists-snappy",
        "lists-gzip",
        "lists-zstd",
        "lists-lz4",
        "version-2",
        "groups",
        "plain",
        "fixed",
        "required",
        "polars",
    ] {
        has_numbers(&*open(&format!("{name}.parquet")), Single);
    }
    has_numbers(&*open("large.parquet"), Double);
    has_numbers(&*open("half.parquet"), Half);
    has_whole(&*open("whole.parquet"), Unsigned(4), 0);
    let ids = open_part("lists-snappy.parquet", Some("id"));
    assert_eq!((ids.header().form, ids.all_integers().expect("read")), (Signed(8), vec![100, 101, 102, 103, 104]));
    let only = open("one-number.parquet");
    assert_eq!(only.header().part.as_deref(), Some("id"));
    has_numbers(&*open_part("two-lists.parquet", Some("other")), Single);
    has_shape(&*open("empty.parquet"), 0, 1);
    // Each column is a coordinate.
    has_numbers(&*open("coordinates.parquet"), Single);
    let mixed = open("coordinates-mixed.parquet");
    assert_eq!((mixed.header().form, mixed.header().columns), (Double, 3));
    let expected: Vec<f64> = numbers()
        .into_iter()
        .zip(whole())
        .enumerate()
        .map(|(i, (x, n))| if i % 3 == 2 { n as f64 } else { x })
        .collect();
    assert_eq!(mixed.all_f64s().expect("read"), expected);
}

#[test]
fn what_parquet_lacks_is_named_with_the_row_and_the_number_of_its_like() {
    for (name, part, expected) in [
        (
            "no-row.parquet",
            None,
            "`vector`, row 0: it is missing (null) (the first of 2 like it); expected 3 numbers in each row",
        ),
        (
            "nulls.parquet",
            None,
            "`vector`, row 1, column 1: the value is missing (null) (the first of 3 like it); expected 3 numbers in each row",
        ),
        ("fixed-nulls.parquet", None, "`vector`, row 1: it is missing (null); expected 3 numbers in each row"),
        (
            "ragged.parquet",
            None,
            "`vector`, row 1: it has 0 numbers (the first of 2 like it); expected 3 numbers in each row",
        ),
        (
            "ids-nulls.parquet",
            None,
            "`id`, row 1: the value is missing (null) (the first of 2 like it); expected a number",
        ),
        (
            "two-lists.parquet",
            None,
            "the file: it has 2 columns: `vector` (list of float32), `other` (list of float32); expected the name of one column, \
             beside the file's",
        ),
        (
            "numbers.parquet",
            None,
            "the file: it has 2 columns: `id` (int64), `score` (float64); expected the name of one column, beside the file's",
        ),
        (
            "numbers.parquet",
            Some("x"),
            "`x`: the file has no such column; expected one of its columns: `id` (int64), `score` (float64), `text` (text), `day` \
             (other)",
        ),
        (
            "coordinates-null.parquet",
            None,
            "`b`, row 0: the value is missing (null) (the first of 3 like it); expected a number",
        ),
        (
            "coordinates-id.parquet",
            None,
            "the file: it has 2 columns: `id` (int64), `x` (float64); expected the name of one column, beside the file's",
        ),
        (
            "wide.parquet",
            None,
            "the file: its columns are `c0` (text), `c1` (text), `c2` (text), `c3` (text), `c4` (text), `c5` (text), `c6` (text), \
             `c7` (text), `c8` (text), `c9` (text) and 20 more; expected a column of lists of numbers",
        ),
        ("numbers.parquet", Some("day"), "`day`: it holds other; expected a column of numbers, or of lists of them"),
        (
            "../long-rows.parquet",
            None,
            "`vector`: its 335544320 values take 1342177280 bytes, packed into a file of 1585; expected at most 200 times the \
             file's size: real vectors do not compress so far",
        ),
        ("only-text.parquet", None, "the file: its columns are `text` (text); expected a column of lists of numbers"),
        (
            "brotli.parquet",
            None,
            "`vector`: its values are packed by BROTLI(BrotliLevel(1)); expected snappy, gzip, zstd, lz4_raw or none: \
             `pyarrow.parquet.write_table(pyarrow.parquet.read_table(OLD), NEW, compression=\"zstd\")` in Python",
        ),
    ] {
        assert_eq!(refusal(name, part), format!("{name}: {expected}"));
    }
}

#[test]
fn numbers_as_text_are_read() {
    use NumberForm::{Double, Signed};
    has_numbers(&*open("plain.csv"), Double);
    has_whole(&*open("plain.tsv"), Signed(8), 0);
    let ids = open_part("named.csv", Some("id"));
    assert_eq!((ids.header().form, ids.all_integers().expect("read")), (Signed(8), vec![0, 1, 2, 3, 4]));
    let column = open_part("named.csv", Some("y"));
    assert_eq!(column.all_f64s().expect("read"), numbers().into_iter().skip(1).step_by(3).collect::<Vec<_>>());
    assert_eq!(open_part("plain.tsv", Some("2")).all_integers().expect("read")[..2], [whole()[2], whole()[5]]);
    for (name, part, expected) in [
        (
            "named.csv",
            Some("label"),
            "`label`, row 0 (line 2): it is \"a, 0\" (the first of 5 like it); expected a whole number below 2^63; if only some \
             columns have numbers, name one",
        ),
        (
            "named.csv",
            Some("z"),
            "`z`: the file has no such column; expected one of its columns: `id`, `x`, `y`, `label`",
        ),
        (
            "missing.csv",
            None,
            "row 1, column 1 (line 3): the value is missing (the first of 3 like it); expected a whole number below 2^63",
        ),
        ("ragged.csv", None, "row 1 (line 3): it has 3 fields; expected 2, as the first line has"),
        (
            "words.csv",
            None,
            "row 1, column 1 (line 2): it is \"four\" (the first of 2 like it); expected a whole number below 2^63",
        ),
    ] {
        assert_eq!(refusal(name, part), format!("{name}: {expected}"));
    }
}

/// Replaces a file. A file that is made shorter and longer again would be written to the disk each time.
fn rewrite(file: &Path, bytes: &[u8]) {
    drop(std::fs::remove_file(file));
    std::fs::write(file, bytes).expect("written");
}

/// Every beginning of a file is refused by name.
#[test]
fn files_that_are_cut_short_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in [
        "little-f4.npy",
        "fortran-big-f8.npy",
        "plain.fbin",
        "wide.fbin",
        "plain.u8bin",
        "plain.csr",
        "one.npz",
        "sparse.npz",
        "one.safetensors",
        "l2.faiss",
        "with-ids.faiss",
        "fixed.parquet",
    ] {
        let whole = std::fs::read(path(name)).expect("read");
        let cut = folder.path().join(name);
        for length in 0..whole.len() {
            rewrite(&cut, &whole[..length]);
            let message = array_file::open(&cut, None).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(message.contains(name), "{name}, {length} bytes: {message}");
        }
    }
    // Whole rows are a whole file there.
    let whole = std::fs::read(path("plain.fvecs")).expect("read");
    let cut = folder.path().join("plain.fvecs");
    for length in 0..whole.len() {
        rewrite(&cut, &whole[..length]);
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
        message.contains("x.dat is in no known format; expected NumPy (.npy); NumPy's archives (.npz); safetensors"),
        "{message}"
    );
    assert!(array_file::has_known_ending(Path::new("x.FBIN")) && !array_file::has_known_ending(&file));
}

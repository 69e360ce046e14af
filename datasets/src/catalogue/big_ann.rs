//! The datasets of big-ann-benchmarks, each a folder with files of base vectors, queries and true neighbours.
//!
//! Addresses and sizes are those of that project's `benchmark/datasets.py` and of its page on the sparse vectors. Subsets of a
//! billion vectors are the first rows of its file. Datasets of range search (`ssnpp`) are left out: their true neighbours are
//! those within a radius. So are those with filters.

use super::entry::{Content, Download, Entry, Role, Then};

/// Who offers them.
const SOURCE: &str = "big-ann";

/// Where the true neighbours of subsets lie.
const SUBSETS: &str = "https://dl.fbaipublicfiles.com/billion-scale-ann-benchmarks/";

/// Dense vectors in one file of base vectors.
struct Dense {
    name: &'static str,
    about: &'static str,
    distance: &'static str,
    /// Rows of the whole file of base vectors.
    rows: u32,
    queries: u32,
    dim: u32,
    /// The folder of the addresses.
    url: &'static str,
    base: &'static str,
    query: &'static str,
    /// Datasets: the end of the name, rows, and the file of true neighbours in `url`, or its whole address.
    of: &'static [(&'static str, u32, &'static str)],
}

const M: u32 = 1_000_000;

/// All of them.
const DENSE: &[Dense] = &[
    Dense {
        name: "bigann",
        about: "SIFT descriptors of images",
        distance: "euclidean",
        rows: 1000 * M,
        queries: 10_000,
        dim: 128,
        url: "https://dl.fbaipublicfiles.com/billion-scale-ann-benchmarks/bigann/",
        base: "base.1B.u8bin",
        query: "query.public.10K.u8bin",
        of: &[
            ("-10M", 10 * M, "GT_10M/bigann-10M"),
            ("-100M", 100 * M, "GT_100M/bigann-100M"),
            ("-1B", 1000 * M, "GT.public.1B.ibin"),
        ],
    },
    Dense {
        name: "deep",
        about: "image descriptors by GoogLeNet",
        distance: "euclidean",
        rows: 1000 * M,
        queries: 10_000,
        dim: 96,
        url: "https://storage.yandexcloud.net/yandex-research/ann-datasets/DEEP/",
        base: "base.1B.fbin",
        query: "query.public.10K.fbin",
        of: &[
            ("-10M", 10 * M, "GT_10M/deep-10M"),
            ("-100M", 100 * M, "GT_100M/deep-100M"),
            (
                "-1B",
                1000 * M,
                "https://storage.yandexcloud.net/yandex-research/ann-datasets/deep_new_groundtruth.public.10K.bin",
            ),
        ],
    },
    Dense {
        name: "text2image",
        about: "texts to pictures by Yandex",
        distance: "ip",
        rows: 1000 * M,
        queries: 100_000,
        dim: 200,
        url: "https://storage.yandexcloud.net/yandex-research/ann-datasets/T2I/",
        base: "base.1B.fbin",
        query: "query.public.100K.fbin",
        of: &[
            ("-10M", 10 * M, "GT_10M/text2image-10M"),
            ("-100M", 100 * M, "GT_100M/text2image-100M"),
            (
                "-1B",
                1000 * M,
                "https://storage.yandexcloud.net/yandex-research/ann-datasets/t2i_new_groundtruth.public.100K.bin",
            ),
        ],
    },
    Dense {
        name: "msturing",
        about: "queries of a web search by Turing",
        distance: "euclidean",
        rows: 1000 * M,
        queries: 100_000,
        dim: 100,
        url: "https://comp21storage.z5.web.core.windows.net/comp21/MSFT-TURING-ANNS/",
        base: "base1b.fbin",
        query: "query100K.fbin",
        of: &[
            ("-1M", M, "msturing-gt-1M"),
            ("-10M", 10 * M, "msturing-gt-10M"),
            ("-100M", 100 * M, "msturing-gt-100M"),
            ("-1B", 1000 * M, "query_gt100.bin"),
        ],
    },
    Dense {
        name: "msturing",
        about: "queries of a web search by Turing, in clusters",
        distance: "euclidean",
        rows: 10 * M,
        queries: 10_000,
        dim: 100,
        url: "https://comp21storage.z5.web.core.windows.net/comp23/clustered_data/msturing-10M-clustered/",
        base: "msturing-10M-clustered.fbin",
        query: "testQuery10K.fbin",
        of: &[("-10M-clustered", 10 * M, "clu_msturing10M_gt100")],
    },
    Dense {
        name: "msturing",
        about: "queries of a web search by Turing, in clusters",
        distance: "euclidean",
        rows: 29_998_994,
        queries: 10_000,
        dim: 100,
        url: "https://comp21storage.z5.web.core.windows.net/comp23/clustered_data/msturing-30M-clustered/",
        base: "30M-clustered64.fbin",
        query: "testQuery10K.fbin",
        of: &[("-30M-clustered", 29_998_994, "clu_msturing30M_gt100")],
    },
    Dense {
        name: "msspacev",
        about: "documents of a web search by SpaceV",
        distance: "euclidean",
        rows: 1000 * M,
        queries: 29_316,
        dim: 100,
        url: "https://comp21storage.z5.web.core.windows.net/comp21/spacev1b/",
        base: "spacev1b_base.i8bin",
        query: "query.i8bin",
        of: &[
            ("-1M", M, "msspacev-gt-1M"),
            ("-10M", 10 * M, "msspacev-gt-10M"),
            ("-100M", 100 * M, "msspacev-gt-100M"),
            ("-1B", 1000 * M, "public_query_gt100.bin"),
        ],
    },
    Dense {
        name: "yfcc",
        about: "pictures by CLIP, without their tags",
        distance: "euclidean",
        rows: 10 * M,
        queries: 100_000,
        dim: 192,
        url: "https://dl.fbaipublicfiles.com/billion-scale-ann-benchmarks/yfcc100M/",
        base: "base.10M.u8bin",
        query: "query.public.100K.u8bin",
        of: &[("-10M-unfiltered", 10 * M, "unfiltered.GT.public.ibin")],
    },
];

/// Sparse vectors: the end of the name, base vectors, bytes of their packed file (rounded), the beginning of the files' names.
const SPARSE: &[(&str, usize, u64, &str)] = &[
    ("small", 100_000, 64_300_000, "base_small"),
    ("1M", 1_000_000, 636_300_000, "base_1M"),
    ("full", 8_841_823, 5_500_000_000, "base_full"),
];

/// Their entries.
pub(super) fn entries() -> impl Iterator<Item = Entry> {
    let dense = DENSE.iter().flat_map(|set| set.of.iter().map(move |of| dense(set, of)));
    dense.chain(SPARSE.iter().map(sparse))
}

fn dense(set: &Dense, &(end, rows, truth): &(&str, u32, &str)) -> Entry {
    let ending = set.base.rsplit('.').next().unwrap_or_default();
    let width = if ending == "fbin" { 4 } else { 1 };
    let bytes = |rows: u32| 8 + u64::from(rows) * u64::from(set.dim) * u64::from(width);
    let is_cropped = rows < set.rows;
    let then = if is_cropped { Then::Crop { rows, dim: set.dim, width } } else { Then::Keep };
    let base = Download { then, ..download(format!("{}{}", set.url, set.base), format!("base.{ending}"), Role::Base) };
    let queries = download(format!("{}{}", set.url, set.query), format!("queries.{ending}"), Role::Queries);
    let truth = match truth {
        whole if whole.starts_with("https://") => whole.to_owned(),
        subset if subset.starts_with("GT_") => format!("{SUBSETS}{subset}"),
        file => format!("{}{file}", set.url),
    };
    let files = vec![
        Download { bytes: Some(bytes(rows)), ..base },
        Download { bytes: Some(bytes(set.queries)), ..queries },
        download(truth, "neighbors.ibin".into(), Role::Truth),
    ];
    let sizes = [rows as usize, set.queries as usize, set.dim as usize];
    entry(format!("{}{end}", set.name), set.about, set.distance, sizes, files)
}

fn sparse(&(end, train, bytes, begin): &(&str, usize, u64, &str)) -> Entry {
    const URL: &str = "https://storage.googleapis.com/ann-challenge-sparse-vectors/csr/";
    let packed = |file: &str, role, bytes| Download {
        bytes: Some(bytes),
        then: Then::Unpack,
        ..download(format!("{URL}{file}.gz"), file.into(), role)
    };
    let truth = format!("{begin}.dev.gt");
    let files = vec![
        packed(&format!("{begin}.csr"), Role::Base, bytes),
        packed("queries.dev.csr", Role::Queries, 1_800_000),
        Download { bytes: Some(545_000), ..download(format!("{URL}{truth}"), truth, Role::Truth) },
    ];
    let about = "passages of text by SPLADE, sparse";
    let entry = entry(format!("sparse-{end}"), about, "ip", [train, 6980, 0], files);
    Entry { dim: None, ..entry }
}

fn download(url: String, file: String, role: Role) -> Download {
    Download { url, file, role, bytes: None, sha256: None, then: Then::Keep }
}

fn entry(name: String, about: &str, distance: &str, sizes: [usize; 3], files: Vec<Download>) -> Entry {
    let [train, test, dim] = sizes.map(Some);
    let (about, distance) = (about.into(), Some(distance.into()));
    let content = Content::Folder(files);
    Entry { name, about, distance, train, test, dim, source: SOURCE.into(), licence: None, content }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subsets_are_cropped_and_whole_files_are_not() {
        let find = |name: &str| entries().find(|entry| entry.name == name).expect("known");
        let base = |name: &str| find(name).downloads()[0].clone();
        assert_eq!(base("bigann-10M").bytes, Some(1_280_000_008));
        assert_eq!(base("bigann-10M").then, Then::Crop { rows: 10 * M, dim: 128, width: 1 });
        assert_eq!(base("deep-10M").then.first_bytes(), base("deep-10M").bytes);
        for whole in ["deep-1B", "msturing-10M-clustered", "msturing-30M-clustered", "yfcc-10M-unfiltered"] {
            assert_eq!(base(whole).then, Then::Keep, "{whole}");
        }
        let sparse = find("sparse-small");
        assert_eq!(sparse.bytes(), Some(64_300_000 + 1_800_000 + 545_000));
        assert_eq!(sparse.downloads()[0].file, "base_small.csr");
        let truth = |name: &str| find(name).downloads()[2].url.clone();
        assert!(
            truth("deep-10M").starts_with(SUBSETS)
                && truth("deep-1B").ends_with("/deep_new_groundtruth.public.10K.bin")
        );
        assert!(truth("msspacev-1M").ends_with("/spacev1b/msspacev-gt-1M"));
    }
}

//! The datasets of VIBE, the Vector Index Benchmark for Embeddings, each one HDF5 file.
//!
//! Sizes are those of that project's README; the licence is that of the dataset's card on Hugging Face. VIBE's writer holds out
//! 1,000 queries. Its file holds vectors as float32; per query 100 neighbours as int64, 100 distances and their mean as float64;
//! and 8,192 bytes beside: the sizes that Hugging Face shows agree with that. Files of datasets whose queries come from another
//! distribution hold learning queries, too, so that neither their bytes nor their queries are known here.

use super::entry::{Content, Download, Entry, Role, Then, file};

/// Who offers them.
const SOURCE: &str = "VIBE";

/// A dataset: name, base points, dimension, whether its queries come from the same distribution, what it is.
type Set = (&'static str, usize, usize, bool, &'static str);

/// All of them, one line each.
const SETS: &[Set] = &[
    ("agnews-mxbai-1024-euclidean", 769_382, 1024, true, "news by mxbai"),
    ("arxiv-nomic-768-normalized", 1_344_643, 768, true, "abstracts of papers by Nomic"),
    ("dpr-jina-768-normalized", 20_969_760, 768, true, "passages of text by Jina"),
    ("glove-200-cosine", 1_192_514, 200, true, "word vectors"),
    ("gooaq-distilroberta-768-normalized", 1_475_024, 768, true, "questions and answers by DistilRoBERTa"),
    ("imagenet-clip-512-normalized", 1_281_167, 512, true, "pictures by CLIP"),
    ("inaturalist-resnet-2048-cosine", 499_000, 2048, true, "pictures of nature by ResNet"),
    ("landmark-dino-768-cosine", 760_757, 768, true, "pictures of landmarks by DINO"),
    ("landmark-nomic-768-normalized", 760_757, 768, true, "pictures of landmarks by Nomic"),
    ("msmarco-qwen-1024-normalized", 8_840_823, 1024, true, "passages of text by Qwen"),
    ("yahoo-minilm-384-normalized", 677_305, 384, true, "questions and answers by MiniLM"),
    ("hotpotqa-harrier-640-normalized", 5_233_329, 640, false, "questions to passages of text by Harrier"),
    ("imagenet-align-640-normalized", 1_281_167, 640, false, "texts to pictures by ALIGN"),
    ("laion-clip-512-normalized", 1_000_448, 512, false, "texts to pictures by CLIP"),
    ("yandex-200-cosine", 1_000_000, 200, false, "texts to pictures by Yandex"),
    ("cqadupstack-lemur-2048-ip", 457_149, 2048, false, "sets of vectors as one, by LEMUR"),
    ("cqadupstack-muvera-5120-ip", 457_149, 5120, false, "sets of vectors as one, by MUVERA"),
    ("yi-128-ip", 187_843, 128, false, "keys and queries of attention in Yi"),
    ("llama-128-ip", 256_921, 128, false, "keys and queries of attention in Llama"),
    ("ccnews-nomic-768-normalized", 495_328, 768, true, "news by Nomic; VIBE no longer uses it"),
    ("celeba-resnet-2048-cosine", 201_599, 2048, true, "faces by ResNet; VIBE no longer uses it"),
    ("coco-nomic-768-normalized", 282_360, 768, false, "texts to pictures by Nomic; VIBE no longer uses it"),
    ("codesearchnet-jina-768-cosine", 1_374_067, 768, true, "code by Jina; VIBE no longer uses it"),
    ("simplewiki-openai-3072-normalized", 260_372, 3072, true, "encyclopedia by OpenAI; VIBE no longer uses it"),
];

/// Their entries.
pub(super) fn entries() -> impl Iterator<Item = Entry> {
    SETS.iter().map(entry)
}

fn entry(&(name, train, dim, is_alike, about): &Set) -> Entry {
    const QUERIES: usize = 1000;
    let bytes = (4 * (train + QUERIES) * dim + QUERIES * (100 * 16 + 8) + 8192) as u64;
    let distance = match name.rsplit('-').next() {
        Some("euclidean") => "euclidean",
        Some("ip") => "ip",
        _ => "angular",
    };
    let download = Download {
        url: format!("https://huggingface.co/datasets/vector-index-bench/vibe/resolve/main/{name}.hdf5"),
        file: file(name),
        role: Role::Dataset,
        bytes: is_alike.then_some(bytes),
        sha256: None,
        then: Then::Keep,
    };
    Entry {
        name: name.into(),
        about: about.into(),
        distance: Some(distance.into()),
        train: Some(train),
        test: is_alike.then_some(QUERIES),
        dim: Some(dim),
        source: SOURCE.into(),
        licence: Some("CC BY 4.0".into()),
        content: Content::File(download),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A public copy has the first size; Hugging Face shows the others.
    #[test]
    fn the_bytes_of_the_files_follow_from_their_shapes() {
        let bytes =
            |name: &str| entries().find(|entry| entry.name == name).and_then(|entry| entry.bytes()).expect("known");
        assert_eq!(bytes("arxiv-nomic-768-normalized"), 4_135_431_488);
        let shown = [
            ("agnews-mxbai-1024-euclidean", "3.16"),
            ("ccnews-nomic-768-normalized", "1.53"),
            ("celeba-resnet-2048-cosine", "1.66"),
            ("codesearchnet-jina-768-cosine", "4.23"),
            ("glove-200-cosine", "0.96"),
            ("gooaq-distilroberta-768-normalized", "4.54"),
            ("imagenet-clip-512-normalized", "2.63"),
            ("landmark-dino-768-cosine", "2.34"),
        ];
        for (name, gigabytes) in shown {
            assert_eq!(format!("{:.2}", bytes(name) as f64 / 1e9), gigabytes, "{name}");
        }
    }
}

//! Vectors that benches work on: drawn, or from a file.

use swath_algorithms::random;

/// Values around centres, as those of embeddings are; around the same ones for each seed.
pub fn clustered(rows: usize, dim: usize, seed: u64) -> Vec<f32> {
    let mut rng = random::stream(9, "bench centres", 0);
    let centres: Vec<Vec<f64>> = (0..200).map(|_| (0..dim).map(|_| random::normal(&mut rng)).collect()).collect();
    let mut rng = random::stream(seed, "bench rows", 0);
    let mut values = Vec::with_capacity(rows * dim);
    for _ in 0..rows {
        let centre = &centres[random::below(&mut rng, centres.len())];
        values.extend(centre.iter().map(|c| (c + random::normal(&mut rng)) as f32));
    }
    values
}

/// The values of a file, which holds little-endian `f32` and nothing else, of at most so many rows.
pub fn read(path: &str, rows: usize, dim: usize) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let values = bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]));
    let values: Vec<f32> = values.take(rows * dim).collect();
    values[..values.len() / dim * dim].to_vec()
}

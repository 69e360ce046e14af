//! Candidate search, graph expansion and diverse selection over dense vectors: pure computation, no I/O.
//!
//! A *retriever* is three stages. [`candidates`] find a *pool* of base vectors near the query; an optional
//! [`expansion`] adds to the pool by walking a [`graph`] and rescores it; a [`selector`] picks k of the pool, in
//! order. Any selector composes with any candidates and any expansion.
//!
//! ```
//! use swath_algorithms::{Base, Distance, Query, Scratch, Vectors, candidates::CandidatesParams, selector::Mmr};
//! use swath_algorithms::{Pool, candidates::Exact, params::{Count, Fraction}, selector::Selector};
//!
//! // Five unit vectors: three of nearly one direction, two of others.
//! let rows = [1.0, 0.0, 0.99, 0.14, 0.98, 0.2, 0.6, 0.8, 0.0, 1.0];
//! let base = Base::from_values(&rows, 2, Distance::Angular)?;
//! let queries = Vectors::new(&[1.0, 0.1], 2)?;
//! let query = Query::row(&queries, 0);
//!
//! let candidates = CandidatesParams::Exact(Exact { pool: Count::new(5)? });
//! let index = candidates.build(&base);
//! let (mut scratch, mut found, mut pool) = (Scratch::default(), Vec::new(), Pool::default());
//! candidates.search(&index, &base, query, &mut scratch, &mut found, &mut pool);
//!
//! let mut picked = Vec::new();
//! Mmr { lambda: Fraction::new(0.3)? }.select(&base, &pool, 2, &scratch, &mut picked);
//! let ids: Vec<u32> = picked.iter().map(|&position| pool.items[position].id).collect();
//! assert_eq!(ids, [1, 4]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod base;
pub mod candidates;
pub mod distance;
pub mod expansion;
pub mod filter;
pub mod graph;
pub mod kernel;
pub mod nearest;
pub mod params;
pub mod pool;
pub mod random;
mod registry;
pub mod scratch;
pub mod selector;
pub mod vectors;

pub use base::{Base, Query};
pub use distance::Distance;
pub use pool::{Item, Pool};
pub use scratch::Scratch;
pub use vectors::{Line, Vectors, VectorsError};

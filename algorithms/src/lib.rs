//! Candidate search, graph expansion and diverse selection over dense vectors, bits, sets and sparse vectors: pure computation,
//! no I/O.
//!
//! A *retriever* is three stages. [`candidates`] find a *pool* of base vectors near the query; an optional
//! [`expansion`] adds to the pool by walking a [`graph`] and rescores it; a [`selector`] picks k of the pool, in
//! order. Any selector composes with any candidates and any expansion.
//!
//! ```
//! use swath_algorithms::selector::{Mmr, SelectorParams};
//! use swath_algorithms::{Distance, OwnedPool, params::Fraction, select};
//!
//! // Five unit vectors: three of nearly one direction, two of others.
//! let vectors = [[1.0, 0.0], [0.99, 0.14], [0.98, 0.2], [0.6, 0.8], [0.0, 1.0]];
//! let pool = OwnedPool::around(&vectors, &[1.0, 0.1], Distance::Angular)?;
//! let picked = select(&pool, &SelectorParams::Mmr(Mmr { lambda: Fraction::new(0.3)?, ..Mmr::default() }), 2)?;
//! assert_eq!(picked, [1, 4]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Underneath, one stage at a time, with working memory that is kept from query to query:
//!
//! ```
//! use swath_algorithms::candidates::{CandidatesParams, Exact};
//! use swath_algorithms::selector::{Mmr, Request, Selector};
//! use swath_algorithms::{Base, Distance, Pool, Query, Scratch, Vectors};
//! use swath_algorithms::params::{Count, Fraction};
//!
//! let rows = [1.0, 0.0, 0.99, 0.14, 0.98, 0.2, 0.6, 0.8, 0.0, 1.0];
//! let base = Base::from_values(&rows, 2, Distance::Angular)?;
//! let queries = Vectors::new(&[1.0, 0.1], 2)?;
//! let query = Query::vector(&queries, 0);
//!
//! let candidates = CandidatesParams::Exact(Exact { pool: Some(Count::new(5)?) });
//! let index = candidates.build(&base);
//! let (mut scratch, mut found, mut pool) = (Scratch::default(), Vec::new(), Pool::default());
//! candidates.search(&index, &base, query, &mut scratch, &mut found, &mut pool);
//!
//! let mut picked = Vec::new();
//! let request = Request { base: &base, query, pool: &pool, k: 2, subtopics: &[], aspects: &[], groups: &[], picked_outside: &[], seed: 0, query_id: 0 };
//! Mmr { lambda: Fraction::new(0.3)?, ..Mmr::default() }.select(&request, &scratch, &mut picked);
//! let ids: Vec<u32> = picked.iter().map(|&position| pool.items[position].id).collect();
//! assert_eq!(ids, [1, 4]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod base;
mod base_facts;
pub mod candidates;
pub mod distance;
pub mod expansion;
pub mod external;
pub mod graph;
mod groups;
pub mod inverted;
mod items;
pub mod kernel;
mod kernel_choice;
mod large_pages;
pub mod nearest;
mod owned_pool;
pub mod params;
pub mod points;
pub mod pool;
pub mod pool_kernel;
mod prefetch;
pub mod random;
mod registry;
pub mod scratch;
pub mod selector;
pub mod spare;
mod unfit;
mod whole_instructions;

/// SHA-256 of what this build is made of: these sources, the versions of the crates they use, the compiler and its
/// target. Builds with different hashes may compute different results.
pub const BUILD: &str = env!("SWATH_ALGORITHMS_BUILD");

pub use base::{Base, Query};
pub use base_facts::BaseFacts;
pub use distance::Distance;
pub use groups::{GroupChoice, Groups};
pub use kernel_choice::KernelChoice;
pub use owned_pool::{OwnedPool, PoolParts, SelectError, select, select_with};
pub use points::{Line, Points, PointsError, Vectors};
pub use pool::{Item, Pool};
pub use scratch::Scratch;
pub use unfit::Unfit;

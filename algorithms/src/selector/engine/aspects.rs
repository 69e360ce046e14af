//! The aspects of a query that results should cover: the subtopics that oracles look at, and what can be had without them.

use super::means::{Clusters, check_means, k_means};
use super::weights::Weights;
use crate::base::Query;
use crate::kernel::Kernel;
use crate::params::{Count, Positive};
use crate::points::vectors::LANES;
use crate::points::{Line, Point, PointType, dense};
use crate::pool_kernel::PoolKernel;
use crate::random;
use crate::scratch::Scratch;
use crate::selector::{Request, SelectorSetting};
use crate::unfit::Unfit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The subtopics that each item of the pool covers, numbered from 0.
pub struct Aspects<'s> {
    count: usize,
    /// (position, subtopic's number), ascending.
    pairs: &'s [(u32, u32)],
    /// The offset of each position's pairs; m + 1 values.
    starts: &'s [u32],
}

impl<'s> Aspects<'s> {
    pub fn new(request: &Request<'_>, scratch: &'s Scratch) -> Self {
        let (arena, items) = (&scratch.arena, &request.pool.items);
        let names = arena.alloc_slice_fill_iter(request.subtopics.iter().map(|&(_, subtopic)| subtopic));
        names.sort_unstable();
        let count = {
            let mut count = 0;
            for i in 0..names.len() {
                if i == 0 || names[i] != names[count - 1] {
                    names[count] = names[i];
                    count += 1;
                }
            }
            count
        };
        let names = &names[..count];
        let starts = arena.alloc_slice_fill_copy(items.len() + 1, 0_u32);
        let mut pairs = bumpalo::collections::Vec::with_capacity_in(request.subtopics.len(), arena);
        for (position, item) in items.iter().enumerate() {
            let from = request.subtopics.partition_point(|&(id, _)| id < item.id);
            let of_item = request.subtopics[from..].iter().take_while(|&&(id, _)| id == item.id);
            let number = |subtopic| names.partition_point(|&name| name < subtopic) as u32;
            pairs.extend(of_item.map(|&(_, subtopic)| (position as u32, number(subtopic))));
            starts[position + 1] = pairs.len() as u32;
        }
        Self { count, pairs: pairs.into_bump_slice(), starts }
    }

    /// Number of subtopics of the query.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The pairs of the item at `position`.
    pub fn of(&self, position: usize) -> &[(u32, u32)] {
        &self.pairs[self.starts[position] as usize..self.starts[position + 1] as usize]
    }
}

/// Checks that the dataset has subtopics, which an oracle looks at.
fn check_subtopics(setting: SelectorSetting) -> Result<(), Unfit> {
    if setting.subtopics {
        return Ok(());
    }
    let message = "an oracle picks by the query's subtopics, and the dataset has none";
    Err(Unfit::new(message, "use a dataset with `subtopics`, or another selector"))
}

/// What the aspects of a query are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Aspects")]
pub enum AspectSource {
    /// The dataset's subtopics of the query, known beforehand: an oracle.
    #[default]
    Subtopics,
    /// So many clusters of the pool, by k-means; the centre of each is an aspect, and its weight the cluster's share of
    /// `exp(rel / temperature)`. For dense vectors.
    Clusters(#[schemars(extend("examples" = [5]))] Count),
    /// Sub-queries that the dataset has for each query, as an array `aspects` of dense vectors. All weigh the same.
    Queries,
}

impl AspectSource {
    /// Whether it is [`AspectSource::Subtopics`].
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it is known beforehand what an item covers.
    pub fn is_oracle(self) -> bool {
        self == Self::Subtopics
    }

    /// Its name, as messages have it.
    fn shown(self) -> &'static str {
        match self {
            Self::Subtopics => "subtopics",
            Self::Clusters(_) => "clusters",
            Self::Queries => "queries",
        }
    }

    /// Checks that the dataset has such aspects, and that a temperature is given only where it means something.
    ///
    /// # Errors
    /// What the dataset lacks, and a temperature of anything but clusters.
    pub fn check(self, temperature: Option<Positive>, setting: &SelectorSetting) -> Result<(), Unfit> {
        if temperature.is_some() && !matches!(self, Self::Clusters(_)) {
            let message = format!(
                "`temperature` belongs to `aspects: {{ clusters: 5 }}`, and the aspects are `{}`",
                self.shown()
            );
            return Err(Unfit::new(message, "name a number of clusters, or leave it out").of("temperature"));
        }
        let of_queries = |message: &str| {
            let help = "give the dataset an array `aspects` of dense vectors, or write `aspects: { clusters: 5 }`";
            Err(Unfit::new(message, help).of("aspects"))
        };
        match self {
            Self::Subtopics => check_subtopics(*setting),
            Self::Clusters(_) => {
                let help = "write `aspects: subtopics`, an oracle, or use another selector";
                check_means(setting.kind, help).map_err(|unfit| unfit.of("aspects"))
            }
            Self::Queries if setting.kind != PointType::Dense => {
                let message = format!("sub-queries are dense vectors, and the dataset has {}", setting.kind);
                let help = "write `aspects: subtopics`, an oracle, or use another selector";
                Err(Unfit::new(message, help).of("aspects"))
            }
            Self::Queries if !setting.aspects => of_queries("sub-queries are asked for, and the dataset has none"),
            Self::Queries => Ok(()),
        }
    }
}

/// The temperature of clusters if none is given.
const USUAL_TEMPERATURE: f64 = 0.1;

/// Rounds of k-means, at most.
const ROUNDS: usize = 20;

/// Aspects that each item covers to a part.
pub struct SoftAspects<'s> {
    /// Items of the pool, m.
    size: usize,
    /// Weights of aspects, which add up to 1.
    pub weights: &'s [f64],
    /// For each aspect, the part of it that each item covers: its similarity to the aspect by the coverage kernel, over the largest one
    /// of the pool.
    parts: &'s [f64],
}

impl<'s> SoftAspects<'s> {
    /// Those of the request, unless they are subtopics, of which there are none here. `temperature` is that of clusters.
    pub fn new(
        source: AspectSource,
        temperature: Option<Positive>,
        request: &Request<'s>,
        scratch: &'s Scratch,
    ) -> Self {
        let temperature = temperature.map_or(USUAL_TEMPERATURE, Positive::get);
        let (m, arena) = (request.pool.items.len(), &scratch.arena);
        let (rows, weights): (&[Line], &[f64]) = match source {
            AspectSource::Subtopics => (&[], &[]),
            AspectSource::Clusters(count) => clusters(count.size().min(m), temperature, request, scratch),
            AspectSource::Queries => {
                let count = request.aspects.len() / request.base.vectors().stride().max(1);
                (request.aspects, arena.alloc_slice_fill_copy(count, 1.0 / count as f64))
            }
        };
        let parts = arena.alloc_slice_fill_copy(weights.len() * m, 0.0);
        if m > 0 && !weights.is_empty() {
            let mut kernel = PoolKernel::new(Kernel::coverage(request.base.distance()), request, scratch);
            let lines = rows.chunks_exact(rows.len() / weights.len());
            for (lines, parts) in lines.zip(parts.chunks_exact_mut(m)) {
                kernel.set_query(Query { point: Point::Dense(lines), norm: dense::norm(lines), row: 0 });
                kernel.of_query(parts);
                let largest = parts.iter().copied().fold(0.0, f64::max);
                if largest > 0.0 {
                    parts.iter_mut().for_each(|part| *part /= largest);
                }
            }
        }
        Self { size: m, weights, parts }
    }

    /// The part of an aspect that the item at `position` covers.
    pub fn part(&self, aspect: usize, position: usize) -> f64 {
        self.parts[aspect * self.size + position]
    }
}

/// The centres of clusters of the pool, as lines, and their weights.
fn clusters<'s>(
    count: usize,
    temperature: f64,
    request: &Request<'_>,
    scratch: &'s Scratch,
) -> (&'s [Line], &'s [f64]) {
    if count == 0 {
        return (&[], &[]);
    }
    let (arena, vectors) = (&scratch.arena, request.base.vectors());
    let mut rng = random::stream(request.seed, "aspects", request.query_id);
    let Clusters { of, centres } = k_means(request, count, ROUNDS, &mut rng, scratch);
    let (dim, stride) = (vectors.dim(), vectors.stride());
    let count = centres.len() / dim;
    let rows = arena.alloc_slice_fill_copy(count * stride, Line([0.0; LANES]));
    for (row, centre) in rows.chunks_exact_mut(stride).zip(centres.chunks_exact(dim)) {
        let values: &mut [f32] = bytemuck::cast_slice_mut(row);
        values.iter_mut().zip(centre).for_each(|(to, &from)| *to = from as f32);
    }
    let weights = arena.alloc_slice_fill_copy(count, 0.0);
    of.iter().zip(Weights::Softmax.of(request, temperature, scratch)).for_each(|(&c, share)| weights[c] += share);
    (rows, weights)
}

//! Reads the header of a dataset: attributes and shapes.

use super::layout::PointArrays;
use super::reader::OpenDataset;
use crate::aspects;
use crate::format::{DatasetError, HasLabels, Header};
use crate::hdf5_file::Attribute;
use crate::texts::Labels;
use std::collections::HashMap;
use swath_algorithms::Distance;

/// VIBE's name of the angular distance of vectors that have length 1.
const NORMALIZED: &str = "normalized";

impl OpenDataset {
    /// The header, and how the points are stored.
    pub(super) fn header(&self) -> Result<(Header, PointArrays), DatasetError> {
        let attributes = self.file.attributes().map_err(|error| self.at(error))?;
        let mut notes = Vec::new();
        let (distance, is_normalized) = self.distance(&attributes, &mut notes)?;
        let points = self.points(distance, &attributes, &mut notes)?;
        let (rows, queries) = (points.train, points.test);
        if queries == 0 {
            return Err(self.invalid("`test`", "it is empty", "at least one query"));
        }
        let neighbors = self.shape("neighbors", 2, None)?;
        let distances = self.shape("distances", 2, None)?;
        if neighbors[0] != queries {
            let found = format!("it has {} rows", neighbors[0]);
            return Err(self.invalid("`neighbors`", found, format!("{queries}, one for each query in `test`")));
        }
        if neighbors != distances {
            let found = format!("its shape is {} x {}", distances[0], distances[1]);
            return Err(self.invalid(
                "`distances`",
                found,
                format!("{} x {}, as `neighbors`", neighbors[0], neighbors[1]),
            ));
        }
        if neighbors[1] == 0 || neighbors[1] > rows {
            let found = format!("it has {} columns", neighbors[1]);
            return Err(self.invalid("`neighbors`", found, format!("1 to {rows}, the number of vectors in `train`")));
        }
        let has = |name: &str| self.file.has(name);
        let optional =
            |name, width| if has(name) { self.shape(name, 2, Some(width)).map(|s| Some(s[0])) } else { Ok(None) };
        let (links, subtopics, qrels) = (optional("links", 2)?, optional("subtopics", 3)?, optional("qrels", 3)?);
        let aspects = if has(aspects::NAME) { Some(self.count_of_aspects(&points)?) } else { None };
        let [ids, names, texts] = Labels::KINDS.map(|kind| has(&format!("train_{kind}")));
        let groups = self.kinds_of_groups()?;
        let relations = if links.is_some() { self.relations()? } else { Vec::new() };
        let header = Header {
            distance,
            kind: points.layout.kind(),
            train: rows,
            test: queries,
            dim: points.dim,
            members: points.members,
            neighbors: neighbors[1],
            links,
            relations,
            subtopics,
            qrels,
            aspects,
            groups,
            labels: HasLabels { ids, names, texts },
            is_normalized,
            notes,
        };
        Ok((header, points))
    }

    /// The shape of an array, which must have `rank` dimensions; the last must be `width` if that is given.
    pub(super) fn shape(&self, name: &str, rank: usize, width: Option<usize>) -> Result<Vec<usize>, DatasetError> {
        let shape = self.file.shape(name).map_err(|error| self.at(error))?;
        let expected = match (rank, width) {
            (1, _) => "one dimension".to_owned(),
            (_, Some(width)) => format!("{width} columns"),
            _ => "rows and columns".to_owned(),
        };
        let fits = shape.len() == rank && width.is_none_or(|width| shape[rank - 1] == width as u64);
        // Ids have 32 bits.
        let sane = shape.iter().all(|&n| n <= u64::from(i32::MAX.unsigned_abs()));
        if !fits || !sane {
            let shape = shape.iter().map(u64::to_string).collect::<Vec<_>>().join(" x ");
            let expected = if fits { "fewer than 2^31 rows and columns".into() } else { expected };
            let found =
                if shape.is_empty() { "it is a single value".to_owned() } else { format!("its shape is {shape}") };
            return Err(self.invalid(&format!("`{name}`"), found, expected));
        }
        Ok(shape.into_iter().map(|n| n as usize).collect())
    }

    /// The distance, by swath's name or another benchmark's, and whether that name implies vectors of length 1.
    fn distance(
        &self,
        attributes: &HashMap<String, Attribute>,
        notes: &mut Vec<String>,
    ) -> Result<(Distance, bool), DatasetError> {
        let names = Distance::ALL.map(|d| format!("\"{d}\"")).join(" or ");
        let Some(value) = attributes.get("distance") else {
            return Err(self.invalid("attribute `distance`", "it is missing, or is not a single text", names));
        };
        let name = value.text().unwrap_or_default();
        let low = name.to_ascii_lowercase();
        let is_normalized = low == NORMALIZED;
        let Some(distance) = Distance::from_any_name(if is_normalized { "angular" } else { &low }) else {
            let others = Distance::OTHER_NAMES.map(|(other, _)| other).join(", ");
            let expected = format!("{names}, or one of their other names: {others}, {NORMALIZED}");
            return Err(self.invalid("attribute `distance`", format!("it is {value}"), expected));
        };
        if name != distance.name() {
            notes.push(format!("the file calls its distance `{name}`, which is read as `{distance}`"));
        }
        Ok((distance, is_normalized))
    }

    /// Rows of sub-queries, whose widths must be that of the points and a column for the query.
    fn count_of_aspects(&self, points: &PointArrays) -> Result<usize, DatasetError> {
        aspects::dense(points.layout.kind()).map_err(|flaw| self.flaw(flaw))?;
        let shape = self.shape(aspects::NAME, 2, None)?;
        aspects::width(points.dim, shape[1]).map_err(|flaw| self.flaw(flaw))?;
        Ok(shape[0])
    }

    /// Names of the links' relations; empty if they have none.
    fn relations(&self) -> Result<Vec<String>, DatasetError> {
        let named = self.file.attribute_of("links", "relations").map_err(|error| self.at(error))?;
        Ok(match named.as_ref().and_then(Attribute::text) {
            Some(names) if !names.is_empty() => names.split(',').map(|name| name.trim().to_owned()).collect(),
            _ => Vec::new(),
        })
    }
}

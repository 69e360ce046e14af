//! A run's tables as typed Parquet files, which a notebook reads in one line.

use super::{Example, Exported, Exporter, FinishedRun, Written, unwritten};
use crate::config::Failure;
use crate::findings::columns::{self, TrialColumn, TrialValues};
use crate::findings::summary::{Summary, TrialRow};
use crate::findings::timing;
use crate::record::output_folder::{self, FolderKind, OutputFolder};
use parquet::basic::{Compression, ConvertedType, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A row group of `queries.parquet` has at most this many rows, unless one trial has more.
const GROUP: usize = 1 << 17;

/// A column of a file.
struct Field {
    name: String,
    cells: Cells,
}

enum Cells {
    /// A value in each row.
    Plain(TrialValues),
    /// A list of ids in each row.
    Ids(Vec<Vec<i32>>),
}

/// The names of the files: a row per trial, and a row per trial and query.
const FILES: [&str; 2] = ["runs.parquet", "queries.parquet"];

/// The exporter: `runs.parquet`, a row per trial with the [`columns`](columns::columns) of `runs.csv`, and
/// `queries.parquet`, a row per trial and query.
pub struct Parquet;

impl Exporter for Parquet {
    fn name(&self) -> &'static str {
        "parquet"
    }

    fn about(&self) -> &'static str {
        "Write the tables as DIR/runs.parquet (a row per trial) and DIR/queries.parquet (a row per trial and query)"
    }

    fn example(&self) -> Example {
        Example { folder: "tables", holds: "tables/runs.parquet and tables/queries.parquet" }
    }

    fn export(
        &self,
        run: &FinishedRun,
        target: &Path,
        _data_folders: &[PathBuf],
        _memory: u64,
    ) -> std::result::Result<Exported, Failure> {
        run.asked()?;
        let summary = Summary::new(&run.results);
        let summary = summary.ok_or_else(|| Failure::Input("there is no trial to export".into()))?;
        let paths = FILES.map(|name| target.join(name));
        output_folder::check(target, &[FolderKind::Export])?;
        let runs = runs_file(run, &summary).map_err(|error| unwritten(&paths[0], &error))?;
        let queries = queries_file(run, &summary).map_err(|error| unwritten(&paths[1], &error))?;

        let out = OutputFolder::open(target, &[FolderKind::Export])?;
        out.tidy();
        let files = [(FILES[0].to_owned(), runs.as_slice()), (FILES[1].to_owned(), queries.as_slice())];
        out.write_together(&files)?;
        out.settle();
        let what = ["a row per trial", "a row per trial and query"];
        let written = what.into_iter().zip(paths).map(|(what, path)| Written { what: what.into(), path });
        Ok(Exported { written: written.collect(), ..Exported::default() })
    }
}

/// The content of `runs.parquet`.
fn runs_file(run: &FinishedRun, summary: &Summary) -> Result<Vec<u8>> {
    let mut table = Table::default();
    table.add(columns::columns(summary, &run.manifest).into_iter().map(Field::plain).collect())?;
    table.bytes()
}

/// The content of `queries.parquet`.
fn queries_file(run: &FinishedRun, summary: &Summary) -> Result<Vec<u8>> {
    let mut table = Table::default();
    let trials_a_group = (GROUP / summary.rows[0].queries.max(1)).max(1);
    let all: Vec<usize> = (0..summary.rows.len()).collect();
    for trials in all.chunks(trials_a_group) {
        table.add(queries(run, summary, trials))?;
    }
    table.bytes()
}

/// The columns of `queries.parquet` for some trials, one after another.
fn queries(run: &FinishedRun, summary: &Summary, trials: &[usize]) -> Vec<Field> {
    let trial = |i: usize| (&run.results.trials[i], &summary.rows[i]);
    let text = |of: fn(&TrialRow) -> &str| {
        let repeated = |&i: &usize| std::iter::repeat_n(of(trial(i).1).to_owned(), trial(i).1.queries);
        TrialValues::Text(trials.iter().flat_map(repeated).collect())
    };
    let mut columns = vec![
        ("trial".to_owned(), text(|row| &row.trial)),
        ("retriever".into(), text(|row| &row.retriever)),
        ("point".into(), text(|row| &row.point)),
    ];
    let ids = trials.iter().flat_map(|&i| trial(i).0.query_ids.iter().map(|&query| query as u64));
    columns.push(("query".into(), TrialValues::Count(ids.collect())));
    for (metric, name) in summary.metrics.iter().enumerate() {
        let values = trials.iter().flat_map(|&i| trial(i).0.metrics[metric].iter());
        columns.push((name.name().into(), defined(values.map(|&value| Some(value)))));
    }
    let mut seconds = Vec::new();
    for &i in trials {
        let (of, row) = trial(i);
        // Lists from files are found at no cost.
        match timing::seconds_per_query(&of.repeats).filter(|_| !of.params.is_listed()) {
            Some(means) => seconds.extend(means.into_iter().map(Some)),
            None => seconds.extend(std::iter::repeat_n(None, row.queries)),
        }
    }
    columns.push(("seconds".into(), defined(seconds.into_iter())));
    let mut fields: Vec<Field> =
        columns.into_iter().map(|(name, values)| Field::plain(TrialColumn { name, values })).collect();
    let mut returned = Vec::new();
    for &i in trials {
        let (of, _) = trial(i);
        returned.extend(of.returned.chunks_exact(of.k).map(|ids| ids.iter().copied().filter(|&id| id >= 0).collect()));
    }
    fields.push(Field { name: "ids".into(), cells: Cells::Ids(returned) });
    fields
}

/// Numbers; missing and infinite ones become null.
fn defined(values: impl Iterator<Item = Option<f64>>) -> TrialValues {
    TrialValues::Number(values.map(|value| value.filter(|value| value.is_finite())).collect())
}

/// A Parquet file in memory.
#[derive(Default)]
struct Table {
    writer: Option<SerializedFileWriter<Vec<u8>>>,
}

impl Table {
    /// Adds a row group. All groups have the same columns.
    fn add(&mut self, fields: Vec<Field>) -> Result<()> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => none.insert(begin(&fields)?),
        };
        let mut group = writer.next_row_group()?;
        for field in fields {
            let Some(mut column) = group.next_column()? else { break };
            field.write(&mut column)?;
            column.close()?;
        }
        group.close()?;
        Ok(())
    }

    fn bytes(self) -> Result<Vec<u8>> {
        self.writer.map_or_else(|| Ok(Vec::new()), SerializedFileWriter::into_inner)
    }
}

fn begin(fields: &[Field]) -> Result<SerializedFileWriter<Vec<u8>>> {
    let types = fields.iter().map(Field::schema).collect::<Result<Vec<_>>>()?;
    let schema = Type::group_type_builder("swath").with_fields(types).build()?;
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))
}

impl Field {
    fn plain(column: TrialColumn) -> Self {
        Self { name: column.name, cells: Cells::Plain(column.values) }
    }

    fn schema(&self) -> Result<TypePtr> {
        let name = self.name.as_str();
        let of = |physical, repetition| Type::primitive_type_builder(name, physical).with_repetition(repetition);
        let built = match &self.cells {
            Cells::Plain(TrialValues::Text(_)) => {
                of(Physical::BYTE_ARRAY, Repetition::REQUIRED).with_logical_type(Some(LogicalType::String)).build()
            }
            Cells::Plain(TrialValues::Count(_)) => of(Physical::INT64, Repetition::REQUIRED).build(),
            Cells::Plain(TrialValues::Number(_)) => of(Physical::DOUBLE, Repetition::OPTIONAL).build(),
            Cells::Ids(_) => {
                let element =
                    Type::primitive_type_builder("element", Physical::INT32).with_repetition(Repetition::REQUIRED);
                let list = Type::group_type_builder("list")
                    .with_repetition(Repetition::REPEATED)
                    .with_fields(vec![Arc::new(element.build()?)]);
                Type::group_type_builder(name)
                    .with_repetition(Repetition::REQUIRED)
                    .with_logical_type(Some(LogicalType::List))
                    .with_converted_type(ConvertedType::LIST)
                    .with_fields(vec![Arc::new(list.build()?)])
                    .build()
            }
        };
        built.map(Arc::new)
    }

    fn write(self, column: &mut SerializedColumnWriter<'_>) -> Result<()> {
        match self.cells {
            Cells::Plain(TrialValues::Text(values)) => {
                let values: Vec<ByteArray> = values.iter().map(|text| ByteArray::from(text.as_str())).collect();
                column.typed::<ByteArrayType>().write_batch(&values, None, None)?;
            }
            Cells::Plain(TrialValues::Count(values)) => {
                let values: Vec<i64> = values.into_iter().map(|count| count as i64).collect();
                column.typed::<Int64Type>().write_batch(&values, None, None)?;
            }
            Cells::Plain(TrialValues::Number(values)) => {
                let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
                let values: Vec<f64> = values.into_iter().flatten().collect();
                column.typed::<DoubleType>().write_batch(&values, Some(&levels), None)?;
            }
            Cells::Ids(lists) => {
                // Definition level 1 is an element, 0 an empty list. Repetition level 0 begins a list.
                let defined = lists.iter().flat_map(|ids| {
                    let levels: Vec<i16> = if ids.is_empty() { vec![0] } else { vec![1; ids.len()] };
                    levels
                });
                let repeated = lists.iter().flat_map(|ids| (0..ids.len().max(1)).map(|i| i16::from(i > 0)));
                let (defined, repeated): (Vec<i16>, Vec<i16>) = (defined.collect(), repeated.collect());
                column.typed::<Int32Type>().write_batch(&lists.concat(), Some(&defined), Some(&repeated))?;
            }
        }
        Ok(())
    }
}

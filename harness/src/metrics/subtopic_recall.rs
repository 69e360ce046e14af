//! Subtopic recall.

use super::{Answer, Impossible, Metric, Setting};

/// See [`Metric::definition`].
pub struct SubtopicRecall;

impl Metric for SubtopicRecall {
    fn name(&self) -> &'static str {
        "subtopic-recall"
    }

    fn definition(&self) -> &'static str {
        "share of the query's subtopics that some result covers (S-recall), over the queries that have subtopics"
    }

    fn range(&self) -> &'static str {
        "0 to 1"
    }

    fn higher_is_better(&self) -> bool {
        true
    }

    fn source(&self) -> &'static str {
        "Zhai, Cohen & Lafferty 2003"
    }

    fn possible(&self, setting: &Setting) -> Result<(), Impossible> {
        if setting.subtopics {
            return Ok(());
        }
        Err(Impossible {
            reason: "the dataset says nothing of subtopics".into(),
            remedy: "leave it out, or use a dataset with `subtopics`, such as glove-wordnet-20k".into(),
        })
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let distinct = |keep: &dyn Fn(u32) -> bool| {
            let covered = answer.subtopics().unwrap_or(&[]).iter().filter(|&&(item, _)| keep(item));
            let mut subtopics: Vec<u32> = covered.map(|&(_, subtopic)| subtopic).collect();
            subtopics.sort_unstable();
            subtopics.dedup();
            subtopics.len() as f64
        };
        let all = distinct(&|_| true);
        (all > 0.0).then(|| distinct(&|item| answer.returned().contains(&item)) / all)
    }
}

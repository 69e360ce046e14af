//! What a program outside swath picks.

use super::{Request, Selector, SelectorSetting};
use crate::external::{Program, Settings};
use crate::params::Count;
use crate::scratch::Scratch;
use crate::unfit::Unfit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a program of yours picks from the pool, in any language: a child process that speaks swath's protocol
/// (docs/your-algorithm.md). Its order is the result. Its time is by its own clock around one choice, checked against swath's clock
/// around a block of them.
///
/// Source: the program itself; the protocol is in docs/protocol.md.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct External {
    /// The program and its arguments: `[python3, mine.py]`. Files are seen from the folder of the experiment's file.
    pub command: Vec<String>,
    /// Parameters of what it prepares: trials that agree on them share it. Each may be a list, which is a grid axis.
    #[serde(skip_serializing_if = "Settings::is_empty")]
    pub build: Settings,
    /// Parameters that may change from query to query.
    #[serde(skip_serializing_if = "Settings::is_empty")]
    pub search: Settings,
    /// Threads with which it may prepare; all, if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Count", extend("default" = "all"))]
    pub build_threads: Option<Count>,
}

impl External {
    /// The program, with the parameters of what it prepares.
    pub fn program(&self) -> Program<'_> {
        Program { command: &self.command, build: &self.build, build_threads: self.build_threads, search: &self.search }
    }
}

impl Selector for External {
    /// The positions of what the request says that the program picked. Ids that the pool does not have are passed over.
    fn select(&self, request: &Request<'_>, _: &Scratch, picked: &mut Vec<usize>) {
        picked.clear();
        let place = |&id: &u32| request.pool.items.iter().position(|item| item.id == id);
        picked.extend(request.picked_outside.iter().filter_map(place).take(request.count()));
    }

    fn check(&self, setting: &SelectorSetting<'_>) -> Result<(), Unfit> {
        if !setting.programs {
            return Err(Unfit::new("a program outside cannot pick here", "give it as `select` of a retriever"));
        }
        self.program().check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::points::PointType;
    use crate::selector::{GroupLimit, SelectorParams};
    use crate::{Base, Distance, Pool};

    #[test]
    fn it_picks_what_the_request_says_in_that_order() {
        let base = Base::from_values(&[1.0, 0.0, 0.8, 0.6, 0.6, 0.8, 0.0, 1.0], 2, Distance::Angular).expect("finite");
        let (mut pool, scratch, mut picked) = (Pool::default(), Scratch::default(), Vec::new());
        pool.fill(&base, base.query(0), [0, 1, 3].into_iter(), 3, &scratch);
        let mut pick = |picked_outside: &[u32], k| {
            let (query, pool, subtopics) = (base.query(0), &pool, &[][..]);
            let (aspects, groups) = (&[][..], &[][..]);
            let request = Request {
                base: &base,
                query,
                pool,
                k,
                subtopics,
                aspects,
                groups,
                picked_outside,
                seed: 0,
                query_id: 0,
            };
            External::default().select(&request, &scratch, &mut picked);
            picked.iter().map(|&position| pool.items[position].id).collect::<Vec<_>>()
        };
        assert_eq!(pick(&[3, 0, 1], 2), [3, 0]);
        assert_eq!(pick(&[2, 1], 2), [1], "2 is not in the pool");
        assert_eq!(pick(&[], 2), Vec::<u32>::new());
    }

    #[test]
    fn it_cannot_stand_within_another_selector() {
        let external = External { command: vec!["./mine".into()], ..External::default() };
        let groups = ["site".to_owned()];
        let setting = SelectorSetting {
            distance: Distance::Angular,
            kind: PointType::Dense,
            subtopics: false,
            aspects: false,
            pool: None,
            groups: &groups,
            programs: true,
        };
        assert_eq!(external.check(&setting), Ok(()));
        let within = Box::new(SelectorParams::External(external));
        let refused = GroupLimit { within, ..GroupLimit::default() }.check(&setting).expect_err("within");
        assert_eq!(refused.inside, ["within", "external"]);
    }
}

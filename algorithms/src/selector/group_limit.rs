//! A limit on the results of one group.

use super::engine::constrained::{Constraint, constrained};
use super::{Request, Selector, SelectorParams, SelectorSetting, TopK, Unfit};
use crate::groups::{GroupChoice, Groups};
use crate::params::{Count, constant};
use crate::scratch::Scratch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// At most `limit` results of one group, such as a document or a seller. What another selector picks, by default the most
/// relevant, without what would be one too many of its group; an item without a group is its own. If the pool has too few groups, the
/// rest is filled by relevance, and the report says how many results break the limit.
///
/// By relevance this is the most relevant set within the limit. Around `mmr`, `max-min`, `max-sum`, `dpp` and `ssd` it is their
/// greedy choice among what the limit allows, item for item; other selectors pick again from what is left of the pool. It keeps no
/// guarantee that they have without it.
///
/// Source: common practice, which search engines call collapsing or grouping. By relevance: Rado 1957, greedy is optimal on a matroid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GroupLimit {
    /// Maximum number of results of one group.
    pub limit: Count,
    /// The kind of groups, such as `seller`; left out, the only kind that the dataset has.
    #[serde(skip_serializing_if = "GroupChoice::is_default")]
    pub group: GroupChoice,
    /// The selector that picks, written as in `select`.
    pub within: Box<SelectorParams>,
}

impl Default for GroupLimit {
    fn default() -> Self {
        Self {
            limit: constant!(Count, 2),
            group: GroupChoice::default(),
            within: Box::new(SelectorParams::TopK(TopK {})),
        }
    }
}

impl Selector for GroupLimit {
    fn select(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        let groups = self.group.of(request.groups);
        let group = |id: u32| groups.map_or(Groups::NONE, |groups| groups.of[id as usize]);
        let of = scratch.arena.alloc_slice_fill_iter(request.pool.items.iter().map(|item| group(item.id)));
        let mut limited = Limited { of, limit: self.limit.size() };
        constrained(request, &self.within, &mut limited, scratch, picked);
    }

    fn check(&self, setting: &SelectorSetting<'_>) -> Result<(), Unfit> {
        self.group.check(setting.groups, "use a dataset with `groups`, or another selector")?;
        self.within.check(&setting.of_within()).map_err(|unfit| unfit.inside("within", self.within.name()))
    }

    fn is_oracle(&self) -> bool {
        self.within.is_oracle()
    }

    fn needs_query(&self) -> bool {
        self.within.needs_query()
    }
}

/// At most `limit` picks of one group.
struct Limited<'s> {
    /// The group at each position.
    of: &'s [i32],
    limit: usize,
}

impl Constraint for Limited<'_> {
    fn forbids(&mut self, picks: &[usize], position: usize) -> bool {
        let group = self.of[position];
        group != Groups::NONE && picks.iter().filter(|&&pick| self.of[pick] == group).count() >= self.limit
    }

    fn mark(&mut self, picks: &[usize], forbidden: &mut [bool]) {
        for (position, forbidden) in forbidden.iter_mut().enumerate() {
            *forbidden |= self.forbids(picks, position);
        }
    }
}

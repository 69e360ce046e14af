//! What base points belong to: documents, sellers, authors.

use crate::unfit::Unfit;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::HashMap;

/// What base points belong to. A point that belongs to none is a group of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    /// What kind of group it is, such as `seller`; empty if the dataset has one kind and the file does not name it.
    pub name: String,
    /// The group of each base point; [`Groups::NONE`] if it belongs to none.
    pub of: Vec<i32>,
    /// What the groups are called, by number; empty if the file has only numbers.
    pub labels: Vec<String>,
}

impl Groups {
    /// The group of a base point that belongs to none.
    pub const NONE: i32 = -1;

    /// From the label of each base point; an empty one means none. Groups are numbered as they first appear.
    pub fn of_labels<S: AsRef<str>>(name: impl Into<String>, rows: impl IntoIterator<Item = S>) -> Self {
        let (mut numbers, mut labels) = (HashMap::<String, i32>::new(), Vec::new());
        let mut number = |label: &str| {
            if label.is_empty() {
                return Self::NONE;
            }
            numbers.get(label).copied().unwrap_or_else(|| {
                let next = labels.len() as i32;
                numbers.insert(label.to_owned(), next);
                labels.push(label.to_owned());
                next
            })
        };
        let of = rows.into_iter().map(|label| number(label.as_ref())).collect();
        Self { name: name.into(), of, labels }
    }

    /// Of these base points alone, in this order; groups keep their numbers.
    #[must_use]
    pub fn gather(&self, rows: &[usize]) -> Self {
        Self { of: rows.iter().map(|&row| self.of[row]).collect(), ..self.clone() }
    }

    /// The same without what the groups are called.
    #[must_use]
    pub fn without_labels(&self) -> Self {
        Self { name: self.name.clone(), of: self.of.clone(), labels: Vec::new() }
    }

    /// Number of different groups; points that belong to none are not counted.
    pub fn count(&self) -> usize {
        let mut all: Vec<i32> = self.of.iter().copied().filter(|&group| group != Self::NONE).collect();
        all.sort_unstable();
        all.dedup();
        all.len()
    }

    /// Bytes that they take in memory.
    pub fn bytes(&self) -> usize {
        size_of_val(self.of.as_slice())
            + self.labels.iter().map(|label| size_of::<String>() + label.capacity()).sum::<usize>()
    }
}

/// A kind of groups by its name. Left out, it is the only kind that a dataset has.
///
/// Each field of this type needs `#[serde(skip_serializing_if = "GroupChoice::is_default")]`: serde skips a field only
/// by an attribute of the field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GroupChoice(Option<String>);

impl GroupChoice {
    /// Whether no kind is named.
    pub const fn is_default(&self) -> bool {
        self.0.is_none()
    }

    /// The groups of this kind, if there are any.
    pub fn of<'a>(&self, kinds: &'a [Groups]) -> Option<&'a Groups> {
        match &self.0 {
            Some(name) => kinds.iter().find(|groups| groups.name == *name),
            None => kinds.first().filter(|_| kinds.len() == 1),
        }
    }

    /// Checks that a dataset with these kinds of groups has the one that is meant. `otherwise` says what to do where there are no
    /// groups, as in "use a dataset with `groups`, or another selector".
    ///
    /// # Errors
    /// What is wrong, and the kinds that there are.
    pub fn check(&self, kinds: &[String], otherwise: &str) -> Result<(), Unfit> {
        if kinds.is_empty() {
            return Err(Unfit::new("the dataset has no groups", otherwise));
        }
        let names = kinds.iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(", ");
        let (message, help) = match &self.0 {
            None if kinds.len() == 1 => return Ok(()),
            Some(name) if !name.is_empty() && kinds.contains(name) => return Ok(()),
            None => {
                let help = format!("name one, as in `group: {}`", kinds[0]);
                (format!("the dataset has several kinds of groups: {names}"), help)
            }
            Some(name) if kinds[0].is_empty() => {
                let message = format!("there are no groups `{name}`: the dataset's only kind of groups has no name");
                (message, "leave `group` out".to_owned())
            }
            Some(name) => {
                let one_of = if kinds.len() > 1 { "one of " } else { "" };
                (format!("the dataset has no groups `{name}`"), format!("use {one_of}{names}"))
            }
        };
        Err(Unfit::new(message, help).of("group"))
    }
}

impl From<&str> for GroupChoice {
    fn from(name: &str) -> Self {
        Self(Some(name.to_owned()))
    }
}

impl JsonSchema for GroupChoice {
    fn schema_name() -> Cow<'static, str> {
        String::schema_name()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_kind_is_named_or_the_only_one() {
        let shops = Groups::of_labels("shop", ["a", "b", "", "a"]);
        assert_eq!((shops.of.as_slice(), shops.count()), ([0, 1, Groups::NONE, 0].as_slice(), 2));
        let two = [shops.clone(), Groups::of_labels("author", ["x"; 4])];
        let any = GroupChoice::default();
        assert_eq!(any.of(&two[..1]), Some(&shops));
        assert_eq!((any.of(&two), any.of(&[])), (None, None));
        assert_eq!(GroupChoice::from("author").of(&two), Some(&two[1]));
        assert_eq!(GroupChoice::from("seller").of(&two), None);
    }

    #[test]
    fn a_kind_that_is_not_there_is_refused_with_those_that_are() {
        let said = |choice: GroupChoice, names: &[&str]| {
            choice.check(&kinds(names), "use another dataset").expect_err("refused").to_string()
        };
        let (any, shop) = (GroupChoice::default(), GroupChoice::from("shop"));
        assert_eq!(said(any.clone(), &[]), "the dataset has no groups; use another dataset");
        assert_eq!(said(shop.clone(), &[]), said(any.clone(), &[]));
        assert_eq!(
            said(any.clone(), &["shop", "author"]),
            "the dataset has several kinds of groups: `shop`, `author`; name one, as in `group: shop`"
        );
        assert_eq!(said(shop.clone(), &["author"]), "the dataset has no groups `shop`; use `author`");
        assert_eq!(
            said(shop.clone(), &["author", "site"]),
            "the dataset has no groups `shop`; use one of `author`, `site`"
        );
        assert_eq!(
            said(shop.clone(), &[""]),
            "there are no groups `shop`: the dataset's only kind of groups has no name; leave `group` out"
        );
        assert!(GroupChoice::from("").check(&kinds(&["shop"]), "").is_err());
        for (choice, names) in [(&any, vec!["shop"]), (&any, vec![""]), (&shop, vec!["author", "shop"])] {
            assert_eq!(choice.check(&kinds(&names), ""), Ok(()), "{names:?}");
        }
    }
}

//! What the address of the log says.

use crate::audit::{Category, Filter, Kind, Page};
use crate::clock::{self, DAY};
use crate::error::{Checks, Refusal};
use crate::ids::{UserId, WorkspaceId};
use serde::Deserialize;

/// The filters as they were chosen or typed, and the part of the list.
#[derive(Deserialize, Default, Clone)]
#[serde(default)]
pub struct Asked {
    pub member: String,
    pub workspace: String,
    /// A category, or an action such as `member.role_changed`.
    pub what: String,
    pub from: String,
    pub to: String,
    pub before: String,
    pub after: String,
    pub page: String,
    /// The chain is to be checked behind this event, 0 for the first.
    pub check: String,
    /// How often the page has asked for what is new.
    pub asks: String,
}

impl Asked {
    /// The filter, with the person that `member` turned out to be. Refuses days that are none.
    pub fn filter(&self, member: Option<UserId>) -> Result<Filter, Refusal> {
        let mut checks = Checks::default();
        let mut day = |field, text: &str| match text.trim() {
            "" => None,
            text => checks.take(
                field,
                clock::parse_date(text).ok_or("Write the day like 2026-11-22."),
            ),
        };
        let (from, to) = (day("from", &self.from), day("to", &self.to));
        checks.done()?;
        Ok(Filter {
            workspace: (!self.workspace.is_empty())
                .then(|| WorkspaceId::from(self.workspace.as_str())),
            member,
            kind: match self.what.as_str() {
                "" => None,
                what => Some(
                    Category::parse(what)
                        .map_or_else(|| Kind::Action(what.to_owned()), Kind::Category),
                ),
            },
            from,
            until: to.map(|to| to + DAY),
        })
    }

    /// The part of the list. Refuses a number that no page gave.
    pub fn page(&self) -> Result<Page, Refusal> {
        let seq = |text: &str| {
            text.parse().map_err(|_| {
                Refusal::field(
                    "cursor",
                    "This page belongs to another list. Start from the newest.",
                )
            })
        };
        Ok(match () {
            () if !self.before.is_empty() => Page::Before(seq(&self.before)?),
            () if !self.after.is_empty() => Page::After(seq(&self.after)?),
            () if self.page == "oldest" => Page::Oldest,
            () => Page::Newest,
        })
    }

    /// The query of this list with some parts replaced, and the part of the list left out unless it is among them.
    pub fn with(&self, changes: &[(&str, &str)]) -> String {
        let kept = [
            ("member", &self.member),
            ("workspace", &self.workspace),
            ("what", &self.what),
            ("from", &self.from),
            ("to", &self.to),
        ];
        let changed = |key: &str| {
            changes
                .iter()
                .find(|(k, _)| *k == key)
                .map(|(_, value)| *value)
        };
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (key, value) in kept {
            let value = changed(key).unwrap_or(value);
            if !value.is_empty() {
                query.append_pair(key, value);
            }
        }
        for key in ["before", "after", "page", "check", "asks"] {
            if let Some(value) = changed(key) {
                query.append_pair(key, value);
            }
        }
        let query = query.finish();
        if query.is_empty() {
            query
        } else {
            format!("?{query}")
        }
    }

    /// The fields of a form that asks for the same events.
    pub fn fields(&self, filter: &Filter) -> Vec<(&'static str, String)> {
        let member = filter
            .member
            .as_ref()
            .map(UserId::to_string)
            .unwrap_or_default();
        let all = [
            ("member", member),
            ("workspace", self.workspace.clone()),
            ("what", self.what.clone()),
            ("from", self.from.clone()),
            ("to", self.to.clone()),
        ];
        all.into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect()
    }

    pub fn is_filtered(&self) -> bool {
        [
            &self.member,
            &self.workspace,
            &self.what,
            &self.from,
            &self.to,
        ]
        .iter()
        .any(|part| !part.is_empty())
    }
}

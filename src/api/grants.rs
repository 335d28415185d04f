//! `/workspaces/{workspace_id}/members/{user_id}/grants`: what somebody is limited to.

use super::access::{HowToSet, is_dry};
use super::bearer::Caller;
use super::error::ApiResult;
use super::input::{Json, Path, Query};
use super::paging::Listed;
use super::shape::{answer, body};
use crate::app::App;
use crate::error::Refusal;
use crate::grants::{self, Chosen, Done, Limits, WhenEmpty};
use crate::ids::{ResourceId, UserId, WorkspaceId};
use axum::extract::State;

answer! {
    /// What a person sees of one kind in a workspace.
    pub struct Grants {
        pub kind: String,
        /// `false`: they see all, future ones too.
        pub limited: bool,
        /// How many they see now.
        pub sees: i64,
        /// How many there are.
        pub total: i64,
        /// Counting stopped after a thousand: there are more, and they may see more.
        pub more: bool,
        /// The ids of those they are limited to, with what lies in them; `null` where they aren't.
        pub only: Option<Vec<String>>,
    }
}

impl From<Limits> for Grants {
    fn from(limits: Limits) -> Self {
        let only = limits.granted.into_iter().map(String::from).collect();
        Self {
            kind: limits.kind.name.to_string(),
            limited: limits.limited,
            sees: limits.sees.n,
            total: limits.total.n,
            more: !limits.total.all,
            only: limits.limited.then_some(only),
        }
    }
}

/// `GET /workspaces/{workspace_id}/members/{user_id}/grants`
pub async fn show(
    State(app): State<App>,
    Caller(person): Caller,
    Path((workspace, user)): Path<(WorkspaceId, UserId)>,
) -> ApiResult<axum::Json<Listed<Grants>>> {
    let overview = grants::overview(&app, &person, &workspace, &user).await?;
    Ok(axum::Json(Listed {
        data: overview.kinds.into_iter().map(Grants::from).collect(),
        next_cursor: None,
    }))
}

body! {
    /// What a person is to see of a kind.
    pub struct ChangedGrants {
        pub kind: String,
        /// The ids of the resources to limit them to; left out or `null`: no limit.
        pub only: Option<Vec<String>>,
        /// What an empty `only` means: `all` or `none`. Without it, it is refused.
        pub when_empty: Option<String>,
    }
}

answer! {
    /// What was set, and what it did, or would do.
    pub struct GrantsSet {
        pub kind: String,
        pub limited: bool,
        pub saw: i64,
        pub sees: i64,
        pub total: i64,
        /// They are owner or admin of the workspace, whom grants don't limit: it works once they are less.
        pub has_no_effect: bool,
    }
}

impl From<Done> for GrantsSet {
    fn from(done: Done) -> Self {
        Self {
            kind: done.kind.name.to_string(),
            limited: done.after.limited,
            saw: done.before.sees,
            sees: done.after.sees,
            total: done.total,
            has_no_effect: done.no_effect,
        }
    }
}

/// `PUT /workspaces/{workspace_id}/members/{user_id}/grants`
pub async fn set(
    State(app): State<App>,
    Caller(person): Caller,
    Path((workspace, user)): Path<(WorkspaceId, UserId)>,
    Query(how): Query<HowToSet>,
    Json(changed): Json<ChangedGrants>,
) -> ApiResult<axum::Json<GrantsSet>> {
    let when_empty = match changed.when_empty.as_deref() {
        None => None,
        Some("all") => Some(WhenEmpty::All),
        Some("none") => Some(WhenEmpty::None),
        Some(_) => return Err(Refusal::field("when_empty", "Say all or none.").into()),
    };
    let chosen = match changed.only {
        None => Chosen::All,
        Some(ids) => Chosen::Only(ids.into_iter().map(ResourceId::from).collect()),
    };
    let done = match is_dry(&how)? {
        true => {
            grants::set_impact(
                &app,
                &person,
                &workspace,
                &user,
                &changed.kind,
                &chosen,
                when_empty,
            )
            .await?
        }
        false => {
            grants::set(
                &app,
                &person,
                &workspace,
                &user,
                &changed.kind,
                &chosen,
                when_empty,
            )
            .await?
        }
    };
    Ok(axum::Json(done.into()))
}

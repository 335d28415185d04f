//! `/access/check`: may somebody do this to that, and why.

use super::bearer::Caller;
use super::error::ApiResult;
use super::input::{Json, Path, Query};
use super::paging::{self, Listed};
use super::resources::Resource;
use super::shape::{answer, body, query};
use crate::access::Action;
use crate::app::App;
use crate::checks::{self, About, Answer, MOST, Place, Question, Shown};
use crate::error::{Refusal, Result};
use crate::ids::WorkspaceId;
use crate::resources::{self, Filter};
use axum::extract::{OriginalUri, State};
use axum::response::Response;

body! {
    /// One question, or many about the same person. Without `user` they are about the caller.
    pub struct AccessCheck {
        /// The id or the e-mail address of the person. About others only owners and admins of the organization may ask.
        pub user: Option<String>,
        /// `view`, `run`, `create`, `edit`, `delete`, or `manage_members` of a workspace
        pub action: Option<String>,
        /// By itself: the workspace is what the question is about. With `kind`: where the resource stands.
        pub workspace_id: Option<String>,
        /// Where a resource of the organization's own stands.
        pub organization_id: Option<String>,
        /// A resource by Roster's id.
        pub resource_id: Option<String>,
        /// A resource's kind, with `external_id`; or, to create one, without.
        pub kind: Option<String>,
        /// A resource by the host product's own id.
        pub external_id: Option<String>,
        /// Up to 1,000 questions instead of one.
        pub questions: Option<Vec<AccessQuestion>>,
        /// For many questions: give the steps of each answer too. One question is always answered with them.
        pub explain: Option<bool>,
    }
}

body! {
    /// One of many questions.
    pub struct AccessQuestion {
        pub action: String,
        pub workspace_id: Option<String>,
        pub organization_id: Option<String>,
        pub resource_id: Option<String>,
        pub kind: Option<String>,
        pub external_id: Option<String>,
    }
}

answer! {
    /// The answer to one question, or to many in their order.
    pub struct AccessChecked {
        #[serde(skip_serializing_if = "Option::is_none")]
        pub allowed: Option<bool>,
        /// `allowed`, `not_found`, `role_lacks_permission`, `viewer_caps`, `billing_role_no_workspace` or `plan_lacks_entitlement`
        #[serde(skip_serializing_if = "Option::is_none")]
        pub code: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub steps: Option<Vec<AccessStep>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub answers: Option<Vec<AccessAnswer>>,
    }
}

answer! {
    /// The answer to one of many questions.
    pub struct AccessAnswer {
        pub allowed: bool,
        pub code: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub steps: Option<Vec<AccessStep>>,
    }
}

answer! {
    /// One step that led to an answer.
    pub struct AccessStep {
        /// `private`, `membership`, `viewer_cap`, `role`, `permission`, `grants` or `entitlement`
        pub rule: &'static str,
        pub text: String,
        /// `passed`, `allowed` or `refused`
        pub verdict: &'static str,
        /// It decided.
        pub deciding: bool,
        /// The page where what it found is changed.
        pub change_at: Option<String>,
    }
}

impl From<Shown> for AccessStep {
    fn from(step: Shown) -> Self {
        Self {
            rule: step.rule,
            text: step.text,
            verdict: step.verdict.as_str(),
            deciding: step.deciding,
            change_at: step.change_at,
        }
    }
}

/// `POST /access/check`
pub async fn check(
    State(app): State<App>,
    Caller(person): Caller,
    Json(asked): Json<AccessCheck>,
) -> ApiResult<axum::Json<AccessChecked>> {
    let (user, explain) = (asked.user.clone(), asked.explain.unwrap_or(false));
    let (questions, many) = read(asked)?;
    let answers = match user.as_deref() {
        None => checks::check_own(&app, &person, &questions).await?,
        Some(user) => {
            let subject = checks::subject(&app, &person, user).await?;
            checks::check(&app, &person, &subject, &questions).await?
        }
    };
    Ok(axum::Json(if many {
        all(answers, explain)
    } else {
        one(answers)?
    }))
}

query! {
    /// Whose, and which, of the things that a person may open.
    pub struct AskedOpen {
        /// The id or the e-mail address of the person; the caller where it is left out.
        pub user: Option<String>,
        /// Part of a name, or a whole external id.
        pub search: Option<String>,
        /// Of this kind only.
        pub kind: Option<String>,
        /// Things on a page, 1 to 100; 50 unless said.
        pub limit: Option<String>,
        /// `next_cursor` of the page before.
        pub cursor: Option<String>,
    }
}

/// `GET /workspaces/{workspace_id}/access`: what somebody may open in a workspace.
pub async fn open(
    State(app): State<App>,
    Caller(person): Caller,
    Path(workspace): Path<WorkspaceId>,
    OriginalUri(uri): OriginalUri,
    Query(asked): Query<AskedOpen>,
) -> ApiResult<Response> {
    let subject = match asked.user.as_deref() {
        Some(user) => checks::subject(&app, &person, user).await?,
        None => person.user.clone(),
    };
    let filter = Filter {
        search: asked.search.unwrap_or_default(),
        kind: asked.kind.unwrap_or_default(),
        after: asked.cursor.unwrap_or_default(),
        limit: paging::limit(asked.limit.as_deref())?,
        ..Filter::default()
    };
    let listed = resources::list_of(&app, &person, &subject, &workspace, &filter).await?;
    let data = listed.rows.into_iter().map(Resource::from).collect();
    paging::answer(
        &app,
        &uri,
        Listed {
            data,
            next_cursor: listed.next,
        },
    )
}

fn one(answers: Vec<Answer>) -> Result<AccessChecked> {
    let answer = answers.into_iter().next().ok_or(Refusal::NotFound)?;
    let steps = answer.steps.into_iter().map(AccessStep::from).collect();
    Ok(AccessChecked {
        allowed: Some(answer.allowed),
        code: Some(answer.code),
        steps: Some(steps),
        answers: None,
    })
}

fn all(answers: Vec<Answer>, explain: bool) -> AccessChecked {
    let one = |answer: Answer| AccessAnswer {
        allowed: answer.allowed,
        code: answer.code,
        steps: explain.then(|| answer.steps.into_iter().map(AccessStep::from).collect()),
    };
    AccessChecked {
        allowed: None,
        code: None,
        steps: None,
        answers: Some(answers.into_iter().map(one).collect()),
    }
}

/// The questions, and whether they came as a list.
fn read(asked: AccessCheck) -> Result<(Vec<Question>, bool)> {
    let AccessCheck {
        action,
        workspace_id,
        organization_id,
        resource_id,
        kind,
        external_id,
        questions,
        ..
    } = asked;
    match (questions, action) {
        (Some(_), Some(_)) => Err(Refusal::field(
            "questions",
            "Ask one question, or a list of them; not both.",
        )),
        (None, None) => Err(Refusal::field(
            "action",
            "Say what they want to do: view, run, create, edit, delete or manage_members.",
        )),
        (Some(list), None) if list.len() > MOST => Err(Refusal::field(
            "questions",
            "At most 1,000 questions at once.",
        )),
        (Some(list), None) => Ok((list.into_iter().map(question).collect::<Result<_>>()?, true)),
        (None, Some(action)) => {
            let one = AccessQuestion {
                action,
                workspace_id,
                organization_id,
                resource_id,
                kind,
                external_id,
            };
            Ok((vec![question(one)?], false))
        }
    }
}

fn question(asked: AccessQuestion) -> Result<Question> {
    let action = Action::parse(&asked.action).ok_or_else(|| {
        Refusal::field(
            "action",
            "An action is view, run, create, edit, delete or manage_members.",
        )
    })?;
    let place = match (asked.workspace_id, asked.organization_id) {
        (Some(id), None) => Some(Place::Workspace(id.into())),
        (None, Some(id)) => Some(Place::Organization(id.into())),
        (None, None) => None,
        (Some(_), Some(_)) => {
            return Err(Refusal::field(
                "organization_id",
                "A thing stands in a workspace or in an organization, not both.",
            ));
        }
    };
    let about = match (asked.resource_id, asked.kind, asked.external_id, place) {
        (Some(id), None, None, None) => About::Resource(id.into()),
        (None, Some(kind), Some(id), Some(place)) => About::External { place, kind, id },
        (None, Some(kind), None, Some(place)) => About::New { place, kind },
        (None, None, None, Some(Place::Workspace(id))) => About::Workspace(id),
        _ => {
            return Err(Refusal::field(
                "resource_id",
                "Name a resource_id; or a kind and an external_id with workspace_id or organization_id; or a workspace_id alone.",
            ));
        }
    };
    if action == Action::Create && !matches!(about, About::New { .. }) {
        return Err(Refusal::field(
            "action",
            "To ask about creating, name the kind and where, without external_id or resource_id.",
        ));
    }
    Ok(Question { action, about })
}

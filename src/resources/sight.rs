//! What one person is in one workspace, or in an organization apart from its workspaces: everything that decides what
//! they see and may do there.
//!
//! Lists ask the same of the database with [`super::sees`]; tests/app/resources.rs holds both together.

use super::Resource;
use super::chain::Chain;
use crate::access::{Action, Decision, Kind, Level, Target, Thing, WorkspaceRole};
use crate::actor::Actor;
use crate::app::App;
use crate::billing::{Plan, Plans};
use crate::checks::{self, KnownWorkspace, Seated};
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{UserId, WorkspaceId};
use std::sync::Arc;

#[derive(Clone, Debug)]
pub struct Sight {
    pub(super) user: UserId,
    seated: Seated,
    here: KnownWorkspace,
    plans: Plans,
    plan: Arc<Plan>,
}

impl Sight {
    /// Reads it. `actor` is the person in the organization; `None` says that the workspace stands alone: then the default
    /// plan holds.
    pub(crate) async fn load(
        app: &App,
        tx: &mut Tx,
        user: &UserId,
        actor: Option<&Actor>,
        workspace: Option<&WorkspaceId>,
    ) -> Result<Self> {
        let here = match workspace {
            Some(workspace) => checks::known(tx, user, &[workspace.as_str()])
                .await?
                .remove(workspace),
            None => None,
        };
        let seated = actor.map_or(Seated::STANDALONE, |actor| {
            Seated::active(actor.role, actor.org.policies.admins_enter)
        });
        Ok(Self {
            user: user.clone(),
            seated,
            here: here.unwrap_or_default(),
            plan: actor
                .map_or(app.plans.default_plan(), |actor| {
                    app.plans.of(&actor.org, app.now())
                })
                .clone(),
            plans: app.plans.clone(),
        })
    }

    /// Whether they may open the workspace that this is about.
    pub(super) fn may_open(&self) -> bool {
        !self.here.rows.is_empty() || self.enters()
    }

    /// Whether they come in without a row, by their organization role.
    pub(crate) fn enters(&self) -> bool {
        self.seated.enters()
    }

    /// Whether nothing of the workspace but what is private to others is kept from them: so lists needn't ask row by row.
    pub(crate) fn sees_all(&self) -> bool {
        match self.here.highest() {
            None => self.enters(),
            Some(WorkspaceRole::Custom) => false,
            Some(highest) => highest >= WorkspaceRole::Admin || self.here.limits.is_empty(),
        }
    }

    /// Whether they see what happens in the workspace as a whole: who has no more than a custom role sees what it lists.
    pub(crate) fn sees_workspace(&self) -> bool {
        self.here
            .highest()
            .map_or(self.enters(), |highest| highest != WorkspaceRole::Custom)
    }

    /// Whether they administer the workspace.
    pub(crate) fn administers(&self) -> bool {
        self.here
            .decide(
                self.user.as_str(),
                self.seated,
                Action::Edit,
                &Target::Workspace,
            )
            .allowed
    }

    /// Asks [`crate::access::decide`] about a thing of this kind, with what it lies in.
    pub(crate) fn decide(
        &self,
        action: Action,
        kind: &Kind,
        owner: Option<&UserId>,
        chain: &Chain,
    ) -> Decision {
        let links = chain.links();
        let thing = Thing {
            kind,
            owner: owner.map(UserId::as_str),
            chain: &links,
            entitled: self.plan.entitles(kind.needs()),
        };
        self.here.decide(
            self.user.as_str(),
            self.seated,
            action,
            &Target::Resource(thing),
        )
    }

    /// Whether they may know of it: what they may view, and what only the plan keeps from them.
    pub(super) fn sees(&self, kind: &Kind, resource: &Resource, chain: &Chain) -> bool {
        let decision = self.decide(Action::View, kind, resource.owner.as_ref(), chain);
        decision.allowed || !decision.hidden
    }

    /// Refuses what [`Self::decide`] refuses: with "not found" where they may not know of the thing.
    pub(crate) fn require(
        &self,
        action: Action,
        kind: &Kind,
        owner: Option<&UserId>,
        chain: &Chain,
    ) -> Result<()> {
        let decision = self.decide(action, kind, owner, chain);
        if decision.allowed {
            return Ok(());
        }
        if decision.hidden {
            return Err(Refusal::NotFound);
        }
        Err(self.refused(&decision, action, kind))
    }

    /// Why the plan keeps a kind from being used, and who can change that.
    pub(super) fn lacking(&self, kind: &Kind) -> String {
        format!(
            "{} are {}",
            kind.plural,
            self.plans
                .lacking(&self.plan, |plan| plan.entitles(kind.needs()))
        )
    }

    /// The refusal of somebody who knows of the thing, with who can help.
    fn refused(&self, decision: &Decision, action: Action, kind: &Kind) -> Refusal {
        use crate::access::Step;
        let (verb, plural) = (action.label().to_lowercase(), kind.plural.to_lowercase());
        match decision.steps.last() {
            Some(Step::ViewerCap(true)) => Refusal::forbidden(
                "viewer_caps",
                format!(
                    "You are a viewer of the organization, who changes nothing. Ask an owner or admin for another role to {verb} {plural}."
                ),
            ),
            Some(Step::Entitlement(_)) => {
                Refusal::forbidden("plan_lacks_entitlement", self.lacking(kind))
            }
            _ if kind.level == Level::Organization => Refusal::forbidden(
                "role_lacks_permission",
                format!("Your organization role can't {verb} {plural}. Owners and admins can."),
            ),
            _ => Refusal::forbidden(
                "role_lacks_permission",
                format!(
                    "Your role in this workspace can't {verb} {plural}. Its owners and admins can, or can give you a role that does."
                ),
            ),
        }
    }
}

//! Making somebody owner of an organization that lost its owners: the operator's last resort (S2-25).

use super::{Entry, Status, entry, queries};
use crate::access::OrgRole;
use crate::accounts;
use crate::accounts::unclaimed::{self, Named};
use crate::actor::Actor;
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::ids::{MemberId, UserId};
use crate::text;

/// What [`recover_owner`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// They were a member with this role.
    Promoted(OrgRole),
    /// They were no member.
    Added,
    AlreadyOwner,
}

/// Makes the person with this address an owner: a member is raised and, where suspended, let back in; anybody else is
/// added. For the operator alone; refuses any other actor.
pub async fn recover_owner(app: &App, actor: &Actor, email: &str) -> Result<(Entry, Recovery)> {
    if !actor.person.is_system() {
        return Err(Refusal::forbidden(
            "operator_only",
            "Only whoever runs this installation can do that.",
        ));
    }
    let address = text::email(email).map_err(|message| Refusal::field("email", message))?;
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    let user = match accounts::find_by_address(&mut tx, &address).await? {
        Some(user) if user.disabled => {
            return Err(Refusal::conflict(
                "account_disabled",
                format!("The account of {address} is disabled."),
            ));
        }
        Some(user) => user.id,
        None => make(&mut tx, &address, now).await?,
    };
    let (member, recovery) = match queries::member_of(&mut tx, &actor.org.id, &user).await? {
        Some(member) => raise(&mut tx, &actor, member, now).await?,
        None => (
            add(app, &mut tx, &actor, &user, now).await?,
            Recovery::Added,
        ),
    };
    let entry = entry(&mut tx, &actor.org.id, &member, now).await?;
    tx.commit().await?;
    Ok((entry, recovery))
}

async fn make(tx: &mut Tx, address: &str, now: Micros) -> Result<UserId> {
    let name = address.split('@').next().unwrap_or(address);
    unclaimed::create(
        tx,
        Named {
            name,
            email: address,
            github_login: "",
        },
        now,
    )
    .await
}

async fn raise(
    tx: &mut Tx,
    actor: &Actor,
    member: MemberId,
    now: Micros,
) -> Result<(MemberId, Recovery)> {
    let before = entry(tx, &actor.org.id, &member, now).await?;
    if before.role == OrgRole::Owner && before.status != Status::Suspended {
        return Ok((member, Recovery::AlreadyOwner));
    }
    queries::set_role(tx, &actor.org.id, &member, OrgRole::Owner).await?;
    queries::set_status(tx, &actor.org.id, &member, "active").await?;
    let event = Event::new(
        Category::Access,
        "member.role_changed",
        "member",
        member.to_string(),
        &*before.name,
    )
    .subject(before.user.as_ref())
    .change(before.role.as_str(), OrgRole::Owner.as_str())
    .with("status_before", before.status.as_str())
    .with("by", "owner recover");
    audit::record(tx, actor, now, event).await?;
    Ok((member, Recovery::Promoted(before.role)))
}

async fn add(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    user: &UserId,
    now: Micros,
) -> Result<MemberId> {
    let person = accounts::as_member(tx, user).await?;
    let member =
        super::add_member(app, tx, &actor.org.id, user, OrgRole::Owner, &person, now).await?;
    let event = Event::new(
        Category::Access,
        "member.added",
        "member",
        member.to_string(),
        &*person.name,
    )
    .subject(Some(user))
    .with("role", OrgRole::Owner.as_str())
    .with("by", "owner recover");
    audit::record(tx, actor, now, event).await?;
    Ok(member)
}

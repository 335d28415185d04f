//! Moving in: a row of a file becomes a member at once, to be claimed at the first sign-in (product.md, 5).

use super::{NewMember, add_member, queries};
use crate::access::OrgRole;
use crate::accounts;
use crate::actor::Actor;
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{MemberId, UserId};

/// One person to move in, checked: `email` is an address in canonical form, or "".
#[derive(Debug, Clone)]
pub struct Mover {
    pub email: String,
    pub name: String,
    pub role: OrgRole,
}

/// Makes somebody a member at once, or finds that they are one. `true`: they were added.
pub async fn move_in(app: &App, actor: &Actor, mover: &Mover) -> Result<bool> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    let user = find_or_make(&mut tx, mover, now).await?;
    if queries::is_member(&mut tx, &actor.org.id, &user).await? {
        return Ok(false);
    }
    let person = accounts::as_member(&mut tx, &user).await?;
    add(app, &mut tx, &actor, &user, mover.role, &person, now).await?;
    tx.commit().await?;
    Ok(true)
}

async fn find_or_make(tx: &mut Tx, mover: &Mover, now: Micros) -> Result<UserId> {
    if let Some(user) = accounts::find_by_address(tx, &mover.email).await? {
        return Ok(user.id);
    }
    let user = accounts::create(tx, &mover.name, Some(&mover.email), "unclaimed", now).await?;
    accounts::wait_for_address(tx, &mover.email, &user, now).await?;
    Ok(user)
}

async fn add(app: &App, tx: &mut Tx, actor: &Actor, user: &UserId, role: OrgRole, person: &NewMember, now: Micros) -> Result<MemberId> {
    let member = add_member(app, tx, &actor.org.id, user, role, person, now).await?;
    let event = Event::new(Category::Access, "member.added", "member", member.to_string(), &*person.name)
        .subject(Some(user))
        .with("role", role.as_str())
        .with("by", "import");
    audit::record(tx, actor, now, event).await?;
    Ok(member)
}

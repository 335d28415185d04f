//! How many people are invited, and how many mails leave Roster for it, so that it can't be used to flood anybody (SEC-I14).

use super::{Recipient, queries};
use crate::actor::{Actor, Person};
use crate::clock::{DAY, HOUR, Micros};
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::organizations::Organization;

/// Invitations an organization may make or renew in a day; one more for every member it has, so that a large one can work.
pub(super) const PER_ORGANIZATION_AND_DAY: i64 = 100;
/// Mails about standalone workspaces that one person may have sent in a day.
pub(super) const PER_PERSON_AND_DAY: i64 = 50;
/// Mails an address may be sent in an hour, by everybody together; or times an account at GitHub may be invited.
pub(super) const PER_ADDRESS_AND_HOUR: i64 = 3;

/// Counts one invitation, or refuses it. Part of the write that makes it: what is refused is not counted. The operator is
/// held back only for the recipient's sake.
pub(super) async fn count(
    tx: &mut Tx,
    actor: &Actor,
    org: &Organization,
    to: &Recipient,
    now: Micros,
) -> Result<()> {
    if !actor.person.is_system() {
        let (used, ends) =
            queries::count_up(tx, &format!("organization {}", org.id), now, now + DAY).await?;
        if used > PER_ORGANIZATION_AND_DAY + org.members {
            let reason = format!(
                "{} has sent {} invitations within a day, which is as many as it may. Nothing was sent now; go on tomorrow.",
                org.name,
                used - 1
            );
            return Err(too_many(reason, ends - now));
        }
    }
    match to {
        Recipient::Address(address) => count_to_address(tx, address, now).await,
        Recipient::GitHub(user) => count_to_github(tx, to, &user.id, now).await,
    }
}

/// The same for a mail about a standalone workspace, counted by who sends it: anybody can make any number of those.
pub(super) async fn count_by_person(
    tx: &mut Tx,
    person: &Person,
    address: &str,
    now: Micros,
) -> Result<()> {
    let (used, ends) =
        queries::count_up(tx, &format!("person {}", person.user), now, now + DAY).await?;
    if used > PER_PERSON_AND_DAY {
        let reason = format!(
            "You have sent {} invitations to workspaces within a day, which is as many as you may. Nothing was sent now; go on tomorrow.",
            used - 1
        );
        return Err(too_many(reason, ends - now));
    }
    count_to_address(tx, address, now).await
}

async fn count_to_address(tx: &mut Tx, address: &str, now: Micros) -> Result<()> {
    let (used, ends) =
        queries::count_up(tx, &format!("address {address}"), now, now + HOUR).await?;
    if used > PER_ADDRESS_AND_HOUR {
        let reason = format!(
            "{address} was sent enough mail for this hour. Nothing was sent now; try again later, or copy a link and pass it on yourself."
        );
        return Err(too_many(reason, ends - now));
    }
    Ok(())
}

async fn count_to_github(tx: &mut Tx, to: &Recipient, github_id: &str, now: Micros) -> Result<()> {
    let (used, ends) =
        queries::count_up(tx, &format!("github {github_id}"), now, now + HOUR).await?;
    if used > PER_ADDRESS_AND_HOUR {
        return Err(too_many(
            format!(
                "{to} was invited often enough for this hour. Nothing was changed now; try again later."
            ),
            ends - now,
        ));
    }
    Ok(())
}

fn too_many(reason: String, wait: Micros) -> Refusal {
    Refusal::TooMany {
        reason: reason.into(),
        retry_after_seconds: (wait / crate::clock::SECOND).max(1) as u64,
    }
}

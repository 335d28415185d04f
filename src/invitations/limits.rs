//! How many invitation mails leave Roster, so that it can't be used to flood anybody (SEC-I14).

use super::queries;
use crate::actor::Actor;
use crate::clock::{DAY, HOUR, Micros};
use crate::db::Tx;
use crate::error::{Refusal, Result};
use crate::organizations::Organization;

/// Mails an organization may have sent in a day; one more for every member it has, so that a large one can work.
pub(super) const PER_ORGANIZATION_AND_DAY: i64 = 100;
/// Mails an address may be sent in an hour, by all organizations together.
pub(super) const PER_ADDRESS_AND_HOUR: i64 = 3;

/// Counts one mail, or refuses it. Part of the write that enqueues the mail: what is refused is not counted. The
/// operator is held back only for the recipient's sake.
pub(super) async fn count(tx: &mut Tx, actor: &Actor, org: &Organization, address: &str, now: Micros) -> Result<()> {
    if !actor.person.is_system() {
        let (used, ends) = queries::count_up(tx, &format!("organization {}", org.id), now, now + DAY).await?;
        if used > PER_ORGANIZATION_AND_DAY + org.members {
            let reason = format!(
                "{} has sent {} invitations within a day, which is as many as it may. Nothing was sent now; go on tomorrow.",
                org.name,
                used - 1
            );
            return Err(too_many(reason, ends - now));
        }
    }
    let (used, ends) = queries::count_up(tx, &format!("address {address}"), now, now + HOUR).await?;
    if used > PER_ADDRESS_AND_HOUR {
        let reason = format!(
            "{address} was sent enough mail for this hour. Nothing was sent now; try again later, or copy a link and pass it on yourself."
        );
        return Err(too_many(reason, ends - now));
    }
    Ok(())
}

fn too_many(reason: String, wait: Micros) -> Refusal {
    Refusal::TooMany { reason: reason.into(), retry_after_seconds: (wait / crate::clock::SECOND).max(1) as u64 }
}

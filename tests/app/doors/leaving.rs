//! A client that goes away before it is answered, at every operation: it is done whole, or not at all.

use super::world::{Needs, World};
use super::{Carrier, Door, all, attempt, carriers};
use std::time::Duration;

/// How long they wait for an answer, in microseconds: most go before there can be one.
const PATIENCE: [u64; 2] = [300, 4_000];

type Rows = Vec<(String, i64)>;

/// What depends on more than the operation: an action's name, an hour's count and an organization's billing are begun once, and a
/// longer name has more to search for.
const BESIDES: [&str; 4] = [
    "audit_actions",
    "billing_accounts",
    "invitation_limits",
    "member_runs",
];

/// The rows of every table, once all mail is sent and nothing is written any more.
async fn settled(world: &mut World) -> Rows {
    let mut last = Rows::new();
    loop {
        let mut rows: Rows = world.database.fingerprint().await;
        rows.retain(|(table, _)| !BESIDES.contains(&table.as_str()));
        if rows == last
            && world
                .database
                .number("SELECT COUNT(*) FROM outbox WHERE state = 'queued'")
                .await
                == 0
        {
            return rows;
        }
        last = rows;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The tables whose rows became more or fewer, and by how many.
fn difference(before: &Rows, after: &Rows) -> Rows {
    before
        .iter()
        .zip(after)
        .map(|((table, before), (_, after))| (table.clone(), after - before))
        .filter(|(_, by)| *by != 0)
        .collect()
}

/// Tries an operation as the owner, who leaves after `patience`: what changed, and whether the event says that it was done.
async fn try_and_leave(
    world: &mut World,
    door: &Door,
    carrier: Carrier,
    patience: Duration,
) -> (Rows, bool) {
    let values = world.prepare(door.needs, 0).await;
    let (before, events) = (settled(world).await, world.events().await.len());
    tokio::time::timeout(patience, attempt(world, door, carrier, 0, &values))
        .await
        .ok();
    let after = settled(world).await;
    let new = world.events().await.split_off(events);
    world.assert_chains(&new).await;
    let done = new.iter().any(|event| event.contains(door.event));
    (difference(&before, &after), done)
}

async fn leave_everywhere(carrier: Carrier) {
    let mut shared = World::new().await;
    let (mut cut, mut wrong) = (0, Vec::new());
    // A checkout is begun in steps, with Stripe between them: tests/app/stripe has what becomes of it.
    let tried = |door: &&Door| {
        carriers(door).contains(&carrier)
            && door.who.starts_with('d')
            && door.needs != Needs::NoCheckout
    };
    for door in all().into_iter().filter(tried) {
        let mut whole = None;
        for patience in [10_000_000].into_iter().chain(PATIENCE) {
            // One recipient gets only so many invitations an hour, and what is linked is unlinked all at once.
            let own =
                door.alone || [Needs::InvitationToSelf, Needs::LinkedGitHub].contains(&door.needs);
            let mut own = if own { Some(World::new().await) } else { None };
            let world = own.as_mut().unwrap_or(&mut shared);
            let (changed, done) =
                try_and_leave(world, door, carrier, Duration::from_micros(patience)).await;
            let whole = whole.get_or_insert_with(|| changed.clone());
            let expected = if done { whole.clone() } else { Rows::new() };
            if changed != expected {
                wrong.push(format!("{} left after {patience} µs, done: {done}: {changed:?} instead of {expected:?}", door.name));
            }
            cut += usize::from(!done);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cut > 20, "only {cut} were left in the middle");
}

#[tokio::test]
async fn sec_r9_who_leaves_a_form_in_the_middle_has_done_it_whole_or_not_at_all() {
    leave_everywhere(Carrier::Form).await;
}

#[tokio::test]
async fn sec_r9_a_service_that_leaves_a_call_in_the_middle_has_done_it_whole_or_not_at_all() {
    leave_everywhere(Carrier::Call).await;
}

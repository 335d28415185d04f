//! Where mail about billing goes, and what stands on invoices.

use super::{Account, account, queries, stripe};
use crate::access::{self, Permission};
use crate::actor::Actor;
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::error::{Checks, Result};
use crate::text;

/// What may be changed of a billing account; "" is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    pub email: String,
    /// The name on invoices.
    pub name: String,
    /// The address on invoices, on several lines.
    pub address: String,
}

/// Characters an address on invoices may have.
const LONGEST_ADDRESS: usize = 500;

/// Says where mail about billing goes and what stands on invoices. Stripe is told too, afterwards, where the organization is a
/// customer there. The same again changes nothing.
///
/// Refuses who neither owns the organization nor has the billing role (S1-93), an e-mail address that isn't one, and what is
/// too long.
pub async fn change_contact(app: &App, actor: &Actor, wanted: &Contact) -> Result<Account> {
    let now = app.now();
    let (mut tx, actor) = app.db.write(actor).await?;
    access::require(actor.role, Permission::ManageBilling)?;
    let after = checked(wanted)?;
    let row = queries::account(&mut tx, &actor.org.id)
        .await?
        .unwrap_or_default();
    let before = Contact {
        email: row.email,
        name: row.name,
        address: row.address,
    };
    if before != after {
        queries::set_contact(&mut tx, &actor.org.id, &after).await?;
        if row.stripe_customer_id.is_some() {
            stripe::enqueue_contact(&mut tx, now, &actor.org.id).await?;
        }
        // An address is nobody's to read in the log for years: what changed is named, not what it was.
        let fields = [
            ("email", before.email != after.email),
            ("name", before.name != after.name),
            ("address", before.address != after.address),
        ];
        let changed: Vec<&str> = fields
            .iter()
            .filter(|(_, changed)| *changed)
            .map(|(name, _)| *name)
            .collect();
        let event = Event::new(
            Category::Billing,
            "billing.contact_changed",
            "organization",
            actor.org.id.to_string(),
            &*actor.org.name,
        )
        .with("changed", changed);
        audit::record(&mut tx, &actor, now, event).await?;
        tx.commit().await?;
        app.wake();
    } else {
        drop(tx);
    }
    account(app, &actor).await
}

fn checked(wanted: &Contact) -> Result<Contact> {
    let mut checks = Checks::default();
    let email = match wanted.email.trim() {
        "" => Some(String::new()),
        typed => checks.take("email", text::email(typed)),
    };
    let name = checks.take("name", text::optional_line(&wanted.name, 120));
    let lines = wanted
        .address
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let address = lines
        .map(|line| text::optional_line(line, 120))
        .collect::<Result<Vec<String>, _>>();
    let address = checks
        .take("address", address)
        .unwrap_or_default()
        .join("\n");
    if address.chars().count() > LONGEST_ADDRESS {
        checks.fail(
            "address",
            format!("Use at most {LONGEST_ADDRESS} characters."),
        );
    }
    checks.done()?;
    Ok(Contact {
        email: email.unwrap_or_default(),
        name: name.unwrap_or_default(),
        address,
    })
}

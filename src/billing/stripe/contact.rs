//! What stands on invoices, and where Stripe's own mail goes: said in Roster, sent to Stripe with the customer that is made, and
//! again whenever it is changed. It waits in the outbox while Stripe can't be reached.

use super::client::{Client, Failure};
use crate::app::App;
use crate::billing::{Contact, queries as accounts};
use crate::clock::Micros;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::OrgId;
use crate::{organizations, outbox, secret};

/// A customer's fields at Stripe, each with its value. "" takes away what stood there.
pub(super) type Fields = Vec<(&'static str, String)>;

/// What a customer at Stripe is to say of an organization. Without a name for invoices, the organization's own.
///
/// Stripe shows an address as it is structured, and ours is lines that somebody typed: the first one is its first line, the
/// others stand together in its second.
pub(super) fn fields(organization: &str, contact: &Contact) -> Fields {
    let name = if contact.name.is_empty() {
        organization
    } else {
        &contact.name
    };
    let mut fields = vec![("name", name.to_owned()), ("email", contact.email.clone())];
    match contact.address.split_once('\n') {
        Some((first, others)) => {
            fields.push(("address[line1]", first.to_owned()));
            fields.push(("address[line2]", others.replace('\n', ", ")));
        }
        None if contact.address.is_empty() => fields.push(("address", String::new())),
        None => fields.extend([
            ("address[line1]", contact.address.clone()),
            ("address[line2]", String::new()),
        ]),
    }
    fields
}

/// The organization's customer at Stripe, if it has one, and what it is to say.
pub(super) async fn wanted(tx: &mut Tx, org: &OrgId) -> Result<(Option<String>, Fields)> {
    let organization = organizations::find(tx, org).await?;
    let row = accounts::account(tx, org).await?.unwrap_or_default();
    let contact = Contact {
        email: row.email,
        name: row.name,
        address: row.address,
    };
    Ok((row.stripe_customer_id, fields(&organization.name, &contact)))
}

/// Has what was changed sent to Stripe, after the transaction of the change.
pub(crate) async fn enqueue_contact(tx: &mut Tx, now: Micros, org: &OrgId) -> Result<()> {
    outbox::enqueue_contact(tx, now, org).await
}

/// Tells Stripe what an organization's customer is to say, as it is at this moment. Does nothing for one without a customer,
/// or that is gone. Put off while Stripe doesn't take it.
pub(crate) async fn send_contact(app: &App, org: &OrgId) -> Result<(), outbox::Failure> {
    use outbox::Failure::{ForGood, ForNow};
    let read = async || {
        let mut tx = app.db.read().await?;
        wanted(&mut tx, org).await
    };
    let (customer, fields) = match read().await {
        Ok((Some(customer), fields)) => (customer, fields),
        Ok((None, _)) | Err(crate::error::Refusal::NotFound) => return Ok(()),
        Err(refusal) => return Err(ForNow(refusal.to_string())),
    };
    let Some(stripe) = Client::new(app) else {
        return Err(ForNow("Stripe isn't set up".into()));
    };
    // Every try has a key of its own: Stripe answers the same key with the same failure for a day.
    let once = format!("roster-contact-{}", secret::random_token());
    let sent: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    match stripe
        .post(&format!("/v1/customers/{customer}"), &sent, &once)
        .await
    {
        Ok(_) => {}
        Err(Failure::Missing) => {
            return Err(ForGood("Stripe has no such customer any more".into()));
        }
        Err(Failure::Unreachable) => return Err(ForNow("Stripe can't be reached".into())),
        // A key without the right for it, for one, is mended by the operator.
        Err(Failure::Refused) => {
            return Err(ForNow("Stripe refused it; the log has its reason".into()));
        }
    }
    // Two workers may send two changes at once; the one that ends last finds out whether it sent the newest.
    match read().await {
        Ok((_, now)) if now != fields => Err(ForNow("it was changed while it was sent".into())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s1_91_an_address_of_lines_goes_to_stripe_as_two_and_an_empty_one_is_taken_away() {
        let of = |address: &str| {
            fields(
                "Acme",
                &Contact {
                    address: address.into(),
                    ..Contact::default()
                },
            )[2..]
                .to_vec()
        };
        assert_eq!(of(""), [("address", String::new())]);
        assert_eq!(
            of("1 Long Street"),
            [
                ("address[line1]", "1 Long Street".to_owned()),
                ("address[line2]", String::new())
            ]
        );
        assert_eq!(
            of("1 Long Street\n10115 Berlin\nGermany"),
            [
                ("address[line1]", "1 Long Street".to_owned()),
                ("address[line2]", "10115 Berlin, Germany".to_owned())
            ]
        );
    }
}

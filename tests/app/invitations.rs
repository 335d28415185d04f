//! Inviting somebody, from the form to the receipt: by e-mail, or by GitHub username.

mod accepting;
mod ending;
mod github;
mod github_visit;
mod inviting;
mod mail;
mod one_organization;
mod standalone;
mod to_workspace;
mod workspaces;

use crate::support::database::Database;
use crate::support::{Browser, House, Page};

/// Submits the form as an admin does.
async fn invite(browser: &mut Browser, email: &str, role: &str) -> Page {
    browser
        .post(
            "/orgs/acme-corp/members/invite",
            &[("email", email), ("role", role)],
        )
        .await
}

/// The path of the link in the next mail to an address.
async fn mailed_link(house: &House, email: &str) -> String {
    let link = house
        .mailbox
        .wait_for(email, "invited you to")
        .await
        .link("/invitations/");
    link.strip_prefix(&house.url)
        .expect("the link leads here")
        .to_owned()
}

/// Invites, and gives the path of the mailed link.
async fn invited(house: &House, browser: &mut Browser, email: &str, role: &str) -> String {
    invite(browser, email, role).await.assert_status(303);
    mailed_link(house, email).await
}

/// The id of the newest open invitation to an address, read from the list.
async fn invitation_id(browser: &mut Browser, email: &str) -> String {
    let page = browser
        .get("/orgs/acme-corp/invitations")
        .await
        .assert_status(200);
    let ids: Vec<String> = page
        .all("tbody tr")
        .iter()
        .enumerate()
        .filter(|(_, row)| row.contains(email))
        .map(|(n, _)| format!("{n}"))
        .collect();
    let row: usize = ids
        .first()
        .unwrap_or_else(|| panic!("{email} is in the list: {}", page.text()))
        .parse()
        .expect("a number");
    page.attribute(&format!("tbody tr:nth-child({})", row + 1), "id")
        .expect("a row has an id")
}

/// A link that an admin copied.
async fn copied_link(house: &House, browser: &mut Browser, email: &str) -> String {
    let id = invitation_id(browser, email).await;
    let page = browser
        .post(&format!("/orgs/acme-corp/invitations/{id}/link"), &[])
        .await
        .assert_status(200);
    let link = page.attribute("#link", "value").expect("the link is shown");
    link.strip_prefix(&house.url)
        .expect("the link leads here")
        .to_owned()
}

/// How many events of a kind the organization's log has.
async fn events(house: &House, action: &str) -> i64 {
    let mut database = Database::open(&house.database_url).await;
    database
        .number(&format!(
            "SELECT COUNT(*) FROM audit_events WHERE action = '{action}'"
        ))
        .await
}

/// The member rows of an address, of any status.
async fn rows(house: &House, email: &str) -> i64 {
    let mut database = Database::open(&house.database_url).await;
    database
        .number(&format!(
            "SELECT COUNT(*) FROM members WHERE email = '{email}'"
        ))
        .await
}

/// Fails unless every chain of events is whole, and the counts beside the rows are right.
async fn assert_sound(house: &House) {
    let mut tx = house.app.db.read().await.expect("a connection");
    let mut database = Database::open(&house.database_url).await;
    for stream in database.texts("SELECT stream FROM audit_heads").await {
        assert_eq!(
            roster::audit::first_broken(&mut tx, &stream)
                .await
                .expect("the chain is read"),
            None,
            "{stream}"
        );
    }
    let wrong = database
        .number(
            "SELECT COUNT(*) FROM organizations o WHERE o.deleted_at IS NULL AND (
                o.members <> (SELECT COUNT(*) FROM members m WHERE m.org_id = o.id AND m.status <> 'invited')
             OR o.invited <> (SELECT COUNT(*) FROM members m WHERE m.org_id = o.id AND m.status = 'invited')
             OR o.invited <> (SELECT COUNT(*) FROM invitations i WHERE i.org_id = o.id AND i.status = 'pending' AND i.member_id IS NOT NULL))",
        )
        .await;
    assert_eq!(wrong, 0, "the counts beside the rows are right");
}

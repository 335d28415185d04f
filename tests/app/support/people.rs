//! The cast: Acme Corp with somebody in every role, and people who have nothing to do with it.

use super::browser::Browser;
use super::house::House;
use roster::access::OrgRole;

/// Acme Corp. Each person is a browser, signed in.
pub struct Acme {
    pub slug: &'static str,
    /// Owner.
    pub alice: Browser,
    /// Admin.
    pub bob: Browser,
    /// Billing.
    pub bill: Browser,
    /// Member.
    pub carol: Browser,
    /// Viewer.
    pub vera: Browser,
    /// Owner of another organization, Globex.
    pub otto: Browser,
    /// Signed in, in no organization.
    pub xenia: Browser,
}

pub const PEOPLE: [(&str, &str, OrgRole); 4] = [
    ("bob@acme.test", "Bob Tanaka", OrgRole::Admin),
    ("bill@acme.test", "Bill Moreau", OrgRole::Billing),
    ("carol@acme.test", "Carol Reyes", OrgRole::Member),
    ("vera@acme.test", "Vera Lind", OrgRole::Viewer),
];

/// Makes Acme Corp: Alice creates it, the others are moved in and sign in; Otto has Globex.
pub async fn acme(house: &House) -> Acme {
    let mut alice = house.sign_in("alice@acme.test").await;
    alice
        .post("/orgs/new", &[("name", "Acme Corp")])
        .await
        .assert_status(303);
    for (email, name, role) in PEOPLE {
        house.add_member("acme-corp", email, name, role).await;
    }
    let mut otto = house.sign_in("otto@globex.test").await;
    otto.post("/orgs/new", &[("name", "Globex")])
        .await
        .assert_status(303);
    Acme {
        slug: "acme-corp",
        alice,
        bob: house.sign_in("bob@acme.test").await,
        bill: house.sign_in("bill@acme.test").await,
        carol: house.sign_in("carol@acme.test").await,
        vera: house.sign_in("vera@acme.test").await,
        otto,
        xenia: house.sign_in("xenia@nowhere.test").await,
    }
}

impl Acme {
    /// The id of a member's row, read from the directory as Alice sees it.
    pub async fn member_id(&mut self, email: &str) -> String {
        member_id(&mut self.alice, "acme-corp", email).await
    }
}

/// The id of the row that a search for an address finds.
pub async fn member_id(browser: &mut Browser, slug: &str, email: &str) -> String {
    let page = browser
        .get(&format!("/orgs/{slug}/members?q={email}"))
        .await
        .assert_status(200);
    page.attribute("tbody tr", "id")
        .unwrap_or_else(|| panic!("{email} is in the directory: {}", page.text()))
}

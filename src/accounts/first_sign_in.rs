//! What somebody gets who signs in for the first time: an instance setting (product.md, 6).

use crate::actor::{Credential, Origin, Person, SignInMethod};
use crate::app::App;
use crate::clock::Micros;
use crate::config::FirstSignIn;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{SessionId, UserId};
use crate::{organizations, workspaces};

/// Gives a new account what the setting says, in the transaction that makes the account: nothing, a standalone
/// workspace, or a personal organization whose owner they are (S2-1).
pub(crate) async fn first_sign_in(
    app: &App,
    tx: &mut Tx,
    user: &UserId,
    name: &str,
    address: &str,
    now: Micros,
) -> Result<()> {
    let person = arriving(user, name, address, now);
    // Room for what follows the name within the 80 characters of a name.
    let short: String = name.chars().take(60).collect();
    match app.config.first_sign_in {
        FirstSignIn::Nothing => {}
        FirstSignIn::Workspace => {
            workspaces::insert_standalone(tx, &person, &format!("{short}'s workspace"), "", now)
                .await?;
        }
        FirstSignIn::Organization => {
            organizations::create_personal(
                app,
                tx,
                &person,
                &format!("{short}'s organization"),
                now,
            )
            .await?;
        }
    }
    Ok(())
}

/// The person as the one who acts, before there is a session to name.
fn arriving(user: &UserId, name: &str, address: &str, now: Micros) -> Person {
    Person {
        user: user.clone(),
        name: name.to_owned(),
        email: (!address.is_empty()).then(|| address.to_owned()),
        theme: "auto".into(),
        credential: Credential::Session {
            id: SessionId::from("first sign-in"),
            method: SignInMethod::Email,
            signed_in_at: now,
        },
        origin: Origin::default(),
        seats: Vec::new(),
        last_org: None,
        is_awaited: false,
    }
}

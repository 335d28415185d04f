//! Accounts: how people sign in, and what is theirs (product.md, 6).

mod addresses;
mod arrival;
mod deletion;
mod ended;
mod first_sign_in;
mod github;
mod identify;
mod invited;
mod profile;
mod proofs;
mod queries;
mod security;
mod sessions;
mod tokens;
pub(crate) mod unclaimed;
mod username;
mod users;

pub use addresses::{ask_to_add_address, make_primary, remove_address};
pub(crate) use arrival::arrive_by_address;
pub use arrival::arrive_by_github;
pub use deletion::{AccountDeletion, account_deletion_impact, delete_account};
pub use ended::Ended;
pub(crate) use ended::end_everything;
pub(crate) use first_sign_in::first_sign_in;
pub use github::{GitHubAccount, GitHubFlow, begin_github, github_account};
pub use identify::{identify_session, identify_token, note_activity};
pub(crate) use invited::{
    Holder, arrive_invited, github_login_of, has_proved, holder, is_linked_with,
};
pub use profile::{Changes, Theme, change_name, change_self};
pub use proofs::{
    Arrival, LinkState, Pending, Proved, Prover, ask_to_sign_in, link_state, operator_link,
    pending_request, use_code, use_link,
};
pub use security::{
    LinkedGitHub, OwnAddress, OwnSession, SignInMethods, UNKNOWN_DEVICE, clean_up, device,
    end_all_sessions, end_other_sessions, end_session, is_recent, link_github, list_sessions,
    require_recent, sign_in_methods, unlink_github,
};
pub use sessions::{DbStore, SessionData};
pub(crate) use tokens::{MOST_DAYS, token_end, token_expiry};
pub use tokens::{
    NewToken, TOKEN_PREFIX, Token, TokenScope, create_token, create_token_for, find_token,
    list_tokens, longest_token_days, revoke_token,
};
pub(crate) use username::{Named, find_by_username};
pub use users::User;
pub(crate) use users::{as_member, find_by_address, known_by, wait_for_address};

/// The mail that proves an address, with a link and a code made now; nothing where the request has ended.
pub(crate) async fn prepare_proof_letter(
    app: &crate::app::App,
    proof: &crate::ids::ProofId,
) -> crate::error::Result<Option<crate::mail::Letter>> {
    let Some(armed) = proofs::arm(app, proof).await? else {
        return Ok(None);
    };
    let letter = crate::mail::proof_letter(
        &app.config.base_url(),
        &armed.request,
        &armed.link,
        &armed.code,
    )?;
    Ok(Some(letter))
}

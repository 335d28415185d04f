//! Accounts: how people sign in, and what is theirs (product.md, 6).

mod identify;
mod queries;
mod sessions;

pub use identify::{identify_session, identify_token, note_activity};
pub use sessions::{DbStore, SessionData};

/// The mail that proves an address, with a link and a code made now; nothing where the request has ended.
pub(crate) async fn prepare_proof_letter(
    _app: &crate::app::App,
    _proof: &crate::ids::ProofId,
) -> crate::error::Result<Option<crate::mail::Letter>> {
    Ok(None)
}

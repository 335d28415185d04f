//! The part of the table that is about one's own account.

use super::table::Way::{Call, None as No, Page};
use super::table::{ANYBODY, Door, ITS_OWNER, alone, door};
use super::world::Needs::*;

/// It wants a sign-in of the last ten minutes, which a token never is.
const fn fresh(door: Door) -> Door {
    Door {
        by_call: Some("ffffffffs"),
        ..door
    }
}

pub const ACCOUNT_DOORS: &[Door] = &[
    door(
        "accounts::change_name",
        "account.renamed",
        ANYBODY,
        Nothing,
        Page("/account/profile", "name=Name+{n}"),
        Call("PUT", "/me", r#"{"name": "Name {n}"}"#),
    ),
    alone(door(
        "accounts::change_self",
        "account.theme_changed",
        ANYBODY,
        Nothing,
        Page("/account/appearance", "theme=dark"),
        Call("PUT", "/me", r#"{"theme": "dark"}"#),
    )),
    door(
        "accounts::create_token",
        "token.created",
        ANYBODY,
        Nothing,
        Page("/account/tokens/new", "name=Token+{n}&scope=read&days=7"),
        Call(
            "POST",
            "/tokens",
            r#"{"name": "Token {n}", "scope": "read", "days": 7}"#,
        ),
    ),
    door(
        "accounts::revoke_token",
        "token.revoked",
        ANYBODY,
        OwnToken,
        Page("/account/tokens/{token}/revoke", ""),
        Call("DELETE", "/tokens/{token_id}", ""),
    ),
    door(
        "accounts::revoke_token of somebody else",
        "token.revoked",
        ITS_OWNER,
        OwnersToken,
        Page("/account/tokens/{token}/revoke", ""),
        Call("DELETE", "/tokens/{token_id}", ""),
    ),
    door(
        "accounts::end_session",
        "account.session_ended",
        ANYBODY,
        OwnSession,
        Page("/account/security/sessions/{session}/end", ""),
        Call("DELETE", "/sessions/{session_id}", ""),
    ),
    door(
        "accounts::end_session of somebody else",
        "account.session_ended",
        ITS_OWNER,
        OwnersSession,
        Page("/account/security/sessions/{session}/end", ""),
        Call("DELETE", "/sessions/{session_id}", ""),
    ),
    door(
        "accounts::end_other_sessions",
        "account.sessions_ended",
        ANYBODY,
        Nothing,
        Page("/account/security/sessions/end-others", ""),
        No("a token has no session of its own, so all others are all"),
    ),
    alone(door(
        "accounts::end_all_sessions",
        "account.sessions_ended",
        ANYBODY,
        Nothing,
        Page("/account/security/sessions/end-all", ""),
        Call("POST", "/sessions/end-all", "{}"),
    )),
    fresh(door(
        "accounts::ask_to_add_address",
        "",
        ANYBODY,
        Nothing,
        No("it only sends a mail: tests/app/security.rs"),
        Call("POST", "/me/addresses", r#"{"email": "a{n}@x.test"}"#),
    )),
    alone(fresh(door(
        "accounts::make_primary",
        "account.primary_changed",
        ANYBODY,
        SecondAddress,
        Page("/account/security/addresses/primary", "address={address}"),
        Call("PUT", "/me/addresses/primary", r#"{"email": "{address}"}"#),
    ))),
    fresh(door(
        "accounts::remove_address",
        "account.address_removed",
        ANYBODY,
        SecondAddress,
        Page("/account/security/addresses/remove", "address={address}"),
        Call("DELETE", "/me/addresses/{address}", ""),
    )),
    fresh(door(
        "accounts::link_github",
        "account.github_linked",
        ANYBODY,
        Nothing,
        No("it needs GitHub: tests/app/sign_in_github.rs"),
        Call("POST", "/me/github", ""),
    )),
    fresh(door(
        "accounts::unlink_github",
        "account.github_unlinked",
        ANYBODY,
        LinkedGitHub,
        Page("/account/security/github/unlink", ""),
        Call("DELETE", "/me/github", ""),
    )),
    fresh(door(
        "accounts::delete_account",
        "account.deleted",
        ANYBODY,
        Nothing,
        No("it leaves the organizations too, each with its own event: tests/app/security.rs"),
        Call("DELETE", "/me?confirm=me", ""),
    )),
];

//! Pages: server-rendered, whole without JavaScript. Every page's address stands in [`routes`].

mod account;
mod active;
mod assets;
mod audit;
mod billing;
mod checks;
pub mod csrf;
mod dev;
pub mod download;
mod error;
mod github;
mod grants;
mod health;
pub mod input;
mod invitations;
mod invite;
mod invite_to_workspace;
mod joining;
mod keys;
mod limit;
mod live;
mod matrix;
mod members;
pub mod next;
mod notice;
mod offer;
mod offered;
mod organizations;
mod page;
mod policies;
mod resources;
mod roles;
mod runs;
mod security;
mod session;
mod settings;
mod sign_in;
mod stripe;
mod tokens;
mod usage;
mod waiting;
mod workspaces;

pub use error::{PageError, draw_bare};
#[doc(hidden)]
pub use members::bare_members_page;
pub use notice::Notice;
pub use page::Shell;
pub use session::{COOKIE, Visitor, client_origin, stranger};

use crate::app::App;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

/// A path as it may be logged and shown: without the secret in the address of an invitation or a sign-in link (SEC-I1).
pub fn without_secret(path: &str) -> &str {
    ["/invitations", "/sign-in", "/api/v1/invitations"]
        .into_iter()
        .find(|start| {
            path.strip_prefix(start)
                .is_some_and(|rest| rest.starts_with('/'))
        })
        .unwrap_or(path)
}

/// Every page but those of the functions below.
fn routes() -> Router<App> {
    workspace_routes()
        .merge(resource_routes())
        .merge(key_routes())
        .merge(billing_routes())
        .route("/", get(sign_in::home))
        .route("/dev/mailbox", get(dev::mailbox))
        .route("/dev/mailbox/{mail}", get(dev::mail))
        .route("/dev/mailbox/{mail}/html", get(dev::mail_html))
        .route(
            "/orgs/new",
            get(organizations::new).post(organizations::create),
        )
        .route("/welcome", get(organizations::welcome))
        .route("/settings/organization", get(organizations::active))
        .route("/settings/organization/{*page}", get(organizations::active))
        .route(
            "/orgs/{org}/settings",
            get(settings::index).post(settings::change),
        )
        .route(
            "/orgs/{org}/settings/leave",
            get(settings::confirm_leave).post(settings::leave),
        )
        .route("/orgs/{org}/settings/transfer", get(settings::choose_owner))
        .route(
            "/orgs/{org}/settings/transfer/{member}",
            get(settings::confirm_transfer).post(settings::transfer),
        )
        .route(
            "/orgs/{org}/settings/delete",
            get(settings::confirm_delete).post(settings::delete),
        )
        .route(
            "/orgs/{org}/policies",
            get(policies::index).post(policies::change),
        )
        .route("/orgs/{org}/audit", get(audit::index))
        .route("/orgs/{org}/audit/new", get(audit::newer))
        .route("/orgs/{org}/audit/export", post(audit::export))
        .route("/orgs/{org}/audit/export/progress", get(audit::progress))
        .route("/orgs/{org}/audit/{event}", get(audit::show))
        .route(
            "/orgs/{org}/audit/{event}/undo",
            get(audit::confirm_undo).post(audit::undo),
        )
        .route("/orgs/{org}/roles", get(roles::index))
        .route("/orgs/{org}/roles/custom", get(roles::list))
        .route(
            "/orgs/{org}/roles/custom/new",
            get(roles::new).post(roles::create),
        )
        .route("/orgs/{org}/roles/custom/{role}", get(roles::show))
        .route(
            "/orgs/{org}/roles/custom/{role}/details",
            post(roles::change_details),
        )
        .route(
            "/orgs/{org}/roles/custom/{role}/permissions",
            post(roles::set_permissions),
        )
        .route(
            "/orgs/{org}/roles/custom/{role}/delete",
            get(roles::confirm_delete).post(roles::delete),
        )
        .route("/orgs/{org}/access/why", get(checks::why))
        .route("/orgs/{org}/members", get(members::index))
        .route(
            "/orgs/{org}/members/invite",
            get(invite::new).post(invite::create),
        )
        .route("/orgs/{org}/members/{member}", get(members::show))
        .route(
            "/orgs/{org}/members/{member}/role",
            get(members::confirm_role).post(members::change_role),
        )
        .route(
            "/orgs/{org}/members/{member}/suspend",
            get(members::confirm_suspend).post(members::suspend),
        )
        .route(
            "/orgs/{org}/members/{member}/reinstate",
            post(members::reinstate),
        )
        .route(
            "/orgs/{org}/members/{member}/remove",
            get(members::confirm_remove).post(members::remove),
        )
        .route("/orgs/{org}/invitations", get(invitations::index))
        .route(
            "/orgs/{org}/invitations/{invitation}",
            get(offered::show).post(offered::change),
        )
        .route(
            "/orgs/{org}/invitations/{invitation}/resend",
            post(invitations::resend),
        )
        .route(
            "/orgs/{org}/invitations/{invitation}/link",
            post(invitations::copy_link),
        )
        .route(
            "/orgs/{org}/invitations/{invitation}/role",
            post(invitations::change_role),
        )
        .route(
            "/orgs/{org}/invitations/{invitation}/revoke",
            get(invitations::confirm_revoke).post(invitations::revoke),
        )
        .route("/orgs/{org}/joined", get(joining::joined))
        .route("/invitations", get(joining::mine))
        .route("/invitations/{token}", get(joining::show))
}

/// Answers to an invitation.
fn joining_routes() -> Router<App> {
    Router::new()
        .route("/invitations/{token}/accept", post(joining::accept))
        .route(
            "/invitations/{token}/close-and-join",
            post(joining::close_and_join),
        )
        .route("/invitations/{token}/decline", post(joining::decline))
        .route("/invitations/{token}/switch", post(joining::switch))
}

/// Workspaces, and who has which role in them.
fn workspace_routes() -> Router<App> {
    Router::new()
        .route("/workspaces", get(active::picker))
        .route("/workspaces/active", get(active::active))
        .route("/workspaces/active/{*page}", get(active::active))
        .route("/orgs/{org}/switch", get(active::switch))
        .route("/orgs/{org}/access", get(matrix::index))
        .route("/orgs/{org}/workspaces", get(workspaces::index))
        .route(
            "/orgs/{org}/workspaces/new",
            get(workspaces::new_in_org).post(workspaces::create_in_org),
        )
        .route(
            "/orgs/{org}/workspaces/link",
            get(workspaces::link_form).post(workspaces::link),
        )
        .route(
            "/orgs/{org}/workspaces/{ws}/unlink",
            get(workspaces::confirm_unlink).post(workspaces::unlink),
        )
        .route("/workspaces/{ws}/why", get(checks::of_workspace))
        .route(
            "/workspaces/new",
            get(workspaces::new).post(workspaces::create),
        )
        .route("/workspaces/{ws}", get(workspaces::workspace))
        .route("/workspaces/{ws}/overview", get(workspaces::overview))
        .route(
            "/workspaces/{ws}/members/invite",
            get(invite_to_workspace::new).post(invite_to_workspace::create),
        )
        .route(
            "/workspaces/{ws}/invitations/{invitation}/link",
            post(invite_to_workspace::copy_link),
        )
        .route(
            "/workspaces/{ws}/invitations/{invitation}/withdraw",
            post(invite_to_workspace::withdraw),
        )
        .route("/workspaces/{ws}/members", get(workspaces::people))
        .route(
            "/workspaces/{ws}/members/{user}",
            post(workspaces::set_role),
        )
        .route(
            "/workspaces/{ws}/members/{user}/role",
            get(workspaces::choose_role_form).post(workspaces::choose_role),
        )
        .route(
            "/workspaces/{ws}/members/{user}/remove",
            get(workspaces::confirm_take).post(workspaces::take),
        )
        .route("/workspaces/{ws}/runs", get(runs::index))
        .route(
            "/workspaces/{ws}/settings",
            get(workspaces::settings).post(workspaces::change),
        )
        .route(
            "/workspaces/{ws}/settings/delete",
            get(workspaces::confirm_delete).post(workspaces::delete),
        )
}

/// The plan, what is used of it, and how it is paid.
fn billing_routes() -> Router<App> {
    Router::new()
        .route("/orgs/{org}/billing/payments", get(stripe::payments))
        .route("/orgs/{org}/billing/checkout", post(stripe::checkout))
        .route("/orgs/{org}/billing/portal", post(stripe::portal))
        .route("/orgs/{org}/billing/paid", get(stripe::paid))
        .route("/orgs/{org}/billing/not-paid", get(stripe::not_paid))
        .route("/orgs/{org}/billing/managed", get(stripe::managed))
        .route("/orgs/{org}/usage", get(usage::index))
        .route("/orgs/{org}/usage/now", get(usage::now))
        .route(
            "/orgs/{org}/billing",
            get(billing::index).post(billing::change),
        )
        .route("/orgs/{org}/leases", get(billing::leases))
        .route("/orgs/{org}/leases/now", get(billing::leases_now))
        .route("/orgs/{org}/leases/{lease}/release", post(billing::release))
}

/// Keys by which services ask.
fn key_routes() -> Router<App> {
    Router::new()
        .route("/orgs/{org}/keys", get(keys::index))
        .route("/orgs/{org}/keys/new", get(keys::new).post(keys::create))
        .route(
            "/orgs/{org}/keys/{key}/revoke",
            get(keys::confirm_revoke).post(keys::revoke),
        )
        .route("/workspaces/{ws}/keys", get(keys::index_of_workspace))
        .route(
            "/workspaces/{ws}/keys/new",
            get(keys::new_in_workspace).post(keys::create_in_workspace),
        )
        .route(
            "/workspaces/{ws}/keys/{workspace_key}/revoke",
            get(keys::confirm_revoke_in_workspace).post(keys::revoke_in_workspace),
        )
}

/// What the host product keeps, and who is limited to which of it.
fn resource_routes() -> Router<App> {
    Router::new()
        .route("/orgs/{org}/resources", get(resources::of_organization))
        .route(
            "/orgs/{org}/resources/{resource}",
            get(resources::show_of_organization),
        )
        .route(
            "/orgs/{org}/resources/{resource}/archive",
            post(resources::archive_of_organization),
        )
        .route(
            "/orgs/{org}/resources/{resource}/restore",
            post(resources::restore_of_organization),
        )
        .route("/workspaces/{ws}/resources", get(resources::of_workspace))
        .route(
            "/workspaces/{ws}/resources/{resource}",
            get(resources::show_of_workspace),
        )
        .route(
            "/workspaces/{ws}/resources/{resource}/archive",
            post(resources::archive_of_workspace),
        )
        .route(
            "/workspaces/{ws}/resources/{resource}/restore",
            post(resources::restore_of_workspace),
        )
        .route(
            "/workspaces/{ws}/members/{user}/grants",
            get(grants::index).post(grants::set),
        )
}

/// Signing in, and what is a person's own.
fn account_routes() -> Router<App> {
    Router::new()
        .route("/sign-in", get(sign_in::form).post(sign_in::ask))
        .route(
            "/sign-in/code",
            get(sign_in::code_form).post(sign_in::use_code),
        )
        .route("/sign-in/github", get(github::begin))
        .route("/sign-in/github/callback", get(github::come_back))
        .route(
            "/sign-in/{token}",
            get(sign_in::link_page).post(sign_in::use_link),
        )
        .route("/sign-out", post(sign_in::sign_out))
        .route("/account/tokens", get(tokens::index))
        .route("/account/tokens/new", get(tokens::new).post(tokens::create))
        .route(
            "/account/tokens/{token}/revoke",
            get(tokens::confirm_revoke).post(tokens::revoke),
        )
        .route("/account/security", get(security::show))
        .route("/account/security/addresses", post(security::add_address))
        .route(
            "/account/security/addresses/primary",
            post(security::make_primary),
        )
        .route(
            "/account/security/addresses/remove",
            post(security::remove_address),
        )
        .route("/account/security/github", get(github::begin_link))
        .route(
            "/account/security/github/link",
            get(security::confirm_github).post(security::link_github),
        )
        .route(
            "/account/security/github/unlink",
            post(security::unlink_github),
        )
        .route(
            "/account/security/sessions/{session}/end",
            post(security::end_session),
        )
        .route(
            "/account/security/sessions/end-others",
            post(security::end_others),
        )
        .route(
            "/account/security/sessions/end-all",
            post(security::end_all),
        )
        .route(
            "/account/security/delete",
            get(security::confirm_delete).post(security::delete),
        )
        .route(
            "/account/profile",
            get(account::profile).post(account::change_profile),
        )
        .route("/account/organizations", get(account::organizations))
        .route(
            "/account/appearance",
            get(account::appearance).post(account::change_appearance),
        )
        .route("/account/activity", get(account::activity))
}

/// What answers without anybody being signed in, and without a session being looked up.
pub fn plain_routes() -> Router<App> {
    Router::new()
        .route(
            "/stripe/webhook",
            post(stripe::webhook).layer(DefaultBodyLimit::max(stripe::EVENT_LIMIT)),
        )
        .route("/static/{file}", get(assets::serve))
        .route("/favicon.ico", get(assets::favicon))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
}

/// The pages with what stands around each: who is asking, and drawing what was refused. Only pages that write into a
/// session, or read what others wrote there, have it at hand.
pub fn router(app: App) -> Router<App> {
    let with_session = account_routes()
        .merge(joining_routes())
        .layer(session::layer(app.clone()));
    routes()
        .merge(with_session)
        .fallback(error::no_such_page)
        .layer((
            axum::middleware::from_fn_with_state(app.clone(), session::identify),
            axum::Extension(limit::SignInLimits::new()),
            axum::middleware::from_fn_with_state(app, active::follow),
        ))
}

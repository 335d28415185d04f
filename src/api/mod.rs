//! The REST API. Every call stands in [`calls`]: the router and the OpenAPI document are both made from that list.

mod access;
mod audit;
mod bearer;
mod billing;
mod call;
mod checks;
mod entry;
mod error;
mod grants;
mod input;
mod invitations;
mod keys;
mod me;
mod members;
mod openapi;
mod organizations;
mod own_account;
mod paging;
mod policies;
mod repeat;
mod resources;
mod roles;
mod runs;
mod sessions;
mod shape;
mod stripe;
mod tokens;
mod usage;
mod workspaces;

pub use error::draw_bare;

use crate::app::App;
use axum::Router;
use axum::middleware::from_fn_with_state;
use call::Call;

/// Every call.
fn calls() -> Vec<Call> {
    [
        own_calls(),
        account_calls(),
        organization_calls(),
        member_calls(),
        access_calls(),
        role_calls(),
        invitation_calls(),
        audit::calls(),
        resource_calls(),
        workspace_resource_calls(),
        keys::calls(),
        runs::calls(),
        stripe::calls(),
        billing::calls(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Kinds, and what stands in the organization itself.
fn resource_calls() -> Vec<Call> {
    vec![
        Call::get("/organizations/{org_id}/resource-kinds", resources::kinds)
            .says("List the kinds of resources")
            .asks::<paging::Asked>()
            .gives::<paging::Listed<resources::ResourceKind>>(200),
        Call::put(
            "/organizations/{org_id}/resource-kinds/{kind}",
            resources::add_kind,
        )
        .says("Add a kind of resource, or change one that was added")
        .takes::<resources::ChangedKind>()
        .gives::<resources::ResourceKind>(200),
        Call::get("/organizations/{org_id}/resources", resources::list)
            .says("List the resources that you see in an organization, apart from its workspaces")
            .asks::<resources::AskedResources>()
            .gives::<paging::Listed<resources::Resource>>(200),
        Call::post("/organizations/{org_id}/resources", resources::upsert)
            .says("Make up to 1,000 resources, or bring them up to date, by your product's own ids")
            .takes::<resources::UpsertedResources>()
            .gives::<resources::ResourceVerdicts>(200),
        Call::get(
            "/organizations/{org_id}/resources/{resource_id}",
            resources::show,
        )
        .says("Get a resource")
        .gives::<resources::Resource>(200),
        Call::put(
            "/organizations/{org_id}/resources/{resource_id}",
            resources::update,
        )
        .says("Change a resource's name, or what it lies in")
        .takes::<resources::ChangedResource>()
        .gives::<resources::Resource>(200),
        Call::post(
            "/organizations/{org_id}/resources/{resource_id}/archive",
            resources::archive,
        )
        .says("Archive a resource with everything below it")
        .gives::<resources::Resource>(200),
        Call::post(
            "/organizations/{org_id}/resources/{resource_id}/restore",
            resources::restore,
        )
        .says("Bring back an archived resource with what was archived with it")
        .gives::<resources::Resource>(200),
    ]
}

/// What stands in one workspace, and who is limited to which of it.
fn workspace_resource_calls() -> Vec<Call> {
    vec![
        Call::get(
            "/workspaces/{workspace_id}/members/{user_id}/grants",
            grants::show,
        )
        .says("Get what a person is limited to in a workspace, kind by kind")
        .gives::<paging::Listed<grants::Grants>>(200),
        Call::put(
            "/workspaces/{workspace_id}/members/{user_id}/grants",
            grants::set,
        )
        .says("Limit a person to named resources of a kind, or end that")
        .asks::<access::HowToSet>()
        .takes::<grants::ChangedGrants>()
        .gives::<grants::GrantsSet>(200),
        Call::get("/workspaces/{workspace_id}/resources", resources::list)
            .says("List the resources that you see in a workspace")
            .asks::<resources::AskedResources>()
            .gives::<paging::Listed<resources::Resource>>(200),
        Call::post("/workspaces/{workspace_id}/resources", resources::upsert)
            .says("Make up to 1,000 resources, or bring them up to date, by your product's own ids")
            .takes::<resources::UpsertedResources>()
            .gives::<resources::ResourceVerdicts>(200),
        Call::get(
            "/workspaces/{workspace_id}/resources/{resource_id}",
            resources::show,
        )
        .says("Get a resource")
        .gives::<resources::Resource>(200),
        Call::put(
            "/workspaces/{workspace_id}/resources/{resource_id}",
            resources::update,
        )
        .says("Change a resource's name, or what it lies in")
        .takes::<resources::ChangedResource>()
        .gives::<resources::Resource>(200),
        Call::post(
            "/workspaces/{workspace_id}/resources/{resource_id}/archive",
            resources::archive,
        )
        .says("Archive a resource with everything below it")
        .gives::<resources::Resource>(200),
        Call::post(
            "/workspaces/{workspace_id}/resources/{resource_id}/restore",
            resources::restore,
        )
        .says("Bring back an archived resource with what was archived with it")
        .gives::<resources::Resource>(200),
    ]
}

/// What is the caller's own.
fn own_calls() -> Vec<Call> {
    vec![
        Call::get("/me", me::show)
            .says("Who the token acts as")
            .gives::<me::Me>(200),
        Call::put("/me", me::update)
            .says("Change your name, or how pages look")
            .takes::<me::ChangedMe>()
            .gives::<me::Me>(200),
        Call::get("/tokens", tokens::list)
            .says("List your tokens")
            .asks::<paging::Asked>()
            .gives::<paging::Listed<tokens::Token>>(200),
        Call::post("/tokens", tokens::create)
            .says("Make a token; its secret is in this answer and never again")
            .takes::<tokens::NewToken>()
            .gives::<tokens::Token>(201),
        Call::delete("/tokens/{token_id}", tokens::revoke).says("Revoke one of your tokens"),
        Call::get("/sessions", sessions::list)
            .says("List where you are signed in")
            .asks::<paging::Asked>()
            .gives::<paging::Listed<sessions::Session>>(200),
        Call::delete("/sessions/{session_id}", sessions::end).says("Sign out in one place"),
        Call::post("/sessions/end-all", sessions::end_all)
            .says("Sign out everywhere")
            .takes::<sessions::Everywhere>(),
        Call::get("/invitations", invitations::mine)
            .says("List the pending invitations to your addresses and your GitHub account")
            .asks::<paging::Asked>()
            .gives::<paging::Listed<invitations::Offer>>(200),
        Call::get("/invitations/{key}", invitations::open)
            .says("Open an invitation to you by its id, or by the secret of its link")
            .gives::<invitations::Offer>(200),
        Call::post("/invitations/{key}/accept", invitations::accept)
            .says("Accept an invitation")
            .gives::<organizations::Joined>(200),
        Call::post(
            "/invitations/{key}/close-and-join",
            invitations::close_and_join,
        )
        .says("Close your personal organization and accept an invitation, in one step")
        .gives::<organizations::Joined>(200),
        Call::post("/invitations/{key}/decline", invitations::decline)
            .says("Decline an invitation"),
        Call::get("/workspaces", workspaces::standalone)
            .says("List your workspaces that are in no organization")
            .asks::<paging::Asked>()
            .gives::<paging::Listed<workspaces::Workspace>>(200),
        Call::post("/workspaces", workspaces::create_standalone)
            .says("Create a workspace outside of any organization")
            .takes::<workspaces::NewWorkspace>()
            .gives::<workspaces::Workspace>(201),
        Call::get("/workspaces/{workspace_id}", workspaces::show)
            .says("Get a workspace")
            .gives::<workspaces::Workspace>(200),
        Call::put("/workspaces/{workspace_id}", workspaces::update)
            .says("Change a workspace's name or label")
            .takes::<workspaces::ChangedWorkspace>()
            .gives::<workspaces::Workspace>(200),
        Call::delete("/workspaces/{workspace_id}", workspaces::delete)
            .says("Delete a workspace; nobody has it any more")
            .asks::<workspaces::WorkspaceConfirmation>(),
    ]
}

/// How the caller signs in, and the end of their account.
fn account_calls() -> Vec<Call> {
    vec![
        Call::get("/me/sign-in-methods", own_account::methods)
            .says("How you sign in: your addresses, and GitHub where it is linked")
            .gives::<own_account::SignInMethods>(200),
        Call::post("/me/addresses", own_account::add_address)
            .says("Add an address; needs a sign-in of the last ten minutes, so a token is told where to do it")
            .takes::<own_account::OneAddress>(),
        Call::put("/me/addresses/primary", own_account::make_primary)
            .says("Make one of your addresses the primary one; needs a sign-in of the last ten minutes")
            .takes::<own_account::OneAddress>(),
        Call::delete("/me/addresses/{email}", own_account::remove_address)
            .says("Remove one of your addresses; needs a sign-in of the last ten minutes"),
        Call::post("/me/github", own_account::link_github).says("Link GitHub; done in a browser, so a token is told where"),
        Call::delete("/me/github", own_account::unlink_github).says("Unlink GitHub; needs a sign-in of the last ten minutes"),
        Call::delete("/me", own_account::delete)
            .says("Delete your account; needs a sign-in of the last ten minutes")
            .asks::<own_account::Certainty>(),
    ]
}

fn organization_calls() -> Vec<Call> {
    vec![
        Call::get("/organizations", organizations::list)
            .says("List the organizations you are in")
            .asks::<paging::Asked>()
            .gives::<paging::Listed<organizations::Organization>>(200),
        Call::post("/organizations", organizations::create)
            .says("Create an organization and become its owner")
            .takes::<organizations::NewOrganization>()
            .gives::<organizations::Organization>(201),
        Call::get("/organizations/{org_id}", organizations::show).says("Get an organization").gives::<organizations::Organization>(200),
        Call::put("/organizations/{org_id}", organizations::update)
            .says("Change an organization's name or slug")
            .takes::<organizations::ChangedOrganization>()
            .gives::<organizations::Organization>(200),
        Call::delete("/organizations/{org_id}", organizations::delete)
            .says("Delete an organization; its workspaces stay, each by itself")
            .asks::<organizations::Confirmation>(),
        Call::post("/organizations/{org_id}/transfer", organizations::transfer)
            .says("Make a member owner and yourself admin")
            .takes::<organizations::Transfer>()
            .gives::<members::Member>(200),
        Call::get("/organizations/{org_id}/policies", policies::show)
            .says("Get an organization's policies")
            .gives::<policies::Policies>(200),
        Call::put("/organizations/{org_id}/policies", policies::update)
            .says("Change policies; they apply from the next request on")
            .takes::<policies::ChangedPolicies>()
            .gives::<policies::Policies>(200),
        Call::get("/organizations/{org_id}/workspaces", workspaces::list)
            .says("List workspaces: all of them for who administers them, else those you can open")
            .asks::<paging::Asked>()
            .gives::<paging::Listed<workspaces::Workspace>>(200),
        Call::post("/organizations/{org_id}/workspaces", workspaces::link)
            .says("Link a workspace to the organization, or create one in it")
            .takes::<workspaces::LinkedWorkspace>()
            .gives::<workspaces::Workspace>(201),
        Call::delete("/organizations/{org_id}/workspaces/{workspace_id}", workspaces::unlink)
            .says("Unlink a workspace: it goes on by itself, with its data and the people who have it by themselves")
            .asks::<workspaces::Unlinking>(),
    ]
}

fn member_calls() -> Vec<Call> {
    vec![
        Call::get("/organizations/{org_id}/members", members::list)
            .says("List members and people who are invited")
            .asks::<members::Asked>()
            .gives::<paging::Listed<members::Member>>(200),
        Call::get("/organizations/{org_id}/members/{member_id}", members::show)
            .says("Get a member, or somebody who is invited")
            .gives::<members::Member>(200),
        Call::put("/organizations/{org_id}/members/{member_id}", members::update_member)
            .says("Change a member's role; for somebody invited, the role that applies when they join")
            .takes::<members::Update>()
            .gives::<members::Member>(200),
        Call::delete("/organizations/{org_id}/members/{member_id}", members::remove)
            .says("Remove a member from the organization and all of its workspaces, or revoke an invitation"),
        Call::post("/organizations/{org_id}/members/{member_id}/suspend", members::suspend)
            .says("Suspend a member: they keep their place and can do nothing")
            .gives::<members::Member>(200),
        Call::post("/organizations/{org_id}/members/{member_id}/reinstate", members::reinstate)
            .says("Let a suspended member back in, as what they were")
            .gives::<members::Member>(200),
        Call::post("/organizations/{org_id}/leave", members::leave).says("Leave the organization"),
    ]
}

fn access_calls() -> Vec<Call> {
    vec![
        Call::get("/workspaces/{workspace_id}/members", access::list)
            .says("List the people who have a role in a workspace")
            .asks::<access::AskedPeople>()
            .gives::<paging::Listed<access::PersonInWorkspace>>(200),
        Call::put("/workspaces/{workspace_id}/members/{user_id}", access::set)
            .says("Set what somebody is in a workspace")
            .asks::<access::HowToSet>()
            .takes::<access::AccessToSet>()
            .gives::<access::AccessChanged>(200),
        Call::delete("/workspaces/{workspace_id}/members/{user_id}", access::take)
            .says("Take somebody out of a workspace")
            .asks::<access::HowToSet>()
            .gives::<access::AccessChanged>(200),
        Call::get("/workspaces/{workspace_id}/access", checks::open)
            .says("List what a person may open in a workspace")
            .asks::<checks::AskedOpen>()
            .gives::<paging::Listed<resources::Resource>>(200),
        Call::post("/access/check", checks::check)
            .says("Ask whether somebody may do something, or up to 1,000 such questions at once")
            .takes::<checks::AccessCheck>()
            .gives::<checks::AccessChecked>(200),
    ]
}

fn role_calls() -> Vec<Call> {
    vec![
        Call::get("/organizations/{org_id}/roles", roles::list)
            .says("List custom roles, with how much each is used")
            .asks::<roles::AskedRoles>()
            .gives::<paging::Listed<roles::CustomRole>>(200),
        Call::post("/organizations/{org_id}/roles", roles::create)
            .says("Make a custom role, which allows nothing yet")
            .takes::<roles::NewRole>()
            .gives::<roles::CustomRole>(201),
        Call::get("/organizations/{org_id}/roles/{role_id}", roles::show).says("Get a custom role").gives::<roles::CustomRole>(200),
        Call::put("/organizations/{org_id}/roles/{role_id}", roles::update)
            .says("Change a custom role's name or description")
            .takes::<roles::ChangedRole>()
            .gives::<roles::CustomRole>(200),
        Call::delete("/organizations/{org_id}/roles/{role_id}", roles::delete)
            .says("Delete a custom role with its assignments and permissions in every workspace, or say what that would take")
            .asks::<roles::HowToDelete>()
            .gives::<roles::RoleDeletion>(200),
        Call::get("/organizations/{org_id}/roles/{role_id}/permissions", roles::permissions)
            .says("Get what a custom role allows")
            .gives::<roles::RolePermissions>(200),
        Call::put("/organizations/{org_id}/roles/{role_id}/permissions", roles::set_permissions)
            .says("Say anew what a custom role allows, or what that would change")
            .asks::<access::HowToSet>()
            .takes::<roles::PermissionsToSet>()
            .gives::<roles::PermissionsChanged>(200),
        Call::get("/organizations/{org_id}/roles/{role_id}/holders", roles::holders)
            .says("List who has a custom role in which workspace")
            .asks::<paging::Asked>()
            .gives::<paging::Listed<roles::RoleHolder>>(200),
    ]
}

fn invitation_calls() -> Vec<Call> {
    vec![
        Call::post("/organizations/{org_id}/members/invite", invitations::invite)
            .says("Invite an e-mail address")
            .takes::<invitations::Invite>()
            .gives::<invitations::Invitation>(201),
        Call::post("/workspaces/{workspace_id}/members/invite", invitations::invite_to_workspace)
            .says("Invite an e-mail address to a workspace; makes or reuses the membership in its organization, as member")
            .takes::<invitations::InviteToWorkspace>()
            .gives::<invitations::Invitation>(201),
        Call::get("/workspaces/{workspace_id}/invitations", invitations::list_to_workspace)
            .says("List the pending invitations that offer a role in a workspace")
            .asks::<paging::Asked>()
            .gives::<paging::Listed<invitations::Invitation>>(200),
        Call::post("/workspaces/{workspace_id}/invitations/{invitation_id}/link", invitations::copy_link_to_workspace)
            .says("Make a further link to an invitation that offers this workspace alone, for when mail doesn't arrive")
            .gives::<invitations::Invitation>(200),
        Call::delete("/workspaces/{workspace_id}/invitations/{invitation_id}", invitations::withdraw)
            .says("Take a workspace out of an invitation; one that offers nothing else is revoked"),
        Call::get("/organizations/{org_id}/invitations", invitations::list)
            .says("List invitations, newest first")
            .asks::<invitations::AskedInvitations>()
            .gives::<paging::Listed<invitations::Invitation>>(200),
        Call::get("/organizations/{org_id}/invitations/{invitation_id}", invitations::show)
            .says("Get an invitation")
            .gives::<invitations::Invitation>(200),
        Call::put("/organizations/{org_id}/invitations/{invitation_id}", invitations::update)
            .says("Change the role, or the workspaces, that apply on joining")
            .takes::<invitations::ChangedInvitation>()
            .gives::<invitations::Invitation>(200),
        Call::post("/organizations/{org_id}/invitations/{invitation_id}/resend", invitations::resend)
            .says("Send an invitation again, with a new link; earlier links die")
            .gives::<invitations::Invitation>(200),
        Call::post("/organizations/{org_id}/invitations/{invitation_id}/link", invitations::copy_link)
            .says("Make a further link to an invitation, for when mail doesn't arrive")
            .gives::<invitations::Invitation>(200),
        Call::delete("/organizations/{org_id}/invitations/{invitation_id}", invitations::revoke)
            .says("Revoke an invitation; its links die"),
    ]
}

/// The OpenAPI document of every call.
pub fn document(base_url: &str) -> serde_json::Value {
    openapi::document(&calls(), base_url)
}

/// The calls with what stands around each: who is asking, and how often.
pub fn router(app: App) -> Router<App> {
    let gate = bearer::Gate::new(app.clone());
    let document = axum::Json(document(&app.config.base_url()));
    calls()
        .into_iter()
        .fold(Router::new(), |router, call| {
            router.route(call.path, call.route)
        })
        .route_layer(from_fn_with_state(app.clone(), repeat::once))
        .route_layer(from_fn_with_state(app, entry::note))
        .route_layer(from_fn_with_state(gate, bearer::identify))
        .route(
            "/openapi.json",
            axum::routing::get(move || async { document }),
        )
        .fallback(error::no_such_call)
}

//! The REST API. Every call stands in [`calls`]: the router and the OpenAPI document are both made from that list.

mod bearer;
mod call;
mod error;
mod input;
mod me;
mod members;
mod organizations;
mod paging;
mod shape;
mod tokens;

pub use error::draw_bare;

use crate::app::App;
use axum::Router;
use axum::middleware::from_fn_with_state;
use call::Call;

/// Every call.
fn calls() -> Vec<Call> {
    vec![
        Call::get("/me", me::show).says("Who the token acts as").gives::<me::Me>(200),
        Call::get("/tokens", tokens::list).says("List your tokens").asks::<paging::Asked>().gives::<paging::Listed<tokens::Token>>(200),
        Call::post("/tokens", tokens::create)
            .says("Make a token; its secret is in this answer and never again")
            .takes::<tokens::NewToken>()
            .gives::<tokens::Token>(201),
        Call::delete("/tokens/{token_id}", tokens::revoke).says("Revoke one of your tokens"),
        Call::get("/organizations", organizations::list)
            .says("List the organizations you are in")
            .asks::<paging::Asked>()
            .gives::<paging::Listed<organizations::Organization>>(200),
        Call::post("/organizations", organizations::create)
            .says("Create an organization and become its owner")
            .takes::<organizations::NewOrganization>()
            .gives::<organizations::Organization>(201),
        Call::get("/organizations/{org_id}", organizations::show).says("Get an organization").gives::<organizations::Organization>(200),
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

/// The calls with what stands around each: who is asking, how often, and drawing what was refused.
pub fn router(app: App) -> Router<App> {
    let gate = bearer::Gate::new(app.clone());
    calls()
        .into_iter()
        .fold(Router::new(), |router, call| router.route(call.path, call.route))
        .route_layer(from_fn_with_state(gate, bearer::identify))
        .fallback(error::no_such_call)
}

//! The REST API. Every call's address stands in [`routes`].

mod bare;

pub use bare::draw_bare;

use crate::app::App;
use axum::Router;

/// Every call.
pub fn routes() -> Router<App> {
    Router::new()
}

/// The calls with what stands around each.
pub fn router(_app: App) -> Router<App> {
    routes()
}

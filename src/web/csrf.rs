//! Requests that change something must come from our own pages.
//!
//! Decided by the headers a browser adds and a page can't forge: `Sec-Fetch-Site`, and where a browser doesn't send it,
//! `Origin` (OWASP's CSRF prevention sheet; Go 1.25's CrossOriginProtection). tower-http's layer lets a request pass
//! that has neither header, also with a cookie; this one doesn't (SEC-W1).

use super::error::PageError;
use crate::app::App;
use crate::error::Refusal;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, header};

/// Refuses a request that changes something and comes from elsewhere.
pub fn protect(app: &App, request: &Request) -> Result<(), PageError> {
    if matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    ) || is_ours(
        request.headers(),
        app.config
            .public_url
            .as_ref()
            .map(|_| app.config.base_url()),
    ) {
        return Ok(());
    }
    Err(PageError::from(Refusal::forbidden(
        "cross_site",
        "This request didn't come from one of our own pages, so nothing was changed. Open the page again and repeat it.",
    )))
}

/// `base_url` where one is set; else the address that the request was sent to counts as ours.
fn is_ours(headers: &HeaderMap, base_url: Option<String>) -> bool {
    let text = |name: &str| headers.get(name).map(|v| v.to_str().unwrap_or("?"));
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    match text("origin") {
        Some(origin) => match (base_url, text("host")) {
            (Some(base_url), _) => origin == base_url,
            (None, Some(host)) => origin
                .split_once("://")
                .is_some_and(|(_, from)| from == host),
            (None, None) => false,
        },
        None => !headers.contains_key(header::COOKIE),
    }
}

//! Lists: a page of them, and a cursor for the next.

use super::error::{ApiError, ApiResult};
use super::shape::{Parts, Shape, query};
use crate::app::App;
use crate::error::Refusal;
use axum::Json;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Value, json};

/// Things on a page where nobody says how many.
const DEFAULT_LIMIT: i64 = 50;

/// One page of a list.
#[derive(Serialize)]
pub struct Listed<T> {
    pub data: Vec<T>,
    /// What to ask the next page with; `null` on the last.
    pub next_cursor: Option<String>,
}

query! {
    /// What a list's address says.
    pub struct Asked {
        /// Things on a page, 1 to 100; 50 unless said.
        pub limit: Option<String>,
        /// `next_cursor` of the page before.
        pub cursor: Option<String>,
    }
}

impl<T: Shape> Shape for Listed<T> {
    fn schema(parts: &mut Parts) -> Value {
        json!({
            "type": "object",
            "properties": {
                "data": { "type": "array", "items": T::schema(parts) },
                "next_cursor": { "type": ["string", "null"], "description": "What to ask the next page with; null on the last." },
            },
            "required": ["data", "next_cursor"],
        })
    }
}

/// Refuses a page size that isn't 1 to 100 (SEC-H8).
pub(super) fn limit(asked: Option<&str>) -> Result<i64, Refusal> {
    match asked.map(str::parse) {
        None => Ok(DEFAULT_LIMIT),
        Some(Ok(limit)) if (1..=100).contains(&limit) => Ok(limit),
        Some(_) => Err(Refusal::field("limit", "Ask for 1 to 100.")),
    }
}

/// A page of a short list that is at hand as a whole, in its order: what is a person's own, of which there is a most
/// (50 tokens, 20 sessions, 100 invitations), and the organizations that every request reads anyhow. The cursor names the last thing of the page before.
pub(super) fn page<T>(
    things: Vec<T>,
    asked: &Asked,
    id: impl Fn(&T) -> &str,
) -> Result<Listed<T>, Refusal> {
    let limit = limit(asked.limit.as_deref())? as usize;
    let start = match &asked.cursor {
        None => 0,
        Some(cursor) => {
            let stale = || {
                Refusal::field(
                    "cursor",
                    "This page belongs to another list. Start from the first page.",
                )
            };
            let last = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| stale())?;
            things
                .iter()
                .position(|thing| id(thing).as_bytes() == last)
                .ok_or_else(stale)?
                + 1
        }
    };
    let more = things.len() > start + limit;
    let data: Vec<T> = things.into_iter().skip(start).take(limit).collect();
    let next_cursor = data
        .last()
        .filter(|_| more)
        .map(|last| URL_SAFE_NO_PAD.encode(id(last)));
    Ok(Listed { data, next_cursor })
}

/// The answer for a page: JSON, and the next page's address in `Link` (RFC 8288).
pub(super) fn answer<T: Serialize>(app: &App, uri: &Uri, listed: Listed<T>) -> ApiResult<Response> {
    let link = listed.next_cursor.as_deref().map(|cursor| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let kept = url::form_urlencoded::parse(uri.query().unwrap_or("").as_bytes())
            .filter(|(key, _)| key != "cursor");
        query.extend_pairs(kept).append_pair("cursor", cursor);
        format!(
            "<{}{}?{}>; rel=\"next\"",
            app.config.base_url(),
            uri.path(),
            query.finish()
        )
    });
    let mut response = Json(listed).into_response();
    if let Some(link) = link {
        let value = HeaderValue::from_str(&link)
            .map_err(|e| ApiError::Refused(Refusal::Internal(anyhow::Error::new(e))))?;
        response.headers_mut().insert(header::LINK, value);
    }
    Ok(response)
}

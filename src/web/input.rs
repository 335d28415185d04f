//! Reading what a form or a query carries. axum's own extractors turn bad UTF-8 into U+FFFD, take NUL, and silently let
//! the last of two equal keys win (security.md, T11); these refuse all three (SEC-W10, SEC-W11).

use super::error::PageError;
use crate::error::Refusal;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use std::collections::HashSet;

/// Bytes a form may have.
const FORM_LIMIT: usize = 64 * 1024;

/// The fields of a submitted form. A key may repeat only if it ends in `[]`.
pub struct Form<T>(pub T);

/// The parameters of a page's address.
pub struct Query<T>(pub T);

/// Parses `application/x-www-form-urlencoded` text, strictly.
pub fn parse<T: DeserializeOwned>(raw: &[u8]) -> Result<T, Refusal> {
    let mut seen = HashSet::new();
    for pair in raw.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
        let (key, value) = match pair.iter().position(|b| *b == b'=') {
            Some(at) => (&pair[..at], &pair[at + 1..]),
            None => (pair, &[][..]),
        };
        let key = decode(key)?;
        decode(value)?;
        if !key.ends_with("[]") && !seen.insert(key.clone()) {
            return Err(Refusal::Malformed("A field was given twice.".into()));
        }
    }
    serde_html_form::from_bytes(raw)
        .map_err(|_| Refusal::Malformed("A field is missing, unknown, or not of its type.".into()))
}

/// Percent-decodes; refuses what is no UTF-8, NUL, and a broken escape.
fn decode(raw: &[u8]) -> Result<String, Refusal> {
    let broken = || Refusal::Malformed("The request has characters that can't be read.".into());
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.iter().copied();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16));
                let (high, low) = (
                    digit(rest.next()).ok_or_else(broken)?,
                    digit(rest.next()).ok_or_else(broken)?,
                );
                (high * 16 + low) as u8
            }
            byte => byte,
        });
    }
    if bytes.contains(&0) {
        return Err(broken());
    }
    String::from_utf8(bytes).map_err(|_| broken())
}

fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|v| {
            v.split(';').next().is_some_and(|kind| {
                kind.trim()
                    .eq_ignore_ascii_case("application/x-www-form-urlencoded")
            })
        })
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageError> {
        let typed = is_form(request.headers());
        let body = match Bytes::from_request(request, state).await {
            Ok(body) if body.len() <= FORM_LIMIT => body,
            Err(refused) if refused.status() != StatusCode::PAYLOAD_TOO_LARGE => {
                return Err(Refusal::Malformed("The request was cut off.".into()).into());
            }
            _ => return Err(PageError::Status(StatusCode::PAYLOAD_TOO_LARGE)),
        };
        if !typed && !body.is_empty() {
            return Err(PageError::Status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        Ok(Self(parse(&body)?))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, PageError> {
        Ok(Self(parse(parts.uri.query().unwrap_or("").as_bytes())?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn sec_w10_sec_w11_unreadable_and_repeated_fields_are_refused() {
        let read = |raw: &str| parse::<HashMap<String, String>>(raw.as_bytes());
        assert_eq!(read("a=1&b=%C3%A9+x").unwrap()["b"], "é x");
        for bad in [
            "a=%ff",
            "a=%00",
            "a=1&a=2",
            "a=%4",
            "a=%zz",
            "%61=1&a=2",
            "a=%C3",
        ] {
            assert!(read(bad).is_err(), "{bad} was read");
        }
    }
}

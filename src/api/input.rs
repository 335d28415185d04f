//! Reading what a call carries: JSON, a query, ids in the address. Stricter than serde and axum by themselves: a key
//! twice, NUL, depth without end and unknown fields are refused (SEC-A14, SEC-W10, SEC-W11).

use super::error::{ApiError, FieldProblem};
use crate::error::Refusal;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Map, Value};
use std::fmt;

/// Bytes a body may have.
pub(super) const BODY_LIMIT: usize = 1024 * 1024;

/// Levels that JSON may have.
const DEPTH: usize = 32;

/// A JSON body.
pub struct Json<T>(pub T);

/// The parameters of a call's address. A parameter that isn't known is refused.
pub struct Query<T>(pub T);

/// The ids in a call's address.
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::NotJson);
        }
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|_| ApiError::TooLarge)?;
        if body.len() > BODY_LIMIT {
            return Err(ApiError::TooLarge);
        }
        read(&body).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("");
    kind.split(';')
        .next()
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// Reads a value: first as JSON, strictly (`400`), then as what the call wants (`422`, with the field).
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = Strict { depth: DEPTH }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value));
    let value = value.map_err(|error| {
        Refusal::Malformed(format!("The body is not the JSON it must be: {error}.").into())
    })?;
    serde_path_to_error::deserialize(value)
        .map_err(|error| ApiError::Fields(vec![field_problem(&error)]))
}

/// Which field, and what is wrong with it, from what serde says.
fn field_problem(error: &serde_path_to_error::Error<serde_json::Error>) -> FieldProblem {
    let (path, said) = (error.path().to_string(), error.inner().to_string());
    let quoted = |rest: &str| rest.split('`').nth(1).unwrap_or_default().to_owned();
    let under = |name: String| {
        if path == "." || path.ends_with(&name) {
            name
        } else {
            format!("{path}.{name}")
        }
    };
    if said.starts_with("missing field") {
        return FieldProblem {
            field: under(quoted(&said)),
            message: "This field is required.".into(),
        };
    }
    if said.starts_with("unknown field") {
        let known = said
            .split_once(", ")
            .map_or("", |(_, known)| known)
            .replace('`', "");
        return FieldProblem {
            field: under(quoted(&said)),
            message: format!("There is no such field here: {known}."),
        };
    }
    FieldProblem {
        field: if path == "." { "body".into() } else { path },
        message: format!("This can't be read: {said}."),
    }
}

/// JSON without a key twice, without NUL, and not deeper than [`DEPTH`].
struct Strict {
    depth: usize,
}

impl Strict {
    fn below<E: serde::de::Error>(&self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self { depth }),
            None => Err(E::custom("it has too many levels")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        if value.contains('\0') {
            return Err(E::custom("a text has a NUL character"));
        }
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element_seed(self.below()?)? {
            all.push(item);
        }
        Ok(all.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(key) = fields.next_key::<String>()? {
            let value = fields.next_value_seed(self.below()?)?;
            if key.contains('\0') || all.insert(key, value).is_some() {
                return Err(A::Error::custom("a field was given twice"));
            }
        }
        Ok(all.into())
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Ok(Self(crate::web::input::parse(
            parts.uri.query().unwrap_or("").as_bytes(),
        )?))
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        // What can't be an id finds nothing.
        let path = axum::extract::Path::<T>::from_request_parts(parts, state)
            .await
            .map_err(|_| Refusal::NotFound)?;
        Ok(Self(path.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        name: String,
        #[serde(default)]
        days: i64,
    }

    fn read_body(body: &[u8]) -> Result<Body, ApiError> {
        read(body)
    }

    #[test]
    fn sec_w10_sec_w11_what_is_no_strict_json_is_refused() {
        let body = read_body(br#"{"name": "x", "days": 7}"#).unwrap();
        assert_eq!((body.name.as_str(), body.days), ("x", 7));
        let deep = format!("{{\"name\": {}1{}}}", "[".repeat(40), "]".repeat(40));
        for bad in [
            &b"{"[..],
            b"",
            b"{\"name\": \"x\"} x",
            b"{\"name\": \"a\", \"name\": \"b\"}",
            b"{\"name\": \"a\", \"n\\u0061me\": \"b\"}",
            b"{\"name\": \"a\\u0000\"}",
            b"{\"name\": \"\\ud800\"}",
            b"{\"name\": \"\xff\"}",
            b"{\"name\": 1e999}",
            deep.as_bytes(),
        ] {
            let refused = read_body(bad);
            assert!(
                matches!(refused, Err(ApiError::Refused(Refusal::Malformed(_)))),
                "{}: {refused:?}",
                String::from_utf8_lossy(bad)
            );
        }
    }

    #[test]
    fn sec_a14_unknown_missing_and_mistyped_fields_are_named() {
        for (body, field) in [
            (r#"{"name": "x", "role": "owner"}"#, "role"),
            (r#"{}"#, "name"),
            (r#"{"name": 3}"#, "name"),
            (r#"{"name": "x", "days": "many"}"#, "days"),
            (r#"{"name": "x", "days": 9223372036854775808}"#, "days"),
            (r#"[]"#, "body"),
        ] {
            match read_body(body.as_bytes()) {
                Err(ApiError::Fields(fields)) => {
                    assert_eq!(fields[0].field, field, "{body}: {fields:?}")
                }
                other => panic!("{body}: {other:?}"),
            }
        }
    }
}

//! What the API takes and gives: each thing is a struct, and the same lines give its JSON Schema for the OpenAPI
//! document. The doc comments are the document's descriptions.

use crate::ids::MemberId;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Something with a JSON Schema (2020-12, as OpenAPI 3.1 wants it).
pub(super) trait Shape {
    /// May be left out of what is sent.
    const OPTIONAL: bool = false;

    /// The schema, or a reference to it after putting it among the parts.
    fn schema(parts: &mut Parts) -> Value;
}

/// Schemas by their name.
pub(super) type Parts = BTreeMap<&'static str, Value>;

/// One field of a struct: name, doc comment, whether it may be left out, schema.
pub(super) type Field = (&'static str, &'static str, bool, Value);

/// Puts a struct's schema among the parts and refers to it.
pub(super) fn named(
    parts: &mut Parts,
    name: &'static str,
    about: &str,
    strict: bool,
    fields: Vec<Field>,
) -> Value {
    let required: Vec<&str> = fields.iter().filter(|f| !f.2).map(|f| f.0).collect();
    let mut properties = Map::new();
    for (field, about, _, mut schema) in fields {
        if !about.is_empty() {
            schema["description"] = about.trim().into();
        }
        properties.insert(field.to_owned(), schema);
    }
    let mut schema = json!({ "type": "object", "properties": properties });
    if !about.is_empty() {
        schema["description"] = about.trim().into();
    }
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    if strict {
        schema["additionalProperties"] = false.into();
    }
    let before = parts.insert(name, schema.clone());
    assert!(
        before.is_none_or(|before| before == schema),
        "two things of the API are called {name}"
    );
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

macro_rules! plain {
    ($($type:ty: $schema:tt;)*) => { $(
        impl Shape for $type {
            fn schema(_: &mut Parts) -> Value { json!($schema) }
        }
    )* };
}

plain! {
    String: { "type": "string" };
    &'static str: { "type": "string" };
    bool: { "type": "boolean" };
    i64: { "type": "integer", "format": "int64" };
    u16: { "type": "integer" };
    MemberId: { "type": "string" };
    Value: { "type": "object" };
}

impl<T: Shape> Shape for Option<T> {
    const OPTIONAL: bool = true;

    fn schema(parts: &mut Parts) -> Value {
        let mut schema = T::schema(parts);
        match schema["type"].as_str().map(str::to_owned) {
            Some(kind) => {
                schema["type"] = json!([kind, "null"]);
                schema
            }
            None => json!({ "anyOf": [schema, { "type": "null" }] }),
        }
    }
}

impl<T: Shape> Shape for Vec<T> {
    fn schema(parts: &mut Parts) -> Value {
        json!({ "type": "array", "items": T::schema(parts) })
    }
}

/// A thing of an answer.
macro_rules! answer {
    ($(#[doc = $about:literal])* pub struct $name:ident { $($(#[doc = $doc:literal])* $(#[serde($($serde:tt)*)])? pub $field:ident: $type:ty,)* }) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, serde::Serialize)]
        pub struct $name { $($(#[doc = $doc])* $(#[serde($($serde)*)])? pub $field: $type,)* }

        impl $crate::api::shape::Shape for $name {
            fn schema(parts: &mut $crate::api::shape::Parts) -> serde_json::Value {
                let fields = vec![$((
                    stringify!($field).trim_start_matches("r#"),
                    concat!($($doc),*),
                    // Only what is left out when it is empty has an attribute.
                    !concat!($(stringify!($($serde)*))?).is_empty(),
                    <$type as $crate::api::shape::Shape>::schema(parts),
                )),*];
                $crate::api::shape::named(parts, stringify!($name), concat!($($about),*), false, fields)
            }
        }
    };
}
pub(super) use answer;

/// The body of a request. A field that isn't known is refused (SEC-A14).
macro_rules! body {
    ($(#[doc = $about:literal])* pub struct $name:ident { $($(#[doc = $doc:literal])* $(#[serde($($serde:tt)*)])? pub $field:ident: $type:ty,)* }) => {
        $(#[doc = $about])*
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[doc = $doc])* $(#[serde($($serde)*)])? pub $field: $type,)* }

        $crate::api::shape::input_shape!($name, concat!($($about),*), $($field: $type, concat!($($doc),*);)*);
    };
}
pub(super) use body;

/// The parameters of an address, all of which may be left out.
macro_rules! query {
    ($(#[doc = $about:literal])* pub struct $name:ident { $($(#[doc = $doc:literal])* $(#[serde($($serde:tt)*)])? pub $field:ident: Option<String>,)* }) => {
        $(#[doc = $about])*
        #[derive(Debug, Default, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name { $($(#[doc = $doc])* $(#[serde($($serde)*)])? pub $field: Option<String>,)* }

        impl $crate::api::shape::Query for $name {
            const PARAMETERS: &'static [(&'static str, &'static str)] = &[$((stringify!($field), concat!($($doc),*))),*];
        }
    };
}
pub(super) use query;

macro_rules! input_shape {
    ($name:ident, $about:expr, $($field:ident: $type:ty, $doc:expr;)*) => {
        impl $crate::api::shape::Shape for $name {
            fn schema(parts: &mut $crate::api::shape::Parts) -> serde_json::Value {
                let fields = vec![$((
                    stringify!($field),
                    $doc,
                    <$type as $crate::api::shape::Shape>::OPTIONAL,
                    <$type as $crate::api::shape::Shape>::schema(parts),
                )),*];
                $crate::api::shape::named(parts, stringify!($name), $about, true, fields)
            }
        }
    };
}
pub(super) use input_shape;

/// The parameters of an address: each with what it means.
pub(super) trait Query {
    const PARAMETERS: &'static [(&'static str, &'static str)];
}

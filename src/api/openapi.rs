//! The OpenAPI 3.1 document at `/api/v1/openapi.json`, made from the list of calls.

use super::call::Call;
use super::error::Problem;
use super::shape::{Parts, Shape};
use serde_json::{Map, Value, json};

/// The document of these calls. `base_url` is where people reach Roster.
pub(super) fn document(calls: &[Call], base_url: &str) -> Value {
    let mut parts = Parts::new();
    let problem = Problem::schema(&mut parts);
    let mut paths = Map::new();
    for call in calls {
        let place = paths
            .entry(call.path)
            .or_insert_with(|| json!({ "parameters": path_parameters(call.path) }));
        place[call.method] = operation(call, &mut parts);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Roster",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Organizations, their members, invitations and policies. Times are RFC 3339 in UTC. Lists are pages: `next_cursor` \
                of one asks for the next. A POST with an `Idempotency-Key` may be repeated for 24 hours and is done once.",
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "servers": [{ "url": format!("{base_url}/api/v1") }],
        "security": [{ "token": [] }],
        "tags": tags(calls),
        "paths": paths,
        "components": {
            "schemas": parts,
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "A personal token, made under Personal > API tokens." },
            },
            "responses": {
                "Problem": {
                    "description": "Refused, with the reason.",
                    "content": { "application/problem+json": { "schema": problem } },
                },
            },
        },
    })
}

fn tag(call: &Call) -> &'static str {
    call.name.split("::").next().unwrap_or_default()
}

fn tags(calls: &[Call]) -> Vec<Value> {
    let mut names: Vec<&str> = calls.iter().map(tag).collect();
    names.dedup();
    names
        .iter()
        .enumerate()
        .filter(|(n, name)| !names[..*n].contains(name))
        .map(|(_, name)| json!({ "name": name }))
        .collect()
}

fn path_parameters(path: &str) -> Vec<Value> {
    let names = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })).collect()
}

fn operation(call: &Call, parts: &mut Parts) -> Value {
    let mut parameters: Vec<Value> = call
        .query
        .iter()
        .map(|(name, about)| parameter("query", name, about))
        .collect();
    if call.method == "post" {
        parameters.push(parameter(
            "header",
            "Idempotency-Key",
            "The same key again gives the same answer and does nothing twice.",
        ));
    }
    let (status, answer) = call.answer;
    let mut done = json!({ "description": if status == 204 { "Done." } else { call.summary } });
    if let Some(schema) = answer {
        done["content"] = json!({ "application/json": { "schema": schema(parts) } });
    }
    let mut responses = Map::new();
    responses.insert(status.to_string(), done);
    for refusal in refusals(call) {
        responses.insert(
            refusal.to_string(),
            json!({ "$ref": "#/components/responses/Problem" }),
        );
    }
    let mut operation = json!({
        "operationId": call.name.replace("::", "_"),
        "tags": [tag(call)],
        "summary": call.summary,
        "parameters": parameters,
        "responses": responses,
    });
    if let Some(schema) = call.body {
        operation["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": schema(parts) } } });
    }
    operation
}

fn parameter(place: &str, name: &str, about: &str) -> Value {
    json!({ "name": name, "in": place, "description": about.trim(), "schema": { "type": "string" } })
}

/// The statuses a call may be refused with.
fn refusals(call: &Call) -> Vec<u16> {
    let mut statuses = vec![400, 401, 429, 500, 503];
    if call.path.contains('{') {
        statuses.extend([403, 404]);
    }
    if !call.query.is_empty() {
        statuses.push(422);
    }
    if call.method != "get" {
        statuses.extend([402, 403, 409, 422]);
    }
    if call.body.is_some() {
        statuses.extend([413, 415]);
    }
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

//! What an event holds beside its sentence, in the words of the pages where it was done.

use crate::audit::{self, EventRow};
use crate::{billing, clock, text};
use serde_json::Value;

/// What was before and what is after; "" for a fact that has only one side.
#[derive(Debug, PartialEq)]
pub(super) struct Change {
    pub name: String,
    pub before: String,
    pub after: String,
}

/// What an event holds beside its sentence; what stayed as it was is no change.
pub(super) fn changes(event: &EventRow) -> Vec<Change> {
    let Ok(Value::Object(all)) = serde_json::from_str::<Value>(&event.changes) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    match (all.get("before"), all.get("after")) {
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let both = before
                .keys()
                .chain(after.keys().filter(|key| !before.contains_key(*key)));
            let both = both.filter(|key| before.get(*key) != after.get(*key));
            found.extend(both.map(|key| Change {
                name: label(key),
                before: value_of(key, before.get(key).unwrap_or(&Value::Null)),
                after: value_of(key, after.get(key).unwrap_or(&Value::Null)),
            }));
        }
        (None, None) => {}
        (before, after) => found.push(Change {
            name: String::new(),
            before: value(before.unwrap_or(&Value::Null)),
            after: value(after.unwrap_or(&Value::Null)),
        }),
    }
    let nothing = |v: &Value| {
        matches!(v, Value::Null | Value::Bool(false))
            || v.as_i64() == Some(0)
            || v.as_str() == Some("")
    };
    let unsaid = |key: &str| matches!(key, "before" | "after" | audit::TO_UNDO | audit::PLACES);
    // An invitation to the organization is what is meant by one.
    let plain = |key: &str, fact: &Value| {
        key == "kind" && event.target_kind == "invitation" && fact == "organization"
    };
    let others = all
        .iter()
        .filter(|(key, fact)| !unsaid(key) && !nothing(fact) && !plain(key, fact));
    let facts = others.map(|(key, fact)| Change {
        name: label(key),
        before: String::new(),
        after: value_of(key, fact),
    });
    found.extend(facts.filter(|fact| !fact.after.is_empty()));
    found
}

fn words(key: &str) -> String {
    key.replace('_', " ")
}

/// The name of a fact: for a policy the one that its page has.
fn label(key: &str) -> String {
    match key {
        "who_invites" => "Who may invite",
        "invite_domains" => "E-mail domains that may be invited",
        "invitation_days" => "Days an invitation is valid",
        "roles_offered" => "Roles offered",
        "admins_enter" => "Owners and admins enter every workspace",
        "admins_create" => "Admins create workspaces",
        "allow_email" => "Sign-in by e-mail",
        "allow_github" => "Sign-in with GitHub",
        "session_idle_hours" => "Hours until an idle session ends",
        "session_absolute_days" => "Days until any session ends",
        "token_days" => "Longest life of keys and tokens, in days",
        "run_days" => "Days that runs are kept",
        "support_contact" => "Support contact",
        "impact" => "effect",
        _ => return words(key),
    }
    .to_owned()
}

/// The value of a fact. "" where there is nothing to say.
fn value_of(key: &str, fact: &Value) -> String {
    match (key, fact) {
        ("impact", Value::Object(counts)) => {
            let people = |key: &str, does: &str| match counts
                .get(key)
                .and_then(Value::as_i64)
                .unwrap_or(0)
            {
                0 => None,
                n => Some(format!(
                    "{} can do {does}",
                    text::count(n, "person", "people")
                )),
            };
            [
                people("people_gaining", "more"),
                people("people_losing", "less"),
            ]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(", ")
        }
        ("pool", Value::String(name)) => billing::limit_label(name),
        ("who_invites", Value::String(who)) => words(who),
        _ => value(fact),
    }
}

pub(super) fn value(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::Number(number) => number
            .as_i64()
            .map_or_else(|| number.to_string(), text::thousands),
        Value::String(text) if text.is_empty() => "nothing".into(),
        Value::String(text) => match clock::parse_rfc3339(text) {
            Some(at) => clock::minute(at),
            None => text.clone(),
        },
        Value::Array(list) if list.is_empty() => "nothing".into(),
        Value::Array(list) => list.iter().map(self::value).collect::<Vec<_>>().join(", "),
        Value::Object(map) => match (map.get("name"), map.get("role")) {
            // A role in a workspace.
            (Some(Value::String(name)), Some(Value::String(role))) => format!("{name} as {role}"),
            _ => map
                .iter()
                .map(|(key, v)| format!("{}: {}", words(key), self::value(v)))
                .collect::<Vec<_>>()
                .join(", "),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s1_78_what_changed_is_said_in_words() {
        let mut event = EventRow {
            changes: r#"{"before":{"admins_enter":false,"token_days":365},"after":{"admins_enter":true,"token_days":30},"people":0}"#
                .into(),
            ..blank()
        };
        let change = |name: &str, before: &str, after: &str| Change {
            name: name.into(),
            before: before.into(),
            after: after.into(),
        };
        assert_eq!(
            changes(&event),
            [
                change("Owners and admins enter every workspace", "no", "yes"),
                change("Longest life of keys and tokens, in days", "365", "30")
            ]
        );
        event.changes =
            r#"{"impact":{"changes":3,"people_gaining":0,"people_losing":2},"before":{"role":"x","n":1},"after":{"role":"x","n":2}}"#
                .into();
        assert_eq!(
            changes(&event),
            [
                change("n", "1", "2"),
                change("effect", "", "2 people can do less")
            ]
        );
        event.changes = r#"{"before":"member","after":"admin","invitations_revoked":2}"#.into();
        assert_eq!(
            changes(&event),
            [
                change("", "member", "admin"),
                change("invitations revoked", "", "2")
            ]
        );
    }

    fn blank() -> EventRow {
        let none = String::new;
        EventRow {
            id: none(),
            stream: none(),
            seq: 1,
            prev_hash: none(),
            hash: none(),
            at: 0,
            org_id: None,
            workspace_id: None,
            category: none(),
            action: none(),
            actor_kind: none(),
            actor_id: none(),
            actor_name: none(),
            credential: none(),
            ip: none(),
            client: none(),
            request_id: none(),
            target_kind: none(),
            target_id: none(),
            target_name: none(),
            subject_id: None,
            changes: none(),
            v: 2,
            salt: none(),
            redacted: none(),
        }
    }
}

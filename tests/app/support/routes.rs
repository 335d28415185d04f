//! The addresses of every page and every call, read from the two lists that serve them.

#![allow(
    dead_code,
    reason = "two test binaries use it, and neither uses all of it"
)]

/// One line of a list: `/orgs/{org}/members`, and what it answers to.
#[derive(Clone, Debug)]
pub struct Route {
    pub path: String,
    /// In capitals, in order.
    pub methods: Vec<&'static str>,
}

const PAGES: &str = include_str!("../../../src/web/mod.rs");
/// The list, and the parts of it that stand beside what handles them.
const CALLS: [&str; 6] = [
    include_str!("../../../src/api/mod.rs"),
    include_str!("../../../src/api/audit.rs"),
    include_str!("../../../src/api/keys.rs"),
    include_str!("../../../src/api/runs.rs"),
    include_str!("../../../src/api/stripe.rs"),
    include_str!("../../../src/api/billing.rs"),
];

/// Every page. What answers without a session (styles, health) is none.
pub fn pages() -> Vec<Route> {
    read(PAGES.split("pub fn plain_routes").next().unwrap_or(PAGES))
}

/// Every call of the API, below `/api/v1`.
pub fn calls() -> Vec<Route> {
    read_calls(&CALLS.concat())
}

impl Route {
    pub fn has(&self, method: &str) -> bool {
        self.methods.contains(&method)
    }

    /// The address with its parts filled in: `[("org", "acme-corp")]`; a part without a value becomes "none".
    pub fn fill(&self, values: &[(&str, &str)]) -> String {
        let fill_part = |part: &str| match part.strip_prefix('{').and_then(|p| p.strip_suffix('}'))
        {
            Some(name) => values
                .iter()
                .find(|(key, _)| *key == name.trim_start_matches('*'))
                .map_or("none", |(_, v)| v)
                .to_owned(),
            None => part.to_owned(),
        };
        self.path
            .split('/')
            .map(fill_part)
            .collect::<Vec<_>>()
            .join("/")
    }
}

fn read(source: &str) -> Vec<Route> {
    let parts = source.split(".route(").skip(1);
    let routes: Vec<Route> = parts
        .map(|part| {
            let path = part
                .split('"')
                .nth(1)
                .expect("a route has an address")
                .to_owned();
            let handlers = part.split("\n    }").next().unwrap_or(part);
            let known = [
                ("get(", "GET"),
                ("post(", "POST"),
                ("put(", "PUT"),
                ("patch(", "PATCH"),
                ("delete(", "DELETE"),
            ];
            let methods = known.into_iter().filter(|(call, _)| {
                handlers.match_indices(call).any(|(at, _)| {
                    matches!(handlers[..at].chars().next_back(), Some(' ' | '.' | '\n'))
                })
            });
            Route {
                path,
                methods: methods.map(|(_, method)| method).collect(),
            }
        })
        .collect();
    assert!(
        routes.iter().all(|r| !r.methods.is_empty()),
        "a route without a method: the list is written in another way now"
    );
    routes
}

fn read_calls(source: &str) -> Vec<Route> {
    let mut routes: Vec<Route> = Vec::new();
    for (method, call) in [
        ("GET", "Call::get("),
        ("POST", "Call::post("),
        ("PUT", "Call::put("),
        ("DELETE", "Call::delete("),
    ] {
        for part in source.split(call).skip(1) {
            let path = part
                .split('"')
                .nth(1)
                .expect("a call has an address")
                .to_owned();
            match routes.iter_mut().find(|route| route.path == path) {
                Some(route) => route.methods.push(method),
                None => routes.push(Route {
                    path,
                    methods: vec![method],
                }),
            }
        }
    }
    routes
}

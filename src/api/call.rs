//! One call of the API: its address, what handles it, and what it takes and gives.

use super::shape::{Parts, Query, Shape};
use crate::app::App;
use axum::handler::Handler;
use axum::routing::{self, MethodRouter};
use serde_json::Value;

/// Makes the JSON Schema of a type.
pub(super) type Schematic = fn(&mut Parts) -> Value;

/// One line of the list of calls.
pub(super) struct Call {
    pub method: &'static str,
    pub path: &'static str,
    pub route: MethodRouter<App>,
    /// Module and name of the function behind it, such as `members::list`.
    pub name: &'static str,
    pub summary: &'static str,
    /// The parameters it understands, each with what it means.
    pub query: &'static [(&'static str, &'static str)],
    /// The body it takes.
    pub body: Option<Schematic>,
    /// The status it answers with, and the body where there is one.
    pub answer: (u16, Option<Schematic>),
}

macro_rules! methods {
    ($($method:ident $verb:literal;)*) => { $(
        pub(super) fn $method<H: Handler<T, App>, T: 'static>(path: &'static str, handler: H) -> Self {
            Self {
                method: $verb,
                path,
                route: routing::$method(handler),
                name: name_of::<H>(),
                summary: "",
                query: &[],
                body: None,
                answer: (204, None),
            }
        }
    )* };
}

impl Call {
    methods! { get "get"; post "post"; put "put"; delete "delete"; }

    /// What it does, in a line.
    pub(super) fn says(self, summary: &'static str) -> Self {
        Self { summary, ..self }
    }

    pub(super) fn asks<Q: Query>(self) -> Self {
        Self {
            query: Q::PARAMETERS,
            ..self
        }
    }

    pub(super) fn takes<B: Shape>(self) -> Self {
        Self {
            body: Some(B::schema),
            ..self
        }
    }

    pub(super) fn gives<B: Shape>(self, status: u16) -> Self {
        Self {
            answer: (status, Some(B::schema)),
            ..self
        }
    }
}

fn name_of<H>() -> &'static str {
    let path = std::any::type_name::<H>();
    path.rsplit_once("api::").map_or(path, |(_, name)| name)
}

//! Why something was refused. Operations return these; each door draws them in its own way.

use std::borrow::Cow;

pub type Result<T, E = Refusal> = std::result::Result<T, E>;

/// The one error of every operation.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no such thing, or it is out of the asker's reach: the answer is the same.
    #[error("not found")]
    NotFound,
    /// Nobody is signed in, or the credential is not valid.
    #[error("sign in first")]
    Unauthenticated,
    /// The asker may know of the thing but may not do this.
    #[error("{reason}")]
    Forbidden {
        code: &'static str,
        reason: Cow<'static, str>,
    },
    /// The request can't be read: not UTF-8, a key twice, not the type it must be.
    #[error("{0}")]
    Malformed(Cow<'static, str>),
    /// Something in the request can't be accepted; nothing was changed.
    #[error("some fields need another look")]
    Invalid(Vec<FieldError>),
    /// The state of things forbids it.
    #[error("{}", .0.message)]
    Conflict(Box<Conflict>),
    /// The organization's plan allows no more.
    #[error("{}", .0.message)]
    OverLimit(Box<Conflict>),
    /// The link or offer was valid once and no longer is.
    #[error("{reason}")]
    Gone {
        code: &'static str,
        reason: Cow<'static, str>,
    },
    #[error("{reason}")]
    TooMany {
        reason: Cow<'static, str>,
        retry_after_seconds: u64,
    },
    /// Something Roster needs is busy or down; asking again later helps.
    #[error("{0}")]
    Unavailable(&'static str),
    /// A fault of ours. The text goes to the log, never to a client.
    #[error("internal error: {0:#}")]
    Internal(#[from] anyhow::Error),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    pub field: Cow<'static, str>,
    pub message: Cow<'static, str>,
}

/// A refusal because of the state of things, with the way out.
#[derive(Debug, Clone)]
pub struct Conflict {
    pub code: &'static str,
    pub message: Cow<'static, str>,
    /// What to do next: a label and one of our own paths.
    pub next: Option<(Cow<'static, str>, String)>,
    /// The thing in the way.
    pub existing_id: Option<String>,
}

impl Refusal {
    pub fn field(
        field: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Invalid(vec![FieldError {
            field: field.into(),
            message: message.into(),
        }])
    }

    pub fn forbidden(code: &'static str, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Forbidden {
            code,
            reason: reason.into(),
        }
    }

    pub fn conflict(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::Conflict(Box::new(Conflict {
            code,
            message: message.into(),
            next: None,
            existing_id: None,
        }))
    }

    pub fn over_limit(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::OverLimit(Box::new(Conflict {
            code,
            message: message.into(),
            next: None,
            existing_id: None,
        }))
    }

    pub fn gone(code: &'static str, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Gone {
            code,
            reason: reason.into(),
        }
    }

    /// The HTTP status that both doors answer with.
    pub fn status(&self) -> u16 {
        match self {
            Self::NotFound => 404,
            Self::Unauthenticated => 401,
            Self::OverLimit(_) => 402,
            Self::Forbidden { .. } => 403,
            Self::Malformed(_) => 400,
            Self::Invalid(_) => 422,
            Self::Conflict(_) => 409,
            Self::Gone { .. } => 410,
            Self::TooMany { .. } => 429,
            Self::Unavailable(_) => 503,
            Self::Internal(_) => 500,
        }
    }

    /// Adds the way out to a conflict, or to a limit.
    pub fn with_next(
        mut self,
        label: impl Into<Cow<'static, str>>,
        path: impl Into<String>,
    ) -> Self {
        if let Self::Conflict(conflict) | Self::OverLimit(conflict) = &mut self {
            conflict.next = Some((label.into(), path.into()));
        }
        self
    }

    /// Names the thing that stands in the way.
    pub fn with_existing(mut self, id: impl Into<String>) -> Self {
        if let Self::Conflict(conflict) = &mut self {
            conflict.existing_id = Some(id.into());
        }
        self
    }

    /// The message for one field, or "".
    pub fn message_for(&self, field: &str) -> &str {
        match self {
            Self::Invalid(fields) => fields
                .iter()
                .find(|f| f.field == field)
                .map_or("", |f| &f.message),
            _ => "",
        }
    }
}

/// Collects what is wrong with the fields of one request, so that all of it is said at once.
#[derive(Default)]
pub struct Checks(Vec<FieldError>);

impl Checks {
    /// The value, or `None` after noting why not.
    pub fn take<T>(
        &mut self,
        field: impl Into<Cow<'static, str>>,
        value: Result<T, impl Into<Cow<'static, str>>>,
    ) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(message) => {
                self.fail(field, message);
                None
            }
        }
    }

    pub fn fail(
        &mut self,
        field: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) {
        self.0.push(FieldError {
            field: field.into(),
            message: message.into(),
        });
    }

    pub fn done(self) -> Result<()> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Refusal::Invalid(self.0))
        }
    }
}

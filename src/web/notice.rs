//! What a page says about the change just made, carried over one redirect in a cookie.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// Shown once, above the page's content.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Notice {
    /// "good", "wait" or "bad".
    pub tone: String,
    pub title: String,
    pub text: String,
    pub action: Option<NoticeAction>,
}

/// What can be done about it: a link, or a button that posts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NoticeAction {
    pub label: String,
    /// One of our own paths.
    pub href: String,
    pub post: bool,
    /// What the button posts.
    #[serde(default)]
    pub fields: Vec<(String, String)>,
}

impl Notice {
    pub fn good(title: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            tone: "good".into(),
            title: title.into(),
            text: text.into(),
            action: None,
        }
    }

    pub fn bad(title: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            tone: "bad".into(),
            title: title.into(),
            text: text.into(),
            action: None,
        }
    }

    pub fn with_link(mut self, label: impl Into<String>, href: impl Into<String>) -> Self {
        self.action = Some(NoticeAction {
            label: label.into(),
            href: href.into(),
            post: false,
            fields: Vec::new(),
        });
        self
    }

    pub fn with_button(mut self, label: impl Into<String>, href: impl Into<String>) -> Self {
        self.action = Some(NoticeAction {
            label: label.into(),
            href: href.into(),
            post: true,
            fields: Vec::new(),
        });
        self
    }

    /// The fields that the notice's button posts.
    pub fn sending(mut self, fields: &[(&str, &str)]) -> Self {
        if let Some(action) = &mut self.action {
            action.fields = fields
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect();
        }
        self
    }

    pub(super) fn to_cookie(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_string(self).unwrap_or_default())
    }

    /// A notice that can't be read, or that leads elsewhere, is none.
    pub(super) fn from_cookie(value: &str) -> Option<Self> {
        let notice: Self = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(value).ok()?).ok()?;
        let own_path = |href: &str| {
            href.starts_with('/') && !href.starts_with("//") && !href.contains(['\\', '\r', '\n'])
        };
        notice
            .action
            .as_ref()
            .is_none_or(|a| own_path(&a.href))
            .then_some(notice)
    }
}

//! Ids: a prefix that names the kind, and a UUIDv7, so that they sort by the time they were made.

use std::fmt;

/// A new id with the given prefix, such as `org_0197f0c2…`.
pub fn new_id(prefix: &str) -> String {
    format!("{prefix}_{}", uuid::Uuid::now_v7().simple())
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub const PREFIX: &'static str = $prefix;
            #[allow(clippy::new_without_default)]
            pub fn new() -> Self { Self(new_id($prefix)) }
            pub fn as_str(&self) -> &str { &self.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
        /// What comes from outside is not checked here: an id of the wrong shape finds nothing.
        impl From<String> for $name { fn from(id: String) -> Self { Self(id) } }
        impl From<&str> for $name { fn from(id: &str) -> Self { Self(id.to_owned()) } }
        impl From<$name> for String { fn from(id: $name) -> Self { id.0 } }
    )* };
}

ids! {
    UserId = "usr";
    OrgId = "org";
    /// One row of the directory: the same before and after an invitation is accepted.
    MemberId = "mem";
    InvitationId = "inv";
    WorkspaceId = "ws";
    TokenId = "tok";
    /// An API key of an organization or of a workspace.
    KeyId = "key";
    SessionId = "ses";
    EventId = "evt";
    ProofId = "prf";
    JobId = "job";
    ResourceId = "res";
    /// A slot of an organization's pool that somebody holds.
    LeaseId = "lea";
    /// A role that an organization made for its workspaces.
    CustomRoleId = "rol";
    /// One execution that a host product reported.
    RunId = "run";
}

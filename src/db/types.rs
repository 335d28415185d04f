//! How our own types stand in a column: as text.

use crate::access::{OrgRole, WorkspaceRole};
use crate::ids::*;
use sqlx::{Database, Decode, Encode, Type, encode::IsNull, error::BoxDynError};

macro_rules! text_column {
    ($($t:ty: |$v:ident| $to:expr, |$s:ident| $from:expr;)*) => { $(
        impl<D: Database> Type<D> for $t where String: Type<D> {
            fn type_info() -> D::TypeInfo { <String as Type<D>>::type_info() }
            fn compatible(ty: &D::TypeInfo) -> bool { <String as Type<D>>::compatible(ty) }
        }
        impl<'r, D: Database> Decode<'r, D> for $t where String: Decode<'r, D> {
            fn decode(value: D::ValueRef<'r>) -> Result<Self, BoxDynError> {
                let $s = <String as Decode<'r, D>>::decode(value)?;
                $from
            }
        }
        impl<'q, D: Database> Encode<'q, D> for $t where String: Encode<'q, D> {
            fn encode_by_ref(&self, buf: &mut D::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
                let $v = self;
                <String as Encode<'q, D>>::encode_by_ref(&$to, buf)
            }
        }
    )* };
}

macro_rules! id_columns {
    ($($t:ty),*) => { text_column! { $( $t: |id| id.as_str().to_owned(), |text| Ok(text.into()); )* } };
}

id_columns!(
    UserId,
    OrgId,
    MemberId,
    InvitationId,
    WorkspaceId,
    TokenId,
    SessionId,
    EventId,
    ProofId,
    JobId,
    ResourceId,
    CustomRoleId,
    KeyId,
    RunId
);

text_column! {
    OrgRole: |role| role.as_str().to_owned(), |text| OrgRole::parse(&text).ok_or_else(|| format!("unknown role {text}").into());
    WorkspaceRole: |role| role.as_str().to_owned(), |text| WorkspaceRole::stored(&text).ok_or_else(|| format!("unknown role {text}").into());
}

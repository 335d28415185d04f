//! How an operation begins to write: as somebody, on something that is then locked.

use super::{Db, Tx, on, run};
use crate::access::OrgRole;
use crate::actor::{Actor, Person};
use crate::error::{Refusal, Result};
use crate::idempotency;
use crate::ids::{OrgId, UserId, WorkspaceId};
use sha2::{Digest, Sha256};

impl Db {
    /// Begins a write to the actor's organization and locks it: writes to one organization queue up here. Gives the
    /// actor as of this moment, because the role may have changed since the request began (SEC-S5, SEC-Z7). Refuses
    /// who is no longer an active member with "not found", and a read-only token.
    pub async fn write(&self, actor: &Actor) -> Result<(Tx, Actor)> {
        actor.person.require_write()?;
        let mut tx = self.write_org(&actor.org.id).await?;
        let mut now = actor.clone();
        if let Some(key) = actor.person.key() {
            let role: Option<OrgRole> = on!(tx, c => sqlx::query_scalar("SELECT org_role FROM keys WHERE id = $1 AND revoked_at IS NULL")
                .bind(key.id.as_str()).fetch_optional(c))?;
            now.role = role.ok_or(Refusal::NotFound)?;
        } else if !actor.person.is_system() {
            let role: Option<OrgRole> = on!(tx, c => sqlx::query_scalar(
                "SELECT m.role FROM members m JOIN users u ON u.id = m.user_id
                 WHERE m.org_id = $1 AND m.user_id = $2 AND m.status = 'active' AND u.status = 'active'")
                .bind(actor.org.id.as_str()).bind(actor.user().as_str()).fetch_optional(c))?;
            now.role = role.ok_or(Refusal::NotFound)?;
        }
        Ok((tx, now))
    }

    /// Begins a write to an organization by somebody who isn't in it yet: accepting an invitation.
    pub async fn write_org(&self, org: &OrgId) -> Result<Tx> {
        let mut tx = self.begin().await?;
        tx.lock_organization(org).await?;
        idempotency::note_done(&mut tx).await?;
        Ok(tx)
    }

    /// Begins a write to the person's own account: profile, addresses, sessions, tokens.
    pub async fn write_account(&self, person: &Person) -> Result<Tx> {
        person.require_account()?;
        person.require_write()?;
        let mut tx = self.begin().await?;
        tx.lock_account(&person.user).await?;
        idempotency::note_done(&mut tx).await?;
        Ok(tx)
    }

    /// Begins a write to a workspace that is in no organization and locks it, with the person's account. "Not found" where
    /// it is in one by now.
    pub async fn write_standalone(&self, person: &Person, workspace: &WorkspaceId) -> Result<Tx> {
        let mut tx = self.write_unlinked(person, workspace).await?;
        // What happens is recorded in their own account's chain. A key has a chain too; it writes in this workspace alone.
        if person.account().is_some() {
            tx.lock_account(&person.user).await?;
        }
        Ok(tx)
    }

    /// The same for a write that locks accounts itself, several of them in their order.
    pub async fn write_unlinked(&self, person: &Person, workspace: &WorkspaceId) -> Result<Tx> {
        person.require_write()?;
        self.write_standalone_by_link(workspace).await
    }

    /// The same by somebody who isn't in it yet: accepting an invitation.
    pub async fn write_standalone_by_link(&self, workspace: &WorkspaceId) -> Result<Tx> {
        let mut tx = self.begin().await?;
        let locked = run!(
            tx,
            sqlx::query("UPDATE workspaces SET revision = revision + 1 WHERE id = $1 AND org_id IS NULL AND deleted_at IS NULL")
                .bind(workspace.as_str())
        )?;
        if locked == 0 {
            return Err(Refusal::NotFound);
        }
        idempotency::note_done(&mut tx).await?;
        Ok(tx)
    }
}

impl Tx {
    /// Lets one write at a time pass that is about the same name, where there is no row to lock yet. On SQLite a write is
    /// alone by itself.
    pub async fn lock_name(&mut self, name: &str) -> Result<()> {
        if self.dialect() == super::Dialect::Postgres {
            let digest = Sha256::digest(name.as_bytes());
            let mut key = [0; 8];
            key.copy_from_slice(&digest[..8]);
            run!(
                self,
                sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(i64::from_be_bytes(key))
            )?;
        }
        Ok(())
    }

    /// Has what is deleted and changed from now on overwritten in the file too, where the database can do that (SQLite).
    pub async fn overwrite_what_goes(&mut self) -> Result<()> {
        if self.dialect() == super::Dialect::Sqlite {
            run!(self, sqlx::query("PRAGMA secure_delete = ON"))?;
        }
        Ok(())
    }

    /// Locks a further organization inside a write, before any account is locked.
    pub async fn lock_organization(&mut self, org: &OrgId) -> Result<()> {
        let locked = run!(
            self,
            sqlx::query("UPDATE organizations SET revision = revision + 1 WHERE id = $1 AND deleted_at IS NULL").bind(org.as_str())
        )?;
        if locked == 0 {
            Err(Refusal::NotFound)
        } else {
            Ok(())
        }
    }

    /// Locks one workspace inside a write: after organizations, before accounts.
    pub async fn lock_workspace(&mut self, workspace: &WorkspaceId) -> Result<()> {
        let locked = run!(
            self,
            sqlx::query(
                "UPDATE workspaces SET revision = revision + 1 WHERE id = $1 AND deleted_at IS NULL"
            )
            .bind(workspace.as_str())
        )?;
        if locked == 0 {
            Err(Refusal::NotFound)
        } else {
            Ok(())
        }
    }

    /// Locks one account inside a write. Organizations come before accounts, so that no two writes wait for each other.
    pub async fn lock_account(&mut self, user: &UserId) -> Result<()> {
        let locked = run!(
            self,
            sqlx::query(
                "UPDATE users SET revision = revision + 1 WHERE id = $1 AND status <> 'deleted'"
            )
            .bind(user.as_str())
        )?;
        if locked == 0 {
            Err(Refusal::NotFound)
        } else {
            Ok(())
        }
    }
}

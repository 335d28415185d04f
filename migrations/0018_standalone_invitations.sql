-- Offers of a role in a workspace that is in no organization. Linking it turns them into invitations of the organization.
CREATE TABLE standalone_invitations (
    id             TEXT PRIMARY KEY,
    workspace_id   TEXT NOT NULL REFERENCES workspaces (id),
    email          TEXT NOT NULL,
    role           TEXT NOT NULL CHECK (role IN ('viewer', 'member', 'admin', 'owner')),
    status         TEXT NOT NULL CHECK (status IN ('pending', 'accepted', 'declined', 'revoked', 'expired')),
    invited_by     TEXT NOT NULL REFERENCES users (id),
    inviter_name   TEXT NOT NULL,
    delivery       TEXT NOT NULL CHECK (delivery IN ('queued', 'sent', 'failed')),
    delivery_error TEXT NOT NULL DEFAULT '',
    delivered_at   BIGINT,
    -- Raised by every new mail, so that one that was still waiting is not sent beside it.
    mail_round     BIGINT NOT NULL DEFAULT 1,
    accepted_by    TEXT REFERENCES users (id),
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    ended_at       BIGINT
);
CREATE UNIQUE INDEX standalone_invitations_pending ON standalone_invitations (workspace_id, email) WHERE status = 'pending';
CREATE INDEX standalone_invitations_by_email ON standalone_invitations (email, status);

-- Links to them, as those of invitations.
CREATE TABLE standalone_invitation_links (
    hash          TEXT PRIMARY KEY,
    invitation_id TEXT NOT NULL REFERENCES standalone_invitations (id),
    mailed        BOOLEAN NOT NULL,
    created_at    BIGINT NOT NULL,
    ended_at      BIGINT
);
CREATE INDEX standalone_invitation_links_by_invitation ON standalone_invitation_links (invitation_id);

-- API keys of an organization, or of one workspace. They belong there, not to who made them.
CREATE TABLE keys (
    id             TEXT PRIMARY KEY,
    -- One of the two: whose it is.
    org_id         TEXT REFERENCES organizations (id),
    workspace_id   TEXT REFERENCES workspaces (id),
    name           TEXT NOT NULL,
    hash           TEXT NOT NULL UNIQUE,
    -- The first characters, to tell keys apart in a list.
    prefix         TEXT NOT NULL,
    scope          TEXT NOT NULL CHECK (scope IN ('read', 'write')),
    -- What it is in the organization. A workspace's key is a member there, in whatever organization the workspace is.
    org_role       TEXT NOT NULL CHECK (org_role IN ('admin', 'member', 'viewer')),
    -- What it is in the workspaces it reaches: its own, or all of the organization; '' for nothing.
    workspace_role TEXT NOT NULL CHECK (workspace_role IN ('', 'viewer', 'member', 'admin')),
    -- Who made it. No reference, and the name as it was then: the key outlives them.
    maker_id       TEXT NOT NULL,
    maker_name     TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    last_used_at   BIGINT,
    revoked_at     BIGINT,
    CHECK ((org_id IS NULL) <> (workspace_id IS NULL))
);
CREATE INDEX keys_by_org ON keys (org_id, id);
CREATE INDEX keys_by_workspace ON keys (workspace_id, id);
CREATE INDEX keys_by_maker ON keys (maker_id, id);

-- Pending invitations that a key made: they end with it.
CREATE TABLE key_invitations (
    invitation_id TEXT PRIMARY KEY REFERENCES invitations (id),
    key_id        TEXT NOT NULL REFERENCES keys (id)
);
CREATE INDEX key_invitations_by_key ON key_invitations (key_id);

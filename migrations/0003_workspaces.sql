CREATE TABLE workspaces (
    id         TEXT PRIMARY KEY,
    revision   BIGINT NOT NULL DEFAULT 0,
    -- NULL: standalone.
    org_id     TEXT REFERENCES organizations (id),
    name       TEXT NOT NULL,
    -- The name folded, for lists that both databases order alike.
    sort_name  TEXT NOT NULL,
    slug       TEXT NOT NULL,
    label      TEXT NOT NULL DEFAULT '',
    -- Users with access, kept by the writes.
    people     BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX workspaces_by_slug ON workspaces (org_id, slug);
CREATE INDEX workspaces_by_name ON workspaces (org_id, sort_name, id);

-- A user's role in a workspace, with where it comes from.
CREATE TABLE access (
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    user_id      TEXT NOT NULL REFERENCES users (id),
    source       TEXT NOT NULL CHECK (source IN ('direct', 'organization')),
    role         TEXT NOT NULL CHECK (role IN ('viewer', 'member', 'admin', 'owner')),
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, user_id, source)
);
CREATE INDEX access_by_user ON access (user_id, workspace_id);

-- Workspace access that an import brought, kept until imports give it.
CREATE TABLE pending_access (
    org_id         TEXT NOT NULL REFERENCES organizations (id),
    user_id        TEXT NOT NULL REFERENCES users (id),
    workspace_slug TEXT NOT NULL,
    role           TEXT NOT NULL CHECK (role IN ('viewer', 'member', 'admin', 'owner')),
    created_at     BIGINT NOT NULL,
    PRIMARY KEY (org_id, user_id, workspace_slug)
);

-- Workspace roles that an organization made for itself.
CREATE TABLE custom_roles (
    id          TEXT PRIMARY KEY,
    org_id      TEXT NOT NULL REFERENCES organizations (id),
    name        TEXT NOT NULL,
    -- The name folded: two that read alike can't be told apart in a picker.
    sort_name   TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    created_at  BIGINT NOT NULL
);
CREATE UNIQUE INDEX custom_roles_by_name ON custom_roles (org_id, sort_name);
CREATE INDEX custom_roles_by_date ON custom_roles (org_id, created_at, id);

-- Kinds of resources that a host product added; the ones that are there from the start stand in the program.
CREATE TABLE resource_kinds (
    org_id      TEXT NOT NULL REFERENCES organizations (id),
    kind        TEXT NOT NULL,
    label       TEXT NOT NULL,
    plural      TEXT NOT NULL,
    level       TEXT NOT NULL CHECK (level IN ('workspace', 'organization', 'private')),
    -- The lowest workspace role that creates, edits and deletes it.
    writers     TEXT NOT NULL CHECK (writers IN ('member', 'admin')),
    takes_grants BOOLEAN NOT NULL,
    -- The entitlement it needs; '' for none.
    entitlement TEXT NOT NULL DEFAULT '',
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (org_id, kind)
);

-- Things of the host product, as a tree.
CREATE TABLE resources (
    id           TEXT PRIMARY KEY,
    -- NULL: in a standalone workspace. Kept alike with the workspace's by linking and unlinking.
    org_id       TEXT REFERENCES organizations (id),
    -- NULL: the organization's own, or private to its owner.
    workspace_id TEXT REFERENCES workspaces (id),
    -- What its external id is unique in: the workspace, or else the organization.
    place        TEXT NOT NULL,
    kind         TEXT NOT NULL,
    -- The host product's own id.
    external_id  TEXT NOT NULL,
    parent_id    TEXT REFERENCES resources (id),
    -- The ids from the root down to itself, each with a slash behind it: what lies below begins with it.
    path         TEXT NOT NULL,
    name         TEXT NOT NULL,
    sort_name    TEXT NOT NULL,
    -- Whose private thing it is.
    owner_id     TEXT REFERENCES users (id),
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    archived_at  BIGINT
);
CREATE UNIQUE INDEX resources_by_external_id ON resources (place, kind, external_id);
CREATE INDEX resources_by_name ON resources (place, sort_name, id);
CREATE INDEX resources_by_kind ON resources (place, kind, sort_name, id);
CREATE INDEX resources_by_org ON resources (org_id, kind, sort_name, id);
CREATE INDEX resources_by_parent ON resources (parent_id, sort_name, id);
CREATE INDEX resources_by_path ON resources (path);

-- What a custom role lists: a kind, or one resource with everything below it, and what may be done.
CREATE TABLE custom_role_permissions (
    id          TEXT PRIMARY KEY,
    org_id      TEXT NOT NULL REFERENCES organizations (id),
    role_id     TEXT NOT NULL REFERENCES custom_roles (id),
    kind        TEXT NOT NULL,
    -- NULL: the whole kind.
    resource_id TEXT REFERENCES resources (id),
    may_view    BOOLEAN NOT NULL,
    may_run     BOOLEAN NOT NULL,
    may_create  BOOLEAN NOT NULL,
    may_edit    BOOLEAN NOT NULL,
    may_delete  BOOLEAN NOT NULL,
    created_at  BIGINT NOT NULL
);
CREATE UNIQUE INDEX custom_role_permissions_by_kind ON custom_role_permissions (role_id, kind) WHERE resource_id IS NULL;
CREATE UNIQUE INDEX custom_role_permissions_by_resource ON custom_role_permissions (role_id, resource_id) WHERE resource_id IS NOT NULL;
CREATE INDEX custom_role_permissions_of_resource ON custom_role_permissions (resource_id);

-- Access again, with custom roles: neither database can change a CHECK in place with the same words.
CREATE TABLE access_with_custom_roles (
    workspace_id   TEXT NOT NULL REFERENCES workspaces (id),
    user_id        TEXT NOT NULL REFERENCES users (id),
    source         TEXT NOT NULL CHECK (source IN ('direct', 'organization')),
    role           TEXT NOT NULL CHECK (role IN ('custom', 'viewer', 'member', 'admin', 'owner')),
    custom_role_id TEXT REFERENCES custom_roles (id),
    created_at     BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, user_id, source),
    CHECK ((role = 'custom') = (custom_role_id IS NOT NULL))
);
INSERT INTO access_with_custom_roles (workspace_id, user_id, source, role, created_at)
    SELECT workspace_id, user_id, source, role, created_at FROM access;
DROP TABLE access;
ALTER TABLE access_with_custom_roles RENAME TO access;
CREATE INDEX access_by_user ON access (user_id, workspace_id);
CREATE INDEX access_by_custom_role ON access (custom_role_id);

-- In which kinds a person sees only named resources of a workspace, and which ones: a limit without grants is "none".
CREATE TABLE grant_limits (
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    user_id      TEXT NOT NULL REFERENCES users (id),
    kind         TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, user_id, kind)
);
CREATE INDEX grant_limits_by_user ON grant_limits (user_id, workspace_id);
CREATE TABLE grants (
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    user_id      TEXT NOT NULL REFERENCES users (id),
    kind         TEXT NOT NULL,
    resource_id  TEXT NOT NULL REFERENCES resources (id),
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, user_id, resource_id)
);
CREATE INDEX grants_by_user ON grants (user_id, workspace_id, kind);
CREATE INDEX grants_by_resource ON grants (resource_id);

-- Runs that host products report, and what is counted of them.

-- One execution: a sync, a crawl. The last report's word counts, whatever order reports come in.
CREATE TABLE runs (
    id           TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    -- The host product's own id.
    external_id  TEXT NOT NULL,
    -- What was run; NULL: the workspace as a whole.
    resource_id  TEXT REFERENCES resources (id),
    status       TEXT NOT NULL CHECK (status IN ('running', 'succeeded', 'failed', 'canceled')),
    -- By what it was started, where nobody did: a schedule, a key.
    cause        TEXT NOT NULL DEFAULT '',
    -- Who started it. No reference, and the name as it was then: both outlive the person's membership.
    person_id    TEXT,
    person_name  TEXT NOT NULL DEFAULT '',
    started_at   BIGINT,
    finished_at  BIGINT,
    -- The start where it is known, else the end: what lists are ordered by, and the day that it counts on.
    at           BIGINT NOT NULL,
    row_count    BIGINT NOT NULL DEFAULT 0 CHECK (row_count >= 0),
    byte_count   BIGINT NOT NULL DEFAULT 0 CHECK (byte_count >= 0),
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL
);
CREATE UNIQUE INDEX runs_by_external_id ON runs (workspace_id, external_id);
CREATE INDEX runs_by_time ON runs (workspace_id, at, id);
CREATE INDEX runs_by_status ON runs (workspace_id, status, at, id);
CREATE INDEX runs_by_resource ON runs (workspace_id, resource_id, at, id);
CREATE INDEX runs_by_person ON runs (workspace_id, person_id, at, id);

-- The runs of each workspace and day (days since 1970-01-01 UTC), counted in the transaction that writes the run. They
-- stay when old runs are deleted.
CREATE TABLE usage_days (
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    day          BIGINT NOT NULL,
    runs         BIGINT NOT NULL,
    succeeded    BIGINT NOT NULL,
    failed       BIGINT NOT NULL,
    row_count    BIGINT NOT NULL,
    byte_count   BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, day)
);

-- When somebody last did something in a workspace.
CREATE TABLE usage_people (
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    user_id      TEXT NOT NULL,
    last_at      BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, user_id)
);
CREATE INDEX usage_people_by_time ON usage_people (workspace_id, last_at);

-- Which events of host products stand in the log already, by their own ids; the place is a workspace or an organization.
CREATE TABLE reported_events (
    place       TEXT NOT NULL,
    external_id TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (place, external_id)
);

-- Days that runs are kept; 0: for ever.
ALTER TABLE organizations ADD COLUMN run_days BIGINT NOT NULL DEFAULT 0 CHECK (run_days BETWEEN 0 AND 3650);
-- Runs before this moment may have been deleted, so what is told of them again is not counted again.
ALTER TABLE workspaces ADD COLUMN runs_from BIGINT NOT NULL DEFAULT 0;

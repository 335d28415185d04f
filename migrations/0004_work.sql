-- Work written with a change and done after it.
CREATE TABLE outbox (
    id           TEXT PRIMARY KEY,
    kind         TEXT NOT NULL,
    payload      TEXT NOT NULL,
    org_id       TEXT,
    state        TEXT NOT NULL CHECK (state IN ('queued', 'done', 'failed')),
    attempts     BIGINT NOT NULL DEFAULT 0,
    -- Not before this time; a worker that takes the row moves it to the end of its lease.
    due_at       BIGINT NOT NULL,
    last_error   TEXT NOT NULL DEFAULT '',
    created_at   BIGINT NOT NULL,
    ended_at     BIGINT
);
CREATE INDEX outbox_due ON outbox (state, due_at);

-- One fact that somebody did something. Rows are added and never changed.
CREATE TABLE audit_events (
    id           TEXT PRIMARY KEY,
    -- The organization or the account whose chain the event belongs to, and its place there.
    stream       TEXT NOT NULL,
    seq          BIGINT NOT NULL,
    prev_hash    TEXT NOT NULL,
    hash         TEXT NOT NULL,
    at           BIGINT NOT NULL,
    org_id       TEXT,
    workspace_id TEXT,
    category     TEXT NOT NULL CHECK (category IN ('access', 'resource', 'governance', 'run', 'billing', 'sign-in')),
    action       TEXT NOT NULL,
    actor_kind   TEXT NOT NULL CHECK (actor_kind IN ('user', 'token', 'key', 'system')),
    actor_id     TEXT NOT NULL,
    actor_name   TEXT NOT NULL,
    -- The session, token or key by which the actor acted.
    credential   TEXT NOT NULL,
    ip           TEXT NOT NULL,
    client       TEXT NOT NULL,
    request_id   TEXT NOT NULL,
    target_kind  TEXT NOT NULL,
    target_id    TEXT NOT NULL,
    target_name  TEXT NOT NULL,
    -- The user concerned, where the target is one.
    subject_id   TEXT,
    -- JSON: {"before": …, "after": …, "counts": …}
    changes      TEXT NOT NULL
);
CREATE UNIQUE INDEX audit_events_by_seq ON audit_events (stream, seq);
CREATE INDEX audit_events_by_actor ON audit_events (org_id, actor_id, id);
-- What one person did, over all organizations.
CREATE INDEX audit_events_by_person ON audit_events (actor_id, id);
CREATE INDEX audit_events_by_subject ON audit_events (org_id, subject_id, id);

CREATE TABLE audit_heads (
    stream TEXT PRIMARY KEY,
    seq    BIGINT NOT NULL,
    hash   TEXT NOT NULL
);

-- Answers to POST requests that carried an Idempotency-Key, for a day.
CREATE TABLE idempotency_keys (
    owner        TEXT NOT NULL,
    key          TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    -- NULL: at work; 0: done, and the answer is not kept yet.
    status       BIGINT,
    location     TEXT NOT NULL DEFAULT '',
    body         TEXT NOT NULL DEFAULT '',
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (owner, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- People who sign in. Times are microseconds since 1970-01-01 UTC, hashes are SHA-256 in lower-case hex.

CREATE TABLE users (
    id          TEXT PRIMARY KEY,
    -- A write that concerns one account begins by raising this: such writes queue up.
    revision    BIGINT NOT NULL DEFAULT 0,
    name        TEXT NOT NULL,
    -- The primary address, once more, so that no page joins for it. NULL for an account with GitHub alone.
    email       TEXT,
    theme       TEXT NOT NULL DEFAULT 'auto' CHECK (theme IN ('auto', 'light', 'dark')),
    -- unclaimed: made by an import, nobody has signed in yet.
    status      TEXT NOT NULL CHECK (status IN ('unclaimed', 'active', 'disabled', 'deleted')),
    -- Lower-case GitHub username that may claim an unclaimed account (import --trust-usernames).
    claim_login TEXT,
    -- GitHub username as an import gave it: a label, which proves nothing.
    github_login TEXT,
    last_org_id TEXT,
    created_at  BIGINT NOT NULL
);
CREATE INDEX users_by_claim_login ON users (claim_login);
CREATE INDEX users_by_github_login ON users (LOWER(github_login));

-- An address stands here once its owner has proved it, or while it waits on an unclaimed account.
CREATE TABLE addresses (
    address     TEXT PRIMARY KEY,
    user_id     TEXT NOT NULL REFERENCES users (id),
    verified_at BIGINT,
    created_at  BIGINT NOT NULL
);
CREATE INDEX addresses_by_user ON addresses (user_id);

-- Accounts elsewhere, by the number that never changes. The login is a label.
CREATE TABLE identities (
    provider   TEXT NOT NULL CHECK (provider IN ('github')),
    subject    TEXT NOT NULL,
    user_id    TEXT NOT NULL REFERENCES users (id),
    login      TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (provider, subject)
);
CREATE INDEX identities_by_user ON identities (user_id);
CREATE INDEX identities_by_login ON identities (LOWER(login));

CREATE TABLE sessions (
    -- The hash of the cookie's value, so that a copy of this table signs nobody in.
    id_hash      TEXT PRIMARY KEY,
    public_id    TEXT NOT NULL UNIQUE,
    user_id      TEXT REFERENCES users (id),
    data         TEXT NOT NULL,
    method       TEXT CHECK (method IN ('email', 'github', 'operator')),
    ip           TEXT NOT NULL DEFAULT '',
    client       TEXT NOT NULL DEFAULT '',
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    revoked_at   BIGINT
);
CREATE INDEX sessions_by_user ON sessions (user_id, created_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- One request to prove an address: a link and a code, made by the worker that sends them.
CREATE TABLE email_proofs (
    id          TEXT PRIMARY KEY,
    address     TEXT NOT NULL,
    purpose     TEXT NOT NULL CHECK (purpose IN ('sign_in', 'add_address', 'operator')),
    user_id     TEXT REFERENCES users (id),
    -- Hash of the random value in the asking browser's session.
    browser     TEXT NOT NULL,
    link_hash   TEXT,
    code_hash   TEXT,
    attempts    BIGINT NOT NULL DEFAULT 0,
    next        TEXT NOT NULL DEFAULT '',
    -- Where it was asked from: an IPv4 address, or the first 64 bits of an IPv6 one.
    network     TEXT NOT NULL DEFAULT '',
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    used_at     BIGINT
);
CREATE INDEX email_proofs_by_address ON email_proofs (address, created_at);
CREATE INDEX email_proofs_by_network ON email_proofs (network, created_at);
CREATE INDEX email_proofs_by_age ON email_proofs (created_at);
CREATE UNIQUE INDEX email_proofs_by_link ON email_proofs (link_hash);

-- Personal API tokens.
CREATE TABLE tokens (
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users (id),
    name         TEXT NOT NULL,
    hash         TEXT NOT NULL UNIQUE,
    -- The first characters, to tell tokens apart in a list.
    prefix       TEXT NOT NULL,
    scope        TEXT NOT NULL CHECK (scope IN ('read', 'write')),
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    last_used_at BIGINT,
    revoked_at   BIGINT
);
CREATE INDEX tokens_by_user ON tokens (user_id, created_at);

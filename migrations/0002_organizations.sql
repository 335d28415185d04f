CREATE TABLE organizations (
    id               TEXT PRIMARY KEY,
    -- Every write to the organization begins by raising this: such writes queue up.
    revision         BIGINT NOT NULL DEFAULT 0,
    name             TEXT NOT NULL,
    slug             TEXT NOT NULL,
    -- The account whose personal organization this is.
    personal_user_id TEXT REFERENCES users (id),
    created_at       BIGINT NOT NULL,
    deleted_at       BIGINT,
    -- Kept by the writes, so that no page counts rows.
    members          BIGINT NOT NULL DEFAULT 0,
    invited          BIGINT NOT NULL DEFAULT 0,
    workspaces       BIGINT NOT NULL DEFAULT 0,
    -- Policies.
    who_invites            TEXT NOT NULL DEFAULT 'owners_and_admins' CHECK (who_invites IN ('owners', 'owners_and_admins')),
    invite_domains         TEXT NOT NULL DEFAULT '',
    invitation_days        BIGINT NOT NULL DEFAULT 7 CHECK (invitation_days BETWEEN 1 AND 30),
    roles_offered          TEXT NOT NULL DEFAULT 'full' CHECK (roles_offered IN ('simple', 'standard', 'full')),
    admins_enter           BOOLEAN NOT NULL DEFAULT FALSE,
    admins_create          BOOLEAN NOT NULL DEFAULT TRUE,
    allow_email            BOOLEAN NOT NULL DEFAULT TRUE,
    allow_github           BOOLEAN NOT NULL DEFAULT TRUE,
    session_idle_hours     BIGINT NOT NULL DEFAULT 24 CHECK (session_idle_hours BETWEEN 1 AND 720),
    session_absolute_days  BIGINT NOT NULL DEFAULT 14 CHECK (session_absolute_days BETWEEN 1 AND 90),
    token_days             BIGINT NOT NULL DEFAULT 365 CHECK (token_days BETWEEN 1 AND 3650),
    support_contact        TEXT NOT NULL DEFAULT ''
);
CREATE INDEX organizations_by_personal ON organizations (personal_user_id);

-- Every slug an organization has had; the row of organizations names the one in use.
CREATE TABLE organization_slugs (
    slug   TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES organizations (id)
);
CREATE INDEX organization_slugs_by_org ON organization_slugs (org_id);

-- The directory: members, and people who are invited and have no user yet.
CREATE TABLE members (
    id             TEXT PRIMARY KEY,
    -- A number for the text index, which knows rows by number only.
    n              BIGINT NOT NULL UNIQUE,
    org_id         TEXT NOT NULL REFERENCES organizations (id),
    user_id        TEXT REFERENCES users (id),
    -- The same user again where an account may be in one organization only.
    sole_user_id   TEXT UNIQUE,
    role           TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'billing', 'member', 'viewer')),
    status         TEXT NOT NULL CHECK (status IN ('active', 'suspended', 'invited')),
    name           TEXT NOT NULL,
    email          TEXT NOT NULL DEFAULT '',
    github_login   TEXT NOT NULL DEFAULT '',
    sort_name      TEXT NOT NULL,
    -- Name, address and login folded for search.
    search         TEXT NOT NULL,
    role_rank      BIGINT NOT NULL,
    verified       BOOLEAN NOT NULL DEFAULT FALSE,
    -- Made by an import and not yet claimed by a sign-in.
    claimed        BOOLEAN NOT NULL DEFAULT TRUE,
    -- 0: never.
    last_active_at BIGINT NOT NULL DEFAULT 0,
    -- When joined, or invited.
    since          BIGINT NOT NULL,
    workspaces     BIGINT NOT NULL DEFAULT 0,
    -- The pending invitation's end; NULL for a member.
    expires_at     BIGINT,
    CHECK ((status = 'invited') = (user_id IS NULL))
);
CREATE UNIQUE INDEX members_by_user ON members (user_id, org_id);
CREATE INDEX members_by_name ON members (org_id, sort_name, id);
CREATE INDEX members_by_email ON members (org_id, email, id);
CREATE INDEX members_by_role ON members (org_id, role_rank, id);
CREATE INDEX members_by_active ON members (org_id, last_active_at, id);
CREATE INDEX members_by_since ON members (org_id, since, id);
CREATE INDEX members_by_workspaces ON members (org_id, workspaces, id);
CREATE INDEX members_by_status ON members (org_id, status, id);

CREATE TABLE invitations (
    id             TEXT PRIMARY KEY,
    org_id         TEXT NOT NULL REFERENCES organizations (id),
    -- The row of the directory that accepting turns into a member.
    member_id      TEXT,
    email          TEXT NOT NULL,
    name           TEXT NOT NULL DEFAULT '',
    role           TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'billing', 'member', 'viewer')),
    status         TEXT NOT NULL CHECK (status IN ('pending', 'accepted', 'declined', 'revoked', 'expired')),
    invited_by     TEXT REFERENCES users (id),
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
CREATE UNIQUE INDEX invitations_pending ON invitations (org_id, email) WHERE status = 'pending';
CREATE INDEX invitations_by_org ON invitations (org_id, status, created_at, id);
CREATE INDEX invitations_by_end ON invitations (org_id, ended_at, id);
CREATE INDEX invitations_by_email ON invitations (email, status);
CREATE INDEX invitations_by_inviter ON invitations (org_id, invited_by, status);
CREATE UNIQUE INDEX invitations_by_member ON invitations (member_id) WHERE status = 'pending';

-- Links to an invitation: mailed ones, which prove the address they came to, and further ones that an admin copied.
CREATE TABLE invitation_links (
    -- Of the token. The token itself stands in the mail or on the page it was copied from, and nowhere else.
    hash          TEXT PRIMARY KEY,
    invitation_id TEXT NOT NULL REFERENCES invitations (id),
    mailed        BOOLEAN NOT NULL,
    created_at    BIGINT NOT NULL,
    -- Replaced by a newer mail.
    ended_at      BIGINT
);
CREATE INDEX invitation_links_by_invitation ON invitation_links (invitation_id);

-- How many invitation mails an organization, or a recipient, had in the window that ends then.
CREATE TABLE invitation_limits (
    key     TEXT PRIMARY KEY,
    used    BIGINT NOT NULL,
    ends_at BIGINT NOT NULL
);

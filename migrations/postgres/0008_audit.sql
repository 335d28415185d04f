-- How the event was hashed: 1 over every column, 2 over a salted digest of each column with personal data, so that the
-- text can go one day and the chain stays whole.
ALTER TABLE audit_events ADD COLUMN v BIGINT NOT NULL DEFAULT 1;
ALTER TABLE audit_events ADD COLUMN salt TEXT NOT NULL DEFAULT '';
-- What has gone, with the digests that stand for it.
ALTER TABLE audit_events ADD COLUMN redacted TEXT NOT NULL DEFAULT '';
-- Up to where this chain's heads were written to ROSTER_AUDIT_HEADS.
ALTER TABLE audit_heads ADD COLUMN noted_seq BIGINT NOT NULL DEFAULT 0;
DROP INDEX audit_events_by_actor;
DROP INDEX audit_events_by_subject;

-- One row for each way to ask for an event (workspace, member, action, category, and each together), so that every
-- filter is one walk along one index. The tag is a hash of the organization and what is asked for.
CREATE TABLE audit_tags (
    tag BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (tag, seq)
);

-- The first and the last event of each day (days since 1970-01-01 UTC).
CREATE TABLE audit_days (
    org_id    TEXT NOT NULL,
    day       BIGINT NOT NULL,
    first_seq BIGINT NOT NULL,
    last_seq  BIGINT NOT NULL,
    PRIMARY KEY (org_id, day)
);

-- What has ever happened in an organization, to choose from.
CREATE TABLE audit_actions (
    org_id   TEXT NOT NULL,
    action   TEXT NOT NULL,
    category TEXT NOT NULL,
    PRIMARY KEY (org_id, action)
);

-- Reads of a customer's state at Stripe are numbered before they ask, and only a later one replaces what an earlier one
-- gave: so it doesn't matter in which order events come, or how long an answer takes.
ALTER TABLE billing_accounts ADD COLUMN stripe_asked BIGINT NOT NULL DEFAULT 0;
ALTER TABLE billing_accounts ADD COLUMN stripe_stored BIGINT NOT NULL DEFAULT 0;
-- When Stripe could not be asked, since it was last read.
ALTER TABLE billing_accounts ADD COLUMN stripe_failed_at BIGINT;
-- What became of the newest payment: '', 'refunded' or 'taken_back'.
ALTER TABLE billing_accounts ADD COLUMN payment TEXT NOT NULL DEFAULT '' CHECK (payment IN ('', 'refunded', 'taken_back'));
-- The plan that Stripe's state last put in force, and until when. The operator may have set another since.
ALTER TABLE billing_accounts ADD COLUMN stripe_plan TEXT NOT NULL DEFAULT '';
ALTER TABLE billing_accounts ADD COLUMN stripe_plan_until BIGINT;
-- The last invoices, as the page lists them.
ALTER TABLE billing_accounts ADD COLUMN stripe_invoices TEXT NOT NULL DEFAULT '[]';

-- What those who can act are told above every page: '', 'past_due' or 'disputed'.
ALTER TABLE organizations ADD COLUMN billing_alert TEXT NOT NULL DEFAULT '' CHECK (billing_alert IN ('', 'past_due', 'disputed'));

-- Events that were answered to, each once.
CREATE TABLE stripe_events (
    id          TEXT PRIMARY KEY,
    org_id      TEXT NOT NULL REFERENCES organizations (id),
    kind        TEXT NOT NULL,
    received_at BIGINT NOT NULL
);
CREATE INDEX stripe_events_by_time ON stripe_events (received_at);

-- The checkout that an organization began last. Its number makes Stripe's answer the same for all who begin it at once.
CREATE TABLE stripe_checkouts (
    org_id     TEXT PRIMARY KEY REFERENCES organizations (id),
    attempt    BIGINT NOT NULL,
    price_id   TEXT NOT NULL,
    session_id TEXT,
    begun_at   BIGINT NOT NULL
);

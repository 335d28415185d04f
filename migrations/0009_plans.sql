-- The plan in force stands with the organization: every request that asks what it may use reads that row anyway.
-- '': the default plan.
ALTER TABLE organizations ADD COLUMN plan TEXT NOT NULL DEFAULT '';
-- When the default plan takes over by itself; NULL: it doesn't.
ALTER TABLE organizations ADD COLUMN plan_until BIGINT;

-- How an organization pays, and where mail about it goes. An organization that never paid has no row.
CREATE TABLE billing_accounts (
    org_id       TEXT PRIMARY KEY REFERENCES organizations (id),
    status       TEXT NOT NULL DEFAULT 'none'
                 CHECK (status IN ('none', 'trial', 'active', 'past_due', 'cancelling', 'cancelled', 'disputed')),
    -- The plan that is paid for, which the plan in force follows; '' for none.
    paid_plan    TEXT NOT NULL DEFAULT '',
    billed_every TEXT NOT NULL DEFAULT '' CHECK (billed_every IN ('', 'month', 'year')),
    -- The end of what is paid; of the days in which a failed payment may still be made; of the trial.
    period_end   BIGINT,
    grace_end    BIGINT,
    trial_end    BIGINT,
    -- Where mail about billing goes, and what stands on invoices; '' where nobody said.
    email        TEXT NOT NULL DEFAULT '',
    name         TEXT NOT NULL DEFAULT '',
    address      TEXT NOT NULL DEFAULT '',
    stripe_customer_id     TEXT,
    stripe_subscription_id TEXT,
    -- When the state above was last read from Stripe.
    stripe_read_at         BIGINT
);
CREATE UNIQUE INDEX billing_accounts_by_customer ON billing_accounts (stripe_customer_id);
CREATE UNIQUE INDEX billing_accounts_by_subscription ON billing_accounts (stripe_subscription_id);

-- Slots of an organization's pools that somebody holds. One that is past its end is free, whether its row is there or not.
CREATE TABLE leases (
    id           TEXT PRIMARY KEY,
    org_id       TEXT NOT NULL REFERENCES organizations (id),
    workspace_id TEXT REFERENCES workspaces (id),
    -- The limit of the plan that it counts against, such as runs_at_once.
    pool         TEXT NOT NULL,
    -- The host product's own name for who holds it: the same asked again is the same lease.
    holder       TEXT NOT NULL,
    -- Who acquired it, as the log has it.
    actor_id     TEXT NOT NULL,
    actor_name   TEXT NOT NULL,
    acquired_at  BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);
CREATE UNIQUE INDEX leases_by_holder ON leases (org_id, pool, holder);

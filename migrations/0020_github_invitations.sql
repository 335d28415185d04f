-- An invitation goes to an address, or to an account at GitHub; `email` is '' then. The number decides who that is, the login is
-- what it was called when it was invited.
ALTER TABLE invitations ADD COLUMN github_id TEXT;
ALTER TABLE invitations ADD COLUMN github_login TEXT NOT NULL DEFAULT '';

DROP INDEX invitations_pending;
CREATE UNIQUE INDEX invitations_pending ON invitations (org_id, email) WHERE status = 'pending' AND email <> '';
CREATE UNIQUE INDEX invitations_pending_github ON invitations (org_id, github_id) WHERE status = 'pending' AND github_id IS NOT NULL;
-- Every page asks whether one waits for whoever opens it.
CREATE INDEX invitations_by_github ON invitations (github_id, status) WHERE github_id IS NOT NULL;

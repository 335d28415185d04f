-- What an invitation is to: the organization, with any number of its workspaces; or one workspace, which makes the
-- membership that it needs.
ALTER TABLE invitations ADD COLUMN kind TEXT NOT NULL DEFAULT 'organization' CHECK (kind IN ('organization', 'workspace'));

-- Roles in workspaces that an invitation gives on joining.
CREATE TABLE invitation_access (
    invitation_id  TEXT NOT NULL REFERENCES invitations (id),
    org_id         TEXT NOT NULL REFERENCES organizations (id),
    workspace_id   TEXT NOT NULL REFERENCES workspaces (id),
    role           TEXT NOT NULL CHECK (role IN ('custom', 'viewer', 'member', 'admin', 'owner')),
    -- No reference: invitations that have ended go on saying what they offered when the role is deleted.
    custom_role_id TEXT,
    PRIMARY KEY (invitation_id, workspace_id),
    CHECK ((role = 'custom') = (custom_role_id IS NOT NULL))
);
CREATE INDEX invitation_access_by_workspace ON invitation_access (org_id, workspace_id);
CREATE INDEX invitation_access_by_custom_role ON invitation_access (org_id, custom_role_id);

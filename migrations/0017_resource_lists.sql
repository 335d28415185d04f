-- Lists and counts show either what is in use or what is archived: each walks an index of its own, so that neither passes
-- the rows of the other.
DROP INDEX resources_by_name;
DROP INDEX resources_by_kind;
CREATE INDEX resources_by_name ON resources (place, sort_name, id) WHERE archived_at IS NULL;
CREATE INDEX resources_by_kind ON resources (place, kind, sort_name, id) WHERE archived_at IS NULL;
CREATE INDEX resources_archived_by_name ON resources (place, sort_name, id) WHERE archived_at IS NOT NULL;
CREATE INDEX resources_archived_by_kind ON resources (place, kind, sort_name, id) WHERE archived_at IS NOT NULL;

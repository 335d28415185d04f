-- Events that lost personal data, and the events that say so: few among many, counted and compared whenever a chain is checked.
CREATE INDEX audit_events_redacted ON audit_events (stream, seq) WHERE redacted <> '';
CREATE INDEX audit_events_of_redaction ON audit_events (stream, seq) WHERE action = 'audit.redacted';

-- Searches of one or two letters. Every letter and every two beside each other in a text, each with the organization, so that
-- one look-up finds the members of one organization alone. Trigrams know no runs that are as short as that.
CREATE FUNCTION member_letters(org TEXT, search TEXT) RETURNS TEXT[] LANGUAGE SQL IMMUTABLE PARALLEL SAFE COST 10000 AS $$
    SELECT ARRAY_AGG(DISTINCT org || ' ' || SUBSTR(search, at, size))
    FROM GENERATE_SERIES(1, LENGTH(search)) AS at, GENERATE_SERIES(1, 2) AS size
$$;
CREATE INDEX members_by_letters ON members USING gin (member_letters(org_id, search));

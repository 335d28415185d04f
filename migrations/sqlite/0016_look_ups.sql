-- Events that lost personal data, and the events that say so: few among many, counted and compared whenever a chain is checked.
CREATE INDEX audit_events_redacted ON audit_events (stream, seq) WHERE redacted <> '';
CREATE INDEX audit_events_of_redaction ON audit_events (stream, seq) WHERE action = 'audit.redacted';

-- Searches of one or two letters: sqlite/0013_short_search.sql.

-- Searches of one or two letters: SQLite looks them up in the runs of its text index (sqlite/0013_short_search.sql). The
-- trigrams of PostgreSQL have no such order, and it walks the list.
SELECT 1;

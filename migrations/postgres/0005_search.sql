-- Substring search over the directory. SQLite has a table of its own for it (sqlite/0005_search.sql).
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX member_search ON members USING gin (search gin_trgm_ops);

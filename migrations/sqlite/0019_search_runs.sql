-- Substring search over the directory, of any length: every place of a member's text gives the run of up to six characters
-- that begins there, behind the last four characters of the organization's id. What is searched for is the beginning of a
-- run, or has runs of its own, so it is found in the order of the primary key, in one organization, whatever its size.
-- Two organizations that end alike share a range; the list's own conditions tell them apart.
DROP TRIGGER member_search_added;
DROP TRIGGER member_search_removed;
DROP TRIGGER member_search_changed;
DROP TABLE member_search_runs;
DROP TABLE member_search;

CREATE TABLE member_runs (
    run TEXT NOT NULL,
    n   BIGINT NOT NULL,
    PRIMARY KEY (run, n)
) WITHOUT ROWID;

CREATE TRIGGER member_runs_added AFTER INSERT ON members BEGIN
    INSERT OR IGNORE INTO member_runs (run, n)
        SELECT SUBSTR(new.org_id, -4) || SUBSTR(new.search, at, 6), new.n
        FROM (WITH RECURSIVE p (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM p WHERE at < LENGTH(new.search)) SELECT at FROM p);
END;
CREATE TRIGGER member_runs_removed AFTER DELETE ON members BEGIN
    DELETE FROM member_runs WHERE n = old.n AND run IN (
        SELECT SUBSTR(old.org_id, -4) || SUBSTR(old.search, at, 6)
        FROM (WITH RECURSIVE p (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM p WHERE at < LENGTH(old.search)) SELECT at FROM p));
END;
CREATE TRIGGER member_runs_changed AFTER UPDATE OF search ON members WHEN old.search <> new.search BEGIN
    DELETE FROM member_runs WHERE n = old.n AND run IN (
        SELECT SUBSTR(old.org_id, -4) || SUBSTR(old.search, at, 6)
        FROM (WITH RECURSIVE p (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM p WHERE at < LENGTH(old.search)) SELECT at FROM p));
    INSERT OR IGNORE INTO member_runs (run, n)
        SELECT SUBSTR(new.org_id, -4) || SUBSTR(new.search, at, 6), new.n
        FROM (WITH RECURSIVE p (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM p WHERE at < LENGTH(new.search)) SELECT at FROM p);
END;

INSERT OR IGNORE INTO member_runs (run, n)
    WITH RECURSIVE p (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM p WHERE at < (SELECT MAX(LENGTH(search)) FROM members))
    SELECT SUBSTR(org_id, -4) || SUBSTR(search, at, 6), n FROM members JOIN p ON at <= LENGTH(search) ORDER BY 1, 2;

-- Substring search over the directory, of any length: every place of a member's text gives the run of up to six characters
-- that begins there, behind the last four characters of the organization's id. What is searched for is the beginning of a
-- run, or has runs of its own, so it is found in the order of the primary key, in one organization, whatever its size.
-- Two organizations that end alike share a range; the list's own conditions tell them apart.
DROP INDEX member_search;
DROP INDEX members_by_letters;
DROP FUNCTION member_letters;

CREATE TABLE member_runs (
    run TEXT COLLATE "C" NOT NULL,
    n   BIGINT NOT NULL,
    PRIMARY KEY (run, n)
);

CREATE FUNCTION member_runs_of(org TEXT, search TEXT) RETURNS SETOF TEXT LANGUAGE SQL IMMUTABLE AS $$
    SELECT DISTINCT RIGHT(org, 4) || SUBSTR(search, at, 6) FROM GENERATE_SERIES(1, LENGTH(search)) AS at
$$;
CREATE FUNCTION member_runs_follow() RETURNS TRIGGER LANGUAGE PLPGSQL AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND old.search = new.search THEN
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM member_runs WHERE n = old.n AND run IN (SELECT member_runs_of(old.org_id, old.search));
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO member_runs (run, n) SELECT member_runs_of(new.org_id, new.search), new.n;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER member_runs_follow AFTER INSERT OR DELETE OR UPDATE OF search ON members
    FOR EACH ROW EXECUTE FUNCTION member_runs_follow();

INSERT INTO member_runs (run, n) SELECT member_runs_of(org_id, search), n FROM members;

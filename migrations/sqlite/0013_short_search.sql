-- Searches of one or two letters: the runs of the text index in their order, so that those that begin with the letters
-- stand together. Two spaces after each text make its last letters begin a run as well.
CREATE VIRTUAL TABLE member_search_runs USING fts5vocab(member_search, instance);
DROP TRIGGER member_search_added;
DROP TRIGGER member_search_changed;
CREATE TRIGGER member_search_added AFTER INSERT ON members BEGIN
    INSERT INTO member_search (rowid, search) VALUES (new.n, new.search || '  ');
END;
CREATE TRIGGER member_search_changed AFTER UPDATE OF search ON members WHEN old.search <> new.search BEGIN
    DELETE FROM member_search WHERE rowid = old.n;
    INSERT INTO member_search (rowid, search) VALUES (new.n, new.search || '  ');
END;
INSERT INTO member_search (member_search) VALUES ('delete-all');
INSERT INTO member_search (rowid, search) SELECT n, search || '  ' FROM members;

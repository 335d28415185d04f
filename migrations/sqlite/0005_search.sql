-- Substring search over the directory. PostgreSQL has an index for it (postgres/0005_search.sql); here it is a
-- table of its own that follows `members`.
CREATE VIRTUAL TABLE member_search USING fts5 (search, content = '', contentless_delete = 1, detail = 'full', tokenize = 'trigram');
CREATE TRIGGER member_search_added AFTER INSERT ON members BEGIN
    INSERT INTO member_search (rowid, search) VALUES (new.n, new.search);
END;
CREATE TRIGGER member_search_removed AFTER DELETE ON members BEGIN
    DELETE FROM member_search WHERE rowid = old.n;
END;
CREATE TRIGGER member_search_changed AFTER UPDATE OF search ON members WHEN old.search <> new.search BEGIN
    DELETE FROM member_search WHERE rowid = old.n;
    INSERT INTO member_search (rowid, search) VALUES (new.n, new.search);
END;

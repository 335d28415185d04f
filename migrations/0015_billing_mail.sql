-- What those who see to payments were last told of by mail, so that each turn is told once, however often it is read.
ALTER TABLE billing_accounts ADD COLUMN told TEXT NOT NULL DEFAULT '' CHECK (told IN ('', 'past_due', 'disputed', 'ended'));
-- What is so already is no news.
UPDATE billing_accounts SET told = CASE status WHEN 'past_due' THEN 'past_due' WHEN 'disputed' THEN 'disputed' ELSE 'ended' END
    WHERE status IN ('past_due', 'disputed', 'cancelled');

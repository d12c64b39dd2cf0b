-- What endpoints, models and tenants cost, by UTC day and by run of a daemon. Times are Unix milliseconds.
CREATE TABLE llm_spending (
    day INTEGER NOT NULL,    -- its begin
    scope INTEGER NOT NULL,  -- 0 endpoint, 1 model, 2 tenant
    name TEXT NOT NULL,
    spender TEXT NOT NULL,   -- a run of a daemon
    spent REAL NOT NULL,
    claim REAL NOT NULL,     -- so much it may spend in all; of a limit the others have the rest
    PRIMARY KEY (day, scope, name, spender)
) STRICT, WITHOUT ROWID;
INSERT INTO llm_spending (day, scope, name, spender, spent, claim)
    SELECT day, scope, name, '', cost, cost FROM llm_pool WHERE cost > 0;
DELETE FROM llm_pool WHERE scope <> 0;
ALTER TABLE llm_pool DROP COLUMN day;
ALTER TABLE llm_pool DROP COLUMN cost;

-- What endpoints, models and tenants cost, by UTC day and by run of a daemon. Times are Unix milliseconds.
CREATE TABLE llm_spending (
    day BIGINT NOT NULL,    -- its begin
    scope BIGINT NOT NULL,  -- 0 endpoint, 1 model, 2 tenant
    name TEXT COLLATE "C" NOT NULL,
    spender TEXT COLLATE "C" NOT NULL,   -- a run of a daemon
    spent DOUBLE PRECISION NOT NULL,
    claim DOUBLE PRECISION NOT NULL,     -- so much it may spend in all; of a limit the others have the rest
    PRIMARY KEY (day, scope, name, spender)
);
INSERT INTO llm_spending (day, scope, name, spender, spent, claim)
    SELECT day, scope, name, '', cost, cost FROM llm_pool WHERE cost > 0;
DELETE FROM llm_pool WHERE scope <> 0;
ALTER TABLE llm_pool DROP COLUMN day;
ALTER TABLE llm_pool DROP COLUMN cost;

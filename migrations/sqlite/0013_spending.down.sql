ALTER TABLE llm_pool RENAME TO llm_pool_after;
CREATE TABLE llm_pool (
    scope INTEGER NOT NULL,     -- 0 endpoint, 1 model, 2 tenant
    name TEXT NOT NULL,
    cools_until INTEGER,        -- of endpoints; NULL: does not cool
    cool_reason TEXT NOT NULL,
    day INTEGER NOT NULL,       -- begin of the UTC day that `cost` belongs to
    cost REAL NOT NULL,         -- money of that day
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;
INSERT INTO llm_pool (scope, name, cools_until, cool_reason, day, cost)
    SELECT scope, name, cools_until, cool_reason, 0, 0 FROM llm_pool_after;
DROP TABLE llm_pool_after;
INSERT INTO llm_pool (scope, name, cools_until, cool_reason, day, cost)
    SELECT scope, name, NULL, '', day, SUM(spent) FROM llm_spending
    WHERE day = (SELECT MAX(day) FROM llm_spending) GROUP BY day, scope, name
    ON CONFLICT (scope, name) DO UPDATE SET day = excluded.day, cost = excluded.cost;
DROP TABLE llm_spending;

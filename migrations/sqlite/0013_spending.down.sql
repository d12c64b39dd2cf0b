ALTER TABLE llm_pool ADD COLUMN day INTEGER NOT NULL DEFAULT 0;
ALTER TABLE llm_pool ADD COLUMN cost REAL NOT NULL DEFAULT 0;
INSERT INTO llm_pool (scope, name, cools_until, cool_reason, day, cost)
    SELECT scope, name, NULL, '', day, SUM(spent) FROM llm_spending
    WHERE day = (SELECT MAX(day) FROM llm_spending) GROUP BY day, scope, name
    ON CONFLICT (scope, name) DO UPDATE SET day = excluded.day, cost = excluded.cost;
DROP TABLE llm_spending;

-- What the pool of LLM endpoints keeps over a restart. Times are Unix milliseconds.
CREATE TABLE llm_pool (
    scope INTEGER NOT NULL,     -- 0 endpoint, 1 model, 2 tenant
    name TEXT NOT NULL,
    cools_until INTEGER,        -- of endpoints; NULL: does not cool
    cool_reason TEXT NOT NULL,
    day INTEGER NOT NULL,       -- begin of the UTC day that `cost` belongs to
    cost REAL NOT NULL,         -- money of that day
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;

-- What the pool of LLM endpoints keeps over a restart. Times are Unix milliseconds.
CREATE TABLE llm_pool (
    scope BIGINT NOT NULL,     -- 0 endpoint, 1 model, 2 tenant
    name TEXT COLLATE "C" NOT NULL,
    cools_until BIGINT,        -- of endpoints; NULL: does not cool
    cool_reason TEXT NOT NULL,
    day BIGINT NOT NULL,       -- begin of the UTC day that `cost` belongs to
    cost DOUBLE PRECISION NOT NULL,         -- money of that day
    PRIMARY KEY (scope, name)
);

-- FTS5 has no list of texts that are not in the index yet; a step for PostgreSQL alone.
SELECT 1;

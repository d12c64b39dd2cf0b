DROP TABLE llm_pool;

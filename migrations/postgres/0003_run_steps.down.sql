DROP TABLE run_steps;

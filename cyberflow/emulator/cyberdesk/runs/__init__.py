"""/v1/runs: one run, many, chains; lists, retries, and the scripts of simulations."""

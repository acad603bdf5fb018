"""/v1/machines, /v1/pools and /v1/connections: where runs happen."""

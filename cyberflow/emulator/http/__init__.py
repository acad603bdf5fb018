"""The front of the local platform: dispatch, idempotency keys, rate limits, uploads and faults."""

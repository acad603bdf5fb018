"""The plan: bundle and snapshot to changes, pure and read-only."""

"""Runs, tasks, batches and pipelines: while they go on and when they are over."""

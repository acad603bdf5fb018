"""The simulated service: runs, sessions, agents and files on SQLite, moved on by the clock."""

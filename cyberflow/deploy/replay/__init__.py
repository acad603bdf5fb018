"""What a plan would have done to past runs: they are read as a list, and held against it. Pure but for the reading."""

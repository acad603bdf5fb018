"""The command line: a door. It decides what to show and nothing else."""

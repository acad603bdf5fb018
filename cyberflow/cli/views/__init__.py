"""What the command line shows, from finished values to text: findings, plans, runs, tests, what stands at a place."""

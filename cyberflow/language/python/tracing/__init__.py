"""Running a chain once with symbols, to learn its steps and outputs."""

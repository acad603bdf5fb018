"""What the command line shows: one module for each thing shown, from finished values to text."""

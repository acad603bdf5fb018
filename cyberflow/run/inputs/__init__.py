"""What a run is given: inputs, files and secrets, from options and files."""

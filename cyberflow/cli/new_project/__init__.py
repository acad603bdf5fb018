"""What `cyberflow init` writes: the texts of a new project, by path. `cli/commands/init.py` puts them on the disk."""

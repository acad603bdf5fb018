"""The page about a project: one file of HTML without any script."""

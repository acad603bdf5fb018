"""Checks of a project as a door asks for them: of a target too, or of some files and rules alone."""

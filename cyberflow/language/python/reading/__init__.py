"""Python modules to documents of declarations: importing them, and where each part of them is written."""

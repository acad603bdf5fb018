"""Templates: Jinja2, sandboxed, with every piece of text knowing where it was written."""

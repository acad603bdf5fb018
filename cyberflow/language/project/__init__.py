"""A project read from its files: settings, sources, declarations."""

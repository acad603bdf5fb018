"""Pipelines and journals of a script, from what is given to their ends. Begin reading at `setup`, then `going`."""

"""A case from a real run: what ran, with stand-ins for its values."""

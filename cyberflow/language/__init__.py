"""What people write, read into a `Project`. Knows files, YAML, templates and the prompt language; knows no service."""

"""What the platform keeps in one SQLite file: documents, links, runs and contents; and secrets, in memory alone."""

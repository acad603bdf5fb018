"""What the service's contract says: request bodies, errors, and the clock."""

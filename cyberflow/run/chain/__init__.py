"""One chain or run: request, submission, following, cancelling, and its result."""

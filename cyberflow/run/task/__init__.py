"""One Cyberun task: request, submission, following, and its output files."""

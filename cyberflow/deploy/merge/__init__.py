"""A dashboard edit joined with an edit in git: fields one by one, prompts by block, into the files where they stand."""

"""Many runs at a time: the rows of a file with a ledger, on this machine or over workers."""

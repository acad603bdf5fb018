"""What is submitted and followed for any kind of run: journal, ledger, submitting, polling, executors of rows."""

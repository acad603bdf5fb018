"""What goes on with a ledger: batches and pipelines, begun and gone on with."""

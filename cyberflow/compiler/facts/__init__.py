"""Facts by content: what each file says is kept, and a project is linked from what is kept. Begin at `analysis`."""

"""One module per resource group of the API: each endpoint is a function from a `Call` to the body of its answer."""

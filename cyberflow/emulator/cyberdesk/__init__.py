"""One module per resource group of the API: each endpoint is a function from an `ApiCall` to the body of its answer."""

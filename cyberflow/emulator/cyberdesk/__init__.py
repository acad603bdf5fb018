"""The resources of the API, those of a kind together: each endpoint is a function from an `ApiCall` to its answer."""

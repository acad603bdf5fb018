"""A target's name to open services: the only room that joins the local platform and the clients."""

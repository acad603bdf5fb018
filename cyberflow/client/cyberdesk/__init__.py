"""The client of Cyberdesk: one module for each resource of its REST API, and the records it answers with."""

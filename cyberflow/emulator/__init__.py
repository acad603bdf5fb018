"""The embedded platform: the Cyberdesk API on SQLite with a simulated agent, for laptops, tests and CI.

It knows nothing of projects and bundles; whoever speaks the API cannot tell it from the service.
"""

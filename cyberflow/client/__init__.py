"""The clients of Cyberdesk and Cyberun: the wire, and nothing but the wire. What a project means is decided elsewhere.

Everything is loaded when it is first asked for: naming an error costs neither httpx nor pydantic.
"""

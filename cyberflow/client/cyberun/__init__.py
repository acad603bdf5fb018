"""The client of Cyberun: tasks on GPU agents, their events and their output files."""

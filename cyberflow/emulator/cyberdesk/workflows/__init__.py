"""/v1/workflows and what belongs to one: tags and their groups, prompt images, trajectories, copies."""

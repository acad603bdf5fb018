"""Bundle and snapshot to plan, plan to outcomes. It decides what to write and writes it; nothing is printed here."""

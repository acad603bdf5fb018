"""YAML read with positions: libyaml's grammar, the 1.2 core schema, findings for what does not parse."""

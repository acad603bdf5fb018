"""What stands at a place: its name, its type, where it is declared and who uses it. For editors, scripts, documents and
tests alike. Begin with `lookup`; what a declaration mentions is in `declarations`, `texts` and `types`.
"""

"""The language for people who think in Python: decorators and annotations to the same documents as the YAML gives.
Knows the user's modules and functions; knows no rule and no service.
"""

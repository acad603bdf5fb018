"""Executing a plan: writes, each looked at again before and after."""

"""The characters that YAML takes nowhere: a pattern that is slow to make, for readers of texts that do not parse."""

from __future__ import annotations

from cyberflow.late import expression

FORBIDDEN = expression("[^\\t\\n\\r\\x20-\\x7e\\x85\\xa0-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd\\U00010000-\\U0010ffff]")
"""A byte order mark may begin a text all the same."""

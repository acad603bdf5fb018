"""Fixes: the mends that findings carry. `text_edits` makes edits of text of one, `apply` writes them into texts."""

"""Plans and what past runs say to them: as text, and as a comment on a pull request."""

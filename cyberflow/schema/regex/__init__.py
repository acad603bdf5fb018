"""ECMAScript regular expressions as automata."""

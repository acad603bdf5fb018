"""Plans, applies and pulls as operations: what they are made of, without a word printed."""

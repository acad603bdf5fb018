"""What declarations require of a target: names that must be there, and inputs that machines must supply."""

"""A new assignment that passes at once, to be changed into one's own."""

"""The course proves itself: solutions, alternatives, mutants, releases, secrets, and thresholds with evidence."""

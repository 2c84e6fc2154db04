"""Thresholds with evidence: how accurate the graded networks, and typical wrong ones, are over many seeds."""

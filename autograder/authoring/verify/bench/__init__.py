"""Answers decided at the level of descriptions: a notebook's code runs in one process, and no network is trained."""

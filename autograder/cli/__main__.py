"""``python -m autograder.cli``: the command ``autograder`` where it is not on the path."""

from autograder.cli.app import main

main()

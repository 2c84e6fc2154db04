"""Where student code runs. Start at host.py (the worker's side) and run.py (one notebook)."""

from autograder.sandbox.host import Kernel, Sandbox
from autograder.sandbox.run import Break, Run, run_notebook

__all__ = ["Break", "Kernel", "Run", "Sandbox", "run_notebook"]

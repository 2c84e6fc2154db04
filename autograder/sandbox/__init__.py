"""Where student code runs. Start at host.py (the worker's side) and run_notebook.py (one notebook).

Nothing is imported here: the sandbox's own processes pass through this file on their way to one small module.
"""

"""The commands of the command line, a module for each; `cli` assembles them. Nothing heavy is imported until a command runs."""

"""The command line: thin commands over the package; this folder is the only place that exits.

Exit codes: 0 done; 1 done, and something is not as it should be (a stale release); 2 wrong use; 3 done, but checks are
undecided and wait for a person; 4 an error that stopped the command (course.yml, gradebook, sandbox, ...); 130 stopped
by Ctrl-C, after finishing what ran.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from autograder.cli import (  # fmt: skip
    calibrate,
    collect,
    demo,
    doctor,
    export,
    export_autograder,
    feedback,
    grade,
    memo,
    new_assignment,
    new_course,
    regrade,
    release,
    report,
    shell,
    status,
    try_notebook,
    verify,
)
from autograder.cli.common import INTERRUPTED
from autograder.common.errors import AutograderError
from autograder.common.machine import no_grammars, scratch  # noqa: F401

app = typer.Typer(
    help="Grade notebooks on deep neural networks: in a sandbox, by a judge that never runs student code.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 done; 1 something is not as it should be; 2 wrong use; 3 some checks wait for a person; 4 an error.",
)
COMMANDS = (  # in the order of --help
    collect, grade, status, regrade, feedback, report, export, export_autograder, try_notebook, release, verify, calibrate, new_course, new_assignment, doctor,
    demo,
)  # fmt: skip
for module in COMMANDS:
    app.add_typer(module.app)
app.add_typer(memo.app, name="memo")


@app.callback()
def autograder(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=shell.version, is_eager=True)
    ] = False,
) -> None:
    pass


def main() -> None:
    """Runs a command. Whatever the surroundings lack (a home, room for what is printed, UTF-8) is a sentence, never a traceback."""
    shell.settle_streams()
    try:
        shell.heed_signals()
        scratch.settle()
        shell.choose_language(sys.argv[1:])
        command = typer.main.get_command(app)
        shell.prepare(command)
        try:
            command(prog_name="autograder")
        finally:
            sys.stdout.flush()
    except SystemExit as end:
        if isinstance(
            getattr(end.__context__, "__cause__", None), KeyboardInterrupt
        ):  # a command that had nothing to say of it
            shell.stopped()
        raise
    except KeyboardInterrupt:  # a second one, while the first one was heeded
        shell.stopped()
        sys.exit(INTERRUPTED)
    except OSError as error:
        sys.exit(shell.refused(error))
    except RuntimeError as error:  # pathlib, on links that lead in a circle, before Python 3.13
        if not isinstance(error.__context__, OSError):
            raise
        sys.exit(shell.refused(error.__context__))
    except AutograderError as error:  # outside of what a command expects
        sys.exit(shell.refused(error))


if __name__ == "__main__":
    main()

"""The command ``autograder``, and ``python -m autograder.cli`` where that is not on the path.

A signal that comes while a command is imported, or after its end, ends it without a word, as one that has begun nothing.
"""

import signal


def main() -> None:
    # Python's own handler raises KeyboardInterrupt wherever an import just is; `app.main` sets it again. Not for who was told to ignore it.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from autograder.cli import app, shell

    try:
        app.main()
    finally:
        shell.unheeded()


if __name__ == "__main__":
    main()

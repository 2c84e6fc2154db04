#!/usr/bin/env python3
"""Gradescope's run_autograder where all results are there already: finds the one of this submission.

It runs alone, in Gradescope's container: nothing but the standard library. ``AUTOGRADER_ROOT`` names another folder than /autograder.
"""

import json
import os
import shutil
import sys
from pathlib import Path


def main() -> int:
    root = Path(os.environ.get("AUTOGRADER_ROOT", "/autograder"))
    number = json.loads((root / "submission_metadata.json").read_text("utf-8"))["id"]
    prepared = root / "source" / "results" / f"{int(number)}.json"
    if not prepared.is_file():  # no result is better than a zero: the submission stays ungraded
        print(
            f"Submission {int(number)} came after the others were graded. Collect, grade and make this archive again."
        )
        return 1
    (root / "results").mkdir(exist_ok=True)
    shutil.copyfile(prepared, root / "results" / "results.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())

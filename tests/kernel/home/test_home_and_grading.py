"""Home and grading agree: notebooks drawn by seed, right ones and wrong ones, are run as a student runs them, and graded.

What `check` says at home of a visible check, in its words, is what grading says, or it said that a person will have to look.
``AUTOGRADER_NOTEBOOKS`` says how many, and ``AUTOGRADER_NOTEBOOKS_SEED`` from which seed on.
"""

import json
import os
import random
import re
import shutil
import subprocess
import sys

import nbformat
import pytest

from autograder.authoring.release import release
from autograder.authoring.solved_notebooks import solved
from autograder.authoring.verify.rewriting import MOST_CHANGES, Source, versions
from autograder.authoring.verify.slips import MISTAKES
from autograder.authoring.verify.spellings import REWRITERS
from autograder.common.submission import Submission
from autograder.course.course import load
from autograder.course.released_notebook import release_place
from autograder.sandbox.host import Sandbox
from autograder.worker.grading import grade_submission
from autograder.worker.judge_process import JudgeProcess
from tests.conftest import ROOT

NAME = "regression"
NOTEBOOKS = int(os.environ.get("AUTOGRADER_NOTEBOOKS", "8"))
FIRST = int(os.environ.get("AUTOGRADER_NOTEBOOKS_SEED", "1"))
_MEASURED = re.compile(r"\d+\.\d+")  # trained at home and by the judge: alike, and not to the last digit
_A_PERSON = "A person will have to look at this when it is graded"


def drawn(course, seed):
    """A right answer written otherwise, with up to two mistakes; and what was changed."""
    notebook, made = solved(course, NAME), []
    for number in range(random.Random(seed).choice([0, 1, 1, 2]) + 1):
        kinds, most = (MISTAKES, 1) if number else (REWRITERS, MOST_CHANGES)
        for one in versions(Source.of(notebook), kinds, [seed + 1000 * number], f"home/{NAME}", most):
            made += [*one.made_by, one.difference(notebook)]
            notebook = one.notebook(notebook)
    return notebook, made


def differences(said, report):
    """Of each visible check what home and grading say, where that is not the same; and how many were compared."""
    found, compared = [], 0
    for question in report.questions:
        at_home, printed = said["outcomes"].get(question.question), said["printed"].get(question.question, "")
        if at_home is None:  # nothing was handed in
            found += [(question.question, "nothing", question.points)] if question.points else []
            continue
        for one in question.outcomes:
            there = [one.status.value, one.expected, one.actual, one.hint]
            if one.hidden:
                wrong = one.title in said["malformed"][question.question] and one.status.value == "passed"
                found += [(one.check, "malformed", there)] if wrong else []
                continue
            here = at_home[one.check]
            compared += 1
            told = here[0] == "passed" and one.status.value == "undecided" and _A_PERSON in printed
            words = there[:1] + (there[1:] if one.status.value != "passed" else [])
            if not told and [_MEASURED.sub("#", text) for text in words] != [_MEASURED.sub("#", text) for text in here[: len(words)]]:  # fmt: skip
                found.append((one.check, here, there))
    return found, compared


@pytest.mark.slow
def test_what_check_says_at_home_is_what_grading_says(tmp_path, memo_folder):
    shutil.copytree(ROOT / "examples" / NAME, tmp_path / "course")
    course = load(tmp_path / "course" / "course.yml")
    release(course, [NAME])
    folders, made = [], {}
    for seed in range(FIRST, FIRST + NOTEBOOKS):
        folder = tmp_path / str(seed)
        shutil.copytree(course.root / release_place(NAME, course.language), folder)
        notebook, made[folder] = drawn(course, seed)
        nbformat.write(notebook, folder / f"{NAME}.ipynb")
        folders.append(folder)
    run = [sys.executable, "-m", "tests.kernel.home.at_home", *map(str, folders)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "AUTOGRADER_LANGUAGE": "en"}
    subprocess.run(run, check=True, env=environment, cwd=ROOT, capture_output=True)
    odd, compared, not_passed = [], 0, 0
    with JudgeProcess(course.root / "course.yml", memo_folder) as bench, Sandbox.of(course) as sandbox:
        for folder in folders:
            report = grade_submission(Submission("ada", NAME, folder / f"{NAME}.ipynb"), course, bench, sandbox).report
            found, number = differences(json.loads((folder / "said.json").read_text()), report)
            odd += [(made[folder], *one) for one in found]
            compared += number
            not_passed += sum(
                one.status.value != "passed" for question in report.questions for one in question.outcomes
            )
    assert not odd and compared > 5 * NOTEBOOKS and not_passed > NOTEBOOKS / 4

"""Any set of languages goes the whole way: release, verify, grade, feedback, report, export, status."""

import json

import nbformat
import pytest
import yaml
from typer.testing import CliRunner

from autograder.authoring.solved_notebooks import hand_in, solved
from autograder.classroom.folder import Folder, Place
from autograder.classroom.grading import basis
from autograder.cli import app as cli
from autograder.common.errors import CourseError, ReleaseError
from autograder.common.i18n import LANGUAGES, LOCALES
from autograder.course import course as course_module
from autograder.course.released_notebook import origin, release_file, released_notebook
from autograder.course.source_notebook import source_notebook
from autograder.worker.bundle import pack
from tests.authoring.test_release import answer, code, test_cell, text
from tests.conftest import ROOT

SETS = [("ko",), ("en",), ("en", "ko"), ("ko", "en"), ("fr",), ("fr", "pt-BR", "ko"), ("no",)]
TITLES = {"en": "First steps", "ko": "첫걸음", "fr": "Premiers pas", "pt-BR": "Primeiros passos", "no": "Første skritt"}
HINTS = {
    "en": "Count again.",
    "ko": "다시 세어 보세요.",
    "fr": "Recomptez.",
    "pt-BR": "Conte de novo.",
    "no": "Tell igjen.",
}
MUTANT = {"why": "One too many.", "edits": {"add-answer": "add = 6"}, "loses": {"add.value": "6"}}
NAME = {"why": "Nothing.", "edits": {"name-answer": "name = 'eva'"}, "loses": {"name.value": "eva"}}


def course_text(languages, **others):
    def said(texts):
        return {name: texts[name] for name in languages}

    add = {"type": "value", "of": "add", "equals": 5, "points": 2, "title": said(TITLES), "hint": said(HINTS)}
    name = {"type": "value", "of": "name", "equals": "ada", "points": 1}
    questions = {
        "add": {"title": said(TITLES), "points": 2, "checks": [add]},
        "name": {"title": "Ada", "points": 1, "checks": [name]},
    }
    first = {"title": said(TITLES), "due": "2027-03-14T23:59:00+09:00", "questions": questions}
    heading = {"id": "tiny", "title": said(TITLES), "languages": list(languages)}
    document = {"course": heading, "networks": False, "assignments": {"first": first}, **others}
    return yaml.safe_dump(document, allow_unicode=True)


def notebook(languages, *extra):
    made = nbformat.v4.new_notebook()
    made.nbformat_minor = 5
    made.cells = [code("imports", "from autograder import check"), *extra]
    for question, points, right in (("add", 2, "add = 5"), ("name", 1, "name = 'ada'")):
        made.cells += [text(question, language) for language in languages]
        made.cells += [answer(question, right), test_cell(question, points)]
    return made


def make(root, languages, source=None, **others):
    """A course in `languages`, not released; `others` are keys of its course.yml."""
    folder = root / "solutions" / "first"
    folder.mkdir(parents=True)
    (folder / "first.ipynb").write_text(json.dumps(source or notebook(languages)), "utf-8")
    (root / "course.yml").write_text(course_text(languages, **others), "utf-8")
    for stem, mutant in (("more", MUTANT), ("eva", NAME)):
        path = root / "tests" / "mutants" / "first" / f"{stem}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(mutant), "utf-8")
    return course_module.load(root / "course.yml")


def run(root, *arguments, expected=0):
    done = CliRunner().invoke(cli.app, [arguments[0], "--course", str(root / "course.yml"), *arguments[1:]])
    assert done.exit_code == expected, (done.output, done.exception)
    return done


def korean(words):
    return any("가" <= letter <= "힣" for letter in words)


@pytest.fixture(params=SETS, ids="-".join)
def languages(request):
    return request.param


@pytest.fixture
def released(tmp_path, languages):
    course = make(tmp_path, languages)
    run(tmp_path, "release")
    return course


# ---- each set, without running a notebook


def test_each_language_of_the_course_is_released_and_no_other(released, languages):
    assert {path.name for path in (released.root / "assignments").iterdir()} == set(languages)
    run(released.root, "release", "--check")
    for language in languages:
        said = [
            cell.source for cell in released_notebook(released, "first", language).cells if cell.cell_type == "markdown"
        ]
        assert said == [f"About {question}, in {language}" for question in ("add", "name")]
    assert released_notebook(released, "first") == released_notebook(released, "first", languages[0])
    assert {name for name in TITLES if f"assignments/{name}/" in str(names(released))} == set(languages)


def names(course):
    """What travels to a worker."""
    import io
    import zipfile

    return zipfile.ZipFile(io.BytesIO(pack(course, course.root / "course.yml").content)).namelist()


def test_what_needs_no_notebook_to_run_is_proven(released):
    run(released.root, "verify", "--only", "checks", "--only", "languages")


def test_a_notebook_is_in_the_language_of_the_release_that_it_was_made_from(released, languages):
    for language in languages:
        made = solved(released, "first", language)
        assert origin(released, "first", made) == language
        for cell in made.cells:
            cell["id"] = ""  # as some editors leave them
        assert origin(released, "first", made) == language
        made.cells = [cell for cell in made.cells if cell.cell_type == "code"]
        assert origin(released, "first", made) == languages[0]
    assert origin(released, "first", nbformat.v4.new_notebook()) == languages[0]


def test_a_change_of_any_release_is_a_change_of_the_key(released, languages):
    def now():
        return basis.released(released, "first")

    keys = {now()}
    for language in languages:
        path = released.root / release_file("first", language)
        path.write_text(path.read_text("utf-8").replace("About add", "On add"), "utf-8")
        keys.add(now())
    assert len(keys) == 1 + len(languages)


def test_texts_are_asked_for_in_the_courses_own_languages_only(tmp_path, languages):
    path = tmp_path / "course.yml"
    others = [name for name in TITLES if name not in languages]
    written = course_text(languages)
    path.write_text(
        written.replace(f"{languages[0]}: {TITLES[languages[0]]}", f"x: {TITLES[languages[0]]}").replace(
            "'no': F", "x: F"
        ),
        "utf-8",
    )
    with pytest.raises(CourseError, match="'x' is not the code of a language"):
        course_module.load(path)
    document = yaml.safe_load(written)
    for words in (
        document["course"]["title"],
        document["assignments"]["first"]["questions"]["add"]["checks"][0]["hint"],
    ):
        words |= dict.fromkeys(others, "more")
    path.write_text(yaml.safe_dump(document), "utf-8")
    course_module.load(path)
    lost = languages[-1]
    for keys in (["course"], ["assignments", "first"], ["assignments", "first", "questions", "add"]):
        document = yaml.safe_load(written)
        place = document
        for step in keys:
            place = place[step]
        place["title"] = {**dict.fromkeys(TITLES, "more"), lost: " "}
        path.write_text(yaml.safe_dump(document), "utf-8")
        with pytest.raises(CourseError, match=rf"{'.'.join(keys)}\.title: it has no text in '{lost}'"):
            course_module.load(path)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["en", "en"], "'en' stands twice"),
        (["french"], "'french' is not the code of a language: did you mean 'fr'?"),
        (["en-GB"], "'en-GB' is not the code of a language: did you mean 'en'?"),
        ([False], "should be a text"),
        ([""], "is not the code of a language"),
        ([], "languages"),
    ],
)
def test_languages_that_can_not_be_are_refused(tmp_path, given, said):
    document = yaml.safe_load(course_text(("en",)))
    document["course"]["languages"] = given
    (tmp_path / "course.yml").write_text(yaml.safe_dump(document), "utf-8")
    with pytest.raises(CourseError, match=said):
        course_module.load(tmp_path / "course.yml")


@pytest.mark.parametrize("tag", ["de", "FR", "ko-KR", "en_GB", "KO", "En", "zz", "PT"])
def test_a_cell_of_a_language_that_the_course_does_not_have_is_refused(tmp_path, languages, tag):
    stray = text("stray", tag)
    course = make(tmp_path, languages, notebook(languages, stray))
    with pytest.raises(ReleaseError, match=f"cell stray-{tag}: it is tagged '{tag}'"):
        source_notebook(course, "first")
    assert tag in " ".join(run(tmp_path, "release", expected=4).output.split())


def test_the_other_language_in_a_course_of_one_is_refused(tmp_path, languages):
    for other in sorted(set(LANGUAGES) - set(languages))[:1]:
        course = make(tmp_path, languages, notebook(languages, text("stray", other)))
        with pytest.raises(
            ReleaseError, match=f"it is tagged '{other}', and the course's languages are {languages[0]}"
        ):
            source_notebook(course, "first")


def test_tags_that_are_no_language_stay(tmp_path, languages):
    cell = code("tagged", "1 + 1")
    cell.metadata["tags"] = ["hide-input", "raises-exception", "korean", "x"]
    source_notebook(make(tmp_path, languages, notebook(languages, cell)), "first")


def test_a_language_that_the_course_gave_up_leaves_assignments(tmp_path):
    make(tmp_path, ("en", "ko"))
    run(tmp_path, "release")
    (tmp_path / "course.yml").write_text(course_text(("ko",)), "utf-8")
    source = tmp_path / "solutions" / "first" / "first.ipynb"
    source.write_text(json.dumps(notebook(("ko",))), "utf-8")
    run(tmp_path, "release", "--check", expected=1)
    run(tmp_path, "release")
    run(tmp_path, "release", "--check")
    assert [path for path in (tmp_path / "assignments" / "en").rglob("*") if path.is_file()] == []


def test_a_new_assignment_is_in_the_courses_languages(tmp_path, languages):
    make(tmp_path, languages, networks=True)
    run(tmp_path, "new-assignment", "second")
    run(tmp_path, "release", "second")
    assert {path.parent.name for path in (tmp_path / "assignments").glob("*/second")} == set(languages)


# ---- whole, with one judge and one sandbox


@pytest.mark.slow
@pytest.mark.parametrize("languages", [("ko", "en"), ("fr",)], ids="-".join, indirect=True)
def test_a_course_goes_the_whole_way(released, languages):
    root, folder = released.root, Folder(released.root)
    run(
        root,
        "verify",
        "--no-memo",
        "--workers",
        "1",
        "--only",
        "solution",
        "--only",
        "mutants",
        "--only",
        "nbgrader",
        "--only",
        "release",
    )
    for language in languages:
        hand_in(solved(released, "first", language), folder.submitted, f"all-{language}", "first")
        wrong = solved(released, "first", language)
        wrong.cells[2].source = "add = 4"
        hand_in(wrong, folder.submitted, f"half-{language}", "first")
    run(root, "grade", "--no-memo", "--workers", "1")
    for language in languages:
        report = folder.read_report(Place(f"all-{language}", "first"))
        assert (report.language, report.points, report.notes) == (language, 3.0, ())
        report = folder.read_report(Place(f"half-{language}", "first"))
        assert (report.language, report.points) == (language, 1.0)
        (lost,) = report.questions[0].outcomes
        assert (lost.title, report.questions[0].title) == (TITLES[language], TITLES[language])
        assert HINTS[language] in lost.hint and korean(lost.title + lost.hint) == (language == "ko")
    again = run(root, "grade", "--json", "--workers", "1")
    assert {one["again"] for one in json.loads(again.stdout)} == {True}  # no language is graded anew
    run(root, "feedback")
    for language in languages:
        page = folder.page(Place(f"half-{language}", "first")).read_text("utf-8")
        assert f'<html lang="{language}"' in page and HINTS[language] in page
    run(root, "report", "--output", str(root / "class.html"))
    for form in ("csv", "canvas", "moodle", "junit", "json"):
        assert run(root, "export", "--format", form).stdout
    assert TITLES[languages[0]] in run(root, "export", "--format", "json").stdout
    assert json.loads(run(root, "status", "--json").stdout)["graded"] == 2 * len(languages)
    if len(languages) > 1:  # one language for all, where it is asked for
        run(root, "grade", "--no-memo", "--workers", "1", "--language", "en", "--student", "half-ko")
        assert folder.read_report(Place("half-ko", "first")).language == "en"


# ---- the class of fault: a language that stands in the code


def test_every_language_but_the_codes_own_has_a_catalogue():
    assert {path.name for path in LOCALES.iterdir() if path.is_dir()} == set(LANGUAGES[1:])


def test_no_module_but_i18n_names_a_language_or_the_releases_folder():
    """As a value: a default, a list, a path. What the title of a new assignment is in Korean is an option's name."""
    import ast

    home = {"common/i18n.py": set(LANGUAGES), "course/released_notebook.py": {"assignments"}}
    home["common/results.py"] = {"en"}  # reports of 0.1.0 are English and say nothing of it
    home["authoring/demo.py"] = home["authoring/scaffold/parts.py"] = {"ko"}  # one of the students; --title-ko
    odd = []
    for path in sorted((ROOT / "autograder").rglob("*.py")):
        own = home.get(path.relative_to(ROOT / "autograder").as_posix(), set())
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and node.value in LANGUAGES and node.value not in own:
                odd.append(f"{path}:{node.lineno}: {node.value!r}")
            parts = [node.left, node.right] if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) else []
            parts += [part for part in getattr(node, "values", []) if isinstance(node, ast.JoinedStr)]
            for part in parts:
                if isinstance(part, ast.Constant) and str(part.value).split("/")[0] == "assignments" and not own:
                    odd.append(f"{path}:{node.lineno}: {part.value!r}")
    assert odd == []

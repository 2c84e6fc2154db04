"""The bench leaves out what a change doesn't concern: with drawn notebooks, that is told from running everything by nothing."""

import random

import nbformat
import numpy as np
import yaml

from autograder.authoring.verify.bench.bench import Bench
from autograder.authoring.verify.bench.costless import look
from autograder.authoring.verify.bench.process import unlike
from autograder.course import course as course_module
from autograder.kernel import check as check_module
from tests.authoring.test_release import answer, code, test_cell

QUESTIONS = 8
WAYS = (  # how an answer may come from what is there before it
    "{name} = {other} + [{number}]",
    "{name} = [{number}]",
    "{other}.append({number})\n{name} = list({other})",
    "{other}[0] += {number}\n{name} = {other}[:1]",
    "made['{name}'] = {number}\n{name} = [made['{name}'], *{other}]",
    "def grow(values):\n    values.append({number})\n    return values\n{name} = grow({other})",
    "{name} = [sum(total[:1]), *{other}]",
    "{name} = {other}",
    "{name} = {other}\n{name}.append({number})",
    "for each in ({other}, start):\n    each.append({number})\n{name} = list(each)",
    "pair = {{'a': {other}, 'b': start}}\nfor key, each in pair.items():\n    each[0] += {number}\n{name} = [each[0]]",
    "total[0] += {number}\n{name} = total + {other}",
)


def drawn(draw: random.Random) -> list[str]:
    names = ["start"]
    answers = []
    for number in range(QUESTIONS):
        way = draw.choice(WAYS)
        answers.append(way.format(name=f"q{number}", other=draw.choice(names), number=draw.randint(1, 99)))
        names.append(f"q{number}")
    return answers


def bench(root, answers):
    """Of a course whose questions ask for what `answers` make."""
    given = "start, total, made = [1], [0], {}"
    names: dict[str, object] = {}
    exec(given, names)
    questions = {}
    for number, source in enumerate(answers):
        exec(source, names)
        check = {"type": "value", "of": f"q{number}", "equals": list(names[f"q{number}"]), "points": 1}  # type: ignore[call-overload]
        questions[f"q{number}"] = {"title": f"Q{number}", "points": 1, "checks": [check]}
    document = {
        "course": {"id": "drawn", "title": "Drawn", "languages": ["en"]}, "networks": False,
        "assignments": {"first": {"title": "First", "due": "2027-03-14T23:59:00+09:00", "questions": questions}},
    }  # fmt: skip
    (root / "course.yml").write_text(yaml.safe_dump(document), "utf-8")
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [code("imports", "from autograder import check"), code("given", given)]
    for number, source in enumerate(answers):
        notebook.cells += [answer(f"q{number}", source), test_cell(f"q{number}", 1)]
    return Bench(course_module.load(root / "course.yml"), "first", notebook)


def test_what_a_change_does_not_concern_is_answered_as_running_it_would(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOGRADER_COURSE", "")
    left_out = 0
    for seed in range(6):
        answers = drawn(random.Random(seed))
        made = bench(tmp_path, answers)
        assert set(made.run({}).statuses.values()) == {"passed"}
        for number in range(QUESTIONS):
            for changed in (f"q{number} = [-1]", f"{answers[number]}\nq{number}.append(-1)", "", "1 / 0"):
                source = {made.places[f"q{number}"].answers[0]: changed}
                one = made.run(source)
                left_out += sum(f"q{other}" not in made.names for other in range(QUESTIONS) if other != number)
                whole = made.run(source, whole=True)
                assert one.statuses == whole.statuses, (seed, number, changed)
                assert one.statuses[f"q{number}.{made.questions[f'q{number}'].checks[0].id}"] == "failed"
    assert left_out > 6 * QUESTIONS


def test_an_assignment_is_on_its_own_data_whatever_a_cell_imports(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOGRADER_COURSE", "")
    bench(tmp_path, ["q0 = [1]"])
    document = yaml.safe_load((tmp_path / "course.yml").read_text("utf-8"))
    document["data"] = {"name": "mnist"}
    document["assignments"]["first"]["data"] = {"name": "wine"}
    (tmp_path / "course.yml").write_text(yaml.safe_dump(document), "utf-8")
    made = Bench(course_module.load(tmp_path / "course.yml"), "first", nbformat.v4.new_notebook())
    exec("from autograder import check", {})
    assert check_module.start() is made.student
    assert made.student.trainings.recogniser.images is False


LOOKED_AT = [  # no two of them are alike, and each is like itself when it is made anew
    "1", "2", "True", "None", "'a'", "[1, 2]", "[2, 1]", "{'a': 1}", "{'a': 2}", "{'b': 1}", "np.zeros(3)", "np.zeros(4)", "np.arange(3.0)",
    "np.arange(3)", "lambda: 1", "lambda: 2", "lambda a=1: a", "lambda a=2: a", "lambda: [one + 1 for one in ()]", "lambda: [one + 2 for one in ()]",
    "np.arange(10.0 ** 6) / 3", "-np.arange(10.0 ** 6) / 3",
]  # fmt: skip


def test_what_is_left_is_alike_where_it_is_made_alike_and_else_it_is_not():
    made = [[look(eval(one, {"np": np}), None) for one in LOOKED_AT] for _ in range(2)]
    assert made[0] == made[1]
    assert len({repr(one) for one in made[0]}) == len(LOOKED_AT)


def test_what_raises_when_it_is_looked_at_is_left_as_its_class(tmp_path):
    np.savez(tmp_path / "images.npz", x_train=np.zeros(3))
    with np.load(tmp_path / "images.npz") as closed:
        pass

    class Refuses:
        def __getattr__(self, name):
            raise OSError(name)

    assert [look(one, None) for one in (closed, Refuses(), [closed])] == ["NpzFile", "Refuses", ["NpzFile"]]


def test_a_check_that_the_solution_does_not_pass_here_is_named_and_left_out(tmp_path, monkeypatch):
    """A number that only a real training gives: the solution is proven where it is graded."""
    monkeypatch.setenv("AUTOGRADER_COURSE", "")
    made = bench(tmp_path, ["q0 = [3]", "q1 = [4]"])
    monkeypatch.setattr(made.stand_ins, "forget", lambda: None)
    made.stand_ins.trainings[0] = []  # as of a notebook that trains
    made.cells[made.places["q1"].answers[0]] = "q1 = [0.88]"
    answers = [made.run(changed) for changed in ({}, {made.places["q0"].answers[0]: "q0 = 2"}, {})]
    assert made.untried == ["q1.value"]
    assert [one.statuses for one in answers] == [{"q0.value": status} for status in ("passed", "failed", "passed")]
    assert list(unlike(made.questions, made.right, answers[1])) == []


def test_a_function_that_is_only_described_otherwise_is_alike():
    names = {}
    for name, said in (("one", "Gives one."), ("other", "Gives noe.")):
        exec(f"def {name}(a):\n    {said!r}\n    return a + 1", names)
    assert look(names["one"], None) == look(names["other"], None)

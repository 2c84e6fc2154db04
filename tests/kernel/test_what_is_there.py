"""Where `check` names something that was never made, what else it names is handed in, and looked at at home: a mistake costs its own."""

from types import SimpleNamespace

import pytest

from autograder.kernel.graded.check_while_grading import GradedStudent
from autograder.kernel.home.check_at_home import HomeStudent
from autograder.kernel.object_notes import Notes

MODEL = object()  # handed in with an earlier question
NOT_MADE = NameError("name 'b' is not defined")


@pytest.fixture(params=[GradedStudent, HomeStudent])
def hand(monkeypatch, request):
    """What was handed in after cells that ended so, by place: the value without a name, and those with."""
    student = request.param.__new__(request.param)
    student._course, student._assignment = None, ""
    student.handed, student.known, seen = {"two_layer.before"}, Notes(), []
    student.known.set(MODEL, True)
    student.tried = student.left_empty = False
    monkeypatch.setattr(
        student, "check", lambda place, value, named, given, hidden: seen.append((place, value, named, given))
    )
    space = {"a": 1, "c": 3, "model": MODEL}
    monkeypatch.setattr("autograder.kernel.check_in_both_modes.get_ipython", lambda: SimpleNamespace(user_ns=space))

    def ran(cell, error=NOT_MADE):
        student.hand_in_what_is_there(SimpleNamespace(error_in_exec=error, info=SimpleNamespace(raw_cell=cell)))
        return seen

    return ran


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ('check("two_layer.q", a=a, b=b)', ("two_layer.q", None, {"a": 1}, False)),
        ('check("two_layer.q", a, b=b)', ("two_layer.q", 1, {}, True)),
        ('check("two_layer.q", model, a=a, b=b)', ("two_layer.q", MODEL, {"a": 1}, True)),
        ('check("two_layer.q", b, a=a, c=c)', ("two_layer.q", None, {"a": 1, "c": 3}, False)),
    ],
)
def test_what_is_there_is_handed_in(hand, cell, found):
    assert hand(cell) == [found]


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        ('check("two_layer.q", a=a, c=c)', None), ('check("two_layer.q", a=a, b=b)', ValueError("its own")), ('check("two_layer.q", b)', NOT_MADE),
        ("print(a, b)", NOT_MADE), ("check(a, b)", NOT_MADE), ("(", NOT_MADE), ("a; b", NOT_MADE),
        ('check("two_layer.q", model, b=b)', NOT_MADE),  # its answer is empty
        ('check("two_layer.q", a=a + 1, b=b)', NOT_MADE), ("x = check('two_layer.q', a=a, b=b)", NOT_MADE), ("", NOT_MADE),
    ],
)  # fmt: skip
def test_after_any_other_cell_nothing_is(hand, cell, error):
    assert hand(cell, error) == []


RAN = {  # before a check cell that names what an earlier question handed in, and what was never made
    "an answer that failed": [("b, c = model.evaluate()", TypeError("cannot unpack"))],
    "a figure that is left out, and an answer that failed": [
        ("if False:\n    pass", None),
        ("b, c = model.evaluate()", TypeError("cannot unpack")),
    ],
    "one that calls what isn't implemented": [("b = model(c)", NotImplementedError("Net has no `call()`"))],
    "an answer under other names": [("d = 1", None)],
    "a part of it": [("d = 1", None), ("b = e", NameError("name 'e' is not defined"))],
}
NOT_TRIED = {
    "nothing": [],
    "what was given": [("raise NotImplementedError()", NotImplementedError())],
    "what was given, and a look at it": [
        ("raise NotImplementedError()", NotImplementedError()),
        ("model.summary()", None),
    ],
    "a comment": [("# I don't know", None)],
    "nothing to do": [("d = 1", None), ("pass", None)],
    "dots, and a text": [("d = 1", None), ("'later'\n...", None)],
    "an answer to another question": [("d = 1", None), ('check("two_layer.other", a=a)', None)],
}


@pytest.mark.parametrize("cells", RAN.values(), ids=RAN)
def test_what_an_answer_that_failed_rests_on_is_handed_in(hand, cells):
    for cell, error in cells:
        hand(cell, error)
    assert hand('check("two_layer.q", model, b=b)') == [("two_layer.q", MODEL, {}, True)]


@pytest.mark.parametrize("cells", NOT_TRIED.values(), ids=NOT_TRIED)
def test_what_an_empty_answer_would_rest_on_is_not(hand, cells):
    for cell, error in cells:
        hand(cell, error)
    assert hand('check("two_layer.q", model, b=b)') == []


@pytest.mark.parametrize(("hand", "looked_at"), [(GradedStudent, 0), (HomeStudent, 1)], indirect=["hand"])
def test_what_was_handed_in_whole_stays_so_and_at_home_is_looked_at_anew(hand, looked_at):
    assert len(hand('check("two_layer.before", a=a, b=b)')) == looked_at

"""What a report says, said again in another language: right, or left as it is; never a third thing, whatever a student wrote."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.common.i18n import speaking
from autograder.common.showing.retranslate import LONGEST, Form, SaidAgain, _catalogue
from tests.course.checks.test_messages import SAID, outcome

INTO = {"ko": SaidAgain("en", "ko"), "en": SaidAgain("ko", "en")}


def test_nearly_every_hint_is_said_in_korean_and_nothing_is_said_wrong():
    hints, left = set(), set()
    for check, given_, _said in SAID:
        said = {}
        for language in INTO:
            with speaking(language):
                said[language] = outcome(check, **given_)
        for source, target in (("en", "ko"), ("ko", "en")):
            for name in ("title", "expected", "actual", "hint"):
                one, other = getattr(said[source], name), getattr(said[target], name)
                again = INTO[target](one)
                meant = {one, other, INTO[target].exact.get(one), other.replace(" and ", ", ")}  # a list is a list
                assert again in meant, (one, again, other)
                if name == "hint" and target == "ko":
                    (left if again != other else hints).add(one)
    assert len(left) <= len(hints) / 20, (
        left
    )  # lists in words, and layers with their numbers, are made of several forms


def test_every_sentence_of_the_catalogue_is_known_by_its_form():
    sentences = {}
    for english, korean in _catalogue("ko"):
        try:
            form, said = Form.of(english[-1]), Form.of(korean[-1])
        except ValueError:  # no format string
            continue
        values = {name: f"v{place}x" for place, name in enumerate(form.names)}
        if form.fixed[-1].endswith(".") and len("".join(form.fixed)) > 20 and "\n" not in english[-1]:
            sentences.setdefault(form.said(values), set()).add(said.said(values))
    assert len(sentences) > 300
    assert not [text for text, meant in sentences.items() if INTO["ko"](text) not in meant]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ""), ("accuracy", "accuracy"), ("I wrote this. It is `mine`.", "I wrote this. It is `mine`."),
        ("This question was not answered. I wrote that.", "This question was not answered. I wrote that."),
        ("This question was not answered. This question was not answered.", "이 문제는 답하지 않았습니다. 이 문제는 답하지 않았습니다."),
    ],
)  # fmt: skip
def test_what_is_not_known_in_any_part_stays_as_it_is(text, said):
    assert INTO["ko"](text) == said


def test_a_course_says_its_own_words():
    again = SaidAgain("en", "ko", {"Look at the axis.": "축을 보세요."})
    assert again("Look at the axis.") == "축을 보세요."


@settings(deadline=None)
@given(st.text(st.sampled_from("a {}.`'0\n“”"), max_size=60), st.sampled_from(list(INTO["ko"].forms)))
def test_no_text_breaks_it(text, pair):
    form, _said = pair
    for one in (text, form.said(dict.fromkeys(form.names, text)), text * 1000):
        assert isinstance(INTO["ko"](one), str)
    assert INTO["ko"]("x" * (LONGEST + 1)) == "x" * (LONGEST + 1)


def test_forms_know_what_stands_in_them():
    form = Form.of("{a} of {b}, and {a} again.")
    assert form.values("1 of 2, and 1 again.") == {"a": "1", "b": "2"}
    assert form.values("1 of 2, and 3 again.") is None
    assert form.values(" of 2, and  again.") is None
    with pytest.raises(ValueError, match=r"brace|expected|Single"):
        Form.of("{")

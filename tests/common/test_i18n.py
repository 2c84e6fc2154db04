"""Two languages: complete catalogues, the language of the task at hand, and the same marks in both."""

import copy
import re
import threading

import pytest

from autograder.common import i18n
from autograder.common.i18n import LANGUAGES, N_, VARIABLE, _, language, ngettext, speak, speaking
from autograder.common.results import Status
from autograder.course.checks.base import Facts
from autograder.course.checks.registry import decide, parse
from tests.hand_built import NoLab, scalar
from tools import messages
from tools.lint_korean import PARTICLE

TRANSLATIONS = LANGUAGES[1:]
PLACEHOLDER = re.compile(r"\{(\w*)(?:![rsa])?(?::[^}]*)?\}")


def entries(name):
    return [(ids, messages.forms(m)) for m in messages.current(name) if m.id for ids in [m.id if isinstance(m.id, tuple) else (m.id,)]]  # fmt: skip


# ---- the catalogues


def test_no_name_of_a_setting_is_the_subject_of_a_sentence():
    """`its filters is 4`: names may be plural. Those of a drawing aren't: title, xlabel, ylabel, xscale, yscale."""
    said = {one for name in TRANSLATIONS for ids, _strings in entries(name) for one in ids}
    found = {
        one
        for one in said
        if re.search(r"\b(?:its|the|this|that) \{(?:key|setting|field)\} (?:is|was|has|should)\b", one)
    }
    assert found == {"its {key} is empty", "its {key} is {found!r}, and should be {wanted}"}


@pytest.mark.parametrize("name", TRANSLATIONS)
def test_every_entry_is_translated(name):
    missing = [ids[0] for ids, strings in entries(name) if not all(strings)]
    fuzzy = [message.id for message in messages.current(name) if message.id and message.fuzzy]
    assert not missing and not fuzzy


@pytest.mark.parametrize("name", TRANSLATIONS)
def test_translations_fill_in_the_same_values(name):
    for ids, strings in entries(name):
        for string in strings:
            assert set(PLACEHOLDER.findall(string)) == set(PLACEHOLDER.findall(ids[-1])), ids


@pytest.mark.parametrize("name", TRANSLATIONS)
def test_code_is_not_translated(name):
    command = re.compile(r"\bapt-get [a-z_-]+|--[a-z-]+|\w+\([^)]*=[^)]*\)")
    for ids, strings in entries(name):
        marked = [span for span in ids[0].split("`")[1::2] if "{" not in span]
        for code in [*marked, *command.findall(ids[0])]:
            assert all(code in string for string in strings), ids


def test_korean_does_not_guess_the_ending_of_what_is_filled_in():
    """A particle's form depends on the sound before it, so none may follow a value, and none is written both ways."""
    said = [string for _ids, strings in entries("ko") for string in strings]
    assert not [string for string in said if PARTICLE.search(string)]
    guesses = [
        "{name}이(가) 없습니다",
        "{name}을 여세요",
        "{stub}라고 나갑니다",
        "{wanted}이어야 합니다",
        "`{name}`이나 다른 것",
    ]
    assert all(map(PARTICLE.search, guesses))
    assert not any(
        map(PARTICLE.search, ["{name} 파일을 여세요", "{wanted}개여야 합니다", "`false`라고 쓰세요", "{type}인데"])
    )


NOT_COUNTED = {"is", "was", "has", "as", "does", "gives", "takes", "lacks", "holds", "asks", "belongs", "beside", "brings", "exists", "acts", "lies",
               "looks", "needs", "says", "stands", "this", "its", "others", "inputs", "marks", "pass", "probabilities", "settings",
               "tables"}  # fmt: skip
_BEHIND_A_VALUE = re.compile(r"\{\w+[^{}]*\} (?:[a-z]+ )?([a-z]+s)\b")


def test_whatever_is_counted_is_known_in_its_singular():
    behind = {
        (noun, ids[0]) for ids, _strings in entries("ko") if len(ids) == 1 for noun in _BEHIND_A_VALUE.findall(ids[-1])
    }
    unknown = [(noun, text) for noun, text in behind if noun not in NOT_COUNTED | set(i18n._ONE)]
    assert len(behind) > 100 and not unknown


def test_where_there_is_one_every_sentence_counts_one():
    plural = re.compile(rf"\b1 (?:[a-z]+ )?(?:{'|'.join(i18n._ONE)})\b")
    sentences = [ids[0] for ids, _strings in entries("ko") if len(ids) == 1 and i18n.counted(ids[0])]
    assert len(sentences) > 50
    for sentence in sentences:
        values = dict.fromkeys(re.findall(r"\{(\w+)", sentence), 1)
        assert not plural.search(_(sentence, **values)), sentence
        several = _(sentence, **dict.fromkeys(values, 2))
        assert several == sentence.format(**dict.fromkeys(values, 2))


@pytest.mark.parametrize(
    ("sentence", "values", "said"),
    [
        ("it has {found} units", {"found": 1}, "it has 1 unit"), ("it has {found} units", {"found": 11}, "it has 11 units"),
        ("{points} of {out_of} points", {"points": "0.5", "out_of": "1"}, "0.5 of 1 point"),
        ("{hidden} more points are decided", {"hidden": "1"}, "1 more point is decided"),
        ("it takes {wanted} axes, {n:,} classes", {"wanted": 1, "n": 1}, "it takes 1 axis, 1 class"),
        ("{number} is wrong", {"number": 1}, "1 is wrong"), ("There are {n:,} images", {"n": 1}, "There is 1 image"),
         ("{a} {b} layers", {"a": "{b} files", "b": 1}, "{b} files 1 layer"),
    ],
)  # fmt: skip
def test_one_of_a_thing_is_said_of_one(sentence, values, said):
    assert _(sentence, **values) == said


def test_a_changed_sentence_is_to_be_looked_at_again(monkeypatch):
    catalogue = copy.deepcopy(messages.template())
    sentence = "The activation name `{name}` is not known."
    catalogue.delete(sentence)
    catalogue.add("The activation name `{name}` is not known here.")
    monkeypatch.setattr(messages, "template", lambda: catalogue)
    fresh = messages.updated("ko")
    assert sentence not in fresh and fresh["The activation name `{name}` is not known here."].fuzzy


# ---- which language


def test_the_environment_speaks_where_nobody_chose(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert language() == "en"
    for value, expected in (
        ("ko", "ko"),
        ("ko_KR.UTF-8", "ko"),
        ("KO", "ko"),
        ("fr_FR.UTF-8", "fr-FR"),
        ("pt-br", "pt-BR"),
        ("C.UTF-8", "en"),
        ("nonsense", "en"),
        ("", "en"),
    ):
        monkeypatch.setenv(VARIABLE, value)
        assert language() == expected, value
    monkeypatch.setenv(VARIABLE, "ko")
    with speaking("en"):
        assert language() == "en"
        with speaking(""):  # nobody chose: as before
            assert language() == "en"
    assert language() == "ko"


def test_each_task_speaks_its_own_language():
    said, ready = {}, threading.Barrier(2)

    def task(name):
        speak(name)
        ready.wait(120)
        said[name] = _("no layers")
        ready.wait(120)
        with speaking("en"):
            said[name + " en"] = _("no layers")

    tasks = [threading.Thread(target=task, args=[name]) for name in LANGUAGES]
    for one in tasks:
        one.start()
    for one in tasks:
        one.join(300)
    assert said == {"en": "no layers", "ko": "층 없음", "en en": "no layers", "ko en": "no layers"}
    assert _("no layers") == "no layers"


def test_values_are_filled_in_after_the_translation_and_only_then():
    with speaking("ko"):
        assert _("Layer names: {names}", names="{braces}") == "층 이름: {braces}"
        assert _("a sentence of a package of your own: {}") == "a sentence of a package of your own: {}"
        assert _("") == ""
    assert ngettext("{number} sheet", "{number} sheets", 2) == "2 sheets"
    assert N_("a value") == "a value"


# ---- the same decisions


def test_a_question_is_decided_alike_in_both_languages():
    checks = [
        parse({"type": "value", "of": "n", "equals": 7, "kind": "integer", "points": 1}),
        parse({"type": "keys", "of": "missing", "keys": ["a"], "points": 1, "needs": ["value"]}),
    ]
    facts = Facts({"n": scalar("seven")}, NoLab())
    english, korean = (decide(checks, facts, name) for name in ("en", "ko"))
    assert [(o.check, o.status, o.points) for o in english] == [(o.check, o.status, o.points) for o in korean]
    assert english[0].title == "`n` is 7" and korean[0].title == "`n`의 값: 7"
    assert english[0].expected == "a whole number" and korean[0].expected == "정수"
    assert korean[1].status is Status.SKIPPED and korean[1].actual.endswith("먼저 통과해야 하는 항목: '`n`의 값: 7'")

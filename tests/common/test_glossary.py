"""One Korean word for one thing: docs/glossary.md, wherever students and instructors read Korean."""

import re

from tools.lint_korean import SUBJECT, avoided, misspelled, mixed_up, notebooks, rows, terms, texts, wrong_korean


def introduced(english, korean, books):
    """Whether the first notebook with the Korean term has the English one beside it; None when no notebook has it."""
    beside = re.compile(rf"{korean}[*`]*\([*`]*{english}\b")
    return next((bool(beside.search(text)) for text in books.values() if korean in text), None)


def test_no_text_says_a_word_that_the_glossary_avoids_nor_guesses_an_ending():
    assert list(wrong_korean()) == []


def test_a_term_of_the_subject_has_its_english_word_where_it_is_introduced():
    found = {korean: introduced(english, korean, notebooks()) for english, korean, _avoid in rows(SUBJECT)}
    assert {korean for korean, beside in found.items() if beside is False} == set()
    assert sum(found.values()) > 20  # and most of them do occur


def test_a_word_to_avoid_is_found_and_a_preferred_one_is_not():
    assert len(terms()) > 40 and sum(map(len, texts().values())) > 1500
    assert avoided(["지표를 기록합니다"]) and avoided(["미니배치 크기 32"]) and avoided(["이 과목의 학급"])
    assert not avoided(["측정 지표를 기록합니다", "배치 크기 32", "미니배치 하나", "이 강의의 수강생"])
    assert introduced("bias", "절편", {"a": "가중치", "b": "**절편**(bias)"})
    assert introduced("bias", "절편", {"a": "절편", "b": "절편(bias)"}) is False


def test_a_spelling_that_differs_from_the_rest_is_found():
    assert (
        misspelled(["가운데 80 %입니다", "{number} %입니다", "{path}, 1번째 줄"])
        and len(misspelled(["80 %", "1번째"])) == 2
    )
    assert not misspelled(["80%입니다", "{share:.0%}입니다", "첫 번째 줄", "{line}번째 줄", "11번째 줄"])


def test_the_grader_and_the_judge_are_not_mixed_up():
    assert [*mixed_up("the grader is busy", "판정 프로세스가 바쁩니다")] and [
        *mixed_up("the judge is busy", "채점 프로그램이 바쁩니다")
    ]
    assert not [
        *mixed_up("The grader is busy", "채점 프로그램이 바쁩니다"),
        *mixed_up("the judge is busy", "판정 프로세스가 바쁩니다"),
    ]


def test_no_title_asks_whether():
    titles = [text for name in ("catalogue", "course.yml") for text in texts()[name]]
    assert not [title for title in titles if title.rstrip(".").endswith("는지")]

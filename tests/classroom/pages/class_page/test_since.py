"""What changed since somebody last looked: nothing that is new is lost by looking twice, by a page of a part, or by a damaged file."""

import json

from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from autograder.classroom.folder import Folder
from autograder.classroom.pages.class_page import chart_specs
from autograder.classroom.pages.class_page.page import Material, class_page
from autograder.classroom.pages.class_page.since import Change, Looks, Seen, Since, compare, keep, read, shown
from tests.classroom import synthetic

seen = st.builds(Seen, submission=st.sampled_from("ab"), points=st.sampled_from((1.0, 2.0)), waiting=st.booleans())
students = st.dictionaries(st.sampled_from(("ann", "bob", "kim")), seen)
states = st.lists(st.dictionaries(st.sampled_from(("one", "two")), students), max_size=6)


@given(states)
def test_every_page_tells_what_is_different_from_the_last_that_showed_something_else(pages):
    looks, history = Looks(), dict[str, list]()
    for number, page in enumerate(pages):
        since, looks = compare(looks, page, f"day {number}")
        expected = set()
        for assignment, now in page.items():
            told = history.setdefault(assignment, [])
            if not told or told[-1] != now:
                told.append(now)
            if len(told) > 1:
                before = told[-2]
                expected |= {(name, assignment) for name in {*before, *now} if before.get(name) != now.get(name)}
        assert {(change.student, change.assignment) for change in since.changes} == expected
        assert bool(since.at) >= bool(expected)
        assert compare(looks, page, "later")[0] == since  # looking twice changes nothing


def test_each_kind_of_change_has_its_name():
    before = {"a": Seen(submission="1", points=1, waiting=False), "b": Seen(submission="1", points=1, waiting=True),
              "c": Seen(submission="1", points=2, waiting=False)}  # fmt: skip
    now = {"a": Seen(submission="2", points=3, waiting=False), "b": Seen(submission="1", points=2, waiting=False),
           "d": Seen(submission="1", points=4, waiting=False)}  # fmt: skip
    _first, looks = compare(Looks(), {"one": before}, "Monday")
    since, _looks = compare(looks, {"one": now}, "Tuesday")
    assert since == Since("Monday", (
        Change("a", "one", 1, 3, "again"), Change("b", "one", 1, 2, "scored"), Change("c", "one", 2, None, "gone"),
        Change("d", "one", None, 4, "new"),
    ))  # fmt: skip


def test_the_page_says_it_in_a_sentence_and_leads_to_the_feedback(course, monkeypatch):
    monkeypatch.setattr(chart_specs, "scripts", lambda: "")
    reports = [synthetic.report(course, name, "deep") for name in ("ann", "bob", "s10", "s9")]
    worth = reports[0].points
    _first, looks = compare(Looks(), shown(reports[:2], {("ann", "deep"): (10.5, True)}), "2027-03-14 23:59 UTC")
    since, _looks = compare(looks, shown(reports, {("bob", "deep"): (worth, False)}), "later")
    pages = {("ann", "deep"): "feedback/ann.html"}
    made = BeautifulSoup(class_page(Material(reports, since=since, pages=pages), course), "html.parser")
    assert made.select_one(".since summary").get_text() == (
        f"New since 2027-03-14 23:59 UTC: 2 new submissions, 1 scored anew, +{worth - 10.5:g} points for earlier submissions."
    )
    rows = [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in made.select("#since-table tbody tr")]
    title = course.assignment("deep").title.in_language("en")
    assert rows == [
        ["ann", title, "the same notebook, scored anew", "10.5", f"{worth:g}", f"+{worth - 10.5:g}"],
        ["s9", title, "a new submission", "–", f"{worth:g}", "–"],
        ["s10", title, "a new submission", "–", f"{worth:g}", "–"],
    ]
    assert made.select_one("#since-table a")["href"] == "feedback/ann.html"
    assert not BeautifulSoup(class_page(Material(reports), course), "html.parser").select(".since")


def test_what_was_looked_at_is_kept_and_a_damaged_file_is_as_none(tmp_path):
    folder = Folder(tmp_path)
    looks = compare(Looks(), {"one": {"ann": Seen(submission="1", points=1, waiting=False)}}, "Monday")[1]
    keep(folder, looks)
    assert read(folder) == looks and json.loads(folder.looks.read_text("utf-8"))
    for damaged in (b"", b"{", b'{"last": 3}', b"\xff"):
        folder.looks.write_bytes(damaged)
        assert read(folder) == Looks()

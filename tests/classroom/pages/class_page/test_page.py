"""The instructor's page as it is written, without a browser: any class's figures agree with its reports, and no question is forgotten."""

import json
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.classroom.folder import Folder, Place
from autograder.classroom.pages.class_page import chart_specs
from autograder.classroom.pages.class_page.costliest_causes import causes, losses_of, made_by, teach_next
from autograder.classroom.pages.class_page.hints_needed import hints_of
from autograder.classroom.pages.class_page.page import Material, Standing, class_page
from autograder.classroom.pages.class_page.similar import Group
from autograder.classroom.pages.class_page.waiting import split
from autograder.classroom.pages.student_page.page import feedback_page
from autograder.common.hints.pressed_hints import KEY
from autograder.common.i18n import _, speaking
from autograder.common.results import Status
from autograder.course.course import load
from tests.classroom import synthetic
from tests.conftest import ROOT

ASSIGNMENTS = ("two_layer", "deep", "optimizers")


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Without the scripts that draw charts, which take seconds and say nothing here."""
    monkeypatch.setattr(chart_specs, "scripts", lambda: "")


def page(course, reports, speak="en", **known):
    return BeautifulSoup(class_page(Material(reports, **known), course, speak), "html.parser")


def lost(reports):
    outcomes = [o for r in reports for q in r.questions for o in q.outcomes if o.status is not Status.UNDECIDED]
    return round(sum(o.out_of - o.points for o in outcomes), 6)


COURSE = load(ROOT / "course.yml")
any_class = st.builds(
    lambda seed, students, assignments: synthetic.classroom(COURSE, students, tuple(assignments), seed),
    st.integers(0, 10_000), st.integers(1, 14), st.lists(st.sampled_from(ASSIGNMENTS), min_size=1, unique=True),
)  # fmt: skip
few = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


@few
@given(reports=any_class)
def test_causes_and_checks_of_any_class_add_up_to_what_its_reports_lost(course, reports):
    found = losses_of(reports, course)
    assert round(sum(cause.points for cause in causes(found)), 6) == lost(reports)
    assert sum(one.points for own in made_by(found).values() for one in own) <= lost(reports) + 1e-6
    costs = [cause.points for cause in causes(found)]
    assert costs == sorted(costs, reverse=True)


@few
@given(reports=any_class)
def test_every_question_of_everybody_is_on_the_map_with_its_points(course, reports):
    if not reports:
        return
    pages = {(r.student, r.assignment): f"feedback/{r.student}/{r.assignment}/{r.assignment}.html" for r in reports}
    made = page(course, reports, pages=pages)
    table = made.find(id="map-table")
    heads = [(th["data-assignment"], th["data-question"]) for th in table.select("th.question")]
    known = {(r.student, r.assignment, q.question): q for r in reports for q in r.questions}
    seen = set()
    for row in table.tbody.find_all("tr"):
        student = row.th.get_text()
        for (assignment, key), cell in zip(heads, row.find_all("td")[1:], strict=True):
            result = known.get((student, assignment, key))
            if result is None:
                assert cell.get_text() == "–" and not cell.a
                continue
            seen.add((student, assignment, key))
            assert cell.a["href"] == f"{pages[student, assignment]}#question-{key}"
            assert cell.a["aria-label"] == f"{result.points:g} / {result.out_of:g}"
            open_ = result.status is not Status.PASSED
            assert (cell.get_text() == "✓") != open_
    assert seen == set(known)


def test_the_link_of_every_field_leads_to_its_question(course, tmp_path):
    """Followed to the end: the page is there, and so is the place in it."""
    reports = synthetic.classroom(course, 3, ("two_layer", "deep"), 2)
    pages = {}
    for one in reports:
        path = tmp_path / "with space" / one.student / f"{one.assignment}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(feedback_page(one, course), "utf-8")
        pages[one.student, one.assignment] = f"with%20space/{one.student}/{one.assignment}.html"
    links = page(course, reports, pages=pages).select("#map-table td a")
    assert len(links) == sum(len(one.questions) for one in reports)
    anchors = {}
    for link in links:
        address = urlsplit(link["href"])
        path = tmp_path / unquote(address.path)
        if path not in anchors:
            anchors[path] = {one["id"] for one in BeautifulSoup(path.read_text("utf-8"), "html.parser").select("[id]")}
        assert address.fragment in anchors[path]


def test_one_mistake_in_two_languages_is_one_cause_in_the_language_of_the_page(course):
    hint, reports = {}, []
    for language in ("en", "ko"):
        with speaking(language):
            hint[language] = _("compile() takes no `{name}`; did you mean `{guess}`?", name="metric", guess="metrics")
        own = synthetic.report(
            course, f"speaks-{language}", "two_layer", failing={"compile.metrics"}, language=language
        )
        questions = tuple(
            q.model_copy(update={"outcomes": tuple(o.model_copy(update={"hint": hint[language]}) if o.hint else o for o in q.outcomes)})
            for q in own.questions
        )  # fmt: skip
        reports.append(own.model_copy(update={"questions": questions}))
    for language in ("en", "ko"):
        made = page(course, reports, language)
        (row,) = made.select("#causes ~ .scroll tbody tr")
        assert row.summary.get_text() == hint[language].replace("`", "")
        assert row.details.p.get_text().split(", ") == ["speaks-en", "speaks-ko"]
        (slip,) = made.select("#checks-table tbody tr summary")
        assert slip.get_text() == f"2× {hint[language]}".replace("`", "")


@few
@given(reports=any_class)
def test_wherever_a_student_is_named_for_something_the_name_leads_to_it(course, reports):
    if not reports:
        return
    pages = {(r.student, r.assignment): f"pages/{r.student}/{r.assignment}.html" for r in reports}
    places = list(pages)
    made = page(
        course, reports, pages=pages, seconds=dict.fromkeys(places, 3.0), differences=dict.fromkeys(places, (2.0, 1.0)),
        similar={a: [Group((s, s), True, 1, 1.0, ())] for s, a in places},
    )  # fmt: skip
    names = {r.student for r in reports}
    for table in made.select("main table"):
        if table.get("id") not in ("map-table", "students-table"):  # a row for each student, with links in its fields
            free = [
                text
                for text in table.find_all(string=lambda text: text.strip(" ,") in names)
                if text.parent.name != "a"
            ]
            assert not free, table
    anchors = {f"{pages[r.student, r.assignment]}#question-{q.question}" for r in reports for q in r.questions}
    for link in made.select("#checks ~ .scroll details a, #causes ~ .scroll details a"):
        assert link["href"] in anchors and link["href"].startswith(f"pages/{link.get_text()}/")
    texts = {address.replace("#question-", "#text-") for address in anchors}
    assert all(link["href"] in texts for link in made.select("#causes ~ .scroll tbody th a"))


def test_formgrader_is_told_by_student_and_assignment_and_only_the_webs_addresses(course):
    reports = synthetic.classroom(course, 2, ("deep",), 3)
    links = {
        (reports[0].student, "deep"): "http://localhost:8888/formgrader/submissions/7/",
        (reports[1].student, "deep"): "javascript:x",
    }
    document = json.loads(page(course, reports, links=links).find(id="formgrader").string)
    assert document == {
        reports[0].student: {"deep": "http://localhost:8888/formgrader/submissions/7/"}, reports[1].student: {},
    }  # fmt: skip


def test_missing_work_is_said_and_counts_as_nothing_earned(course):
    reports = [
        synthetic.report(course, "one-of-two", "deep"), synthetic.report(course, "both", "deep"), synthetic.report(course, "both", "two_layer"),
    ]  # fmt: skip
    made = page(course, reports)
    rows = {row.th.get_text(): row for row in made.find(id="students-table").tbody.find_all("tr")}
    assert "50%" in rows["one-of-two"].find_all("td")[-1].get_text() and "1 missing" in rows["one-of-two"].get_text()
    assert rows["both"].find_all("td")[-1].get_text() == "100%"
    tiles = [" ".join(tile.get_text().split()) for tile in made.select(".tiles li")]
    assert tiles[1:4] == [
        "3 / 4 handed in of all that was assigned", "75.0% mean of all that was assigned", "1 student with full marks",
    ]  # fmt: skip


def test_the_sentence_names_what_cost_most_and_what_follows_from_it(course):
    failing = {"scale.range", "scale.pixels", "train.trained_on", "accuracy.accuracy", "accuracy.unseen_images"}
    reports = [
        synthetic.report(course, f"s{number}", "two_layer", failing=failing if number < 4 else ())
        for number in range(10)
    ]
    said = " ".join(page(course, reports).find(class_="next").get_text().split())
    assert said == (
        "Teach “Scale and reshape the images” next: 40% of those who handed in “A two-layer network” lost points by this: "
        "A hint on range: look again. 2 later questions follow from it: 20 points in all, more than any other mistake."
    )


def test_a_class_without_a_mistake_is_told_so(course):
    made = page(course, [synthetic.report(course, "alice", "deep")])
    assert "nothing to teach again" in made.find(class_="next").get_text()
    assert teach_next([], {}) == ["Nobody lost points by a mistake: there is nothing to teach again."]


def test_what_waits_is_grouped_by_question_ten_in_sight_in_natural_order(course):
    reports = [
        synthetic.report(course, f"s{number}", "deep", undecided={"network.layers", "count.total"})
        for number in range(1, 13)
    ]
    scored = {("s3", "deep"): {"network": 4.0}}
    standings = {("s12", "deep"): Standing(20.0)}
    section = page(course, reports, scored=scored, standings=standings).find(id="waiting").parent
    names = [line.b.get_text() for line in section.select("ul.waits > li")]
    network = [f"s{number}" for number in (1, 2, *range(4, 12))]
    assert names == network + [f"s{number}" for number in range(1, 12)]
    assert " ".join(section.select_one("ul.waits > li").get_text().split()).startswith("s1: Layers")
    in_sight = [line for line in section.select("ul.waits > li") if not line.find_parent("details")]
    assert len(in_sight) == 10
    assert section.details.summary.get_text() == "11 more"


@given(st.lists(st.integers(0, 25), max_size=8), st.integers(0, 12))
def test_folding_loses_nobody(sizes, most):
    groups = [{"title": number, "rows": list(range(size))} for number, size in enumerate(sizes)]
    first, others = split(groups, most)
    assert sum(len(group["rows"]) for group in first) == min(most, sum(sizes))
    every = [(group["title"], row) for part in (first, others) for group in part for row in group["rows"]]
    assert sorted(every) == [(number, row) for number, size in enumerate(sizes) for row in range(size)]


def notebook_with_hints(*entries):
    outputs = [{"output_type": "display_data", "data": {}, "metadata": {KEY: entry}} for entry in entries]
    return json.dumps({"cells": [{"cell_type": "code", "source": "", "outputs": outputs}]})


def test_pressed_hints_are_counted_by_question_and_a_hostile_notebook_stops_nobody(course, tmp_path):
    texts = {
        "alice": notebook_with_hints(
            {"question": "deep.network", "number": 3}, {"question": "two_layer.scale", "number": 1}
        ),
        "bob": notebook_with_hints(
            {"question": "deep.network", "number": 1}, {"question": "deep.nothing", "number": 2}
        ),
        "deep": "[" * 200_000,
        "list": '{"cells": 3}',
        "odd": notebook_with_hints({"question": "deep.network", "number": "<b>"}, 7),
    }
    reports = [synthetic.report(course, student, "deep") for student in (*texts, "nobody")]
    folder = Folder(tmp_path)
    for student, text in texts.items():
        path = folder.submission(Place(student, "deep"))
        path.parent.mkdir(parents=True)
        path.write_text(text, "utf-8")
    found = hints_of(folder, reports, 20)
    assert found == {("alice", "deep"): {"network": 3}, ("bob", "deep"): {"network": 1, "nothing": 2}}
    rows = page(course, reports, hints=found).select("#hints-table tbody tr")
    assert [[cell.get_text() for cell in row.find_all("td")] for row in rows] == [
        ["A deep network", "2 (33%)", "1", "1"]
    ]
    assert rows[0].th.get_text() == "Four layers with names"


def test_every_chart_is_a_valid_specification(course):
    """Made without validating, for the time that takes: here is where a wrong one shows."""
    import altair

    made = page(course, synthetic.classroom(course, 12, ("two_layer", "deep"), 5))
    specs = json.loads(made.find(id="specs").string)
    assert len(specs) == 4  # scores of each assignment, facility, accuracies
    for spec in specs.values():
        altair.Chart.from_dict({key: value for key, value in spec.items() if key != "config"}, validate=True)

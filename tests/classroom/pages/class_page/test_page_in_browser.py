"""The instructor's page in a real browser: sorting, filtering, charts, keyboard, colours, paper, and hostile names."""

import json

import pytest

from autograder.classroom.pages.class_page.page import Material, Standing, class_page
from autograder.classroom.pages.class_page.similar import Group
from tests.classroom import synthetic
from tests.classroom.synthetic import HOSTILE


def column(page, table, number, visible=True):
    rows = page.locator(f"#{table} tbody tr")
    return [row.locator("th, td").nth(number).inner_text() for row in rows.all() if not visible or row.is_visible()]


def drawn(page):
    """Wait for all charts."""
    page.wait_for_function("[...document.querySelectorAll('.chart')].every(chart => chart.dataset.drawn === 'yes')")
    return page


def test_all_charts_are_drawn_offline_and_say_in_words_what_they_show(show, class_file):
    page = drawn(show(class_file))
    assert page.locator(".chart").count() == 4  # scores of two assignments, facility, accuracy
    figures = page.locator(".charts")
    for figure in figures.all():
        assert figure.get_attribute("role") == "img"
        assert len(figure.get_attribute("aria-label")) > 40
    for chart in page.locator(".chart").all():
        assert chart.locator("svg").bounding_box()["width"] > 200
    means = figures.first.get_attribute("aria-label")
    assert "A deep network:" in means and "Optimizers:" in means


@pytest.mark.parametrize("width", [390, 1280])
def test_labels_and_bars_of_charts_are_in_view_and_large_enough_to_read(show, class_file, width):
    page = drawn(show(class_file, width=width))
    for chart in page.locator(".chart").all():
        room, drawing = chart.bounding_box(), chart.locator("svg").bounding_box()
        assert drawing["width"] <= room["width"] + 1
        scale = chart.locator("svg").evaluate("svg => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width")
        assert scale > 0.85  # labels have 11 px


def test_the_numbers_behind_a_chart_are_a_table(show, class_file):
    page = show(class_file)
    figure = page.locator("figure", has=page.locator("#chart-scores-0"))
    figure.locator("summary").click()
    assert figure.locator("tbody tr").count() == 10
    counts = [int(cell.inner_text()) for cell in figure.locator("tbody td").all()]
    assert sum(counts) == len(column(page, "students-table", 0)) * 2 - page.locator("#students-table td.muted").count()


def test_a_header_sorts_up_and_down_and_says_so(show, class_file):
    page = show(class_file)
    header = page.locator("#students-table th", has_text="total")
    header.locator("button").click()
    assert header.get_attribute("aria-sort") == "descending"
    totals = [float(text) for text in column(page, "students-table", 3)]
    assert totals == sorted(totals, reverse=True) and len(set(totals)) > 10
    header.locator("button").click()
    assert header.get_attribute("aria-sort") == "ascending"
    assert [float(text) for text in column(page, "students-table", 3)] == sorted(totals)
    assert page.locator("#students-table th[aria-sort]").count() == 1


@pytest.mark.parametrize("width", [390, 1280])
def test_the_table_of_a_large_class_is_one_screen_with_its_head_in_sight(show, class_file, width):
    page = show(class_file, width=width)
    for box in page.locator(".scroll:has(> table)").all():
        if box.is_visible():
            assert box.bounding_box()["height"] <= page.viewport_size["height"]
    box = page.locator(".scroll:has(> #map-table)")
    box.evaluate("box => { box.scrollTop = box.scrollHeight; }")
    head, last = box.locator("thead").bounding_box(), box.locator("tbody tr").last.bounding_box()
    top = box.bounding_box()["y"]
    assert abs(head["y"] - top) < 3 and last["y"] >= head["y"] + head["height"]


def filters(page):
    """The students' filters: other parts of the page have labels with the same words in them."""
    return page.locator("form[data-filters=students-table]")


def test_sorting_and_filtering_work_by_keyboard_alone(show, class_file):
    page = show(class_file)
    page.locator("#students-table th button").nth(1).focus()
    page.keyboard.press("Enter")
    assert page.locator("#students-table th").nth(1).get_attribute("aria-sort") == "descending"
    page.keyboard.press("Space")
    assert page.locator("#students-table th").nth(1).get_attribute("aria-sort") == "ascending"
    filters(page).get_by_label("Name").focus()
    page.keyboard.type("Student-07")
    assert column(page, "students-table", 0) == ["student-07"]


def test_filters_narrow_the_rows_and_announce_how_many_are_left(show, class_file):
    page = show(class_file)
    status = filters(page).get_by_role("status")
    assert status.inner_text() == "16 of 16 shown"
    filters(page).get_by_label("Show").select_option("waiting")
    waiting = column(page, "students-table", 0)
    assert status.inner_text() == f"{len(waiting)} of 16 shown"
    listed = set(page.locator("section", has=page.locator("#waiting")).locator(".waits li > a").all_inner_texts())
    assert set(waiting) == listed
    filters(page).get_by_label("Name").fill("nobody")
    assert status.inner_text() == "0 of 16 shown"


def test_checks_are_filtered_by_assignment_and_by_what_to_look_at(show, class_file):
    page = show(class_file)
    form = page.locator("form[data-filters=checks-table]")
    form.locator("select").select_option("Optimizers")
    assert set(column(page, "checks-table", 0)) == {"Optimizers"}
    everything = len(column(page, "checks-table", 0))
    form.get_by_role("checkbox").check()
    titles = column(page, "checks-table", 2)
    assert 0 < len(titles) < everything
    assert all("▲" in title for title in titles)


def test_the_most_common_slips_stand_beside_each_check_with_who_made_them(show, class_file):
    page = show(class_file)
    slip = page.locator("#checks-table details").first
    slip.locator("summary").click()
    count = int(slip.locator("b").inner_text().rstrip("×"))
    assert len(slip.locator("p").inner_text().split(", ")) == count


def test_what_waits_for_a_person_comes_first_with_a_link_to_formgrader(show, class_file):
    page = show(class_file)
    first = page.locator("main section").first
    assert first.locator("h2").inner_text() == "Waiting for a person"
    links = [link.get_attribute("href") for link in first.locator(".waits a").all()]
    assert links and all(link.startswith("http://localhost:8888/formgrader/submissions/") for link in links)
    assert all(link.partition("#")[2] for link in links)  # the question's own place


def test_what_a_person_has_decided_waits_no_longer(show, course, tmp_path):
    report = synthetic.report(course, "alice", "deep", undecided={"network.layers"})
    standings = {("alice", "deep"): Standing(total=21.0, penalty=1.0, waiting=0)}
    path = tmp_path / "class.html"
    path.write_text(class_page(Material([report], standings=standings), course), "utf-8")
    page = show(path)
    assert page.locator("#waiting").count() == 0
    assert "21 / 25" in column(page, "students-table", 1)[0]
    assert "−1 late" in column(page, "students-table", 1)[0]


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light"), (1920, "dark")])
def test_axe_finds_nothing_and_nothing_overflows(show, class_file, amiss, width, scheme):
    page = drawn(show(class_file, width=width, color_scheme=scheme))
    assert amiss(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_charts_take_the_colours_of_the_page(show, class_file):
    ink = "getComputedStyle(document.querySelector('#chart-scores-0 svg text')).fill"
    assert drawn(show(class_file)).evaluate(ink) == "rgb(27, 36, 48)"
    page = drawn(show(class_file, color_scheme="dark"))
    assert page.evaluate(ink) == "rgb(228, 233, 240)"
    page.emulate_media(media="print")
    assert page.evaluate(ink) == "rgb(0, 0, 0)"


def test_on_paper_there_are_no_controls(show, class_file):
    page = show(class_file)
    page.emulate_media(media="print")
    assert not any(form.is_visible() for form in page.locator("form").all())
    assert page.locator("#students-table").is_visible()


def test_every_table_has_a_caption_and_headers_with_a_scope(show, class_file):
    page = show(class_file)
    tables = page.locator("table")
    assert tables.count() == page.locator("table > caption").count()
    assert page.locator("thead th:not([scope^=col]), tbody th:not([scope=row])").count() == 0


def test_a_field_of_the_map_is_reached_by_arrow_keys_and_says_the_ways_on(show, class_file):
    page = show(class_file)
    detail = page.locator("#map-detail")
    assert not detail.is_visible()
    page.locator("#map-table [tabindex='0']").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    row = page.locator("#map-table tbody tr").nth(2)
    question = page.locator("#map-table th.question").nth(2).inner_text().strip()
    assert detail.inner_text().startswith(f"{row.locator('th').inner_text()} · {question}: ")
    there = row.locator("td").nth(3).locator("a").get_attribute("href")
    assert detail.locator("a").first.get_attribute("href") == there
    assert detail.locator("a").last.get_attribute("href").startswith("http://localhost:8888/formgrader/submissions/")
    assert page.evaluate("document.activeElement.parentElement.id") == "map-detail"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.closest('td').cellIndex") == 4


def test_a_click_on_a_field_stays_on_the_page_and_a_questions_name_sorts_the_class(show, class_file):
    page = show(class_file)
    before = page.url
    page.locator("#map-table tbody td a").nth(3).click()
    assert page.url == before and page.locator("#map-detail").is_visible()
    header = page.locator("#map-table th.question").nth(1)
    header.locator("button").click()
    assert header.get_attribute("aria-sort") == "ascending"
    values = [
        float(row.locator("td").nth(2).get_attribute("data-value")) for row in page.locator("#map-table tbody tr").all()
    ]
    assert values == sorted(values) and len(set(values)) > 1


def test_a_page_of_hostile_names_runs_nothing(show, course, tmp_path):
    reports = [
        synthetic.report(course, f"{HOSTILE}{number}", "deep", failing={"network.layers"}, undecided={"count.total"})
        for number in range(3)
    ]
    documents = [report.model_dump(mode="json") for report in reports]
    for document in documents:
        for question in document["questions"]:
            for outcome in question["outcomes"]:
                outcome.update(title=HOSTILE, actual=HOSTILE, hint=HOSTILE if outcome["status"] == "failed" else "")
    reports = [type(reports[0]).from_json(json.dumps(document)) for document in documents]
    places = {(report.student, "deep"): "javascript:document.title='owned'" for report in reports}
    group = Group((HOSTILE, HOSTILE), True, 20, 1.0, (HOSTILE,))
    material = Material(reports, links=places, similar={"deep": [group]}, seconds=dict.fromkeys(places, 3.0))
    path = tmp_path / "hostile.html"
    path.write_text(class_page(material, course), "utf-8")
    page = drawn(show(path))
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    for button in page.locator("button.sort").all():
        button.click()
    for point in page.locator("#chart-accuracies-0 path[d*='A']").all()[:3]:
        point.hover(force=True)
    page.wait_for_timeout(200)
    assert page.title() == "Deep neural networks · The class"
    assert page.locator("[onerror], a[href^='javascript']").count() == 0
    assert page.locator("script").count() == 5  # two of ours, three of data
    assert "<script>document.title='owned'</script>" in page.locator("main").inner_text()


def test_a_class_without_anything_special_is_a_page_too(show, course, tmp_path, amiss):
    path = tmp_path / "one.html"
    path.write_text(class_page(Material([synthetic.report(course, "alice", "deep")]), course, "ko"), "utf-8")
    page = drawn(show(path))
    assert page.locator("html").get_attribute("lang") == "ko"
    assert page.locator("h1").inner_text() == "수강생 현황"
    assert amiss(page) == []

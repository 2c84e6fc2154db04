"""What makes a page safe and self-contained: data, scripts, policy; and what is in the package."""

import base64
import hashlib
import json
import struct
import subprocess
import sys
import zipfile
import zlib

import numpy as np
import pytest

from autograder.classroom.pages import html
from autograder.classroom.pages.class_page import chart_specs
from autograder.classroom.pages.student_page import pictures
from autograder.classroom.pages.student_page.notebook import clean, markdown, output
from autograder.common.showing.exhibits import Curve
from tests.classroom.synthetic import HOSTILE
from tests.conftest import ROOT


def test_names_come_in_the_order_in_which_people_read_them():
    names = ["s10", "kim", "s2", "s2-b", "s1", "2024-10", "2024-9", "", "s" + "9" * 30]
    assert html.in_order(names) == ["", "2024-9", "2024-10", "kim", "s1", "s2", "s2-b", "s10", "s" + "9" * 30]


def test_data_can_not_end_its_element_and_is_the_same_when_read():
    text = str(html.json_data({HOSTILE: [HOSTILE, 1.5, None]}))
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == {HOSTILE: [HOSTILE, 1.5, None]}


def test_numbers_that_json_does_not_know_are_refused():
    with pytest.raises(ValueError, match="JSON"):
        html.json_data(float("nan"))


def test_a_script_can_not_end_its_element_and_its_digest_is_that_of_what_stands_in_the_page():
    script = html.script_text("const text = '</script><!--';\r\nlet b;\r")
    assert "</script" not in script and "<!--" not in script and "\r" not in script
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in html.policy([script])


def test_a_page_without_scripts_allows_none():
    assert "script-src 'none'" in html.policy([])
    assert html.policy([]).startswith("default-src 'none'")


def test_the_package_holds_templates_and_catalogues(tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"autograder/classroom/pages/templates/{path.name}" for path in html.TEMPLATES.iterdir()} <= names
    assert "autograder/common/locale/ko/LC_MESSAGES/autograder.mo" in names


def test_an_image_is_a_png_of_the_same_pixels():
    image = np.arange(784, dtype=np.uint16).reshape(28, 28).astype(np.uint8)
    raw = base64.b64decode(pictures.png(image).removeprefix("data:image/png;base64,"))
    assert raw.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", raw[16:24]) == (28, 28)
    at = raw.index(b"IDAT")
    (size,) = struct.unpack(">I", raw[at - 4 : at])
    rows = np.frombuffer(zlib.decompress(raw[at + 4 : at + 4 + size]), np.uint8).reshape(28, 29)
    assert (rows[:, 1:] == image).all() and not rows[:, 0].any()


def test_a_curve_without_finite_numbers_is_not_drawn():
    lines = pictures.lines_of([Curve(network="m", optimizer="SGD", epochs=2, history={"loss": (None, None)})], "loss")
    assert pictures.curves_svg(lines, "Loss") == ""


@pytest.mark.parametrize("values", [(0.5,), (0.5, 0.5), (1e-9, 2e-9), (1e6, -1e6), (None, 0.3)])
def test_any_finite_curve_is_drawn_inside_its_picture(values):
    svg = pictures.curves_svg({"training": values}, "Loss", threshold=0.4)
    assert "asked for: 0.4" in svg and "nan" not in svg
    heights = [float(part.partition('"')[0]) for part in svg.split('cy="')[1:]]
    assert heights and all(0 <= height <= pictures.HEIGHT for height in heights)


def test_html_of_students_keeps_known_tags_only():
    text = clean('<b onclick="x()">bold</b><style>*{display:none}</style><svg onload=x()><script>y</script></svg>')
    assert "<b>bold</b>" in text
    assert not any(part in text for part in ("onclick", "<style", "<svg", "<script", "onload"))
    assert "javascript" not in clean('<a href="javascript:x()">x</a> <a href=" java\nscript:x()">y</a>')
    assert "src" not in clean('<img src="https://example.org/spy.png">')
    assert "data:image/png" in clean('<img src="data:image/png;base64,AAAA">')
    assert "<script" not in markdown(HOSTILE)


def test_outputs_that_are_no_image_or_too_long_are_left_out_or_cut():
    assert output({"output_type": "display_data", "data": {"image/png": "not base64!"}}) == ""
    long = output({"output_type": "stream", "text": "x" * 50_000})
    assert len(long) < 21_000 and long.endswith("…</pre>")
    coloured = output({"output_type": "error", "traceback": ["\x1b[31mValueError\x1b[0m: <b>"]})
    assert coloured == "<pre>ValueError: &lt;b&gt;</pre>"


def test_the_scripts_are_made_once_for_each_user_and_version(tmp_path, monkeypatch):
    import vl_convert

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(vl_convert, "javascript_bundle", lambda: "made();")
    assert chart_specs.scripts.__wrapped__() == "made();"
    monkeypatch.setattr(vl_convert, "javascript_bundle", lambda: "made anew();")
    assert chart_specs.scripts.__wrapped__() == "made();"
    monkeypatch.setattr(chart_specs, "version", lambda name: "another")
    assert chart_specs.scripts.__wrapped__() == "made anew();"
    (tmp_path / "autograder" / "pages" / "vega-another.js").write_bytes(b"")  # a disk that was full
    assert chart_specs.scripts.__wrapped__() == "made anew();"
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))  # nowhere to keep it
    assert chart_specs.scripts.__wrapped__() == "made anew();"


def test_words_that_stand_upright_lie_on_their_side_in_every_script():
    """Korean letters don't turn with a vertical line by themselves: turned around, each of them stood on its head."""
    rules = [rule for path in html.TEMPLATES.glob("*.css") for rule in path.read_text("utf-8").split("}")]
    upright = [rule for rule in rules if "writing-mode" in rule]
    assert upright and all("text-orientation: sideways" in rule for rule in upright)

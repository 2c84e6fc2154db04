"""HTML pages that stand alone: one file, no network, nothing that runs but our own scripts.

Whatever a page shows may come from students. So templates escape everything (`Markup` is made here and in the drawing modules
only), data for scripts travels as JSON that can't end its element, and a content security policy allows only scripts whose
SHA-256 the page itself was made with.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from autograder.common.digests import sha256
from autograder.common.files import text_of
from autograder.common.i18n import _, language, ngettext
from autograder.common.showing.readable import on_page

TEMPLATES = Path(__file__).parent / "templates"
_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def in_order(names: Iterable[str]) -> list[str]:
    """As a person reads them: s2 before s10. The pages' own sorting does the same."""

    def key(name: str) -> list[tuple[int, str]]:
        parts = re.split(r"([0-9]+)", name)  # every second one is a number
        return [(int(part), "") if place % 2 else (0, part) for place, part in enumerate(parts)]

    return sorted(names, key=key)


def plain(value: float) -> str:
    """A number of points: 2, 1.5, 0.25."""
    return f"{round(value, 2):g}"


def percent(share: float, digits: int = 0) -> str:
    return f"{share:.{digits}%}"


def json_data(value: Any) -> Markup:
    """JSON for a ``<script type="application/json">``: nothing in it can end the element or a line of JavaScript."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup("".join(_UNSAFE.get(character, character) for character in text))


def script_text(source: str) -> str:
    """A script as it stands in the page: it can't end its element, and has the line ends that browsers hash."""
    return source.replace("\r\n", "\n").replace("\r", "\n").replace("</script", "<\\/script").replace("<!--", "<\\!--")


def policy(scripts: Sequence[str]) -> str:
    """The content security policy of a page with these scripts: nothing is loaded, and nothing else runs."""
    digests = [base64.b64encode(bytes.fromhex(sha256(script))).decode() for script in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(_=_, ngettext=ngettext)
    environment.filters.update(plain=plain, percent=percent, json_data=json_data)
    return environment


def asset(name: str) -> str:
    """A style sheet or script of the package."""
    return text_of(TEMPLATES / name)


def page(template: str, *, styles: Sequence[str], scripts: Sequence[str] = (), **values: Any) -> str:
    """`template` rendered with style sheets and scripts put into it, in the language that is spoken."""
    prepared = [script_text(script) for script in scripts]
    style = Markup("\n".join(asset(name) for name in styles))
    own = {"lang": language(), "policy": policy(prepared), "style": style, "scripts": [*map(Markup, prepared)]}
    return on_page(_environment().get_template(template).render(**own, **values))

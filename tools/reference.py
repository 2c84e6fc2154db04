"""Writes docs/reference.md, the reference of course.yml and of the checks, from the code, and the student guides' list of
packages: ``make docs``.

Names, types, defaults and bounds come from the models themselves; what a key means is said here, and a key without a
meaning, or a meaning without a key, is an error.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from autograder.course import course
from autograder.course.checks.answers.functions import ArgumentSpec, Case
from autograder.course.checks.answers.things import Drawing
from autograder.course.checks.base import Check
from autograder.course.checks.manual import Criterion
from autograder.course.checks.networks.layer_specs import LayerSpec
from autograder.course.checks.networks.model_check import ModelCheck
from autograder.course.checks.ranges import Range
from autograder.course.checks.registry import TYPES
from autograder.course.packages import ALWAYS

TARGET = Path(__file__).resolve().parent.parent / "docs" / "reference.md"
GUIDES = sorted(TARGET.parent.glob("student-guide*.md"))
START, END = "<!-- packages: written by `make docs` -->", "<!-- /packages -->"

COURSE: list[tuple[str, type[BaseModel], dict[str, str]]] = [
    ("The file", course.Course, {
        "course": "what the course is called: see below",
        "data": "the data set and its hold-out",
        "networks": "whether it has any: where it says `false`, nothing loads Keras or TensorFlow, which need not be installed",
        "seed": "of everything that is drawn while grading: starting weights, order of the images, unseen inputs",
        "isolation": "how submissions are kept apart; `none` only for submissions that you trust",
        "gradebook": "database of nbgrader's gradebook; a relative SQLite path is meant from the file's folder",
        "limits": "what one submission may use",
        "late": "what handing in late costs",
        "roster": "a CSV of the class, from the file's folder: what `collect` and `export` take without `--roster`, and who is in which section",
        "sandbox_training": "what a training is worth that the judge can't repeat and that ran in the student's kernel: "
        "`undecided` (a person looks), or `accepted` as the kernel reports it (trusted submissions only)",
        "packages": "what students may import beside the course's own needs, as pip writes it (`xgboost>=2`): install it where you "
        "grade (`autograder doctor` looks), and run `make docs` for the student guide; without one, questions that need it are undecided",
        "assignments": "by name: lower-case letters, digits and `_`",
    }),
    ("`course`", course.Heading, {
        "id": "nbgrader's course id: lower-case letters, digits and `-`",
        "title": "for people; `{en: ..., ko: ...}` in the languages of the course, or one text for all",
        "languages": "of the releases, each once, by their codes: `en`, `ko`, `fr`, `pt-BR`; the first counts where nobody chose one. What the grader "
        "itself says is in English where it doesn't speak the language: it speaks `en` and `ko`",
        "github": "where the course is published, as `owner/name`: released notebooks then have a Colab badge, a link to their "
        "folder, and a first cell that gets the package and checks.yml in Colab",
        "branch": "of that repository",
    }),
    ("`data`", course.DataSettings, {
        "name": "of `keras.datasets` (its files come from Keras's cache, or are downloaded) or of `sklearn.datasets`",
        "file": "instead of a name: a `.csv` or `.npz` of the course, released beside each notebook",
        "images": "instead of a name: an `.npz` of the course with images, in arrays `x_train`, `y_train`, `x_test`, `y_test`; released beside each notebook",
        "features": "its columns, or one array, that are features: all others, unless they are named",
        "targets": "its columns, or one array, that are targets: the last column, or the array `targets`",
        "classes": "what the numbers of its targets stand for",
        "test": "how many of its last rows are the test set", "digest": "its SHA-256: another file is refused",
        "prepare": "the course's function that makes what students prepare of a table: `solutions/references.py:prepare`",
        "holdout": "how the hold-out is split off",
    }),
    ("`data.holdout`", course.Holdout, {
        "test_size": "share of the rows for training that is held out, as `train_test_split` takes it",
        "random_state": "its seed",
        "shuffle": "`false`: the rows stay in their order, and the last ones are held out, as of a time series",
        "stratify": "whether each class has the same share of both parts: `stratify=labels`",
    }),
    ("`limits`", course.Limits, {
        "cell_seconds": "time of one cell, without what the machine gave to others",
        "notebook_seconds": "time of the notebook, alike",
        "memory_mb": "memory of all its processes together",
        "processes": "processes and threads",
        "open_files": "open files of a process",
        "file_mb": "size of one file",
        "scratch_mb": "all files together",
        "output_kb": "what the cells print",
        "notebook_mb": "the submitted file",
        "epochs": "that the judge trains a network for; one that asks for more trains as written, and waits for a person",
        "parameters": "of one network",
    }),
    ("`late`", course.LatePolicy, {
        "per_day": "share of the points that a started day costs",
        "grace_minutes": "so much later is not late",
        "at_most": "the largest share that is lost",
        "extensions": "a CSV of other due dates, for students or sections ([Instructor guide](instructor-guide.md)); from the file's folder",
        "slip_days": "how many days a student may be given there as `slip_days`, over the whole course",
    }),
    ("An assignment", course.Assignment, {
        "title": "for people",
        "due": "with its time zone: `2027-03-14T23:59:00+09:00`",
        "data": "what it is on, with the same keys as the course's `data`, where that is another data set",
        "questions": "by name, in the order of the notebook; the name is the `grade_id` of the test cell",
    }),
    ("A question", course.Question, {
        "title": "for people",
        "points": "the sum of its checks' points",
        "hints": "up to three, which `check.hint()` shows one after the other: from where to look to how to begin",
        "checks": "in the order in which they are decided and shown; needed unless `manual`",
        "manual": "whether people grade it: its cell is nbgrader's manually graded answer or task, and it waits for them in formgrader",
        "rubric": "by what they grade it; shown on the class page and in formgrader's comment",
    }),
]  # fmt: skip
COMMON = {
    "type": "one of the types below",
    "id": "unique in the question; by default the type",
    "of": "the name of the value that it looks at",
    "points": "all or nothing",
    "hidden": "students see its title and points, not what it expects; it runs when the notebook is graded",
    "needs": "ids of checks before it without which it is skipped",
    "title": "instead of the one that is made of its keys; needed when it is hidden",
    "hint": "shown when it fails, behind the hint that fits the mistake",
}
ON_NETWORKS = {
    "own": "it fails for a network that the question has under an earlier name too: `b = a` makes no second one"
}
_AIMS = (
    "of a table: the name of the targets that it is trained on, if `prepare` makes them; it is measured in their units"
)
_ANY_MADE = "instead: several of which one counts, each with its own settings: `{type: Adam, learning_rate: 0.01}`"
_ENTRIES = {
    "entries": "when `of` is a dictionary of networks: the keys of those that must all pass",
    "enough": "how many of the `entries` do, where other checks ask for each: what is not there is not looked at",
}
OWN: dict[str, dict[str, str]] = {
    "layers": {
        "layers": "what is asked for; input layers don't count",
        "match": "these and no others, in order; these in order, with others between them; or these in any order among others",
    },
    "layer_names": {"names": "in order", "default": "instead: no layer was given a name"},
    "same_layers": {"layers": "names of handed-in layers, in order"},
    "parameters": {"total": "in all", "trainable": "that training changes", "per_layer": "of each layer that has any, in order"},
    "input_shape": {"shape": "of one sample, without the batch axis"},
    "output_shapes": {"shapes": "of each layer that has weights or changes the shape, batch axis first (`null`)"},
    "weight_shapes": {"shapes": "of `model.weights`, in order"},
    "builds": {},
    "optimizer": {
        "equals": "class name or string, such as `SGD`", "settings": "by argument name; a schedule as `{type: ExponentialDecay, decay_rate: 0.9}`, a range as `{at_least, at_most}`",
        "others": "settings that are not named: anything, or Keras's defaults", "any_of": _ANY_MADE,
    },
    "loss": {"equals": "name, such as `sparse_categorical_crossentropy`", "any_of": "instead: several names of which one counts"},
    "metrics": {"includes": "names that must be among them"},
    "trained_on": {"split": "which images", "part": "some of them are enough, as `validation_split` leaves them", "scaling": "`unit`: 0 to 1; `raw`: 0 to 255; left out: any", "prepared": "of a table: the name of what `prepare` makes, or `raw`", **_ENTRIES},
    "trained_with": {
        "equals": "class name or string", "settings": "by argument name", "others": "settings that are not named: anything, or Keras's defaults", "any_of": _ANY_MADE, **_ENTRIES,
    },
    "epochs": {"equals": "exactly", "at_most": "no more", "at_least": "no fewer", **_ENTRIES},
    "batch_size": {"equals": "exactly", "at_least": "instead: no smaller", "at_most": "instead: no larger", **_ENTRIES}, "fresh": {**_ENTRIES},
    "callbacks": {"includes": "by class and settings: `{type: EarlyStopping, patience: 3}`, or one of several: `{any_of: [{type: ...}, {type: ...}]}`; others may be given, too", **_ENTRIES},
    "learning_rates": {"equals": "each that it had, in order", "falls": "instead: each is lower than the one before", **_ENTRIES},
    "metric": {
        "split": "which rows", "metric": "`loss`, `accuracy`, or one of scikit-learn's by its name, such as `r2_score` or `mean_absolute_error`",
        "at_least": "no smaller", "at_most": "no larger", "targets": _AIMS,
    },
    "accuracy": {"split": "which images", "at_least": "the threshold, 0 to 1", "targets": _AIMS},
    "evaluation": {
        "model": "name of the network", "split": "which images", "metric": "which number: the names of `metric`'s", "tolerance": "absolute",
        "trained": "whether the network must come out of `fit`",
    },
    "evaluations": {
        "models": "name of the dictionary of networks", "split": "which images", "metric": "which number: the names of `metric`'s",
        "tolerance": "absolute", "trained": "whether the networks must come out of `fit`, and not be one under all names",
        "enough": "how many numbers there must be",
    },
    "predictions": {
        "model": "name of the network", "split": "which samples", "tolerance": "share of the samples that may differ",
        "trained": "whether the network must come out of `fit`",
    },
    "value": {
        "equals": "the answer", "any_of": "instead: several answers that count", "at_least": "instead: no smaller", "at_most": "instead: no larger",
        "tolerance": "relative above 1, else absolute", "kind": "what sort of value",
    },
    "text": {"equals": "the answer, or a list of answers that count"},
    "choice": {"equals": "the answer; without it any of `among` counts, as of a prediction", "among": "all answers"},
    "array": {
        "shape": "exactly; `null` for an axis of any length", "kind": "of its numbers", "minimum": "none smaller", "maximum": "none larger",
        "equals": "which part of the data set it holds, row by row", "scaling": "of the pixels",
        "prepared": "of a table: the name of what `prepare` makes, or `raw`",
        "reference": "instead: `solutions/references.py:name`, a function without arguments that gives the array; never released",
        "tolerance": "of its numbers, relative and absolute",
    },
    "table": {
        "columns": "their names", "others": "whether other columns may be there, in any order", "kinds": "by column: what it holds",
        "rows": "how many", "reference": "`solutions/references.py:name`, a function without arguments that gives columns by name; never released",
        "tolerance": "of its numbers, relative and absolute",
    },
    "figure": {"drawings": "what some drawing of the figure must have, for each; hand in what `plt.subplots()`, `plt.plot()` or `plt.gcf()` returns"},
    "object": {
        "equals": "name of its class", "settings": "by argument name; steps of a pipeline by theirs; `{type: Adam, learning_rate: 0.1}` for an object in it",
        "any_of": _ANY_MADE, "fitted": "whether it must have learned from data",
    },
    "score": {
        "metric": "what is measured", "at_least": "of it", "at_most": "of it", "reported": "name of a number that is handed in with it, and must agree", "tolerance": "of that",
        "split": "what is measured on: `holdout` after a fit to the training split, `test` after one to all training rows",
        "data": "`solutions/references.py:name`, which gives other data: four arrays, in the order of `train_test_split`; for a hidden check",
    },
    "keys": {"keys": "that must be there"},
    "manual": {"rubric": "by what people grade it"},
    "winner": {"results": "name of the dictionary of numbers", "enough": "how many numbers there must be"},
    "function": {
        "cases": "calls with given results", "reference": "`solutions/references.py:name`, never released",
        "draws": "how many unseen calls", "args": "how to draw their arguments", "tolerance": "relative and absolute",
        "keeps": "it must leave the arrays that it gets as they are",
    },
}  # fmt: skip
PARTS: list[tuple[str, type[BaseModel], dict[str, str]]] = [
    ("A layer of `layers`", LayerSpec, {
        "type": "class name", "units": "of a Dense layer, or `{at_least, at_most}`, or `{any_of: [...]}`, as every setting", "activation": "name; a layer of its own counts as well",
        "rate": "of a Dropout layer; any other setting of the class can be given by its name in Keras",
        "trainable": "of any layer: `false` for one that is frozen",
        "takes": "the layers that it takes, by their places in the list from 1, in any order; 0: the network's input",
        "times": "so many follow one another (with `match: any_order`: are there in all; by default one or more); `0`: none at all",
    }),
    ("Instead of one value of a setting", Range, {
        "at_least": "no smaller", "at_most": "no larger", "any_of": "one of these",
    }),
    ("A drawing of `figure`", Drawing, {
        "title": "`true` for any, a text, or several texts of which one counts", "xlabel": "likewise", "ylabel": "likewise", "xscale": "of its axis",
        "yscale": "of its axis", "lines": "at least so many", "points": "at least so many in each line", "bars": "at least so many",
        "scatters": "at least so many", "images": "at least so many", "legend": "whether it must be there",
    }),
    ("A line of a rubric", Criterion, {"points": "that it is worth", "says": "what for, `{en: ..., ko: ...}` or one text for all"}),
    ("A case of `function`", Case, {"args": "of the call", "returns": "its result"}),
    ("An argument of `function`", ArgumentSpec, {
        "shape": "an array, of standard normal numbers unless `integer` or `number` says otherwise; an axis is a length, or a "
        "name that has one length (1 to 6) wherever it stands in the call",
        "integer": "whole numbers between two bounds; without `shape` a single one",
        "boolean": "True or False",
        "number": "numbers between two bounds; without `shape` a single one",
    }),
]  # fmt: skip


def table(model: type[BaseModel], meanings: dict[str, str], skip: frozenset[str] = frozenset()) -> list[str]:
    """A Markdown table of a model's keys. Raises ValueError unless every key has a meaning, and every meaning a key."""
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    fields = {name: field for name, field in fields.items() if name not in skip and name != "root"}
    if fields.keys() != meanings.keys():
        raise ValueError(
            f"{model.__name__}: tools/reference.py and the code differ in {fields.keys() ^ meanings.keys()}"
        )
    if not fields:
        return ["It has no keys of its own."]
    schema = model.model_json_schema(by_alias=True, mode="validation")
    rows = ["| key | value | default | |", "| --- | --- | --- | --- |"]
    for name, field in fields.items():
        default = "needed" if field.is_required() else _plain(field.default)
        value = _kind(schema["properties"][name], schema.get("$defs", {}))
        rows.append(f"| `{name}` | {value} | {default} | {meanings[name]} |")
    return rows


def _plain(value: Any) -> str:
    if isinstance(value, BaseModel):
        return "each key's own"
    if value is None or value in ((), {}, ""):
        return "none"
    return f"`{json.dumps(value, default=str)}`"


def _kind(schema: dict[str, Any], definitions: dict[str, Any]) -> str:
    """A JSON schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return "text" if name == "Localised" else "mapping"
    for several in ("anyOf", "oneOf"):
        if several in schema:
            kinds = [_kind(item, definitions) for item in schema[several] if item.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    kind = {"integer": "whole number", "number": "number", "string": "text", "boolean": "`true` or `false`"}.get(
        schema.get("type", ""), ""
    )
    if schema.get("type") == "array":
        inner = schema.get("items") or (schema.get("prefixItems") or [{}])[0]
        return f"list of {_kind(inner, definitions)}"
    if schema.get("type") == "object":
        return "mapping"
    if schema.get("format") == "date-time":
        return "time"
    bounds = [
        f"{word} {schema[key]:,}"
        for key, word in (("exclusiveMinimum", "above"), ("minimum", "at least"), ("exclusiveMaximum", "below"), ("maximum", "at most"))
        if key in schema
    ]  # fmt: skip
    return f"{kind or 'anything'}{', ' if bounds else ''}{', '.join(bounds)}"


def _said(kind: type[BaseModel]) -> str:
    """The first paragraph of a docstring, or its title in words where it has none."""
    text = inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0]
    return " ".join(text.split()).replace("``", "`")


def text() -> str:
    """The whole document."""
    lines = [
        "# Reference: course.yml and the checks", "",
        "<!-- Generated from the code by `make docs`. Edits here are lost. -->", "",
        "A mistake in the file is reported with file, key, value and what is allowed, and `autograder doctor` looks at it. How the",
        "pieces fit together is in [Writing an assignment](writing-assignments.md).", "",
    ]  # fmt: skip
    for heading, model, meanings in COURSE:
        lines += [f"## {heading}", "", *table(model, meanings), ""]
    lines += ["## Every check", "", *table(Check, COMMON), ""]
    lines += ["## Every check on a network", "", *table(ModelCheck, ON_NETWORKS, frozenset(COMMON)), ""]
    lines += ["## Check types", "", " · ".join(f"[`{name}`](#{name})" for name in OWN), ""]
    own = {name: kind for name, kind in TYPES.items() if kind.__module__.startswith("autograder.course.checks.")}
    if own.keys() != OWN.keys():
        raise ValueError(f"tools/reference.py and the code differ in {own.keys() ^ OWN.keys()}")
    for name, meanings in OWN.items():
        said = _said(own[name])
        keys = table(own[name], meanings, frozenset({**COMMON, **ON_NETWORKS}))
        lines += [f"### {name}", "", *([said, ""] if said else []), *keys, ""]
    lines += ["## Parts of checks", ""]
    for heading, model, meanings in PARTS:
        lines += [f"### {heading}", "", *table(model, meanings), ""]
    return "\n".join(lines).rstrip() + "\n"


def guide(written: str) -> str:
    """A student guide with the list of packages that this course's notebooks may import."""
    packages = (*ALWAYS, *course.load(TARGET.parents[1] / course.FILE).packages)
    listed = ", ".join(f"`{name}`" for name in packages)
    before, start, rest = written.partition(START)
    _old, end, after = rest.partition(END)
    if not end:
        raise ValueError("a student guide has no place for the list of packages")
    return f"{before}{start}\n{listed}\n{end}{after}"


def documents() -> dict[Path, bytes]:
    """The reference and the student guides, as they have to be."""
    guides = {path: guide(path.read_text("utf-8")).encode() for path in GUIDES}
    return {TARGET: text().encode(), **guides}


if __name__ == "__main__":
    for path, content in documents().items():
        path.write_bytes(content)
    print(TARGET.name)

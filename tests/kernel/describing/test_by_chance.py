"""A key that is right by chance is told from one that was looked for, and nobody is suspected where that can't be told."""

import numpy as np
import pytest

from autograder.kernel.describing.by_chance import is_by_chance

RESULTS = {"adam": 0.87, "sgd": 0.85, "sgd_0.1": 0.88}
LOOKED_FOR = [
    "max(results, key=results.get)", "max(results, key=lambda name: results[name])", "sorted(results, key=results.get)[-1]",
    "max(results.items(), key=lambda item: item[1])[0]", "max(zip(results.values(), results.keys()))[1]", "max(results, key=results.__getitem__)",
    "list(results)[np.argmax(list(results.values()))]", "[name for name, value in results.items() if value == max(results.values())][0]",
    "next(name for name in results if results[name] == max(results.values()))", "sorted(results.items(), key=lambda item: -item[1])[0][0]",
    "{value: name for name, value in results.items()}[max(results.values())]", "list(results.keys())[list(results.values()).index(max(results.values()))]",
]  # fmt: skip
NOT_LOOKED_FOR = [
    "max(results)",
    "max(results.keys())",
    "sorted(results)[-1]",
    "list(results)[-1]",
    "[*results][-1]",
    "max(results, key=str)",
    "max(list(results))",
]
SORTED_BEFORE = [
    (False, "list(results)[-1]"), (False, "[*results][-1]"), (False, "next(reversed(results))"), (False, "list(results.items())[-1][0]"),
    (True, "list(results)[0]"), (True, "next(iter(results))"), (True, "list(results.keys())[0]"), (True, "min(results, key=list(results).index)"),
]  # fmt: skip
UNTOLD = [
    "'sgd_0.1'", "max(results, key=score)", "results.popitem()[0]", "Counter(results).most_common(1)[0][0]", "max(other)", "(", "max(results) if True else f'{results}'",
    "max(n for n in results for _ in range(10 ** 9))", "np.random.choice(list(results))", "results.__class__", "().__class__.__base__.__subclasses__()",
]  # fmt: skip


def found(*cells, results=RESULTS, answer="sgd_0.1", **space):
    return is_by_chance("best", answer, results, {"results": results, "np": np, **space}, cells)


@pytest.mark.parametrize("way", LOOKED_FOR)
def test_a_key_that_was_looked_for_is_followed(way):
    assert eval(way, {"results": RESULTS, "np": np}) == "sgd_0.1"
    assert not found(f"best = {way}")


@pytest.mark.parametrize("way", NOT_LOOKED_FOR)
def test_a_key_that_other_numbers_would_not_change_is_by_chance(way):
    assert eval(way, {"results": RESULTS}) == "sgd_0.1"
    assert found("x = 1", f"results = results\nbest = {way}\nprint(best)", "best")
    assert found(f"best: str = {way.replace('results', 'accuracy')}", accuracy=RESULTS)  # by another name of it


@pytest.mark.parametrize(("falling", "way"), SORTED_BEFORE)
def test_a_place_in_a_dictionary_that_was_sorted_by_its_numbers_is_found_by_a_number(falling, way):
    results = dict(sorted(RESULTS.items(), key=lambda item: item[1], reverse=falling))
    assert eval(way, {"results": results}) == "sgd_0.1"
    assert not found(f"best = {way}", results=results)
    assert found("best = max(results)", results=results)


@pytest.mark.parametrize("way", UNTOLD)
def test_nobody_is_suspected_where_it_can_not_be_told(way):
    assert not found(f"best = {way}")


@pytest.mark.parametrize(
    "cell",
    [
        "for name in results: best = max(results)",
        "best, worst = max(results), min(results)",
        "best = max(results)\nbest = 'sgd_0.1'",
        "best += ''",
        "",
    ],
)
def test_nobody_is_suspected_for_another_statement(cell):
    assert not found(cell)


def test_an_answer_that_is_wrong_anyway_needs_no_suspicion():
    assert not found("best = max(results)", answer="nosuch") and not found(
        "best = max(results)", results={"sgd_0.1": 0.9}
    )
    assert RESULTS == {"adam": 0.87, "sgd": 0.85, "sgd_0.1": 0.88}


@pytest.mark.parametrize("number", [10**400, -(10**400), None, object()])
def test_numbers_that_no_float_can_hold_suspect_nobody_and_raise_nothing(number):
    assert not found("best = max(results)", results={**RESULTS, "sgd_0.1": number})

"""Whether layers that are asked for can be found in a graph of layers: in which order, and which of them takes which."""

from __future__ import annotations

from collections.abc import Sequence

from autograder.course.checks.networks.effective_layers import Taken
from autograder.course.checks.networks.layer_specs import counts
from autograder.course.checks.ranges import Range

MOST_STEPS = 20_000  # that are tried: a network has thousands of orders
Fits = Sequence[Sequence[bool]]  # for each layer that is asked for, which of the network's are like it


class TooMany(Exception):
    """There are more ways to look at the layers than anybody tries."""


def placed(fits: Fits, found: Sequence[Taken], asked: Sequence[Taken | None], amounts: Sequence[Range]) -> bool:
    """Whether all layers, each once, are those that are asked for, in an order in which each comes after those that it takes.

    `found`, `asked`: what each layer takes; None where that may be anything. Raises TooMany.
    """
    where: list[int] = [-1] * len(asked)  # of what is asked for, the number of the last layer that was put there
    told = any(takes is not None for takes in asked)
    allowed = [counts(amount, len(found)) for amount in amounts]
    failed: set[tuple[int, int, int, tuple[int, ...]]] = set()
    steps = 0

    def go(number: int, count: int, used: int) -> bool:
        nonlocal steps
        steps += 1
        if steps > MOST_STEPS:
            raise TooMany
        if number == len(asked):
            return used == (1 << len(found)) - 1
        key = (number, count, used, tuple(where[:number]) if told else ())
        if key in failed:
            return False
        if count in allowed[number] and go(number + 1, 0, used):
            return True
        for layer, takes in enumerate(found):
            free = fits[number][layer] and not used >> layer & 1
            if not free or count >= max(allowed[number], default=0):
                continue
            if not all(one < 0 or used >> one & 1 for one in takes) or not _takes(asked[number], takes, where):
                continue
            where[number] = layer
            if go(number, count + 1, used | 1 << layer):
                return True
        failed.add(key)
        return False

    return go(0, 0, 0)


def _takes(asked: Taken | None, found: Taken, where: Sequence[int]) -> bool:
    """In whatever order: what is added can be added the other way round."""
    return asked is None or sorted(where[one] if one >= 0 else one for one in asked) == sorted(found)


def unplaced(fits: Fits, found: Sequence[Taken], amounts: Sequence[Range]) -> list[int]:
    """The first of what is asked for that isn't found behind what was asked for before it, on the way that the data take; or none."""
    behind: list[set[int]] = []  # of each layer, all that the data went through before it
    for takes in found:
        before = {one for one in takes if one >= 0}
        behind.append(before.union(*(behind[one] for one in before)))
    ends: set[int] = {-1}
    for number, amount in enumerate(amounts):
        allowed, reached, following = counts(amount, len(found)), ends, set[int]()
        if allowed == [0] and any(fits[number]):
            return [number]
        for count in range(max(allowed, default=-1) + 1):
            following |= reached if count in allowed else set()
            reached = {
                layer
                for layer, fitting in enumerate(fits[number])
                if fitting and (-1 in reached or reached & behind[layer])
            }
        if not following:
            return [number]
        ends = following
    return []


def alone(fits: Fits) -> tuple[list[int], list[int]]:
    """What is left on both sides where as many as possible of what is asked for get a layer of their own that is like them."""
    of: dict[int, int] = {}  # of a layer, what it was taken for

    def take(number: int, tried: set[int]) -> bool:
        for layer, fitting in enumerate(fits[number]):
            if fitting and layer not in tried:
                tried.add(layer)
                if layer not in of or take(of[layer], tried):
                    of[layer] = number
                    return True
        return False

    left = [number for number in range(len(fits)) if not take(number, set())]
    return left, [layer for layer in range(len(fits[0]) if fits else 0) if layer not in of]

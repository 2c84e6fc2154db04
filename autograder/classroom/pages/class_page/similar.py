"""Notebooks that are nearly the same: facts about their code, for a person to judge.

Answer cells are compared as Python tokens, without comments, layout and the way strings are quoted; what equals the release is
left out. Passages of `PASSAGE` tokens that many of the class have in common come from the lecture and the task, and are left out
too; two notebooks are near when they share most of the other, rare passages. Source: Schleimer, Wilkerson & Aiken (2003),
Winnowing: Local Algorithms for Document Fingerprinting (common passages are dropped as in its section 5).
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from autograder.common.digests import sha256

PASSAGE = 12  # tokens
READ = 60_000  # characters of a notebook's answers that are compared: 20 times those of a solution
COMMON = 0.1  # share of the class that makes a passage common; three notebooks at least
NEAR = 0.8  # of the rare passages of the smaller notebook
FEWEST = 10  # rare passages that must be shared
_SKIPPED = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENCODING, tokenize.ENDMARKER, tokenize.INDENT, tokenize.DEDENT,
}  # fmt: skip
Sources = Mapping[str, str]  # answer cells by name


@dataclass(frozen=True)
class Group:
    """Students with nearly the same notebook. `same`: token for token. `shared`: rare passages that all pairs have at least.

    `least`: the smallest share of rare passages that two of them have in common. `lines`: some of what is rare, as written.
    """

    students: tuple[str, ...]
    same: bool
    shared: int
    least: float
    lines: tuple[str, ...] = ()


def tokens(source: str) -> list[str]:
    """The code as a list of tokens; words, where it is no Python."""
    try:
        found = []
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type not in _SKIPPED:
                found.append(_text(token))
        return found
    except (tokenize.TokenError, SyntaxError, ValueError):
        return source.split()


def _text(token: tokenize.TokenInfo) -> str:
    if token.type == tokenize.STRING:
        try:
            return repr(ast.literal_eval(token.string))
        except (ValueError, SyntaxError):
            return token.string
    return token.string


def groups(notebooks: Mapping[str, Sources], release: Sources) -> list[Group]:
    """Groups of students, those with most rare passages in common first."""
    empty = {name: tokens(source) for name, source in release.items()}
    codes: dict[str, dict[str, list[str]]] = {}
    for student, cells in notebooks.items():
        own = {name: tokens(source) for name, source in _beginning(cells).items()}
        codes[student] = {name: code for name, code in own.items() if code and code != empty.get(name)}
    passages = {student: _passages(own) for student, own in codes.items() if own}
    rare = _rare(passages)
    digests = {student: _digest(codes[student]) for student in passages}
    pairs = _near(rare)
    by_digest: dict[str, list[str]] = {}
    for student, digest in digests.items():
        by_digest.setdefault(digest, []).append(student)
    for alike in by_digest.values():
        for a, b in combinations(alike, 2):
            shared = len(rare[a] & rare[b])
            if shared >= FEWEST:
                pairs[a, b] = (shared, 1.0)
    return sorted(
        (_group(together, pairs, digests, rare, notebooks) for together in _connected(pairs)),
        key=lambda group: (-group.shared, group.students),
    )


def _beginning(cells: Sources) -> dict[str, str]:
    """The first `READ` characters of all cells together: nobody's notebook makes the whole class wait."""
    left, found = READ, {}
    for name, source in cells.items():
        found[name] = source[:left]
        left -= len(found[name])
    return found


def _passages(own: Mapping[str, list[str]]) -> set[str]:
    found = set()
    for code in own.values():
        for start in range(max(1, len(code) - PASSAGE + 1)):
            found.add(" ".join(code[start : start + PASSAGE]))
    return found


def _rare(passages: Mapping[str, set[str]]) -> dict[str, set[str]]:
    counts = Counter(passage for own in passages.values() for passage in own)
    limit = max(3, COMMON * len(passages))
    return {student: {passage for passage in own if counts[passage] <= limit} for student, own in passages.items()}


def _digest(own: Mapping[str, list[str]]) -> str:
    return sha256("\0".join(f"{name} {' '.join(code)}" for name, code in sorted(own.items())))


def _near(rare: Mapping[str, set[str]]) -> dict[tuple[str, str], tuple[int, float]]:
    """Pairs that share enough, found through the passages themselves: the work grows with what is shared, not with the pairs."""
    holders: dict[str, list[str]] = {}
    for student in sorted(rare):
        for passage in rare[student]:
            holders.setdefault(passage, []).append(student)
    shared = Counter(pair for own in holders.values() for pair in combinations(own, 2))
    found = {}
    for (a, b), count in shared.items():
        share = count / min(len(rare[a]), len(rare[b]))
        if count >= FEWEST and share >= NEAR:
            found[a, b] = (count, share)
    return found


def _connected(pairs: Mapping[tuple[str, str], object]) -> list[list[str]]:
    home: dict[str, set[str]] = {}
    for a, b in pairs:
        together = home.get(a, {a}) | home.get(b, {b})
        for student in together:
            home[student] = together
    return [sorted(group) for group in {id(group): group for group in home.values()}.values()]


def _group(
    students: list[str],
    pairs: Mapping[tuple[str, str], tuple[int, float]],
    digests: Mapping[str, str],
    rare: Mapping[str, set[str]],
    notebooks: Mapping[str, Sources],
) -> Group:
    inside = [pairs[pair] for pair in combinations(students, 2) if pair in pairs]
    everywhere = set.intersection(*(rare[student] for student in students))
    return Group(
        students=tuple(students),
        same=len({digests[student] for student in students}) == 1,
        shared=min(count for count, _ in inside),
        least=min(share for _, share in inside),
        lines=_lines(notebooks[students[0]], everywhere),
    )


def _lines(cells: Sources, passages: set[str], most: int = 3) -> tuple[str, ...]:
    """Lines of code that begin a rare passage, as the first of the group wrote them: something to look at."""
    found = []
    for source in _beginning(cells).values():
        for line in source.splitlines():
            start = " ".join(tokens(line.strip())[:PASSAGE])
            if len(start) >= 12 and any(passage.startswith(start) for passage in passages):
                found.append(line.strip()[:160])
    return tuple(dict.fromkeys(sorted(found, key=len, reverse=True)))[:most]

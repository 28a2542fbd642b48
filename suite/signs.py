"""What a failing check shows, in words that hold for other seeds and on other machines: `outputs: differs`, `gradients/inputs: not
finite`, `error: raised TypeError at run: …`. The ledger says by them what a known finding explains."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from cases.requests import Deviation
from suite.verdicts import Outcome

KINDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple((kind, re.compile(said)) for kind, said in (
    ("missing", r": missing in the (first|second) of|: nothing came back where"),
    ("shape", r"found shape \(.*\), expected \("),
    ("not finite", r"found -?(nan|inf)\b|\bnot finite\b"),
    ("differs", r"\bfound .*, expected "),
))
"""A kind of deviation, and what comparisons of arrays say of it. Where none of these is said the words themselves tell the kind."""


def sign(deviation: Deviation) -> str:
    """`NAME: KIND`: which number, without its place and without what is told of the comparison, and what is wrong with it."""
    name = re.split(r" \(|\[", deviation.where, maxsplit=1)[0]
    said = next((kind for kind, words in KINDS if words.search(deviation.message)), deviation.message)
    return f"{name}: {said.removeprefix(f'{name}: ')}"


def signs(outcome: Outcome) -> list[tuple[str, Deviation]]:
    """What an outcome that is bad shows, each with its deviation; of a process that died, or never answered, that."""
    found = outcome.deviations or (Deviation(outcome.verdict, outcome.message),)
    return [(sign(deviation), deviation) for deviation in found]


def explained(shown: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns speaks of a sign, or of its name alone. `*` stands for anything, every other letter for itself."""
    return any(pattern_of(each).fullmatch(shown) or pattern_of(each).fullmatch(shown.partition(":")[0]) for each in patterns)


@lru_cache(maxsize=10_000)
def pattern_of(words: str) -> re.Pattern[str]:
    """The pattern as a regular expression."""
    return re.compile(".*".join(map(re.escape, words.split("*"))), re.DOTALL)

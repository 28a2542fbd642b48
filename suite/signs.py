"""What a failing check shows, in words that hold for other seeds and on other machines: `outputs: differs`,
`gradients/inputs: not finite`, `error: raised TypeError at run: …`, and where it is told what was compared,
`outputs (made again): differs`. The ledger says by them what a known finding explains."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from cases.requests import Deviation
from suite.subjects.interpreter import LAST_WORDS
from suite.verdicts import Outcome

KINDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple((kind, re.compile(said, re.DOTALL)) for kind, said in (
    ("missing", r": missing in the (first|second) of|: nothing came back where"),
    ("shape", r"found shape \(.*\), expected \("),
    ("not finite", r"found -?(nan|inf)\b|\bnot finite\b"),
    ("differs", r"\bfound .*, expected |\boff by .*, allowed "),
))
"""A kind of deviation, and what comparisons of arrays say of it. Where none of these is said the words are the kind."""

COMPARED = re.compile(r"(?:\[[^\]]*\])? \(([^)]*)\)(?:\[[^\]]*\])?: ")
"""How a message goes on behind its name, where it tells what was compared."""


class Sign(NamedTuple):
    """Which number, without its place; what is wrong with it; what it was compared with, where that is told."""

    name: str
    kind: str
    compared: str

    @property
    def words(self) -> tuple[str, ...]:
        """What a pattern may speak of."""
        several = (f"{self.name} ({self.compared}): {self.kind}",) if self.compared else ()
        return (f"{self.name}: {self.kind}", self.name, *several)


def sign(deviation: Deviation) -> Sign:
    """What a deviation shows."""
    name = re.split(r" \(|\[", deviation.where, maxsplit=1)[0]
    said = next((kind for kind, words in KINDS if words.search(deviation.message)), deviation.message)
    compared = COMPARED.match(deviation.message.removeprefix(name))
    return Sign(name, said.removeprefix(f"{name}: "), compared[1] if compared else "")


def signs(outcome: Outcome) -> list[tuple[Sign, Deviation]]:
    """What an outcome that is bad shows, each with its deviation; of a process that died, or never answered, that, without its
    last words."""
    found = outcome.deviations or (Deviation(outcome.verdict, outcome.message.partition(LAST_WORDS)[0]),)
    return [(sign(deviation), deviation) for deviation in found]


def explained(shown: Sign, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns speaks of a sign, whatever it was compared with, or of its name alone. `*` is anything, every
    other letter itself."""
    return any(pattern_of(each).fullmatch(words) for each in patterns for words in shown.words)


@lru_cache(maxsize=10_000)
def pattern_of(words: str) -> re.Pattern[str]:
    """The pattern as a regular expression."""
    return re.compile(".*".join(map(re.escape, words.split("*"))), re.DOTALL)

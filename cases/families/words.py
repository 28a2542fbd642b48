"""Text as ids of words: the vocabulary by hand, padded and cut to the length that was asked, and what is unknown."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

from cases.families.base import equal, statement
from cases.models import FunctionRequest

LEARNT = ("A gate, a state; a step!", "The state of a gate", "the gate opens")
TEXTS = ("the gate", "A state, of nobody", "", "step a step of the gate opens the state")
PADDING, UNKNOWN = 0, 1


def tokens(text: str) -> list[str]:
    """Lower case, without punctuation, cut at blanks."""
    return re.sub(r"[^\w\s]", "", text.lower()).split()


def vocabulary(most: int | None) -> list[str]:
    """Padding, the unknown, then words by how often they stand, at most so many in all; of equal ones the last in the alphabet
    comes first."""
    counts = Counter(token for text in LEARNT for token in tokens(text))
    ordered = sorted(sorted(counts, reverse=True), key=lambda word: -counts[word])
    return ["", "[UNK]", *ordered][:most]


def ids(length: int | None, most: int | None) -> np.ndarray:
    """(texts, length): ids of words, 0 behind them."""
    known = {word: number for number, word in enumerate(vocabulary(most))}
    rows = [[known.get(token, UNKNOWN) for token in tokens(text)] for text in TEXTS]
    wide = max(map(len, rows)) if length is None else length
    return np.array([(row + [PADDING] * wide)[:wide] for row in rows])


@statement("Text becomes the ids of its words, by how often they stood in what was learnt, with zeros behind it up to the length "
           "and nothing beyond; and so it does in a layer that comes from a configuration or a file.",
           {"length": (4, 12, None), "most": (None, 5), "way": ("configuration", "file")}, strength=(1, 1, 2),
           usual={"way": ("configuration",)}, source="Keras: TextVectorization")
def text_becomes_ids(ask, length, most, way):
    given = {"length": length, "most": most, "way": way, "learnt": LEARNT, "texts": TEXTS}
    seen = ask(FunctionRequest("words", tuple(given.items())))
    due = ids(length, most)
    return [d for name in ("ids", "again") for d in equal(name, seen[name], due)]

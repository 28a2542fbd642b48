"""What a user may have meant by a word that nobody knows."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def hint(word: str, known: Iterable[str], cutoff: float = 0.5) -> str:
    """The near miss, as the end of a sentence: `; did you mean 'keras-jax'?`; nothing where no known word is near."""
    near = difflib.get_close_matches(word, known, 1, cutoff)
    return f"; did you mean {near[0]!r}?" if near else ""

"""Lists in lists, in which Keras gives and takes states: the first releases have no `keras.tree`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def leaves(nested: Any) -> list[Any]:
    """What lies in lists and tuples, in order."""
    return [leaf for one in nested for leaf in leaves(one)] if isinstance(nested, (list, tuple)) else [nested]


def nested_as(structure: Any, flat: Iterator[Any]) -> Any:
    """What `flat` gives next, in lists as `structure` has them."""
    return [nested_as(one, flat) for one in structure] if isinstance(structure, (list, tuple)) else next(flat)


def copied(nested: Any, each: Callable[[Any], Any]) -> Any:
    """Lists as they are nested, with what `each` makes of what lies in them."""
    return nested_as(nested, iter([each(leaf) for leaf in leaves(nested)]))

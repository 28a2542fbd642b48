"""Lists and dictionaries of layers that a layer of one's own holds, and changes: the layers that are in them are its own, and no
others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cases.families.base import statement
from cases.models import FunctionRequest
from cases.requests import Deviation

LAYERS = 5
"""Of which a list holds the first three, and a dictionary under these names."""
NAMES = "abc"


def appended(held: Any, layers: list[Any]) -> None:
    held.append(layers[3])


def added(held: Any, layers: list[Any]) -> None:
    held += layers[3:]


def placed(held: Any, layers: list[Any]) -> None:
    held[1] = layers[3]


def cut(held: Any, layers: list[Any]) -> None:
    del held[1:]


def dropped(held: Any, layers: list[Any]) -> None:
    del held[0]


def named(held: Any, layers: list[Any]) -> None:
    held["d"] = layers[3]


def renamed(held: Any, layers: list[Any]) -> None:
    held["b"] = layers[3]


def unnamed(held: Any, layers: list[Any]) -> None:
    del held["b"]


LISTS: Mapping[str, Callable[[Any, list[Any]], Any]] = {
    "append": appended, "insert": lambda held, layers: held.insert(1, layers[3]), "add": added, "place": placed, "cut": cut,
    "extend": lambda held, layers: held.extend(layers[3:]), "remove": lambda held, layers: held.remove(layers[1]),
    "pop": lambda held, layers: held.pop(), "pop_first": lambda held, layers: held.pop(0), "drop": dropped,
    "clear": lambda held, layers: held.clear(), "reverse": lambda held, layers: held.reverse(),
}
DICTIONARIES: Mapping[str, Callable[[Any, list[Any]], Any]] = {
    "name": named, "rename": renamed, "unname": unnamed, "update": lambda held, layers: held.update({"d": layers[3]}),
    "pop": lambda held, layers: held.pop("a"), "pop_none": lambda held, layers: held.pop("d", None),
    "pop_item": lambda held, layers: held.popitem(), "clear": lambda held, layers: held.clear(),
    "default": lambda held, layers: held.setdefault("d", layers[3]),
}
"""What is done to either, given all layers."""


def begun(of: str, layers: list[Any]) -> Any:
    """A list or a dictionary of the first three."""
    return dict(zip(NAMES, layers[:3], strict=True)) if of == "dictionary" else layers[:3]


def changes(of: str) -> Mapping[str, Callable[[Any, list[Any]], Any]]:
    """All that is done to one of them."""
    return DICTIONARIES if of == "dictionary" else LISTS


@statement("The layers that a layer holds in a list or a dictionary are its own, and their weights are its weights, from when "
           "they are put there until they are taken out, in whatever way Python has for it.", {"of": ("list", "dictionary")},
           strength=(1, 1, 1), sparing=0, source="Keras: Layer.__setattr__, layers in lists and dictionaries")
def held_lists_are_followed(ask, of) -> list[Deviation]:
    """Facts: by what is done, the numbers of the layers whose weights are listed, in their order."""
    told = ask(FunctionRequest("held_lists", (("of", of), ("layers", LAYERS)))).facts
    found = []
    for name, change in changes(of).items():
        change(held := begun(of, numbers := list(range(LAYERS))), numbers)
        due = sorted(held.values() if of == "dictionary" else held)
        if list(told.get(name, ())) != due or name not in told:
            found.append(Deviation(name, f"{of}, {name}: found weights of layers {list(told.get(name, ()))}, expected {due}"))
    return found

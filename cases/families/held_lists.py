"""Lists, dictionaries and named tuples of layers that a layer of one's own holds, and changes: the layers that are in them are
its own, and no others, and stand where Python puts them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from cases.families.base import statement
from cases.models import FunctionRequest
from cases.requests import Deviation

LAYERS = 5
"""Of which a list holds the first three, and a dictionary under these names."""
NAMES = "bca"


class Three(NamedTuple):
    """Three layers by name."""

    b: Any
    c: Any
    a: Any


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


def missed(held: Any, layers: list[Any]) -> None:
    """Takes out the first where there is no such name."""
    try:
        held.pop("d")
    except KeyError:
        held.pop("b")


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
    "default": lambda held, layers: held.setdefault("d", layers[3]), "miss": missed,
}
ORDERED: Mapping[str, Callable[[Any, list[Any]], Any]] = {
    "pop_first": lambda held, layers: held.popitem(last=False), "pop_last": lambda held, layers: held.popitem(),
    "turn": lambda held, layers: held.move_to_end("b"), "miss": missed,
}
"""What is done to each, given all layers."""


def begun(of: str, layers: list[Any]) -> Any:
    """A list, a dictionary or a named tuple of the first three."""
    named = list(zip(NAMES, layers[:3], strict=True))
    return {"list": list, "dictionary": lambda _: dict(named), "ordered": lambda _: OrderedDict(named),
            "named": lambda three: Three(*three)}[of](layers[:3])


def changes(of: str) -> Mapping[str, Callable[[Any, list[Any]], Any]]:
    """All that is done to one of them; nothing to a tuple."""
    kept = {"keep": lambda held, layers: None}
    return {"list": LISTS, "dictionary": DICTIONARIES, "ordered": ORDERED, "named": kept}[of]


def places(held: Any) -> list[Any]:
    """What stands in one of them, in its order."""
    return list(held.values() if isinstance(held, dict) else held)


@statement("The layers that a layer holds in a list, a dictionary or a named tuple are its own, and their weights are its "
           "weights, from when they are put there until they are taken out, in whatever way Python has for it, and they stand "
           "where it puts them.", {"of": ("list", "dictionary", "ordered", "named")},
           strength=(1, 1, 1), sparing=0, source="Keras: Layer.__setattr__, layers in lists and dictionaries")
def held_lists_are_followed(ask, of) -> list[Deviation]:
    """Facts: by what is done, the numbers of the layers whose weights are listed, and of those that are held, in their order."""
    told = ask(FunctionRequest("held_lists", (("of", of), ("layers", LAYERS)))).facts
    found = []
    for name, change in changes(of).items():
        change(held := begun(of, numbers := list(range(LAYERS))), numbers)
        due = places(held)
        for what, seen, expected in zip(("weights", "places"), told.get(name, ((), ())), (sorted(due), due), strict=True):
            if list(seen) != expected or name not in told:
                found.append(Deviation(name, f"{of}, {name}: found {what} of layers {list(seen)}, expected {expected}"))
    return found

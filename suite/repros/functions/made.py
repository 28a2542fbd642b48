"""Scripts of what is made: options that mean nothing, taken in silence; shapes that a layer tells before it is called."""

from __future__ import annotations

from typing import Any

from cases.families.options_of_nothing import Made
from cases.families.options_of_nothing import asked as asked_of
from cases.families.told_shapes import APART, OPEN, tellable, with_open_axes
from suite.repros.finding import NoScript
from suite.repros.functions.masks import written
from suite.repros.functions.told import Told, head, refused, whole


def option_of_nothing(told: Told) -> list[str]:
    """What was made with an option that means nothing."""
    for made, name, value in asked_of(told.options["group"]):
        if name and told.worst.message.startswith(f"{made.place} {name}={value!r}: made"):
            return refused(told, head(told.backend), [called(told, made, {name: value})], written({name: value}))
    raise NoScript("what is refused without such an option, or without a word, is told by the message alone")


def called(told: Told, made: Made, more: dict[str, Any]) -> str:
    """The call, with what it is called with and further options."""
    given = ", ".join(f"{name}={argument(told, value)}" for name, value in {**made.arguments, **more}.items())
    return f"{'keras' if told.keras else 'torch'}.{made.place}({given})"


def argument(told: Told, value: Any) -> str:
    """A value as it is written."""
    if isinstance(value, Made):
        return called(told, value, {})
    if isinstance(value, list):
        return f"[{', '.join(argument(told, one) for one in value)}]"
    return repr(value).replace("'", '"')


def told_shapes(told: Told) -> list[str]:
    """The shape that a layer around recurrent ones tells beforehand, and the one that comes."""
    options, where = told.options, told.worst.where
    shapes = with_open_axes(options["inputs"], options["open"])
    several = len(shapes) > 1 and options["layer"] not in APART

    def listed(words: list[str]) -> str:
        return f"[{', '.join(words)}]" if several else ", ".join(words)

    dtype = ', dtype="int32"' * options["ids"]
    asked = [f"layer = keras.layers.{options['layer']}({written(options['options'])})"]
    if where == "came":
        raise NoScript("the shape that comes is told by the message alone")
    if where == "computed":
        asked.append(f"told = layer.compute_output_shape({listed([str((None, *shape)) for shape in shapes])})")
    else:
        asked.append(f"told = layer({listed([f'keras.Input({shape}{dtype})' for shape in shapes])}).shape")
    may = [tuple(None if size == OPEN else size for size in sizes) for sizes in tellable(options["name"], options["open"])]
    return whole(told, head(told.backend), asked, [
        f"expected = {may}  # each axis: what may be told of it",
        'print("expected", expected)', 'print("found   ", tuple(told))',
        "sys.exit(int(len(told) != len(expected) or any(a not in b for a, b in zip(told, expected))))"])

"""Packed sequences that are cast, and sequences given in any form to what pads and packs them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cases.batches import draw_values
from cases.families.base import equal, statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation, Refusal

CASTS: Mapping[str, str] = {
    "double": "float64", "float": "float32", "half": "float16", "long": "int64", "int": "int32", "short": "int16",
    "char": "int8", "byte": "uint8", "cpu": "float32", "to_other": "float64", "to_itself": "float32", "of_a_pair": "float32",
    "copied": "float32", "copied_as_another": "float64", "not_waited_for": "float64",
}
"""How a packed sequence of float32 is made another -> the dtype that it then has. `to_other`: by `to(other)`, `of_a_pair`: made
from its data and the sizes of its steps, `copied`: by `to(copy=True)`, `not_waited_for`: by `to(non_blocking=True)`."""
LENGTHS = (2, 5, 1, 4)


def sequences(equal_lengths: bool = False) -> tuple[np.ndarray, ...]:
    """Numbers between 1 and 100, (time, 3) each."""
    random = generator("packed sequences")
    return tuple(np.abs(60 * draw_values(random, (4 if equal_lengths else time, 3))).astype("float32") for time in LENGTHS)


@statement("A packed sequence that is cast has the numbers it had, in the dtype that was asked for, in the order in which "
           "the sequences were given, also once it is cast back, and the one that was cast is what it was; on another device "
           "its order is there, too.",
           {"way": tuple(CASTS)},
           strength=(1, 1, 1), sparing=0,
           source="PyTorch: torch.nn.utils.rnn.PackedSequence")
def packed_sequences_are_cast(ask, way):
    given = sequences()
    seen = ask(FunctionRequest("packed_as", (("sequences", given), ("way", way))))
    told = dict(seen.facts["dtypes"])
    found = [Deviation("dtype", f"{way}, {name}: found {told[name]}, expected {due}")
             for name, due in (("cast", CASTS[way]), ("kept", "float32"), ("back", "float32")) if told[name] != due]
    for name, dtype in (("cast", CASTS[way]), ("back", CASTS[way]), ("kept", "float32")):
        for number, one in enumerate(given):
            found += equal(f"{name}/{number}", seen[f"{name}/{number}"], one.astype(dtype).astype("float64"), way)
        found += equal(f"order/{name}", seen[f"order/{name}"], np.argsort(LENGTHS)[::-1], way)
    return found + [Deviation("device", f"{name}: on {device}, expected {due}") for name, device in seen.facts["devices"]
                    if device != (due := "cpu" if name == "batch_sizes" else "meta")]


@statement("Sequences are padded and packed alike in whatever they are given: a list, a tuple, what yields one after the other, "
           "rows of one tensor, also in a program, a single one; gradients go back to each number.",
           {"form": ("generator", "rows", "tuple", "rows_in_a_program", "alone"), "batch_first": (True, False)},
           strength=(1, 2, 2),
           sparing=0, source="PyTorch: pad_sequence, pack_sequence")
def sequences_are_taken_in_any_form(ask, form, batch_first):
    given = sequences(form.startswith("rows"))[: 1 if form == "alone" else None]
    slopes = generator("slopes of packed sequences").normal(size=(len(given), max(map(len, given)), 3))
    seen = ask(FunctionRequest("padded_from", (("sequences", given), ("form", form), ("batch_first", batch_first),
                                               ("slopes", slopes if batch_first else slopes.swapaxes(0, 1)))))
    due = np.zeros((len(given), max(map(len, given)), 3))
    for number, one in enumerate(given):
        due[number, : len(one)] = one
    padded = due if batch_first else np.swapaxes(due, 0, 1)
    results = [name for name in ("padded", "packed") if name in seen.arrays or name == "padded"]
    found = [d for name in results for d in equal(name, seen[name], padded, form)]
    for name in results:
        for number, one in enumerate(given):
            came = seen.arrays.get(f"slopes/{name}/{number}", np.zeros(0))
            found += equal(f"slopes/{name}/{number}", came, slopes[number, : len(one)].astype("float32"), form)
    return found


@statement("A number to pad with stands where there is padding, or is refused where the sequences' dtype cannot hold it.",
           {"helper": ("unpacked", "padded"), "number": (0.5, -1.0, 300.0, "nan", 2.0),
            "dtype": ("int64", "uint8", "float32", "float64")}, usual={"number": (0.5, -1.0, 300.0, "nan")}, strength=(1, 2, 3),
           source="PyTorch: pad_sequence, pad_packed_sequence (padding_value); Keras: pad_sequences (value)")
def numbers_pad_as_they_are(ask, helper, number, dtype):
    given, number = tuple((np.arange(n) % 2).astype(dtype) for n in (3, 1)), float(number)
    request = FunctionRequest("padded_with", (("sequences", given), ("helper", helper), ("number", number)))
    answer = ask.answer(request)
    if isinstance(answer, Refusal):
        with np.errstate(invalid="ignore"):  # NaN is no whole number
            held = float(np.array(number).astype(dtype))
        fits = held == number if 0 <= number < 256 or dtype != "uint8" else False
        return [Deviation("padding", f"{number} was refused for {dtype}: {answer.message}")] if fits else []
    seen = ask(request)
    return equal("padding", seen["padded"][1, 1:], np.full(2, number), f"{helper}, {dtype}")


@statement("Lengths are taken in whatever holds whole numbers, a list, a tuple, an array, a tensor of any such dtype; sequences "
           "that are sorted may be said to be; they come back as they were, also labels without a feature, and where steps are "
           "added.",
           {"form": ("list", "tuple", "array", "int64", "int32", "int16", "uint8"), "ordered": (False, True),
            "batch_first": (True, False), "total": (0, 7)}, strength=(1, 2, 2), sparing=0, source="PyTorch: pack_padded_sequence")
def lengths_are_whole_numbers(ask, form, ordered, batch_first, total):
    """total: the number of steps that is asked for, of three sequences whose order is no swap; 0: none is."""
    given = sequences()
    given = tuple(given[place] for place in (2, 3, 0)) if total else given
    given = tuple(sorted(given, key=len, reverse=True)) if ordered else given
    lengths = np.array([len(one) for one in given])
    padded = np.zeros((len(given), total or lengths.max(), 3), "float32")
    for number, one in enumerate(given):
        padded[number, : len(one)] = one
    seen = ask(FunctionRequest("packed_by", (("padded", padded), ("lengths", lengths), ("form", form), ("ordered", ordered),
                                             ("batch_first", batch_first), ("total", total))))
    kind = seen["lengths"].dtype
    found = [] if kind == "int64" else [Deviation("lengths", f"lengths come back in {kind}, expected int64, whatever was given")]
    found += equal("labels", seen["labels"], padded[:, :, 0].astype(int))
    return found + equal("padded", seen["padded"], padded) + equal("lengths", seen["lengths"], lengths)

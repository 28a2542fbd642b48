"""Sequences of different lengths, padded to one length, packed and unpacked: what goes in comes back, in its order."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import numpy as np

from cases.invariants.base import Case, invariant, settled
from cases.models import FunctionRequest
from cases.requests import Deviation, Observation, Refusal

VALUE = -2.5


def ragged(case: Case) -> bool:
    """A case whose rows can be of different lengths. The kernel plays no part: one is enough."""
    return case.execution.kernel == "fused" and case.batch.size > 1 and case.batch.time > 2 and not case.layer.dropout


def sequences(case: Case) -> tuple[np.ndarray, ...]:
    """One sequence a row, (length, features), float32; no two as long. Where there are four or more, neither the first nor the
    last is the longest or the shortest; where there are three or more, sorting them is not undone by sorting them again."""
    size, time = case.batch.inputs.shape[:2]
    lengths = case.random("lengths").permutation(np.arange(1, time + 1))[: min(size, time)]
    if len(lengths) > 2:
        lengths = np.sort(lengths)
        lengths = np.concatenate([lengths[1:2], lengths[-1:], lengths[:1], lengths[2:-1]])
    return tuple(np.float32(case.batch.inputs[row, :length]) for row, length in enumerate(lengths))


def padded(given: Iterable[np.ndarray], length: int, value: float, front: bool, cut_front: bool = True) -> np.ndarray:
    """(batch, length, features): each sequence, cut to `length` steps, at the end or (`front` is where padding stands) at
    the beginning of its row; `value` elsewhere."""
    rows = []
    for one in given:
        one = one[max(len(one) - length, 0):] if cut_front else one[:length]
        filling = np.full((length - len(one), *one.shape[1:]), value, one.dtype)
        rows.append(np.concatenate([filling, one] if front else [one, filling]))
    return np.stack(rows)


def same(found: np.ndarray, wanted: np.ndarray, what: str) -> list[Deviation]:
    """The first number that is another, or the shapes; nothing is computed, so nothing may differ."""
    if found.shape != wanted.shape:
        return [Deviation(what, f"{what}: found shape {found.shape}, expected {wanted.shape}")]
    if not (wrong := np.argwhere(found != wanted)).size:
        return []
    place = tuple(int(index) for index in wrong[0])
    off = float(np.max(np.abs(found.astype(float) - wanted)))
    return [Deviation(f"{what}{list(place)}", f"{what}: at {place} found {found[place]:g}, expected {wanted[place]:g}", off)]


def called(ask, name: str, **arguments) -> Observation:
    """What the framework's function gives."""
    return settled(ask.answer(FunctionRequest(name, tuple(arguments.items()))))


def crossed(**options: tuple) -> list[dict]:
    """Every combination of these values of options, and of not giving each of them."""
    every = product(*([(), *((name, value) for value in values)] for name, values in options.items()))
    return [dict(filter(None, one)) for one in every]


def in_words(name: str, options: dict) -> str:
    """The call as a reader would write it: `pad_sequences(maxlen=4, padding='post')`."""
    return f"{name}(" + ", ".join(f"{option}={value!r}" for option, value in options.items()) + ")"


@invariant("`pad_sequences` keeps each sequence, an empty one too, or the part of it that was asked, at the side that was asked.",
           ragged)
def pad_sequences_keeps_sequences(ask, case):
    given = sequences(case)
    given = (given[0][:0], *given[:1], given[0][:0], *given[1:])
    longest, found = max(map(len, given)), []
    for options in ({}, {"padding": "pre", "truncating": "post"}, {"padding": "post"}, {"maxlen": longest + 2},
                    {"maxlen": longest - 1, "truncating": "post"}, {"maxlen": longest - 1, "truncating": "pre", "padding": "pre"},
                    {"maxlen": longest - 1, "padding": "post", "truncating": "pre"}, {"truncating": "post", "value": VALUE},
                    {"maxlen": longest + 1, "padding": "post", "value": VALUE}, {"padding": "post", "truncating": "post"},
                    {"maxlen": longest - 1, "value": VALUE}):
        wanted = padded(given, options.get("maxlen", longest), options.get("value", 0.0),
                        options.get("padding", "pre") == "pre", options.get("truncating", "pre") == "pre")
        seen = called(ask, "pad_sequences", sequences=given, dtype="float32", **options)["result"]
        found += same(seen, wanted, in_words("pad_sequences", options))
    return found


@invariant("`pad_sequences` keeps words as it keeps numbers, with a word in front of them or behind; a word among numbers it "
           "refuses.", lambda case: ragged(case) and case.layer.cell == "gru", "Keras: pad_sequences(dtype, value)")
def pad_sequences_keeps_words(ask, case):
    given, found = tuple(np.arange(1, 1 + len(one)) * 7 for one in sequences(case)), []
    longest = max(map(len, given))
    for options in ({"dtype": "object"}, {"dtype": "<U8", "padding": "post"}, {"dtype": "object", "maxlen": longest - 1}):
        wanted = padded(given, options.get("maxlen", longest), -5, options.get("padding", "pre") == "pre")
        seen = called(ask, "pad_sequences", sequences=given, value="-5", words=True, **options)["result"]
        found += same(seen, wanted, in_words("pad_sequences", options))
    answer = ask.answer(FunctionRequest("pad_sequences", (("sequences", given), ("value", "-5"), ("dtype", "int32"))))
    return found if isinstance(answer, Refusal) else [*found, Deviation("value", "a word among numbers is taken in silence")]


@invariant("`pad_sequence` keeps each sequence whole, at the side that was asked.", ragged)
def pad_sequence_keeps_sequences(ask, case):
    given = sequences(case)
    longest, found = max(map(len, given)), []
    for options in crossed(padding_value=(VALUE,), padding_side=("left", "right"), batch_first=(False,)):
        wanted = padded(given, longest, options.get("padding_value", 0.0), options.get("padding_side") == "left")
        wanted = wanted if options.get("batch_first", True) else np.swapaxes(wanted, 0, 1)
        seen = called(ask, "pad_sequence", sequences=given, **options)["result"]
        found += same(seen, wanted, in_words("pad_sequence", options))
    return found


@invariant("Sequences packed and unpacked come back whole, in the order in which they were given, with their lengths; those that "
           "must be sorted have no order to go back to.", ragged)
def packing_gives_back(ask, case):
    given = sequences(case)
    longest, found = max(map(len, given)), []
    descending = tuple(sorted(given, key=len, reverse=True))
    every = crossed(padding_value=(VALUE,), total_length=(longest, longest + 2), batch_first=(False,))
    every += [{"dtype": "float64"}]
    for ordered, options in (*((given, one) for one in every), (descending, {"enforce_sorted": True}),
                             (descending[:1], {"enforce_sorted": True})):
        longest, stays = max(map(len, ordered)), "enforce_sorted" in options
        wanted = padded(ordered, options.get("total_length", longest), options.get("padding_value", 0.0), False)
        wanted = wanted if options.get("batch_first", True) else np.swapaxes(wanted, 0, 1)
        seen = called(ask, "pack_unpack", sequences=ordered, **options)
        what = in_words("packed and unpacked", options)
        found += same(seen["result"], wanted, what)
        found += same(np.asarray(seen["lengths"]), np.array([len(one) for one in ordered]), f"{what}, lengths")
        if "order" in seen.arrays and (len(seen["order"]) == 0) != stays:
            found.append(Deviation("order", f"{what}: {'an order' if stays else 'no order'} to go back to"))
    return found


@invariant("Sequences that were padded, one without a step too, or packed, come apart again as they went in.", ragged,
           "PyTorch: unpad_sequence, unpack_sequence")
def unpadding_gives_back(ask, case):
    packable, found = sequences(case), []
    every = (*packable, packable[0][:0])  # one without a step is padding alone
    longest, lengths = max(map(len, every)), np.array([len(one) for one in every])
    batch = padded(every, longest, VALUE, False)
    for name, more in (("unpad", {"inputs": batch, "lengths": lengths, "batch_first": True}),
                       ("unpad", {"inputs": np.swapaxes(batch, 0, 1), "lengths": lengths, "batch_first": False}),
                       ("unpack", {"sequences": packable})):
        parts, given = called(ask, name, **more).named("result"), packable if name == "unpack" else every
        if len(parts) != len(given):
            found.append(Deviation("result", f"{name}: {len(parts)} sequences came back of {len(given)}"))
        for number, one in enumerate(given):
            if f"result/{number}" in parts:
                found += same(parts[f"result/{number}"], one, f"{name}, sequence {number}")
    return found


@invariant("Unpacking to fewer steps than the longest sequence has is refused; so is packing unsorted ones as sorted.", ragged)
def packing_refuses(ask, case):
    given = sequences(case)
    called(ask, "pack_unpack", sequences=given)
    short = {"total_length": max(map(len, given)) - 1}
    ascending = tuple(sorted(given, key=len))
    found = []
    for ordered, options in ((given, short), (ascending, {"enforce_sorted": True})):
        answer = ask.answer(FunctionRequest("pack_unpack", (("sequences", ordered), *options.items())))
        if not isinstance(answer, Refusal):
            settled(answer)
            found.append(Deviation("refusal", f"{options}: expected an error, and something came back"))
    return found

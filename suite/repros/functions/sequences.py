"""Scripts of sequences of different lengths: padded, packed, taken apart again, and lengths that no sequence has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from cases.invariants.ragged import padded
from cases.models import FunctionRequest
from cases.requests import Observation, Refusal
from suite.repros.finding import NoScript
from suite.repros.functions.told import DRAW, Told, alike, head, refused, sizes, whole

DEFAULTS = {"pad_sequences": {"padding": "pre", "truncating": "pre", "value": 0.0},
            "pad_sequence": {"padding_side": "right", "padding_value": 0.0, "batch_first": True},
            "pack_unpack": {"padding_value": 0.0, "batch_first": True}}
UTILS = "from torch.nn.utils.rnn import"


def due(request: FunctionRequest) -> np.ndarray | None:
    """What a function gives, or None where it must refuse."""
    options = DEFAULTS[request.name] | dict(request.arguments)
    given = [np.asarray(one) for one in options["sequences"]]
    longest = max(map(len, given), default=0)
    if len({one.shape[1:] for one in given if one.size}) > 1:
        return None
    if request.name == "pad_sequences":
        length = options.get("maxlen") or longest
        shape = next((one.shape[1:] for one in given if one.size), ())
        given = [one.reshape(len(one), *shape) for one in given]
        return padded(given, length, options["value"], options["padding"] == "pre", options["truncating"] == "pre")
    length = options.get("total_length", longest)
    ordered = all(len(a) >= len(b) for a, b in zip(given, given[1:], strict=False))
    if length < longest or options.get("enforce_sorted") and not ordered:
        return None
    found = padded(given, length, options["padding_value"], options.get("padding_side") == "left")
    return found if options["batch_first"] else np.swapaxes(found, 0, 1)


def wrong(told: Told) -> Iterator[tuple[FunctionRequest, Any, np.ndarray | None]]:
    """The questions whose answer is not what is due, with both."""
    for each in told.asked:
        if each.request.name != told.request.name:
            continue
        wanted, answer = due(each.request), each.answer
        if isinstance(answer, Observation) and wanted is not None:
            lengths = [len(one) for one in dict(each.request.arguments)["sequences"]]
            if np.array_equal(answer.arrays.get("result"), wanted) and answer.arrays.get("lengths",
            np.array(lengths)).tolist() == lengths:
                continue
        elif isinstance(answer, Refusal) == (wanted is None):
            continue
        yield each.request, answer, wanted


def ragged(told: Told) -> tuple[FunctionRequest, bool, list[str]]:
    """The question that is shown, whether it must be refused, and the line that makes its sequences."""
    request, answer, wanted = next(wrong(told), (told.request, told.answer, due(told.request)))
    if answer is not told.answer and isinstance(answer, Refusal) != isinstance(told.answer, Refusal) and wanted is not None:
        raise NoScript("the error came from another question than the one that is known")
    return request, wanted is None, [drawn_sequences(dict(request.arguments)["sequences"], not told.keras)]


def drawn_sequences(given: Sequence[Any], tensors: bool) -> str:
    """The line that makes sequences of these shapes; whole numbers as they are."""
    arrays = [np.asarray(one) for one in given]
    if all(one.dtype.kind in "iu" or not one.size for one in arrays) and sum(one.size for one in arrays) < 40:
        each = [f"np.array({one.tolist()}, int)" if tensors else str(one.tolist()) for one in arrays]
    else:
        each = [f"draw({sizes(one.shape)})" for one in arrays]
    return f"sequences = [{', '.join(f'torch.as_tensor({one})' if tensors else one for one in each)}]"


def words(options: dict[str, Any]) -> str:
    """Options as arguments."""
    return "".join(f", {name}={str(value) if not isinstance(value, str) else chr(34) + value + chr(34)}"
                   for name, value in options.items())


def pad_sequences(told: Told) -> list[str]:
    """Keras: `keras.utils.pad_sequences`."""
    if any(isinstance(dict(each.request.arguments).get("value"), str) for each in told.asked):
        raise NoScript("sequences of words: not written in scripts yet")
    request, refuse, data = ragged(told)
    options = dict(request.arguments)
    options.pop("sequences")
    first = [*head(told.backend), "", *DRAW, *data]
    asked = [f"found = keras.utils.pad_sequences(sequences{words(options)})"]
    if refuse:
        return refused(told, first, asked, "sequences whose items have other widths than those of the rest")
    options = DEFAULTS["pad_sequences"] | options
    array = due(request)
    cut = "max(len(one) - length, 0):" if options["truncating"] == "pre" else ":length"
    put = "length - len(one):" if options["padding"] == "pre" else ":len(one)"
    return whole(told, first, asked, [
        f"length = {options.get('maxlen') or 'max(map(len, sequences))'}",
        f"expected = np.full({array.shape}, {options['value']:g}, \"{options.get('dtype', 'int32')}\")",
        "for row, one in zip(expected, sequences):", f"    one = one[{cut}]", "    if len(one):", f"        row[{put}] = one",
        *alike()])


def filled(options: dict[str, Any], shape: tuple[int, ...]) -> list[str]:
    """`expected`, of sequences of PyTorch."""
    put = f"{shape[1]} - len(one):" if options.get("padding_side") == "left" else ":len(one)"
    lines = [f"expected = np.full({shape}, {float(options['padding_value'])})", "for row, one in zip(expected, sequences):",
             f"    row[{put}] = one"]
    return lines if options["batch_first"] else [*lines, "expected = expected.swapaxes(0, 1)"]


def shape_of(request: FunctionRequest, batch_first: bool) -> tuple[int, ...]:
    """The shape of what is due, batch first."""
    shape = due(request).shape
    return shape if batch_first else (shape[1], shape[0], *shape[2:])


def pad_sequence(told: Told) -> list[str]:
    """PyTorch: `pad_sequence`."""
    request, _, data = ragged(told)
    options = {"batch_first": True, **dict(request.arguments)}
    options.pop("sequences")
    asked = [f"found = pad_sequence(sequences{words(options)}).numpy()"]
    options = DEFAULTS["pad_sequence"] | options
    return whole(told, [*head(told.backend, f"{UTILS} pad_sequence"), "", *DRAW, *data], asked,
                 [*filled(options, shape_of(request, options["batch_first"])), *alike()])


def pack_unpack(told: Told) -> list[str]:
    """PyTorch: `pack_sequence`, then `pad_packed_sequence`."""
    request, refuse, data = ragged(told)
    options = {"batch_first": True, **dict(request.arguments)}
    options.pop("sequences")
    cast = f".to(torch.{options.pop('dtype')})" if "dtype" in options else ""
    asked = [f"packed = pack_sequence(sequences, enforce_sorted={options.pop('enforce_sorted', False)}){cast}",
             f"found, lengths = pad_packed_sequence(packed{words(options)})"]
    first = [*head(told.backend, f"{UTILS} pack_sequence, pad_packed_sequence"), "", *DRAW, *data]
    if refuse:
        why = "a total_length below the longest sequence" if "total_length" in options else "sequences that are not sorted"
        return refused(told, first, asked, why)
    options = DEFAULTS["pack_unpack"] | options
    return whole(told, first, asked, [
        *filled(options, shape_of(request, options["batch_first"])),
        'print("expected", np.float64(expected).round(2).tolist(), [len(one) for one in sequences])',
        'print("found   ", np.float64(found).round(2).tolist(), lengths.tolist())', "same = np.array_equal(found, expected)",
        "sys.exit(int(not same or lengths.tolist() != [len(one) for one in sequences]))"])


def impossible(options: dict[str, Any]) -> str:
    """Why a padded batch cannot have these lengths, or nothing."""
    lengths = np.asarray(options["lengths"], float)
    rows, steps = options["inputs"].shape[:2] if options["batch_first"] else options["inputs"].shape[1::-1]
    if len(lengths) == rows and np.all((lengths >= 0) & (lengths <= steps) & (lengths % 1 == 0)):
        return ""
    return f"lengths {lengths.tolist()} for {rows} sequences of {steps} steps"


def apart(told: Told) -> list[str]:
    """PyTorch: `unpad_sequence` of a padded batch, `unpack_sequence` of a packed one."""
    chosen = told.worst.message.split(":")[0].split(",")[0]
    request = next((each.request for each in told.asked if each.request.name == chosen), told.request)
    options = dict(request.arguments)
    if request.name == "unpad" and (why := impossible(options)):
        rows, order = options["inputs"].shape, options["batch_first"]
        written = str(list(options["lengths"])).replace("nan", 'float("nan")')
        call = f"unpad_sequence(torch.zeros({tuple(rows)}), torch.tensor({written}), batch_first={order})"
        return refused(told, head(told.backend, f"{UTILS} unpad_sequence"), [call], why)
    if request.name == "unpack":
        lengths, shape = [len(one) for one in options["sequences"]], options["sequences"][0].shape[1:]
    else:
        lengths, shape = np.asarray(options["lengths"]).tolist(), options["inputs"].shape[2:]
    data = f"sequences = [torch.as_tensor(draw(n, {sizes(shape)})) for n in {lengths}]"
    if request.name == "unpack":
        names, asked = "pack_sequence, unpack_sequence", [
            "found = unpack_sequence(pack_sequence(sequences, enforce_sorted=False))"]
    else:
        first = options["batch_first"]
        names, asked = "unpad_sequence", [
            f"batch = torch.full(({len(lengths)}, {max(lengths)}, {sizes(shape)}), -2.5)",
            "for row, one in zip(batch, sequences):", "    row[:len(one)] = one",
            f"found = unpad_sequence(batch{'' if first else '.transpose(0, 1)'}, torch.tensor({lengths}), batch_first={first})"]
    return whole(told, [*head(told.backend, f"{UTILS} {names}"), "", *DRAW, data], asked, [
        "found, expected = ([np.float64(one).round(2).tolist() for one in each] for each in (found, sequences))",
        'print("expected", expected)', 'print("found   ", found)', "sys.exit(int(found != expected))"])


def pack_padded(told: Told) -> list[str]:
    """PyTorch: lengths that the sequences cannot have."""
    options = told.options
    shape, lengths = options["inputs"].shape, list(options["lengths"])
    written = str(lengths).replace("nan", 'float("nan")')
    x = f"torch.as_tensor(draw({sizes(shape if options['batch_first'] else (shape[1], shape[0], *shape[2:]))}))"
    asked = [f"packed = pack_padded_sequence({x}, torch.tensor({written}), batch_first={options['batch_first']},"
             f" enforce_sorted={options['enforce_sorted']})",
             f"pad_packed_sequence(packed, batch_first={options['batch_first']})"]
    order = ", not sorted, with enforce_sorted=True" if options["enforce_sorted"] else ""
    return refused(told, [*head(told.backend, f"{UTILS} pack_padded_sequence, pad_packed_sequence"), "", *DRAW], asked,
                   f"lengths {lengths} for {shape[0]} sequences of {shape[1]} steps{order}")

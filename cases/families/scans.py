"""Loops over steps that a user writes as one function: a scan that is associative, and the decoding of CTC outputs."""

from __future__ import annotations

from itertools import product

import numpy as np

from cases.batches import draw_values
from cases.families.base import equal, statement
from cases.families.feeding import differing
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Deviation, Observation, Refusal
from cases.tolerance import compare, unit_roundoff

WIDTH = 2
LENGTHS = (4, 3, 1, 2)
"""Of the rows that are decoded."""
CLASSES = 3
SLACK = 64 * unit_roundoff("float32")


@statement("A scan over an associative function gives at each step what the steps so far give one after another, in the dtype of "
           "its elements.",
           {"elements": ("float32", "int32", "bool", "float16", "recurrence"), "steps": (5, 1, 6), "backwards": (False, True),
            "axis": (0, 1)}, strength=(1, 2, 2), sparing=5, eager=5, source="Keras: ops.associative_scan; Blelloch 1990")
def associative_scans_are_loops(ask, elements, steps, backwards, axis) -> list[Deviation]:
    random = generator("scans", elements, steps)
    shape = (steps, WIDTH)
    if elements == "recurrence":  # h = a h + b, as pairs (a, b)
        given = (random.uniform(0.25, 0.75, shape), draw_values(random, shape))
    elif elements == "bool":
        given = (random.random(shape) < 0.3,)
    else:  # integers that float32 does not hold
        given = (random.integers(2**24, 2**26, shape) | 1 if elements == "int32" else draw_values(random, shape),)
    due: list[tuple] = []
    turn = slice(None, None, -1 if backwards else 1)
    for now in zip(*(one[turn] for one in given), strict=True):
        before = due[-1] if due else None
        due.append(now if before is None else (before[0] * now[0], now[0] * before[1] + now[1]) if elements == "recurrence" else
                   (before[0] | now[0],) if elements == "bool" else (before[0] + now[0],))
    expected = [np.swapaxes(np.stack([one[n] for one in due][turn]), 0, axis) for n in range(len(given))]
    dtype = "float32" if elements == "recurrence" else elements
    arrays = tuple(np.swapaxes(one, 0, axis).astype(dtype) for one in given)
    seen = ask(FunctionRequest("associative_scan", (("elements", arrays), ("backwards", backwards), ("axis", axis))))
    found = []
    for number, one in enumerate(expected):
        name = f"results/{number}"
        if dtype in ("bool", "int32"):
            found += equal(name, seen[name], one)
        else:
            found += compare(name, seen[name], one, 64 * unit_roundoff(dtype) * (np.abs(one) + steps))
    if seen.facts["dtype"] != dtype:
        found.append(Deviation("dtype", f"results of {seen.facts['dtype']}, expected {dtype}"))
    return found


def alignments(scores: np.ndarray, blank: int) -> dict[tuple[int, ...], float]:
    """Every sequence of labels that these steps (time, classes) can be, and the logarithm of its probability: the sum over all
    alignments."""
    logarithms = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    found: dict[tuple[int, ...], float] = {}
    for path in product(range(scores.shape[1]), repeat=len(scores)):
        labels = tuple(c for t, c in enumerate(path) if c != blank and (t == 0 or path[t - 1] != c))
        found[labels] = np.logaddexp(found.get(labels, -np.inf), sum(logarithms[t, c] for t, c in enumerate(path)))
    return found


@statement("Decoding gives the labels of the best alignment, or the most probable ones of all alignments, of each row's own "
           "steps, with their score, and the second of them with its own, whichever class is the blank, and understands or "
           "refuses one that is counted from the end.",
           {"strategy": ("beam_search", "greedy"), "blank": (0, -1, 2, 1), "empty_row": (True, False), "merge": (True, False)},
           senseless=((("strategy", "merge"), lambda strategy, merge: strategy == "beam_search" and not merge),
                      (("blank", "empty_row"), lambda blank, empty_row: blank < 0 and empty_row)),
           usual={"blank": (0, -1, 2)}, strength=(1, 2, 3), sparing=3, eager=4,
           source="Keras: ops.ctc_decode; Graves et al. 2006")
def decoded_labels_are_the_most_probable(ask, strategy, blank, empty_row, merge) -> list[Deviation]:
    lengths = (*LENGTHS, 0) if empty_row else LENGTHS
    paths = 1 + (strategy == "beam_search" and blank >= 0 and not empty_row)
    scores = draw_values(generator("decoding"), (len(lengths), max(lengths), CLASSES)) * 2.0
    request = FunctionRequest("ctc_decoded", (("scores", scores), ("lengths", np.array(lengths)), ("strategy", strategy),
                                              ("blank", blank), ("merge", merge), ("paths", paths)))
    if blank < 0 and isinstance(ask.answer(request), Refusal):
        return []
    seen, found = ask(request), []
    for row, length in enumerate(lengths):
        valid, labels = scores[row, :length], tuple(int(label) for label in seen["labels"][row] if label != -1)
        if strategy == "greedy":
            best = valid.argmax(axis=1)
            due = tuple(int(c) for t, c in enumerate(best) if c != blank % CLASSES and not (merge and t and best[t - 1] == c))
            score = -valid.max(axis=1).sum()
        else:
            table = alignments(valid, blank % CLASSES)
            due = max(table, key=table.get)
            score = table[due]
        if labels != due:
            found.append(Deviation("labels", f"row {row}, of {length} steps: found labels {labels}, expected {due}"))
        found += compare(f"scores/{row}", seen["scores"][row], np.array(score), SLACK * (np.abs(score) + 4.0 * len(valid) + 1.0))
        if paths > 1:
            found += second(row, table, seen)
    return found


def second(row: int, table: dict[tuple[int, ...], float], seen: Observation) -> list[Deviation]:
    """Where the second of the labels of a row are not the most probable ones but for the first."""
    due = sorted(table, key=table.get)[-2]
    labels = tuple(int(label) for label in seen["second"][row] if label != -1)
    found = [] if labels == due else [Deviation("second", f"row {row}: found {labels} in the second place, expected {due}")]
    score = np.array(table[due])
    return found + compare(f"scores/{row}/second", seen["second_scores"][row], score, SLACK * (np.abs(score) + 17.0))


@statement("A scan gives the last carry and the results of each step, in their order, the first carry and no results where there "
           "are no steps; a number of steps alone is enough.",
           {"steps": (0, 1, 4), "backwards": (False, True), "carried": ("one", "pair", "nothing")},
           senseless=((("backwards", "carried"), lambda backwards, carried: backwards and carried == "nothing"),),
           strength=(1, 2, 3), sparing=8, eager=2, source="Keras: ops.scan, ops.map")
def scans_of_any_length_are_loops(ask, steps, backwards, carried) -> list[Deviation]:
    random = generator("plain scans", steps)
    given, first = draw_values(random, (steps, WIDTH)), draw_values(random, (WIDTH,))
    if carried == "nothing":  # each step by itself
        seen = ask(FunctionRequest("mapped", (("inputs", given),)))
        due = {"results": given**2} | ({"products": 2 * given**2} if steps else {})
        told = seen.facts.get("told", ((steps, WIDTH), "bool"))
        wrong = [] if told == ((steps, WIDTH), "bool") else [Deviation("told", f"of whether each is above zero is told {told}")]
        return wrong + [d for name, one in due.items() for d in compare(name, seen[name], one, SLACK * (1 + one))]
    seen = ask(FunctionRequest("scan", (("inputs", given), ("first", first), ("backwards", backwards),
                                        ("pair", carried == "pair"))))
    carry, results = first, np.zeros((steps, WIDTH))
    for step in range(steps)[:: -1 if backwards else 1]:
        carry = 0.5 * carry + given[step]
        results[step] = carry * given[step]
    powers = 0.5 ** np.arange(steps + 1.0)[:, None] * first
    due = {"carry": carry, "results": results}
    if steps and carried == "one":
        due |= {"halved": powers[-1], "halves": powers[:-1][:: -1 if backwards else 1]}
    return [d for name, one in due.items() for d in compare(name, seen[name], one, SLACK * (1 + np.abs(one)))]


FACTOR, MOST, BOUND, BEGINS = 1.5, 40.0, 3, 1
"""Of a loop that goes on while its number is at most `MOST`, or for `BOUND` rounds; of numbers, from `BEGINS` on."""


@statement("A loop goes on while it is told to, and no longer than it may, whether it carries one tensor or several; one over "
           "numbers takes each of them.", {"kind": ("while", "bounded", "numbers"), "several": (True, False)}, strength=(1, 1, 2),
           senseless=((("kind", "several"), lambda kind, several: kind == "numbers" and several),),
           source="Keras: ops.while_loop(maximum_iterations), ops.fori_loop")
def loops_end_where_they_are_told(ask, kind, several) -> list[Deviation]:
    first = float(generator("loops").uniform(2.0, 3.0))
    due, rounds = np.float64(np.float32(first)), BEGINS if kind == "numbers" else 0
    while rounds < BOUND if kind != "while" else due <= MOST:
        due, rounds = FACTOR * due + (rounds if kind == "numbers" else 0), rounds + 1
    given = {"kind": kind, "several": several, "first": first, "factor": FACTOR, "most": MOST, "bound": BOUND, "begins": BEGINS}
    seen = ask(FunctionRequest("loop_of_ops", tuple(given.items())))
    rounded = compare("last", seen["last"], due, SLACK * due)
    return rounded + (equal("rounds", seen["rounds"], np.array(rounds)) if several else [])


WAYS = (0, 1, 5, -3)
"""Which of two ways is asked for; beyond them it is the last, or the first."""
PLACES, PLACE = ((0,), (2,), (0,)), (1, 2)
"""Rows that are put somewhere, one of them twice; where a piece is taken from, and put."""
RULES = {"add": np.add, "max": np.maximum, "min": np.minimum, "mul": np.multiply}
"""How what comes to a place is joined with what is there."""


def pieces(whole: np.ndarray, rows: np.ndarray, piece: np.ndarray) -> dict[str, np.ndarray]:
    """What is due, of `whole` (rows, columns), `rows` (places, columns) and a smaller `piece`, by name."""
    (top, left), (height, width) = PLACE, piece.shape
    places = np.array(PLACES)[:, 0]
    zeros, replaced, found = np.zeros_like(whole), whole.copy(), {}
    np.add.at(zeros, places, rows)
    replaced[top : top + height, left : left + width] = piece
    for name, rule in RULES.items():
        found[f"joined/{name}"] = whole.copy()
        rule.at(found[f"joined/{name}"], places, rows)
    apart = {f"apart/{n}": column for n, column in enumerate(whole.T)}
    chosen = {"chosen/True": whole, "chosen/False": -whole}
    chosen |= {f"way/{place}": -whole if place > 0 else whole for place in WAYS}
    return found | apart | chosen | {"put": zeros, "taken": whole[top : top + height, left : left + width], "replaced": replaced}


@statement("What is taken apart along an axis is its pieces; rows that are put in one place are added up, or joined by the rule "
           "that is asked for; a piece is taken and put where it is told; of several ways the one is gone that is chosen.",
           source="Keras: ops.unstack, scatter, scatter_update(reduction), slice, slice_update, cond, switch")
def pieces_are_where_they_are_told(ask) -> list[Deviation]:
    random = generator("pieces")
    given = {"whole": draw_values(random, (4, 5)), "rows": draw_values(random, (len(PLACES), 5)),
             "piece": draw_values(random, (2, 3))}
    seen = ask(FunctionRequest("pieces", tuple(given.items())))
    return differing(seen, pieces(**given))

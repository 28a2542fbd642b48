"""`fit` against steps by hand: a linear model, whose gradients are written down, so that only the way of training counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cases.batches import draw_values
from cases.families.base import statement
from cases.layers import generator
from cases.models import FunctionRequest
from cases.tolerance import compare, unit_roundoff

ROWS, SIZE, FEATURES = 13, 2, 3
"""Seven batches an epoch, the last of them of one row."""
EPOCHS = (1, 2)
"""Of the first training, and of the second, which goes on."""
RATE, MOMENTUM, AVERAGED = 0.125, 0.5, 0.75
SCALE, GROWS = 4.0, 2
"""Of losses in the beginning, where steps are given; after how many steps in a row it doubles."""
KINDS: Mapping[str, Mapping[str, float]] = {
    "everything": {"gathered": 3, "scale": 8.0, "ema": AVERAGED, "overwrite": 3, "at_once": 3, "once": 1, "cut": 0.25,
                   "decay": 0.25},
    "averaged": {"ema": AVERAGED, "at_once": 2, "floor": 1}, "gathered": {"gathered": 3, "scale": 8.0, "at_once": 3},
    "overwritten": {"ema": AVERAGED, "overwrite": 2, "floor": 1},
    "overwritten_once": {"ema": AVERAGED, "overwrite": 2, "once": 1, "dynamic": 8.0},
    "plain": {}, "gathered_alone": {"gathered": 2}, "by_steps": {"steps": 7},
    "scheduled": {"falls": 0.5}, "scheduled_gathered": {"falls": 0.5, "gathered": 2},
    "clipped": {"clip": 0.5, "decay": 0.25}, "scaled_clipped": {"clip": 0.5, "decay": 0.25, "ema": AVERAGED, "dynamic": 8.0},
    "bounded": {"clip": 0.5, "decay": 0.25, "gathered": 2, "floor": 1},
    "by_ids": {"clip": 0.5, "decay": 0.25, "gathered": 2, "ids": 3},
}
"""ema: a moving average of the weights, which follows them from the first step on, takes their place at the end, and every
`overwrite` steps, each of as many gradients as make one · gathered: so many gradients make one step · scale: of the loss ·
dynamic: of the loss, by an optimizer around the other one, which is told the rate and doubles the scale every GROWS steps ·
at_once: batches in one execution, where an engine can do that · once: the first training alone · clip: the largest norm of a
gradient · cut: the most and the least of a number in it · decay: of the weights, times the rate · floor: no weight is negative
after a step · falls: the rate of step n, counted from 0, is divided by 1 + falls n · steps: what is told is the number of
batches, not their size · ids: the weights are a table, of which each row of inputs adds up so many rows, the inputs being how
often it names each."""


def drawn(options: Mapping[str, float]) -> dict[str, np.ndarray]:
    """Inputs (rows, features), targets (rows,), weights of samples (rows,), and the weights that the model begins with; `ids`
    (rows, how many), where inputs are made of them."""
    random = generator("fitting")
    found = {"inputs": draw_values(random, (ROWS, FEATURES)), "targets": draw_values(random, (ROWS,)),
             "samples": random.uniform(0.5, 2.0, ROWS), "weights": draw_values(random, (FEATURES,))}
    if many := int(options.get("ids", 0)):
        found["ids"] = random.integers(0, FEATURES, (ROWS, many))
        found["inputs"] = np.eye(FEATURES)[found["ids"]].sum(axis=1)
    return found


@dataclass
class ByHand:
    """What a training remembers from step to step: SGD with momentum (Polyak 1964), gradients gathered, weights averaged."""

    weights: np.ndarray
    options: Mapping[str, float]

    def __post_init__(self):
        self.velocity, self.gathered = np.zeros(FEATURES), np.zeros(FEATURES)
        self.average, self.steps = self.weights.copy(), 0

    def step(self, gradient: np.ndarray) -> None:
        """One batch."""
        self.steps += 1
        self.gathered += gradient
        if self.steps % (many := int(self.options.get("gathered", 1))) == 0:
            most = self.options.get("cut", np.inf)
            mean = np.clip(self.gathered / many, -most, most)
            if clip := self.options.get("clip"):
                mean = mean * clip / max(clip, float(np.sqrt((mean**2).sum())))
            rate = RATE / (1 + self.options.get("falls", 0.0) * (self.steps // many - 1))
            self.weights = self.weights * (1 - rate * self.options.get("decay", 0.0))
            self.velocity = MOMENTUM * self.velocity - rate * mean
            self.weights = self.weights + self.velocity
            self.gathered = np.zeros(FEATURES)
        if keep := self.options.get("ema"):
            keep = keep if self.steps > many else 0.0
            self.average = keep * self.average + (1 - keep) * self.weights
            done = 1 + (self.steps - 1) // many
            if self.options.get("overwrite") and done % self.options["overwrite"] == 0:
                self.weights = self.average.copy()
        if self.options.get("floor"):
            self.weights = np.maximum(self.weights, 0.0)

    def end(self) -> None:
        """The last batch of a training is done."""
        if self.options.get("ema"):
            self.weights = self.average.copy()


def by_hand(options: Mapping[str, float]) -> dict[str, np.ndarray]:
    """`weights` and `velocity` (trainings, features) and the number of `steps` (trainings,) after each training; `loss` and
    `metric`, the weighted mean square and absolute error of the outputs before each step, and of how many of the batches that the
    first execution takes callbacks are `told`, as a share of them, by epoch."""
    data = drawn(options)
    state = ByHand(data["weights"].copy(), options)
    found: dict[str, list] = {"weights": [], "velocity": [], "steps": [], "loss": [], "metric": [], "told": []}
    for epochs in EPOCHS[: 1 if options.get("once") else None]:
        for _ in range(epochs):
            squares = sizes = 0.0
            for start in range(0, ROWS, SIZE):
                x, y, w = (data[name][start : start + SIZE] for name in ("inputs", "targets", "samples"))
                off = x @ state.weights - y
                squares += float((w * off**2).sum())
                sizes += float((w * np.abs(off)).sum())
                state.step(2 * (w * off) @ x / len(x))
            found["told"].append(1)
            found["loss"].append(squares / ROWS)
            found["metric"].append(sizes / data["samples"].sum())
        state.end()
        found["weights"].append(state.weights.copy())
        found["velocity"].append(state.velocity.copy())
        found["steps"].append(state.steps // int(options.get("gathered", 1)))
    return {name: np.array(values) for name, values in found.items()}


@statement("A model that is fitted takes the steps of the equations, batch after batch, however many in one execution, gradients "
           "gathered and clipped, losses scaled, weights averaged, decayed and bounded, at the rate of that step; a second "
           "training goes on where the first ended, and what is told of losses and weighted metrics is of the outputs before "
           "each step, and of batches how many were taken.",
           {"kind": tuple(KINDS)}, usual={"kind": ("everything", "averaged", "overwritten_once", "by_steps",
                                                  "scaled_clipped", "bounded", "scheduled_gathered", "by_ids")},
           dear={"kind": ("by_steps", "clipped", "scaled_clipped", "bounded", "scheduled_gathered")},
           source="Keras: Model.fit, compile, SGD; Polyak 1964")
def fitting_is_steps_by_hand(ask, kind):
    given = {"options": tuple(KINDS[kind].items()), **drawn(KINDS[kind])}
    seen, due = ask(FunctionRequest("fitting", tuple(given.items()))), by_hand(KINDS[kind])
    slack = 256 * unit_roundoff("float32")
    return [d for name in due for d in compare(name, seen[name], due[name], slack * (1 + np.abs(due[name])))]


BROKEN = {1: ("last", np.inf), 4: ("first", np.nan)}
"""Step -> which of the weights has a gradient that is no number, and what it holds."""


def left_out() -> tuple[list[dict[str, np.ndarray]], dict[str, np.ndarray]]:
    """The weights in the beginning and the gradients of each of ten steps, by weight, as the scale makes them; and what is due:
    `first`, `last` (steps, features), the weights after each step, and `scale` (steps,)."""
    random = generator("left out")
    weights, scale, row = {name: draw_values(random, (FEATURES,)) for name in ("first", "last")}, SCALE, 0
    given: list[dict[str, np.ndarray]] = [dict(weights)]
    due: dict[str, list] = {"first": [], "last": [], "scale": []}
    for step in range(10):
        gradients = {name: draw_values(random, (FEATURES,)) for name in weights}
        given.append({name: one * scale for name, one in gradients.items()})
        if step in BROKEN:
            given[-1][BROKEN[step][0]][1] = BROKEN[step][1]
            scale, row = scale / 2, 0
        else:
            weights = {name: one - RATE * gradients[name] for name, one in weights.items()}
            scale, row = (scale * 2, 0) if row == GROWS - 1 else (scale, row + 1)
        for name, one in (*weights.items(), ("scale", scale)):
            due[name].append(one)
    return given, {name: np.array(each) for name, each in due.items()}


@statement("A step of which any gradient is no number is left out, and the losses are scaled by half from then on; after so many "
           "steps in a row they are scaled by twice as much; so it is where an optimizer is given its state.", sparing=1,
           source="Micikevicius et al. 2018; Keras: LossScaleOptimizer")
def steps_without_numbers_are_left_out(ask) -> list:
    """Arrays: `WAY/first`, `WAY/last`, `WAY/scale`, of steps that change the state (`own`), and of such as are given it
    (`given`). JAX has the latter, TensorFlow the former alone."""
    (start, *steps), due = left_out()
    given = {"start": tuple(start.items()), "steps": tuple(tuple(one.items()) for one in steps), "rate": RATE, "scale": SCALE,
             "grows": GROWS}
    seen = ask(FunctionRequest("left_out", tuple(given.items())))
    ways = sorted({name.partition("/")[0] for name in seen.arrays}) or ["given"]
    return [d for way in ways for name, one in due.items()
            for d in compare(f"{way}/{name}", seen[f"{way}/{name}"], one, 64 * unit_roundoff("float32") * (1 + np.abs(one)))]


DECAYED = (0.25, 0.5)
"""A rate, and how much weights decay, times that."""


LEFT_OUT = ("names", "beside_a_weight", "all")
"""What is excluded: the bias by a part of its name; a gain itself, too; and the kernel itself, so that no weight decays."""


@statement("Weights of which a name is excluded from decay are those whose own name holds it, whatever their layer is called, "
           "and whatever others are excluded beside them; also where none is left.", {"left_out": LEFT_OUT}, strength=(1, 1, 1),
           sparing=1, source="Keras: Optimizer.exclude_from_weight_decay(var_list, var_names)")
def names_without_decay_are_those_of_weights(ask, left_out) -> list:
    """Arrays: `kernel`, `bias` after a step without gradients, of a layer that is called after its bias; `gain`, of a weight
    beside it."""
    random, wide = generator("names without decay"), 8 * unit_roundoff("float32")
    given = {name: draw_values(random, shape) for name, shape in (("kernel", (FEATURES, 2)), ("bias", (2,)), ("gain", (2,)))}
    seen = ask(FunctionRequest("undecayed", (*given.items(), ("decayed", DECAYED), ("names", ("ias",)), ("layer", "biased"), (
        "weights", {"names": (), "beside_a_weight": ("gain",), "all": ("gain", "kernel")}[left_out]))))
    decaying = {"names": ("kernel", "gain"), "beside_a_weight": ("kernel",), "all": ()}[left_out]
    due = given | {name: given[name] * (1 - DECAYED[0] * DECAYED[1]) for name in decaying}
    return [d for name, one in due.items() for d in compare(name, seen[name], one, wide * np.abs(one))]

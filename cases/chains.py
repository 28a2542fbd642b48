"""Cells in a loop of their own: several one after another at each step, cells whose output is not their state.

A `Chain` is run at every step of a sequence: the first cell reads the inputs, each further one the output of the cell before
it. Both directions of a bidirectional chain have cells of their own. Around `layers` each cell has a loop of its own, and reads
both directions of the one before it. Names: weights `DIRECTION/INDEX/NAME`, states
`DIRECTION/INDEX/NUMBER`.

Kinds of cells, their states and outputs:

    lstm, gru, simple_rnn   as in `cases.layers`, output h
    projected               an LSTM whose output and h are the projection (batch, width) of o * tanh(c)
                            (Sak et al. 2014; `proj_size` of nn.LSTM); states h (width), c (units)
    uneven                  a cell of one's own whose output is none of its two states, of three different sizes:
                                p' = tanh(x W + q U + b)   (batch, units)
                                q' = tanh(p' V + q R)      (batch, memory)
                                y  = p' O + q' Q           (batch, width)
    started                 the same, and rows for which no states are given begin with `Cell.beginnings`, not with zeros
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cases.batches import Batch, draw_mask, draw_values
from cases.layers import GATES, STATES, Layer, draw_weights, generator, on_grid
from cases.models import FunctionRequest
from cases.requests import Reset, wired

KINDS = (*GATES, "projected", "uneven", "started")
UNEVEN = ("uneven", "started")
AROUND = ("cell", "list", "stacked", "layers")


@wired
@dataclass(frozen=True)
class Cell:
    """One cell. `memory` is the size of an uneven cell's second state, `width` the size of an output that is not `units`."""

    kind: str
    units: int
    memory: int = 0
    width: int = 0

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"kind={self.kind!r}: expected one of {', '.join(KINDS)}")

    @property
    def output(self) -> int:
        """The size of the last axis of its output."""
        return self.width or self.units

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """The size of the last axis of each state."""
        if self.kind in UNEVEN:
            return (self.units, self.memory)
        return (self.width, self.units) if self.kind == "projected" else (self.units,) * len(STATES[self.kind])

    @property
    def beginnings(self) -> tuple[np.ndarray, ...]:
        """What a row's states are before the first step, where none are given: (size,) each."""
        far = 0.25 if self.kind == "started" else 0.0
        return tuple(far * (1 + number + np.arange(size)) for number, size in enumerate(self.state_sizes))

    def layer(self, features: int) -> Layer:
        """The recurrent layer with this cell, of the kinds that a layer can have; of a projected one the LSTM in it."""
        return Layer("lstm" if self.kind == "projected" else self.kind, features, self.units)

    def draw(self, features: int, *words: object) -> dict[str, np.ndarray]:
        """Random weights, as in `draw_weights`."""
        if self.kind in UNEVEN:
            shapes = {"W": (features, self.units), "U": (self.memory, self.units), "b": (self.units,),
                      "V": (self.units, self.memory), "R": (self.memory, self.memory),
                      "O": (self.units, self.width), "Q": (self.memory, self.width)}
        elif self.kind == "projected":
            wide = 4 * self.units
            shapes = {"kernel": (features, wide), "recurrent_kernel": (self.width, wide), "bias": (wide,),
                      "recurrent_bias": (wide,), "projection": (self.units, self.width)}
        else:
            drawn = draw_weights(self.layer(features), int(generator(*words).integers(1 << 30)))
            return {name.removeprefix("0/forward/"): array for name, array in drawn.items()}
        random = generator("cell", *words)
        return {n: on_grid(draw_values(random, s) * (0.7 / np.sqrt(s[0]) if len(s) == 2 else 0.3), 14) for n, s in shapes.items()}


@wired
@dataclass(frozen=True)
class Chain:
    """Cells, and the loop around them. around: `cell` (one cell alone), `list` (the loop is given a list of cells),
    `stacked` (Keras' StackedRNNCells) or `layers` (a loop for each cell, forward or both ways: `num_layers` of nn.LSTM). Other
    options as in `Layer`; outputs of two directions are concatenated."""

    cells: tuple[Cell, ...]
    features: int
    around: str = "stacked"
    direction: str = "forward"
    return_sequences: bool = True
    stateful: bool = False
    unroll: bool = False
    padding_output: str = "default"

    def __post_init__(self):
        if self.around not in AROUND or (self.around == "cell" and len(self.cells) != 1):
            raise ValueError(f"around={self.around!r} of {len(self.cells)} cells: expected one of {', '.join(AROUND)}")
        if self.around == "layers" and self.direction == "backward":
            raise ValueError("layers that run backwards hand on outputs in reverse: expected forward or bidirectional")

    @property
    def directions(self) -> tuple[str, ...]:
        """The directions, each with cells of its own."""
        return ("forward", "backward") if self.direction == "bidirectional" else (self.direction,)

    @property
    def width(self) -> int:
        """The size of the last axis of the outputs."""
        return self.cells[-1].output * len(self.directions)

    def reads(self, index: int) -> int:
        """The features that cell `index` reads."""
        ways = len(self.directions) if self.around == "layers" else 1
        return self.cells[index - 1].output * ways if index else self.features

    def state_shapes(self, batch: int) -> dict[str, tuple[int, int]]:
        """Name -> shape of every state, in order."""
        return {f"{direction}/{index}/{number}": (batch, size) for direction in self.directions
                for index, cell in enumerate(self.cells) for number, size in enumerate(cell.state_sizes)}

    def beginnings(self, batch: int) -> dict[str, np.ndarray]:
        """Name -> (batch, size): every state before the first step, where none are given."""
        return {f"{direction}/{index}/{number}": np.tile(state, (batch, 1)) for direction in self.directions
                for index, cell in enumerate(self.cells) for number, state in enumerate(cell.beginnings)}

    def draw_weights(self, seed: int = 0) -> dict[str, np.ndarray]:
        """Random weights of every cell; nothing is zero, all differ."""
        return {f"{direction}/{index}/{name}": array for direction in self.directions for index, cell in enumerate(self.cells)
                for name, array in cell.draw(self.reads(index), direction, index, cell, seed).items()}

    def draw_batch(self, batch: int, time: int, mask: str, states: bool, seed: int = 0) -> Batch:
        """Inputs, mask, initial states and cotangents: random, distinct, non-zero; the cotangents are 0 at masked outputs."""
        random = generator("chain", batch, time, mask, self.features, seed)
        drawn = draw_mask(random, mask, batch, time)
        given = Batch(draw_values(random, (batch, time, self.features)), drawn)
        shapes = self.state_shapes(batch)
        initial = {name: draw_values(random, shape) / 2 for name, shape in shapes.items()} if states else None
        outputs = draw_values(random, (batch, time, self.width) if self.return_sequences else (batch, self.width))
        if self.return_sequences:
            valid = given.valid[:, ::-1] if self.direction == "backward" else given.valid
            outputs = outputs * valid[:, :, None]
        cotangents = {"outputs": outputs, **{f"states/{n}": draw_values(random, s) for n, s in shapes.items()}}
        return given.but(initial_states=initial, cotangents=cotangents)


def chain_request(chain: Chain, weights: Mapping[str, np.ndarray], batch: Batch, gradients: bool = True,
                  before: tuple[Batch | Reset, ...] = (), origin: str = "built") -> FunctionRequest:
    """Run a chain. The observation's arrays are those of a `Request`: outputs, states/NAME, mask, and with `gradients` loss,
    gradients/inputs, gradients/states/NAME, gradients/weights/NAME."""
    return FunctionRequest("chain", (("chain", chain), ("weights", dict(weights)), ("batch", batch),
                                     ("gradients", gradients), ("before", before), ("origin", origin)))

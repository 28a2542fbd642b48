"""What is timed: shapes of the field, as data, and which of them at which depth.

Every workload is a whole call of one layer on one batch: `(batch, time, features)` in, `(batch, time, units)` out.

depth            what is timed, for each subject
smoke, default   a short sequence and ragged ones, each cell and each pass once, few rounds: seconds
full             every workload × cell × pass, more rounds
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from cases.batches import Batch, draw_values, with_cotangents
from cases.layers import Layer, draw_weights, generator
from cases.requests import Execution, Request

CELLS = ("lstm", "gru")
PASSES = ("forward", "forward+backward")
KERNELS = ("fused", "generic")
"""What is timed against what: how many times faster the first is than the second."""


@dataclass(frozen=True)
class Workload:
    """A shape that is timed, why, and whose it is.

    typical   None: no mask, every row is `time` steps long. Otherwise the rows are right padded, with a mask: their
              lengths are log-normal with this median and `spread` (standard deviation of the logarithm), cut at `time`;
              one row is full, as in a batch that is padded to its longest row.
    """

    name: str
    batch: int
    time: int
    features: int
    units: int
    why: str
    source: str
    typical: int | None = None
    spread: float = 0.6

    def __str__(self) -> str:
        return self.name

    def lengths(self, seed: int = 0) -> np.ndarray:
        """(batch,) the number of valid steps of each row."""
        if self.typical is None:
            return np.full(self.batch, self.time)
        random = generator("lengths", self.name, seed)
        drawn = np.round(random.lognormal(np.log(self.typical), self.spread, self.batch))
        lengths = np.clip(drawn, 1, self.time).astype(int)
        lengths[np.argmax(lengths)] = self.time
        return lengths

    def layer(self, cell: str) -> Layer:
        """A layer that returns its sequence."""
        return Layer(cell, self.features, self.units, return_state=False)

    def draw(self, layer: Layer, seed: int = 0) -> Batch:
        """The batch: random, distinct, non-zero inputs, also at padding, and cotangents of the outputs."""
        random = generator("workload", self.name, seed)
        inputs = draw_values(random, (self.batch, self.time, self.features))
        mask = None if self.typical is None else np.arange(self.time) < self.lengths(seed)[:, None]
        return with_cotangents(layer, Batch(inputs, mask), seed)


WORKLOADS: Mapping[str, Workload] = MappingProxyType({w.name: w for w in (
    Workload(
        "latency", 1, 50, 64, 64,
        "One short sequence, as when a model answers one user at a time. A call is about a million multiply-adds, "
        "less than a millisecond, so what is timed is the cost of a step: launching, dispatch, the loop.",
        "this project's own; a batch of 1 is how DeepBench (Baidu, 2016) times inference",
    ),
    Workload(
        "ragged", 32, 80, 64, 128,
        "Sentences of different length, right padded and masked: about two fifths of the steps are valid. It shows "
        "what a kernel makes of padding: skip it, compute it, or leave the fast way because of it.",
        "sentence lengths in words are about log-normal: Williams, Biometrika 31, 1940; 80 steps, batches of 32 and "
        "128 units are those of the Keras example imdb_lstm",
        typical=24,
    ),
    Workload(
        "speech", 64, 100, 123, 320,
        "Acoustic frames: 40 filter banks and the energy, with first and second differences, make 123 features. Large "
        "enough that products of matrices and the cost of a step both count.",
        "Braun, LSTM benchmarks for deep learning frameworks, arXiv:1806.01818, 2018; "
        "features of Graves, Mohamed and Hinton, ICASSP 2013",
    ),
    Workload(
        "wide", 64, 100, 512, 512,
        "As many features as units, large enough that products of matrices are nearly all of the time.",
        "the defaults of PyTorch's own benchmarks/fastrnns, of one layer",
    ),
)})


@dataclass(frozen=True)
class Timed:
    """One comparison of the two `KERNELS`: a workload, a cell, a pass. Prints itself as its id."""

    workload: Workload
    cell: str
    passing: str

    def __post_init__(self):
        for name, known in (("cell", CELLS), ("passing", PASSES)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name}={getattr(self, name)!r}: expected one of {', '.join(known)}")

    @property
    def backward(self) -> bool:
        """Whether gradients are part of the call."""
        return self.passing == "forward+backward"

    def execution(self, kernel: str) -> Execution:
        """How `kernel` is run: in training mode where gradients are taken, as a training step is."""
        return Execution(kernel, "training" if self.backward else "inference")

    def request(self, seed: int = 0) -> Request:
        """What is asked of both kernels; the execution is the first one's."""
        layer = self.workload.layer(self.cell)
        wants = ("outputs", "gradients") if self.backward else ("outputs",)
        batch = self.workload.draw(layer, seed)
        if not self.backward:
            batch = batch.but(cotangents=None)  # they are the largest array, and travel between interpreters
        return Request(layer, draw_weights(layer, seed), batch, wants=wants, execution=self.execution(KERNELS[0]))

    def __str__(self) -> str:
        return f"{self.workload}-{self.cell}-{self.passing}"


SECONDS: Mapping[str, float] = MappingProxyType({"smoke": 0.25, "default": 0.35, "full": 5.0})
"""depth -> the time that the rounds of one comparison may take; `LEAST` rounds are made even where they take longer."""
LEAST: Mapping[str, int] = MappingProxyType({"smoke": 4, "default": 4, "full": 6})

_CHOSEN: Mapping[str, tuple[tuple[str, str, str], ...]] = MappingProxyType({
    "smoke": (FEW := (("latency", "lstm", "forward"), ("ragged", "gru", "forward+backward"))),
    "default": FEW,
    "full": tuple((name, cell, passing) for name in WORKLOADS for cell in CELLS for passing in PASSES),
})


def timed(depth: str) -> tuple[Timed, ...]:
    """What is timed at a depth, the cheapest first. Raises ValueError for an unknown depth."""
    if depth not in _CHOSEN:
        raise ValueError(f"depth={depth!r}: expected one of {', '.join(_CHOSEN)}")
    return tuple(Timed(WORKLOADS[name], cell, passing) for name, cell, passing in _CHOSEN[depth])

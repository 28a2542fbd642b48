"""The description of a recurrent layer, in the field's terms, and its weights and states.

A `Layer` is data, not an object of a framework. Names of arrays are the same everywhere in the project
(weights, states, gradients, records): `LAYER/DIRECTION/NAME`, for instance `0/forward/recurrent_kernel`.

Layouts (the project's own, which are Keras' where Keras has one):

    kernel             (features, gates * units)     what multiplies the inputs
    recurrent_kernel   (units, gates * units)        what multiplies the state
    bias               (gates * units,)              added to the product of the inputs
    recurrent_bias     (gates * units,)              added to the product of the state

Gate order along the last axis: LSTM `i f c o`, GRU `z r h`, SimpleRNN one block. Of a convolutional cell, `conv_lstm`,
the kernels are (*size, channels, gates * filters) and (*size, filters, gates * filters), the biases (gates * filters,);
its inputs and states are flat, see `cases.convolutions`.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from cases.convolutions import Convolution

GATES: Mapping[str, str] = MappingProxyType({"simple_rnn": "h", "lstm": "ifco", "gru": "zrh"})
STATES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"simple_rnn": ("h",), "lstm": ("h", "c"), "gru": ("h",)}
)
CONVOLUTIONAL: Mapping[str, str] = MappingProxyType({"conv_lstm": "lstm"})
"""A cell whose products are convolutions -> the cell that it is apart from that."""
DIRECTIONS = ("forward", "backward", "bidirectional")
MERGES = ("concat", "sum", "ave", "mul", "none")
ACTIVATIONS = (
    "tanh", "sigmoid", "relu", "linear", "softsign", "elu", "softplus", "hard_sigmoid",
)
PADDING_OUTPUTS = ("default", "zero")


@dataclass(frozen=True)
class Layer:
    """A recurrent layer: one cell, in one or two directions, `layers` deep.

    Shapes: inputs (batch, time, features); outputs (batch, time, width) when `return_sequences`, else
    (batch, width), where width is `units`, or twice that for a bidirectional layer merged by `concat`.
    With `merge="none"` a bidirectional layer has two outputs, `forward` and `backward`.

    `direction="backward"` processes time from the last step to the first and gives its outputs in the order
    of processing (what Keras documents for `go_backwards`); the backward half of a bidirectional layer is
    put back into the order of time.

    `padding_output` says what stands at masked steps: `default` is each backend's declared convention,
    `zero` asks for zeros (Keras: `zero_output_for_mask=True`).

    Raises ValueError when an option has a value that the field does not know.
    """

    cell: str
    features: int
    units: int
    layers: int = 1
    direction: str = "forward"
    merge: str = "concat"
    return_sequences: bool = True
    return_state: bool = True
    stateful: bool = False
    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"
    bias: bool = True
    reset_after: bool = True
    implementation: int = 2
    padding_output: str = "default"
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    dtype: str = "float32"
    convolution: Convolution | None = None

    def __post_init__(self):
        for name, known in (
            ("cell", (*GATES, *CONVOLUTIONAL)), ("direction", DIRECTIONS), ("merge", MERGES), ("activation", ACTIVATIONS),
            ("recurrent_activation", ACTIVATIONS), ("padding_output", PADDING_OUTPUTS),
        ):
            if getattr(self, name) not in known:
                raise ValueError(f"{name}={getattr(self, name)!r}: expected one of {', '.join(known)}")
        for name in ("features", "units", "layers"):
            if not isinstance(getattr(self, name), int) or getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)}: must be a whole number, and at least 1")
        for name in ("dropout", "recurrent_dropout"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name}={getattr(self, name)}: must be between 0 and 1")
        if (self.cell in CONVOLUTIONAL) != (self.convolution is not None):
            raise ValueError(f"cell={self.cell!r}, convolution={self.convolution}: a convolutional cell has one, no other has")
        if self.convolution is not None:
            self.convolution.channels(self.features, self.convolution.space)
            self.convolution.channels(self.units, self.convolution.places)
            if self.layers > 1 and self.convolution.places != self.convolution.space:
                raise ValueError(f"layers={self.layers}: a stack of convolutional cells keeps its places; "
                                 f"{self.convolution.space} become {self.convolution.places}")

    @property
    def gates(self) -> str:
        """One letter a gate, in the order of the last axis of the weights."""
        return GATES[CONVOLUTIONAL.get(self.cell, self.cell)]

    @property
    def state_names(self) -> tuple[str, ...]:
        """The states of one cell: `h`, and `c` for an LSTM."""
        return STATES[CONVOLUTIONAL.get(self.cell, self.cell)]

    @property
    def directions(self) -> tuple[str, ...]:
        return ("forward", "backward") if self.direction == "bidirectional" else (self.direction,)

    @property
    def width(self) -> int:
        """The size of the last axis of the (merged) outputs."""
        return self.units * (2 if self.direction == "bidirectional" and self.merge == "concat" else 1)

    @property
    def output_names(self) -> tuple[str, ...]:
        """The names of the outputs: one, or one a direction where nothing merges them."""
        if self.direction == "bidirectional" and self.merge == "none":
            return ("outputs/forward", "outputs/backward")
        return ("outputs",)

    def input_width(self, index: int) -> int:
        """The features that layer `index` of the stack reads."""
        return self.features if index == 0 else self.width

    @property
    def window(self) -> tuple[int, ...]:
        """The first axes of the kernels: those of a convolution's window, or none."""
        return self.convolution.size if self.convolution else ()

    @property
    def filters(self) -> int:
        """The channels of a state: all its units, where nothing is convolved."""
        return self.convolution.channels(self.units, self.convolution.places) if self.convolution else self.units

    def input_channels(self, index: int) -> int:
        """The channels that layer `index` of the stack reads: all its features, where nothing is convolved."""
        width = self.input_width(index)
        return self.convolution.channels(width, self.convolution.space) if self.convolution else width

    def weight_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name -> shape of every weight of the stack."""
        wide = len(self.gates) * self.filters
        shapes: dict[str, tuple[int, ...]] = {}
        for index in range(self.layers):
            for direction in self.directions:
                prefix = f"{index}/{direction}"
                shapes[f"{prefix}/kernel"] = (*self.window, self.input_channels(index), wide)
                shapes[f"{prefix}/recurrent_kernel"] = (*self.window, self.filters, wide)
                if self.bias:
                    shapes[f"{prefix}/bias"] = (wide,)
                    shapes[f"{prefix}/recurrent_bias"] = (wide,)
        return shapes

    def state_keys(self) -> tuple[str, ...]:
        """The names of all states, in the order layer, direction, state."""
        return tuple(
            f"{index}/{direction}/{state}"
            for index in range(self.layers)
            for direction in self.directions
            for state in self.state_names
        )

    @property
    def result_names(self) -> tuple[str, ...]:
        """The names of all that a call returns: outputs, and the final states where they are asked for."""
        return (*self.output_names, *(f"states/{key}" for key in self.state_keys() if self.return_state))

    def but(self, **changes) -> Layer:
        """The same layer with some options changed."""
        return replace(self, **changes)

    def __str__(self) -> str:
        """The id of the layer: what differs from the defaults, stable between runs and versions."""
        words = [self.cell, f"f{self.features}", f"u{self.units}"]
        if self.convolution is not None:
            words.append(str(self.convolution))
        if self.layers > 1:
            words.append(f"x{self.layers}")
        if self.direction != "forward":
            words.append(self.direction)
        if self.direction == "bidirectional" and self.merge != "concat":
            words.append(self.merge)
        for name in ("activation", "recurrent_activation"):
            if getattr(self, name) != _DEFAULTS[name]:
                words.append(("rec_" if name != "activation" else "") + getattr(self, name))
        flags = (
            ("return_sequences", False, "last"), ("return_state", False, "nostate"), ("stateful", True, "stateful"),
            ("bias", False, "nobias"), ("reset_after", False, "reset_before"), ("implementation", 1, "impl1"),
            ("padding_output", "zero", "zero_output"),
        )
        words += [word for name, value, word in flags if getattr(self, name) == value]
        for name, word in (("dropout", "dropout"), ("recurrent_dropout", "recdropout")):
            if getattr(self, name):
                words.append(f"{word}{getattr(self, name):g}")
        if self.dtype != "float32":
            words.append(self.dtype)
        return "_".join(words)


_DEFAULTS = {field.name: field.default for field in fields(Layer)}


def generator(*words: object) -> np.random.Generator:
    """A random generator made from what it is for, so that arrays are stable between runs and versions."""
    return np.random.default_rng([zlib.crc32(str(word).encode()) for word in words])


def finer(layer: Layer, array: np.ndarray) -> np.ndarray:
    """`array`; of a layer of float64 with bits besides, the same everywhere, that float32 does not hold: a cast to it shows."""
    return array + 2.0**-30 if layer.dtype == "float64" else array


def on_grid(array: np.ndarray, bits: int = 10) -> np.ndarray:
    """`array` rounded to multiples of 2**-bits, and away from zero: sums of two such numbers are exact in float32.

    That a framework keeps one bias where another keeps two must cost no rounding error.
    """
    scale = 2.0**bits
    rounded = np.round(array * scale)
    return np.where(rounded == 0, 1.0, rounded) / scale


def draw_weights(layer: Layer, seed: int = 0) -> dict[str, np.ndarray]:
    """Random weights (float64, on a grid exact in float32 but for a layer of float64) for every name of `layer.weight_shapes()`.

    Every gate, both biases and both directions differ; nothing is zero. Recurrent weights are scaled so that
    the recurrence neither explodes nor forgets within tens of steps, whatever the activation.
    """
    return {name: array.copy() for name, array in _drawn_weights(layer, seed).items()}


@lru_cache(maxsize=512)
def _drawn_weights(layer: Layer, seed: int) -> dict[str, np.ndarray]:
    weights = {}
    for name, shape in layer.weight_shapes().items():
        random = generator("weights", layer.but(stateful=False, return_sequences=True, return_state=True), name, seed)
        kind = name.rsplit("/", 1)[1]
        scale = {"kernel": 0.9, "recurrent_kernel": 0.8, "bias": 0.35, "recurrent_bias": 0.3}[kind]
        spread = scale / np.sqrt(np.prod(shape[:-1])) if len(shape) > 1 else scale
        numbers = random.uniform(0.15, 1.0, shape) * random.choice([-1.0, 1.0], shape) * spread * 1.5
        weights[name] = finer(layer, on_grid(numbers, 14))
    return weights


def draw_states(layer: Layer, batch: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Random non-zero initial states, (batch, units) each, for every name of `layer.state_keys()`."""
    states = {}
    for name in layer.state_keys():
        random = generator("states", name, batch, layer.units, seed)
        shape = (batch, layer.units)
        states[name] = finer(layer, on_grid(random.uniform(0.2, 0.9, shape) * random.choice([-1.0, 1.0], shape), 14))
    return states

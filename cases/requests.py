"""What is asked of a backend, and what comes back: the seam between cases and frameworks.

A `Request` is answered by an `Observation` (arrays and facts), or by a `Refusal` (an error is an answer too), or it
is `Unsupported` with a reason. Arrays in an observation are named:

    outputs · outputs/forward · outputs/backward     what the layer returned, as `Layer.output_names` says
    states/0/forward/h                               final states, in the order of `Layer.state_keys()`
    mask                                             the mask it passes on, where it passes one
    loss                                             scalar: sum of outputs and states times their cotangents
    gradients/inputs                                 (batch, time, features)
    gradients/states/0/forward/h                     of the initial states, where given
    gradients/weights/0/forward/kernel               of every weight that the framework keeps apart
    losses · predictions …                           of a model: see cases.models
"""

from __future__ import annotations

import hashlib
import marshal
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

import numpy as np

from cases.batches import Batch
from cases.convolutions import Convolution
from cases.layers import Layer

KERNELS = ("fused", "generic", "unrolled", "compiled")
MODES = ("inference", "training")
ORIGINS = ("built", "reloaded", "from_config")
ENTRIES = ("direct", "predict")
LAYOUTS = ("usual", "transposed", "sliced", "reversed", "double")
MASK_VALUES: Mapping[str, float] = {"masking": 0.0, "masking_number": -7.5, "masking_inf": float("inf")}
"""How a layer in front can make the mask from the inputs -> the number that stands at every feature of a masked step."""
MASK_SOURCES = ("argument", *MASK_VALUES, "embedding")
WANTS = ("outputs", "states", "mask", "gradients")
MOMENTS = ("build", "trace", "run")
MARSHALLED = 4
"""The version of the format: every Python from 3.4 on reads it."""


@dataclass(frozen=True)
class Execution:
    """How a layer is run.

    kernel   fused: the framework's one-call kernel · generic: a step-by-step loop over the cell · unrolled: no loop ·
             compiled: the framework's tracing or compiling way (tf.function, jit, torch.compile)
    mode     inference or training (what dropout and the like see)
    origin   built: from the description · reloaded: built, saved to a file, loaded again · from_config: built again
             from its own configuration, then given its weights
    entry    direct: the layer is called · predict: through the framework's `predict` loop of a model around it
    mask_from   argument: the mask is an argument of the call · masking, masking_number, masking_inf: masked steps hold the
             number of `MASK_VALUES`, and a layer in front makes the mask of it · embedding: inputs are rows of an
             embedding, masked steps are its id 0. Only with a batch that has a mask.
    layout   of the arrays that are given, in memory: usual: C order, in the layer's dtype · transposed: Fortran order · sliced:
             every second element of a larger array, NaN between them · reversed: backwards, by negative strides ·
             double: float64 for a float32 layer
    trainable   false: the layer is frozen, and its weights have no gradients
    """

    kernel: str = "fused"
    mode: str = "inference"
    origin: str = "built"
    entry: str = "direct"
    mask_from: str = "argument"
    layout: str = "usual"
    trainable: bool = True

    def __post_init__(self):
        for name, known in (("kernel", KERNELS), ("mode", MODES), ("origin", ORIGINS), ("entry", ENTRIES),
                            ("mask_from", MASK_SOURCES), ("layout", LAYOUTS)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name}={getattr(self, name)!r}: expected one of {', '.join(known)}")

    def but(self, **changes) -> Execution:
        return replace(self, **changes)

    def __str__(self) -> str:
        words = [self.kernel]
        words += [value for value, usual in ((self.mode, "inference"), (self.origin, "built"), (self.entry, "direct"),
                                               (self.mask_from, "argument"), (self.layout, "usual"))
                  if value != usual]
        return "_".join(words)


@dataclass(frozen=True)
class Reset:
    """A step between two calls: the layer is told to forget its carried states."""


@dataclass(frozen=True, eq=False)
class Inferred:
    """An earlier call in inference mode, whatever the mode of the request."""

    batch: Batch


@dataclass(frozen=True, eq=False)
class Request:
    """One question: run `layer` with `weights` on `batch`; return what is wanted.

    `before` are calls (and resets) on the same layer object that come first, and whose answers are not
    returned: what a stateful layer carries, what a pure one must not.
    """

    layer: Layer
    weights: Mapping[str, np.ndarray]
    batch: Batch
    before: tuple[Batch | Reset | Inferred, ...] = ()
    wants: tuple[str, ...] = ("outputs", "states")
    execution: Execution = field(default_factory=Execution)

    def __post_init__(self):
        if unknown := set(self.wants) - set(WANTS):
            raise ValueError(f"wants={sorted(unknown)}: expected some of {', '.join(WANTS)}")

    def but(self, **changes) -> Request:
        return replace(self, **changes)


@dataclass(frozen=True, eq=False)
class Observation:
    """What came back. `kernel` is the kernel that really ran, in the framework's own words; `facts` are further
    findings of the backend (strings, numbers); `seconds` is the time inside the framework."""

    arrays: Mapping[str, np.ndarray]
    kernel: str = ""
    warnings: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[name]

    def named(self, prefix: str) -> dict[str, np.ndarray]:
        """The arrays whose name is `prefix` or begins with `prefix/`."""
        return {n: a for n, a in self.arrays.items() if n == prefix or n.startswith(prefix + "/")}


@dataclass(frozen=True)
class Refusal:
    """The framework raised an error: its type, its message, and when (build, trace or run)."""

    error: str
    message: str
    moment: str = "run"
    seconds: float = 0.0


@dataclass(frozen=True)
class Unsupported:
    """The backend declares that it cannot be asked this, and why; `always`: whatever the arguments of the function are."""

    reason: str
    always: bool = False


@dataclass(frozen=True)
class Deviation:
    """One statement that does not hold: where, how much, how much was allowed, in words a reader understands."""

    where: str
    message: str
    deviation: float = float("nan")
    allowed: float = 0.0


@dataclass(frozen=True, eq=False)
class Note:
    """What a check found, whatever its verdict: for the report.

    value   text or a number · a curve {"x": [...], "y": [...]} · a table {"head": [...], "rows": [[...], ...]} · a picture
            {"image": rows of numbers from 0 to 1}. Curves of one `figure` are drawn together.
    """

    name: str
    value: Any
    figure: str = ""


def to_wire(value: Any) -> Any:
    """`value` as builtins that any interpreter can read: no pickle. The inverse of `from_wire`."""
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject or value.dtype.names:
            raise TypeError(f"an array of {value.dtype} does not travel between interpreters")
        value = np.ascontiguousarray(value) if value.ndim else value
        return {"$": "array", "dtype": str(value.dtype), "shape": tuple(value.shape), "data": value.tobytes()}
    if isinstance(value, np.generic):
        return value.item()
    if is_dataclass(value):
        named = {f.name: to_wire(getattr(value, f.name)) for f in fields(value)}
        return {"$": type(value).__name__, "fields": named}
    if isinstance(value, Mapping):
        return {"$": "map", "items": [(key, to_wire(item)) for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        return tuple(to_wire(item) for item in value)
    if value is None or isinstance(value, (bool, int, float, bytes)):
        return value
    if isinstance(value, str):
        return str(value)  # not a subclass: those do not travel
    raise TypeError(f"{type(value).__name__} does not travel between interpreters")


def from_wire(value: Any) -> Any:
    """The value that `to_wire` made this from. Raises ValueError for a type that is not registered."""
    if isinstance(value, (list, tuple)):
        return tuple(from_wire(item) for item in value)
    if not isinstance(value, dict):
        return value
    kind = value["$"]
    if kind == "array":
        return np.frombuffer(value["data"], np.dtype(value["dtype"])).reshape(value["shape"]).copy()
    if kind == "map":
        return {key: from_wire(item) for key, item in value["items"]}
    if kind not in WIRED:
        raise ValueError(f"{kind}: not a type that travels; expected one of {', '.join(sorted(WIRED))}")
    return WIRED[kind](**{name: from_wire(item) for name, item in value["fields"].items()})


def to_bytes(value: Any) -> bytes:
    """`value` as bytes, for another interpreter, of whatever version: `to_wire`, marshalled, which no code travels in."""
    return marshal.dumps(to_wire(value), MARSHALLED)


def from_bytes(data: bytes) -> Any:
    """The value that `to_bytes` made this from."""
    return from_wire(marshal.loads(data))


WIRED: dict[str, type] = {
    kind.__name__: kind
    for kind in (Convolution, Layer, Batch, Execution, Reset, Inferred, Request, Observation, Refusal, Unsupported, Deviation)
}


def wired(kind: type) -> type:
    """Class decorator: lets a further dataclass travel between interpreters."""
    WIRED[kind.__name__] = kind
    return kind


def first_line(text: str, most: int = 200) -> str:
    """The first line that says something, cut after `most` letters."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")[:most]


def uncoloured(text: str) -> str:
    """Words without the codes that colour them in a terminal."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text) if "\x1b" in text else text


def cause(text: str, most: int = 400) -> str:
    """What an error says, in one line: its first line, and the next where the first only says which layer was called. Without
    colours, and without TensorFlow's own name of the operation."""
    plain = re.sub(r"\{\{function_node [^}]*\}\} ?", "", uncoloured(text))
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    return " ".join(lines[: 2 if re.match("Exception encountered when calling", plain.strip()) else 1])[:most]


NAMED = re.compile(r'File "[^"]*", line \d+|[A-Za-z_]{2,}\d\w*|[A-Za-z]\w*_\d+')
"""Lines of tracebacks, and names: of nodes, which are numbered as they come (lstm_2), and of dtypes (float32)."""


def numbers_told(text: str) -> set[str]:
    """The numbers that an error says, but those in names and of lines, which may be any by chance."""
    return set(re.findall(r"\d+", NAMED.sub("", text)))


def digest(value: Any) -> str:
    """A short hash of everything in `value`: equal for equal requests, in every interpreter."""
    seen = hashlib.blake2b(digest_size=12)

    def feed(part: Any) -> None:
        if isinstance(part, np.ndarray):
            seen.update(f"{part.dtype.str}{part.shape};".encode())
            seen.update(np.ascontiguousarray(part).tobytes())
        elif is_dataclass(part):
            seen.update(f"{type(part).__name__};".encode())
            for f in fields(part):
                feed(getattr(part, f.name))
        elif isinstance(part, Mapping):
            seen.update(f"{{{len(part)};".encode())
            for key in sorted(part, key=repr):
                seen.update(f"{key!r};".encode())
                feed(part[key])
        elif isinstance(part, (list, tuple)):
            seen.update(f"[{len(part)};".encode())
            for item in part:
                feed(item)
        else:
            seen.update(f"{part!r};".encode())

    feed(value)
    return seen.hexdigest()

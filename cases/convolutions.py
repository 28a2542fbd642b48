"""The convolutions inside a ConvLSTM (Shi et al. 2015): over which places, with which windows.

A convolutional cell is a cell whose two products are convolutions. Between this project's parts its arrays are like those
of any other layer, flat: a step's `features` are (channels, *places) in C order, a state's `units` (filters, *places).
So the two directions of a bidirectional layer, concatenated, are concatenated channels. Adapters give every step its axes
(`unflat`) and take them away again (`flat`).

Windows, as Keras and TensorFlow lay them, an axis each: reach = (size - 1) * dilation + 1;

    valid   places' = (places - reach) // strides + 1
    same    places' = ceil(places / strides), after total = max((places' - 1) * strides + reach - places, 0) zeros, of
            which total // 2 are at the start

The state is convolved with a window of the same size, always `same`, without strides or dilation.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import prod

import numpy as np

PADDINGS = ("same", "valid")
FORMATS = ("channels_last", "channels_first")


@dataclass(frozen=True)
class Convolution:
    """The places and windows of a convolutional cell. `space`: the places of a step of the inputs, one number an axis.

    `strides` and `dilation` may be left out: 1 an axis. `data_format` says how a framework is given the axes; it
    changes no number. Raises ValueError for lengths that differ, unknown words, and where no window fits.
    """

    space: tuple[int, ...]
    size: tuple[int, ...]
    strides: tuple[int, ...] = ()
    padding: str = "same"
    dilation: tuple[int, ...] = ()
    data_format: str = "channels_last"

    def __post_init__(self):
        for name in ("strides", "dilation"):
            object.__setattr__(self, name, tuple(getattr(self, name)) or (1,) * self.rank)
        for name in ("size", "strides", "dilation"):
            if len(getattr(self, name)) != self.rank:
                raise ValueError(f"{name}={getattr(self, name)}: expected {self.rank} numbers, as in space={self.space}")
        for name, known in (("padding", PADDINGS), ("data_format", FORMATS)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name}={getattr(self, name)!r}: expected one of {', '.join(known)}")
        if min(self.places, default=0) < 1:
            raise ValueError(f"windows of {self.size}, dilation {self.dilation}, do not fit into {self.space}")

    @property
    def rank(self) -> int:
        """How many axes the space has."""
        return len(self.space)

    @property
    def places(self) -> tuple[int, ...]:
        """The places of the outputs and states."""
        reached = [(k - 1) * d + 1 for k, d in zip(self.size, self.dilation, strict=True)]
        if self.padding == "same":
            return tuple(-(-n // s) for n, s in zip(self.space, self.strides, strict=True))
        return tuple((n - r) // s + 1 for n, r, s in zip(self.space, reached, self.strides, strict=True))

    @property
    def zeros(self) -> tuple[tuple[int, int], ...]:
        """How many zeros go before and behind each axis of the inputs."""
        found = []
        for n, k, s, d, out in zip(self.space, self.size, self.strides, self.dilation, self.places, strict=True):
            total = max((out - 1) * s + (k - 1) * d + 1 - n, 0) if self.padding == "same" else 0
            found.append((total // 2, total - total // 2))
        return tuple(found)

    @property
    def of_state(self) -> Convolution:
        """The convolution of the state."""
        return Convolution(self.places, self.size, data_format=self.data_format)

    def channels(self, width: int, places: tuple[int, ...]) -> int:
        """How many channels flat vectors of this width have. Raises ValueError where they are not whole."""
        if width % prod(places):
            raise ValueError(f"{width} numbers a step: not whole channels of {places} places")
        return width // prod(places)

    @property
    def features(self) -> dict[str, object]:
        """What conditions of the ledger may speak of."""
        return {f"convolution_{f.name}": getattr(self, f.name) for f in fields(self)} | {"convolution_rank": self.rank}

    def __str__(self) -> str:
        def word(numbers: tuple[int, ...]) -> str:
            return "x".join(map(str, numbers))

        words = [f"on{word(self.space)}", f"k{word(self.size)}"]
        words += [f"s{word(self.strides)}"] if max(self.strides) > 1 else []
        words += [f"d{word(self.dilation)}"] if max(self.dilation) > 1 else []
        words += ["valid"] if self.padding == "valid" else []
        return "_".join(words + (["first"] if self.data_format == "channels_first" else []))


def unflat(convolution: Convolution, array: np.ndarray, places: tuple[int, ...]) -> np.ndarray:
    """(..., channels * places) -> (..., *places, channels), or channels before places, as `data_format` says. What does
    not fit is handed on as it is, for the framework to refuse."""
    if not array.ndim or array.shape[-1] % prod(places):
        return array
    found = array.reshape(*array.shape[:-1], -1, *places)
    return found if convolution.data_format == "channels_first" else np.moveaxis(found, -1 - len(places), -1)


def flat(convolution: Convolution, array: np.ndarray) -> np.ndarray:
    """The inverse of `unflat`."""
    rank = convolution.rank
    if array.ndim <= rank:
        return array
    if convolution.data_format == "channels_last":
        array = np.moveaxis(array, -1, -1 - rank)
    return array.reshape(*array.shape[: array.ndim - rank - 1], -1)

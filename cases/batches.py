"""Sequences, lengths, masks, initial states, and ways to pad.

Shapes: inputs (batch, time, features); mask (batch, time), true where a step is valid; states (batch, units).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from cases.layers import Layer, draw_states, finer, generator, on_grid

MASKS = ("none", "full", "right", "left", "gaps", "empty_row", "empty", "single")


@dataclass(frozen=True, eq=False)
class Batch:
    """What a layer is given.

    inputs           (batch, time, features)
    mask             (batch, time) bool, or None
    initial_states   name -> (batch, units), or None for the layer's own zeros
    cotangents       name -> array of the shape of that output or state: the loss is the sum of each output and
                     final state times its cotangent, so that every one of them has a gradient of its own.
                     Zero at masked outputs: what a loss reads there is a convention, not a value.
    """

    inputs: np.ndarray
    mask: np.ndarray | None = None
    initial_states: Mapping[str, np.ndarray] | None = None
    cotangents: Mapping[str, np.ndarray] | None = None

    @property
    def size(self) -> int:
        return self.inputs.shape[0]

    @property
    def time(self) -> int:
        return self.inputs.shape[1]

    @property
    def valid(self) -> np.ndarray:
        """(batch, time) bool: the mask, or all true."""
        return np.ones(self.inputs.shape[:2], bool) if self.mask is None else self.mask

    @property
    def right_padded(self) -> bool:
        """Whether lengths describe the mask: no valid step follows a masked one."""
        return bool(np.all(self.valid[:, 1:] <= self.valid[:, :-1]))

    @property
    def lengths(self) -> np.ndarray:
        """(batch,) the number of valid steps of each row."""
        return self.valid.sum(axis=1)

    def but(self, **changes) -> Batch:
        return replace(self, **changes)


@dataclass(frozen=True)
class BatchPlan:
    """How a batch is drawn: the sizes, the kind of mask, whether initial states are given. Prints itself as its id."""

    batch: int = 4
    time: int = 6
    mask: str = "none"
    states: bool = False

    def __post_init__(self):
        if self.mask not in MASKS:
            raise ValueError(f"mask={self.mask!r}: expected one of {', '.join(MASKS)}")

    def __str__(self) -> str:
        return f"b{self.batch}_t{self.time}_{self.mask}" + ("_states" if self.states else "")

    def draw(self, layer: Layer, seed: int = 0) -> Batch:
        """The batch for `layer`: inputs, mask, states and cotangents, all random, distinct and non-zero."""
        random = generator("batch", self, layer.features, seed)
        inputs = finer(layer, draw_values(random, (self.batch, self.time, layer.features)))
        mask = draw_mask(random, self.mask, self.batch, self.time)
        states = draw_states(layer, self.batch, seed) if self.states else None
        return with_cotangents(layer, Batch(inputs, mask, states), seed)


def draw_values(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Random values between 0.1 and 1.5 in size, either sign, exact in float32."""
    return on_grid(random.uniform(0.1, 1.5, shape) * random.choice([-1.0, 1.0], shape), 14)


def draw_mask(random: np.random.Generator, kind: str, batch: int, time: int) -> np.ndarray | None:
    """A mask of a kind named in `MASKS`, (batch, time) bool.

    none: no mask at all · full: all true · right: padding at the end, one row full, lengths distinct where they
    can be · left: padding at the start · gaps: invalid steps anywhere, each row its own · empty_row: right
    padding, one row without a valid step · empty: no valid step at all · single: one valid step a row. Where it can be helped
    gaps and single steps are not their own mirror image, which would hide directions.
    """
    if kind == "none":
        return None
    steps = np.arange(time)[None, :]
    full = np.ones((batch, time), bool)
    if kind == "full" or time == 0 or batch == 0:
        return full if kind != "empty" else ~full
    if kind == "empty":
        return ~full
    if kind == "single":
        mask = steps == random.integers(0, time, (batch, 1))
        return np.roll(mask, 1, axis=1) if mirrored(mask) else mask
    if kind == "gaps":
        mask = random.random((batch, time)) < 0.55
        for row in range(batch):
            mask[row, random.integers(time)] = True
            if time > 2:  # a gap between two valid steps, whatever was drawn
                start = random.integers(0, time - 2)
                mask[row, start : start + 3] = [True, False, True]
                if time > 3 and row == batch - 1 and mirrored(mask):
                    mask[row, 0 if start else -1] ^= True
        return mask
    lengths = 1 + random.permutation(np.arange(batch) % max(time - 1, 1))
    if batch > 1:
        lengths[random.integers(batch)] = time
    else:
        lengths[0] = max(1, time - 2)
    if kind == "empty_row":
        lengths[random.integers(batch)] = 0
    mask = steps < lengths[:, None]
    return mask[:, ::-1].copy() if kind == "left" else mask


def mirrored(mask: np.ndarray) -> bool:
    """Whether a mask, (batch, time), is the same backwards."""
    return bool((mask == mask[:, ::-1]).all())


def with_cotangents(layer: Layer, batch: Batch, seed: int = 0) -> Batch:
    """`batch` with random cotangents for every output and final state of `layer`, zero at masked outputs.

    A `backward` layer gives its outputs in the order of processing, so its cotangents follow that order.
    """
    random = generator("cotangents", batch.inputs.shape, seed)
    width = layer.units if layer.merge == "none" else layer.width
    cotangents = {}
    for name in layer.output_names:
        if layer.return_sequences:
            valid = batch.valid[:, ::-1] if layer.direction == "backward" and layer.layers % 2 else batch.valid
            cotangents[name] = draw_values(random, (batch.size, batch.time, width)) * valid[:, :, None]
        else:
            cotangents[name] = draw_values(random, (batch.size, width))
    for name in layer.state_keys() if layer.return_state else ():
        cotangents[f"states/{name}"] = draw_values(random, (batch.size, layer.units))
    return batch.but(cotangents=cotangents)


def pad(
    batch: Batch, amount: int, side: str = "right", content: float | np.ndarray = 0.0, outputs_reversed: bool = False
) -> Batch:
    """`batch` with `amount` masked steps added at one `side`, filled with `content`.

    Cotangents there are zero; where the layer gives its outputs in reversed order, they are padded at the other side.
    Raises ValueError for an unknown side.
    """
    if side not in ("left", "right"):
        raise ValueError(f"side={side!r}: expected left or right")

    def widen(array: np.ndarray, fill, at_start: bool) -> np.ndarray:
        wide = np.empty((array.shape[0], array.shape[1] + amount, *array.shape[2:]), array.dtype)
        wide[:] = fill
        wide[:, amount if at_start else 0 :][:, : array.shape[1]] = array
        return wide

    left = side == "left"
    cotangents = batch.cotangents and {
        name: widen(value, 0.0, left != outputs_reversed) if value.ndim == 3 else value
        for name, value in batch.cotangents.items()
    }
    return batch.but(
        inputs=widen(batch.inputs, content, left), mask=widen(batch.valid, False, left), cotangents=cotangents
    )


def with_padding_content(batch: Batch, content: float | np.ndarray) -> Batch:
    """`batch` with `content` standing at every masked step."""
    return batch.but(inputs=np.where(batch.valid[:, :, None], batch.inputs, content))


def rows(batch: Batch, which) -> Batch:
    """The rows `which` (indices or a slice) of everything in `batch`."""
    pick = lambda mapping: mapping and {name: value[which] for name, value in mapping.items()}  # noqa: E731
    return Batch(
        batch.inputs[which],
        None if batch.mask is None else batch.mask[which],
        pick(batch.initial_states),
        pick(batch.cotangents),
    )


def steps(batch: Batch, start: int, stop: int) -> Batch:
    """The steps from `start` to before `stop` of inputs, mask and cotangents; the initial states as they are."""
    cut = {n: v[:, start:stop] if v.ndim == 3 else v for n, v in (batch.cotangents or {}).items()}
    mask = None if batch.mask is None else batch.mask[:, start:stop]
    return batch.but(inputs=batch.inputs[:, start:stop], mask=mask, cotangents=cut or None)

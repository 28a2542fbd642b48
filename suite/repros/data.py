"""The data of a script as lines of numpy: small random numbers, masks written out, what is special put in by hand."""

from __future__ import annotations

import numpy as np

from cases.batches import Batch

LARGE = 4.0
"""Numbers beyond this are not drawn: they were put in."""


class Data:
    """Names the arrays of batches and collects the lines that make them. `dtype` is that of the layer's arrays."""

    def __init__(self, dtype: str):
        self.lines = [
            "rng = np.random.default_rng(0)",
            f'draw = lambda *shape: rng.uniform(-1, 1, shape).round(2).astype("{dtype}")',
        ]
        self._seen: list[tuple[str, np.ndarray]] = []
        self._taken: set[str] = set()

    def name(self, wanted: str) -> str:
        """A name that is free."""
        number = 1
        found = wanted
        while found in self._taken:
            number += 1
            found = f"{wanted}{number}"
        self._taken.add(found)
        return found

    def known(self, kind: str, array: np.ndarray) -> str | None:
        """The name of an equal array."""
        return next((n for n, a in self._seen if n.rstrip("0123456789") == kind and same(a, array)), None)

    def mask(self, batch: Batch) -> str | None:
        """The name of the batch's mask, (batch, time) bool."""
        if batch.mask is None:
            return None
        if found := self.known("mask", batch.mask):
            return found
        name, mask = self.name("mask"), batch.mask
        self._seen.append((name, mask))
        if mask.size and (mask.all() or not mask.any()):
            self.lines.append(f"{name} = np.{'ones' if mask.all() else 'zeros'}({mask.shape}, bool)")
        elif mask.ndim == 2 and mask.shape[1] > 12 and batch.right_padded:
            self.lines.append(f"{name} = np.arange({mask.shape[1]}) < np.array({[[int(n)] for n in batch.lengths]})")
        else:
            self.lines.append(f"{name} = np.array({mask.astype(int).tolist()}, bool)")
        return name

    def inputs(self, batch: Batch, mask: str | None, like: str | None = None) -> str:
        """The name of the batch's inputs. `like`: of inputs that are equal at valid steps."""
        if found := self.known("x", batch.inputs):
            return found
        name = self.name("x")
        self._seen.append((name, batch.inputs))
        if batch.mask is not None and batch.mask.shape != batch.inputs.shape[:2]:  # a wrong one, on purpose
            batch, mask = batch.but(mask=None), None
        at_valid = batch.inputs[batch.valid]
        scale = f"{LARGE * 4:g} * " if np.abs(at_valid[np.isfinite(at_valid)]).max(initial=0) > LARGE else ""
        shape = ", ".join(map(str, batch.inputs.shape))
        self.lines.append(f"{name} = {like}.copy()" if like else f"{name} = {scale}draw({shape})")
        if mask and (content := put_in(batch.inputs[~batch.valid], bool(like))):
            self.lines.append(f"{name}[~{mask}] {content}")
        if not np.isfinite(at_valid).all():
            for index in np.argwhere(~np.isfinite(np.where(batch.valid[:, :, None], batch.inputs, 0)))[:4]:
                value = batch.inputs[tuple(index)]
                self.lines.append(f"{name}[{', '.join(map(str, index))}] = np.{'nan' if np.isnan(value) else 'inf'}")
        return name

    def states(self, batch: Batch, keys: tuple[str, ...]) -> str | None:
        """The name of the list of the batch's initial states, (batch, units) each, in the order of `keys`."""
        if batch.initial_states is None:
            return None
        arrays = np.stack([batch.initial_states[key] for key in keys])
        if found := self.known("states", arrays):
            return found
        name = self.name("states")
        self._seen.append((name, arrays))
        made = f"np.zeros({arrays.shape[1:]})" if not arrays.any() else f"draw({', '.join(map(str, arrays.shape[1:]))})"
        self.lines.append(f"{name} = [{made} for _ in range({len(keys)})]")
        return name


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal, NaN to NaN."""
    return a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def put_in(content: np.ndarray, always: bool) -> str:
    """What is done to the inputs at masked steps, as the right half of a statement; nothing where they are like all."""
    if not content.size:
        return ""
    if np.isnan(content).any():
        return "= np.nan"
    if np.isinf(content).any():
        return "= np.inf"
    if np.abs(content).max() > LARGE:
        return "*= 1e6"
    if np.all(content == content.flat[0]):
        return f"= {float(content.flat[0]):g}"
    return "= 0" if always else ""

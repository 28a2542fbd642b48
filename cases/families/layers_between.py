"""Layers between recurrent ones that work on every step alone: the mask goes through them as it came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cases.batches import BatchPlan
from cases.families.base import equal, statement
from cases.layers import Layer
from cases.models import FunctionRequest
from cases.requests import Deviation, Observation

UNITS = 4
STEPWISE: Mapping[str, Mapping[str, Any]] = {
    "Dense": {"units": UNITS}, "EinsumDense": {"equation": "btf,fg->btg", "output_shape": (None, UNITS)},
    "Activation": {"activation": "tanh"}, "ReLU": {}, "LeakyReLU": {}, "PReLU": {"shared_axes": (1,)}, "ELU": {}, "Softmax": {},
    "LayerNormalization": {}, "RMSNormalization": {}, "UnitNormalization": {}, "BatchNormalization": {},
    "Dropout": {"rate": 0.25}, "SpatialDropout1D": {"rate": 0.25}, "GaussianDropout": {"rate": 0.25},
    "GaussianNoise": {"stddev": 0.25}, "AlphaDropout": {"rate": 0.25},
    "Normalization": {"mean": 0.5, "variance": 2.25}, "Rescaling": {"scale": 2.0}, "Identity": {},
    "ActivityRegularization": {"l2": 0.25},
}
"""Keras' name of a layer -> its options. Outside training each computes a step from that step alone."""
SIZES = {"distinct": (3, 5), "equal": (UNITS, UNITS)}
"""Rows and steps of a batch: other than the features, or as many."""
FACTORS = {"layer": tuple(STEPWISE), "mask": ("gaps", "left", "right"), "size": tuple(SIZES)}
OPTIONS = {"usual": {"mask": ("gaps",)}, "strength": (1, 2, 2), "sparing": 3, "eager": 6,
           "source": "Keras: Layer.supports_masking, compute_mask"}


def behind_masking(ask, layer: str, mask: str, size: str, training: bool) -> tuple[Observation, np.ndarray]:
    """A layer behind one that masks; and the valid steps (batch, time). Arrays: `outputs`; `mask`, if one is passed on;
    `plain`, the outputs of the same layer without a mask."""
    batch = BatchPlan(*SIZES[size], mask).draw(Layer("lstm", UNITS, UNITS))
    arguments = {"layer": layer, "options": STEPWISE[layer], "inputs": batch.inputs, "mask": batch.mask, "training": training}
    return ask(FunctionRequest("between", tuple(arguments.items()))), batch.mask


@statement("A layer that works on every step alone passes the mask on as it came.", FACTORS, **OPTIONS)
def masks_go_through(ask, layer, mask, size):
    seen, valid = behind_masking(ask, layer, mask, size, True)
    if "mask" not in seen.arrays:
        return [Deviation("mask", f"mask: {layer} passes none on")]
    return equal("mask", seen["mask"], valid, f"after {layer}")


@statement("A mask of steps does not change what a layer computes at a valid step, if it works on every step alone.", FACTORS,
           **OPTIONS)
def masks_change_no_valid_step(ask, layer, mask, size):
    seen, valid = behind_masking(ask, layer, mask, size, False)
    there = valid[:, :, None]
    return equal("outputs", np.where(there, seen["outputs"], 0.0), np.where(there, seen["plain"], 0.0), "against no mask")

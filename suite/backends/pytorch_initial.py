"""torch.nn.init, by the names that Keras has."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch
from torch.nn import init

from cases.families.initializers import GAIN, HIGH, LOW, MEAN, SLOPE, WIDTH
from cases.models import FunctionRequest
from cases.requests import Observation, Unsupported
from suite.backends import moment

NAMED = {
    "glorot_uniform": init.xavier_uniform_, "glorot_normal": init.xavier_normal_,
    "he_uniform": partial(init.kaiming_uniform_, nonlinearity="relu"),
    "he_normal": partial(init.kaiming_normal_, nonlinearity="relu"),
    "lecun_uniform": partial(init.kaiming_uniform_, nonlinearity="linear"),
    "lecun_normal": partial(init.kaiming_normal_, nonlinearity="linear"),
    "he_uniform_of_outputs": partial(init.kaiming_uniform_, mode="fan_out", nonlinearity="relu"),
    "he_normal_of_outputs": partial(init.kaiming_normal_, mode="fan_out", nonlinearity="relu"),
    "uniform_for_tanh": partial(init.xavier_uniform_, gain=init.calculate_gain("tanh")),
    "normal_for_tanh": partial(init.xavier_normal_, gain=init.calculate_gain("tanh")),
    "uniform_for_slopes": partial(init.kaiming_uniform_, a=SLOPE), "orthogonal": partial(init.orthogonal_, gain=GAIN),
    "random_uniform": partial(init.uniform_, a=LOW, b=HIGH), "random_normal": partial(init.normal_, mean=MEAN, std=WIDTH),
    "truncated_normal": partial(init.trunc_normal_, mean=MEAN, std=WIDTH, a=MEAN - 2 * WIDTH, b=MEAN + 2 * WIDTH),
    "identity": init.eye_, "constant": partial(init.constant_, val=MEAN), "zeros": init.zeros_, "ones": init.ones_,
}
UNDRAWN = ("identity", "constant", "zeros", "ones")


def run_initialized(backend: Any, request: FunctionRequest) -> Observation | Unsupported:
    """Answer the request of `cases.families.initializers`: a kernel has its outputs first, its windows last."""
    options = dict(request.arguments)
    if options["heads"]:
        return Unsupported("a kernel of PyTorch has two axes and those of a window")
    *window, inputs, outputs = options["shape"]

    def drawn(seed: int, **own: torch.Generator) -> np.ndarray:
        torch.manual_seed(seed)
        tensor = NAMED[options["name"]](torch.full((outputs, inputs, *window), 7.0), **own)
        return np.moveaxis(tensor.numpy(), (0, 1), (-1, -2))

    seed = options["seed"]
    own = {} if options["name"] in UNDRAWN else {"generator": torch.Generator().manual_seed(seed)}
    with moment("run"):  # a generator of its own gives what the one of all gives from the same seed
        arrays = {"first": drawn(seed), "again": drawn(seed + 2 * len(own), **own), "other": drawn(seed + 1)}
    return Observation(arrays, facts={"cut": False})


def run_rarely_initialized(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.initializers.rare_initializers_draw_as_documented`."""
    options = dict(request.arguments)
    share, low, high = options["share"], options["low"], options["high"]
    ways = {"sparse": lambda tensor, **own: init.sparse_(tensor, share, WIDTH, **own),
            "cut": lambda tensor, **own: init.trunc_normal_(tensor, MEAN, WIDTH, low, high, **own)}
    arrays = {}
    with moment("run"):
        for name, way in ways.items():
            for when in ("first", "again"):
                torch.manual_seed(3 + (when == "again"))
                found = way(torch.full(options["shape"], 7.0), generator=torch.Generator().manual_seed(5))
                arrays[f"{name}/{when}"] = found.numpy()
        for groups in (1, 2):
            kernel = init.dirac_(torch.full(options["kernel"], 7.0), groups)
            inputs = torch.tensor(np.array(options["inputs"], "float32"))[:, : groups * kernel.shape[1]]
            arrays[f"passed/{groups}"] = torch.nn.functional.conv1d(inputs, kernel, padding="same", groups=groups).numpy()
    return Observation(arrays)


def run_gains(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.initializers.gains_are_documented`."""
    with moment("run"):
        return Observation({"gains": np.array([init.calculate_gain(*each) for each in dict(request.arguments)["of"]])})

"""PyTorch's modules, called where gradients are recorded and where they are not, and their copies."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from cases.models import FunctionRequest
from cases.requests import Observation
from suite.backends import moment
from suite.backends.pytorch_layers import to_numpy

CONTEXTS = {"unrecorded": torch.no_grad, "inference": torch.inference_mode}
COPIES = {"copied": copy.deepcopy, "pickled": lambda module: pickle.loads(pickle.dumps(module)),
          "copied_called_with": copy.deepcopy, "pickled_called_with": lambda module: pickle.loads(pickle.dumps(module)),
          "turned": lambda module: copy.deepcopy(module).train(not module.training)}


def run_called_in_every_mode(backend: Any, request: FunctionRequest) -> Observation:
    """Answer the request of `cases.families.called_in_every_mode`."""
    options = dict(request.arguments)
    arrays, drew, changed = {}, [], []
    with moment("run"), torch.random.fork_rng(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of fast ways that are not gone
        for place, (name, sizes, words, given, ways) in enumerate(options["kinds"]):
            torch.manual_seed(place)
            made = getattr(nn, name)(*sizes, **words).train(options["training"])
            state, after = copy.deepcopy(made.state_dict()), None
            changes = "max_norm" in words or any(True for _ in made.buffers())
            for way in ways:
                module = COPIES.get(way, copy.copy)(made)
                if way == "loaded":
                    module = getattr(nn, name)(*sizes, **words).train(options["training"])
                if way == "loaded" or changes:
                    module.load_state_dict(state)
                module.requires_grad_(way != "frozen")
                call = called_with(module) if way.endswith("called_with") else module
                tensors = [tensor(options["given"][one], one, options["lengths"], way == "leaves") for one in given]
                before = [one.detach().clone() for one in flat(tensors)]
                torch.manual_seed(place)
                with CONTEXTS.get(way, nullcontext)():
                    results = parts(call(*tensors))
                own = torch.get_rng_state()
                after = own if after is None else after
                same = all(torch.equal(a, b) for a, b in zip(before, flat(tensors), strict=True))
                changed += [] if same else [(place, way)]
                drew += [] if torch.equal(own, after) else [(place, way)]
                arrays |= {f"{place}/{way}/{n}": to_numpy(one) for n, one in enumerate(results)}
                held = module.state_dict() if call is module else {}
                arrays |= {f"{place}/{way}/{n}": to_numpy(one) for n, one in held.items()}
    return Observation(arrays, facts={"drew": tuple(drew), "changed": tuple(changed)})


def called_with(module: nn.Module) -> Callable[..., Any]:
    """A module of zeros, called with the weights and statistics that it had."""
    had = {name: one.clone() for name, one in (*module.named_parameters(), *module.named_buffers())}
    with torch.no_grad():
        for one in module.parameters():
            one.zero_()
    return lambda *given: torch.func.functional_call(module, had, given)


def tensor(array: np.ndarray | None, name: str, lengths: tuple[int, ...], leaf: bool) -> Any:
    """What a module is given."""
    if array is None:
        return None
    if isinstance(array, tuple):
        return tuple(tensor(one, name, lengths, leaf) for one in array)
    if array.dtype.kind in "bi":
        return torch.tensor(array)
    one = torch.tensor(np.array(array, "float32"), requires_grad=leaf)
    return pack_padded_sequence(one, lengths, batch_first=True, enforce_sorted=False) if name == "packed" else one


def flat(given: Any) -> list[torch.Tensor]:
    """All tensors of what is given."""
    return [given] if isinstance(given, torch.Tensor) else [one for part in given if part is not None for one in flat(part)]


def parts(found: Any) -> list[torch.Tensor]:
    """All tensors of what came, in their order."""
    if isinstance(found, PackedSequence):
        return [found.data]
    return [one for part in found if part is not None for one in parts(part)] if isinstance(found, tuple) else [found]

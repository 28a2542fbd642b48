"""Training by hand, convolutions by hand, and a cell that is what it is."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.batches import Batch
from cases.families import feeding, single_calls
from cases.families.convolutions_in_time import convolved, others
from cases.families.fitting import by_hand, left_out
from cases.families.purity import METHODS
from cases.layers import generator
from cases.models import FunctionRequest
from cases.requests import Observation, Request


def run_fitting(backend: Any, request: FunctionRequest) -> Observation:
    """The steps of the equations."""
    return Observation(by_hand(dict(dict(request.arguments)["options"])))


def run_feeding(backend: Any, request: FunctionRequest) -> Observation:
    """The sums and steps by hand."""
    options = dict(request.arguments)
    kind = feeding.KINDS[options["kind"]]
    if not options["alone"]:
        return Observation(feeding.by_hand(kind))
    data = feeding.drawn(kind)
    return Observation({f"predict/{name}": output for name, output in feeding.read(data, data.kernels).items()})


def run_numbered_batches(backend: Any, request: FunctionRequest) -> Observation:
    """In their order."""
    options = dict(request.arguments)
    order = np.arange(options["batches"])
    return Observation({"predicted": order, "alone": order[:1], **{f"epoch {n}": order for n in range(options["epochs"])}},
                       facts={"heard": (options["epochs"],) * 2})


def run_single_calls(backend: Any, request: FunctionRequest) -> Observation:
    """The equations."""
    return Observation(single_calls.calls_by_hand(), facts={"kinds": (("train/0/loss", "float"),)})


def run_left_out_inputs(backend: Any, request: FunctionRequest) -> Observation:
    """The equations."""
    return Observation(single_calls.left_out_by_hand())


def run_counted_batches(backend: Any, request: FunctionRequest) -> Observation:
    """The sums."""
    return Observation(single_calls.counted_by_hand(), facts={"kinds": (("batch", "ndarray"),)})


def run_training_for_nothing(backend: Any, request: FunctionRequest) -> Observation:
    """All of them are refused."""
    kernel = dict(request.arguments)["kernel"]
    return Observation({"before": kernel, "after": kernel}, facts={"said": tuple(single_calls.REFUSED.items())})


def run_stopped_training(backend: Any, request: FunctionRequest) -> Observation:
    """The equations."""
    averaged = dict(request.arguments)["averaged"]
    events = (one for one in single_calls.events() if not averaged or one.startswith(("train", "epoch")))
    return Observation(single_calls.stopped_by_hand(averaged), facts={"events": tuple(events)})


def run_own_cell(backend: Any, request: FunctionRequest) -> Observation:
    """Some outputs, the same whatever comes back from where."""
    outputs = generator("own cell").normal(size=(2, 4, 5))
    shape = np.array(outputs.shape)
    return Observation({"outputs/made": outputs, "outputs/again": outputs, "shape/came": shape,
                        "shape/computed": shape, "shape/symbolic": shape})


def run_told_training(backend: Any, request: FunctionRequest) -> Observation:
    """Some outputs, doubled in training."""
    found = {}
    for name in dict(request.arguments)["inside"]:
        outputs = generator("told training", name).normal(size=(2, 4, 5))
        found |= {f"inference/{name}": outputs, f"training/{name}": outputs * (4 if name == "mixed" else 2)}
    loop = found["inference/loop"]
    return Observation(found | {f"{told}/{mode}": loop * (2 if told == "trains" else 1)
                                for told in ("trains", "rests") for mode in ("inference", "training")})


def run_own_beginnings(backend: Any, request: FunctionRequest) -> Observation:
    """Some numbers."""
    found, inside = {}, dict(request.arguments)["inside"]
    for name in inside:
        outputs = generator("own beginnings", name).normal(size=6)
        found |= {f"begun/{name}": outputs, f"given/{name}": outputs}
    return Observation(found, facts={"nests": tuple((name, ("[one]", "[one]")) for name in inside)})


def run_cell_without_layer(backend: Any, request: FunctionRequest) -> Observation:
    """What is given."""
    inputs = generator("cell without layer").normal(size=(2, 3, 4))
    return Observation({"inputs": inputs, "outputs": inputs})


def run_kept_writes(backend: Any, request: FunctionRequest) -> Observation:
    """Some numbers; a count, a running average, a vector that moved."""
    options, found = dict(request.arguments), {}
    for name, _ in options["carrying"]:
        outputs = generator("kept writes", name).normal(size=6)
        found |= {f"precise/{name}": np.ones(4, bool)}
        found |= {f"{who}/{name}": outputs for who in ("second", "due", "changed", "anew")}
    first, second = (one.mean(axis=(0, 1)) for one in options["inputs"])
    return Observation(found | {"count": np.array(2.0), "average": (first / 2 + second) / 2, "moved": np.array(True)})


def run_trained_writes(backend: Any, request: FunctionRequest) -> Observation:
    """A weight that is halved by every call, which scales what comes."""
    options = dict(request.arguments)
    scale = 0.5 ** (len(options["inputs"]) / options["rows"])
    kept = {"scale": np.array(scale), "outputs": scale * options["inputs"]}
    found = {f"{who}/{name}": one for who in ("called", "trained") for name, one in kept.items()}
    return Observation({"begun/scale": np.array(1.0)} | found)


def run_thawed(backend: Any, request: FunctionRequest) -> Observation:
    """A kernel that stays, and then moves."""
    kernel = generator("thawed").normal(size=(2, 3))
    factor = dict(request.arguments)["factor"]
    return Observation({"made/kernel": kernel, "frozen/kernel": kernel, "thawed/kernel": kernel / 2,
                        "listed frozen": np.array([0, 1, 1]), "listed thawed": np.array([1, 0, 1]),
                        "order frozen": np.arange(2), "order thawed": np.arange(2),
                        "penalty frozen": np.zeros(()), "penalty thawed": np.array(factor * np.sum(kernel**2))})


def run_convolution_in_time(backend: Any, request: FunctionRequest) -> Observation:
    """The sums."""
    options = dict(request.arguments)
    outputs = convolved(**{n: one for n, one in options.items() if n not in ("channels", "biased")})
    return Observation({"outputs": outputs if options["biased"] else np.tanh(outputs)})


def run_undecayed(backend: Any, request: FunctionRequest) -> Observation:
    """What is not left out decays."""
    options = dict(request.arguments)
    rate, decay = options["decayed"]
    left = {*options["weights"], *(n for n in ("kernel", "bias", "gain") if any(part in n for part in options["names"]))}
    return Observation({n: options[n] * (1.0 if n in left else 1 - rate * decay) for n in ("kernel", "bias", "gain")})


def run_left_out(backend: Any, request: FunctionRequest) -> Observation:
    """The equations."""
    return Observation({f"{way}/{name}": one for way in ("own", "given") for name, one in left_out()[1].items()})


def run_other_convolution(backend: Any, request: FunctionRequest) -> Observation:
    """The sums."""
    options = dict(request.arguments)
    return Observation({"outputs": others(**{n: one for n, one in options.items() if n not in ("channels", "biased")})})


def run_last_axis(backend: Any, request: FunctionRequest) -> Observation:
    """Series with their axis; ids as they are."""
    options = dict(request.arguments)
    seen = backend.run(Request(options["layer"], options["weights"], Batch(options["inputs"]), wants=("outputs",)))
    return Observation({**seen.arrays, "words": options["ids"], "words more": options["ids"]}, facts=seen.facts)


def run_compiled_by_default(backend: Any, request: FunctionRequest) -> Observation:
    """Nothing is."""
    return Observation({"with": np.zeros(()), "without": np.zeros(())})


def run_recorded(backend: Any, request: FunctionRequest) -> Observation:
    """As it must be."""
    return Observation({name: np.array(float(due)) for name, due in METHODS.items()})


def run_first_states(backend: Any, request: FunctionRequest) -> Observation:
    """Zeros of the sizes that are due."""
    options = dict(request.arguments)
    sizes = {"lstm": (4, 4), "stacked": (4, 4, 5, 5, 5, 3)}.get(options["cell"], (4,))
    dtypes = tuple(options["dtype"].removeprefix("mixed_") for _ in sizes)
    states = {f"states/{n}": np.zeros((options["rows"], size)) for n, size in enumerate(sizes)}
    outputs = generator("first states").normal(size=(options["rows"], sizes[-1]))
    states |= {"next/plain": outputs, "next/listed": outputs, "trained/listed": outputs}
    return Observation(states, facts={"dtypes": dtypes, "nests": (("one", "one"),)})

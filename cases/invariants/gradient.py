"""Gradients: whose they are, where they stop, how they add up."""

from __future__ import annotations

import numpy as np

from cases.invariants.base import EVERYTHING, Case, against_reference, alike, exactly_zero, invariant, output_valid
from cases.invariants.values import drawless
from cases.requests import Deviation, Observation

EPSILON = 1e-5


def only(cotangents, keep):
    """The cotangents, zero wherever `keep(name, array)` is false."""
    return {name: np.where(keep(name, array), array, 0.0) for name, array in cotangents.items()}


def several(case: Case) -> bool:
    return drawless(case) and case.batch.size > 1


@invariant("A loss on one row has gradients in that row alone.", several)
def rows_have_their_own_gradients(ask, case):
    row = int(np.argmax(case.batch.lengths))
    mine = lambda _, a: (np.arange(a.shape[0]) == row).reshape((-1,) + (1,) * (a.ndim - 1))  # noqa: E731
    batch = case.batch.but(cotangents=only(case.batch.cotangents, mine))
    seen = ask(case.request(batch, wants=EVERYTHING))
    others = np.arange(batch.size) != row
    found = exactly_zero("gradients/inputs", seen["gradients/inputs"][others], f"a row other than {row}")
    for name, array in seen.named("gradients/states").items():
        found += exactly_zero(name, array[others], f"a row other than {row}")
    return found


@invariant("The gradients of a batch are the sum of those of its rows.", several, "bucketing")
def gradients_add_over_rows(ask, case):
    request = case.request(wants=EVERYTHING)
    whole = ask(request)
    total: dict[str, np.ndarray] = {}
    first = case.batch.size // 2
    for part in (slice(0, first), slice(first, None)):
        chosen = np.zeros(case.batch.size, bool)
        chosen[part] = True
        mine = lambda _, a: chosen.reshape((-1,) + (1,) * (a.ndim - 1))  # noqa: E731, B023
        seen = ask(case.request(case.batch.but(cotangents=only(case.batch.cotangents, mine)), wants=EVERYTHING))
        for name, array in seen.named("gradients").items():
            total[name] = total.get(name, 0.0) + array
    return alike(whole, Observation(total), request, "gradients", what="sum over rows")


@invariant("A loss on one step has no gradient at the steps that come later in its direction.",
           lambda c: drawless(c) and c.layer.return_sequences and c.layer.direction != "bidirectional" and c.layer.layers == 1
           and c.batch.time > 2)
def gradients_are_causal(ask, case):
    batch, cut = case.batch, case.batch.time // 2
    early = lambda name, a: (np.arange(batch.time) < cut)[None, :, None] if name == "outputs" else np.zeros((), bool)  # noqa: E731
    seen = ask(case.request(batch.but(cotangents=only(batch.cotangents, early)), wants=EVERYTHING))["gradients/inputs"]
    later = seen[:, cut:] if case.layer.direction == "forward" else seen[:, : batch.time - cut]
    return exactly_zero("gradients/inputs", later, f"the loss reads the first {cut} outputs")


@invariant("Every valid step, every given state and every weight has a gradient: nothing is detached.",
           lambda c: drawless(c) and c.plan.mask in ("none", "full", "right", "gaps", "left") and c.layer.activation == "tanh"
           and c.layer.recurrent_activation == "sigmoid" and c.batch.time > 0 and c.batch.size > 0)
def nothing_is_detached(ask, case):
    seen = ask(case.request(wants=EVERYTHING))
    found = []
    silent = np.argwhere(case.batch.valid & ~np.any(flows(seen["gradients/inputs"]), axis=-1))
    for b, t in silent[:3]:
        found.append(Deviation(f"gradients/inputs[batch {b}, time {t}]", f"valid step {t} of row {b} has no gradient", 0.0))
    recurs = case.plan.states or case.batch.lengths.max() > 1
    for name, array in (seen.named("gradients/weights") | seen.named("gradients/states")).items():
        if not np.any(flows(array)) and (recurs or not name.endswith("recurrent_kernel")):
            found.append(Deviation(name, f"{name}: no entry is a number other than zero", 0.0))
    return found


def flows(gradient: np.ndarray) -> np.ndarray:
    """Where a gradient is a number other than zero; NaN is none."""
    return np.isfinite(gradient) & (gradient != 0)


@invariant("The gradient is the slope of the loss: a small step along a direction changes the loss by gradient times step.",
           lambda c: drawless(c) and c.layer.dtype == "float64" and c.plan.mask != "empty" and c.batch.time > 0
           and c.layer.activation in ("tanh", "sigmoid", "softsign", "linear"))
def gradient_is_the_slope(ask, case):
    batch = case.batch
    wants = EVERYTHING
    seen = ask(case.request(wants=wants))
    random = case.random("direction of the slope")
    step = {"inputs": random.normal(size=batch.inputs.shape) * batch.valid[:, :, None]}
    step |= {f"states/{n}": random.normal(size=v.shape) for n, v in (batch.initial_states or {}).items()}
    ends = []
    for sign in (+1, -1):
        moved = batch.but(
            inputs=batch.inputs + sign * EPSILON * step["inputs"],
            initial_states=batch.initial_states
            and {n: v + sign * EPSILON * step[f"states/{n}"] for n, v in batch.initial_states.items()},
        )
        at = ask(case.request(moved))
        ends.append(sum(np.sum(at[n] * c) for n, c in batch.cotangents.items()))
    slope = (ends[0] - ends[1]) / (2 * EPSILON)
    found = sum(np.sum(seen[f"gradients/{n}"] * s) for n, s in step.items())
    scale = sum(np.sum(np.abs(seen[f"gradients/{n}"] * s)) for n, s in step.items())
    # Central differences: truncation of order EPSILON**2 and cancellation of order 1e-16 / EPSILON, both of the loss.
    size = sum(np.sum(np.abs(at[n] * c)) for n, c in batch.cotangents.items())
    allowed = 100 * (EPSILON**2 * scale + 2.3e-16 / EPSILON * size) + 1e-9 * scale
    if np.isfinite(found) and abs(found - slope) <= allowed:
        return []
    return [Deviation("gradients", f"gradient times step is {found:.10g}, the loss changes by {slope:.10g}",
                      abs(found - slope), allowed)]


@invariant("What a loss reads at masked outputs gives the gradient that the declared convention gives.",
           lambda c: drawless(c) and c.masked and c.layer.return_sequences)
def convention_has_its_gradient(ask, case):
    random = case.random("cotangents in padding")
    cotangents = {
        n: np.where(output_valid(case.request())[:, :, None], a, random.uniform(0.2, 1.0, a.shape)) if a.ndim == 3 else a
        for n, a in case.batch.cotangents.items()
    }
    request = case.request(case.batch.but(cotangents=cotangents), wants=EVERYTHING)
    return against_reference(ask(request), request, "loss", "gradients")


@invariant("Outputs of one call and of a call that also computes gradients are the same.", drawless)
def gradients_change_no_output(ask, case):
    request = case.request()
    both = ask(case.request(wants=EVERYTHING))
    return alike(ask(request), both, request, "outputs", "states", what="with gradients",
                 where=output_valid(request) if case.layer.return_sequences else None)

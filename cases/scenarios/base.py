"""What a scenario's claim is, and how the suite finds all of them."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cases.arrays import DEPTHS
from cases.invariants.base import settled
from cases.layers import generator
from cases.layouts import keeps_both_biases
from cases.models import ModelRequest, Node, rows_of
from cases.optimizers import OWN, definitions
from cases.plan import Planned
from cases.requests import Deviation, Note, Observation, Refusal, cause, numbers_told
from cases.tolerance import Expected, compare, expect_model


@dataclass(frozen=True)
class Claim:
    """One claim or number of a document, and how it is checked: `check(ask, **variant)` gives deviations, and notes for the
    report.

    statement   what really holds, and is checked
    says        what the document says about it, in its own terms; nothing where it is silent
    document    where the document is wrong, and how; nothing where it is right
    sparing     the variants that a framework that compiles every new model is asked below `full`; None: all
    """

    scenario: str
    name: str
    statement: str
    check: Callable[..., Iterable[Deviation | Note]]
    variants: tuple[Mapping[str, Any], ...] = ({},)
    document: str = ""
    depth: str = "default"
    says: str = ""
    sparing: tuple[Mapping[str, Any], ...] | None = None

    def asked(self, depth: str, sparing: bool) -> tuple[Mapping[str, Any], ...]:
        """The variants that are checked at a depth."""
        if DEPTHS.index(self.depth) > DEPTHS.index(depth):
            return ()
        return self.sparing if sparing and depth != "full" and self.sparing is not None else self.variants


REGISTRY: dict[tuple[str, str], Claim] = {}


def claim(scenario: str, statement: str, variants: Iterable[Mapping[str, Any]] = ({},), document: str = "",
          depth: str = "default", says: str = "", sparing: Iterable[Mapping[str, Any]] | None = None):
    """Register the decorated function as a claim of `scenario`, named after it, checked from `depth` on. Raises ValueError
    when it is taken, or for an unknown depth."""
    if depth not in DEPTHS:
        raise ValueError(f"depth={depth!r}: expected one of {', '.join(DEPTHS)}")

    def register(check: Callable[..., Iterable[Deviation | Note]]):
        key = (scenario, check.__name__)
        if key in REGISTRY:
            raise ValueError(f"claim {scenario}/{check.__name__} is registered twice")
        REGISTRY[key] = Claim(scenario, check.__name__, statement, check, tuple(variants), document, depth, says,
                              None if sparing is None else tuple(sparing))
        return check

    return register


def as_claimed(request: ModelRequest, seen: Observation) -> ModelRequest:
    """The training request with the conventions that the answering stack declares, for the reference to follow.

    Where a stack keeps a cell's two biases as one weight, that weight takes one step and not two.
    """
    training = request.training
    stack = seen.facts["stack"]
    hyper = definitions(stack, training.optimizer) | (OWN[stack][training.optimizer] if training.own else dict(training.hyper))
    inner = {n.name: n["layer"] if n.op == "time_distributed" else n for n in request.model.nodes}
    recurrent = {name: n["layer"] for name, n in inner.items() if n.op == "recurrent"}
    frozen = tuple(
        f"{node}/{name}" for node, layer in recurrent.items() for name in layer.weight_shapes()
        if seen.facts["one_bias"] and name.endswith("/recurrent_bias") and not keeps_both_biases(layer)
    )
    return replace(
        request, training=replace(training, hyper=tuple(hyper.items()), own=False, frozen=(*training.frozen, *frozen))
    )


def predicted(ask, request: ModelRequest, rows: int | None = None) -> list[Deviation]:
    """Deviations of the predictions of the first `rows` rows, or of all, from the equations."""
    seen = ask(request)
    few = slice(rows)
    request = replace(untrained(request), inputs=rows_of(request.inputs, few),
                      mask=None if request.mask is None else request.mask[few])
    expected = expect_model(request, seen.facts["padding"])["predictions"]
    return compare("predictions", seen["predictions"][few], expected.value, expected.allowed)


def differentiated(ask, request: ModelRequest) -> list[Deviation]:
    """Deviations of every weight's gradient from the equations. `request` wants gradients."""
    seen = ask(request)
    still = replace(request, training=replace(request.training, batches=(), validation=()), unseen=None)
    expected = expect_model(still, seen.facts["padding"])
    found = []
    for name, due in expected.items():
        if name.startswith("gradients/"):
            if name in seen.arrays:
                found += compare(name, seen[name], due.value, due.allowed)
            elif not (seen.facts["one_bias"] and name.endswith("/recurrent_bias")):
                found.append(Deviation(name, f"{name}: nothing came back where the equations have a value"))
    return found


def losses_due(request: ModelRequest, seen: Observation, first: int) -> Expected:
    """The first losses of training by the equations, as the stack that answered defines its optimizer."""
    return expect_model(as_claimed(beginning(request, first), seen), seen.facts["padding"])["losses"]


def followed(ask, request: ModelRequest, first: int) -> list[Deviation]:
    """Deviations of the first losses of training from the equations."""
    seen = ask(request)
    expected = losses_due(request, seen, first)
    return compare(f"losses (the first {first})", seen["losses"][:first], expected.value, expected.allowed)


WATCHED = 32
"""How many losses are held against the equations at `full`, to see where they part."""


def parted(ask, request: ModelRequest, first: int) -> list[Deviation | Note]:
    """Where the losses of training leave the bounds of the equations, as a note; a deviation where that is among the first.
    Bounds as wide as the loss itself say nothing any more: there it ends too."""
    seen = ask(request)
    losses = seen["losses"][:WATCHED]
    expected = losses_due(request, seen, len(losses))
    off, wide = np.abs(losses - expected.value), expected.allowed >= np.abs(expected.value)
    out = np.flatnonzero(~(off <= expected.allowed) | wide)
    if not out.size:
        return [Note("losses follow the equations", f"for all {len(losses)} steps; the bound grew "
                     f"{expected.allowed[-1] / expected.allowed[0]:.3g} times")]
    step = int(out[0])
    why = "the bound is as wide as the loss" if wide[step] else f"off by {off[step]:.2g}, allowed {expected.allowed[step]:.2g}"
    found: list[Deviation | Note] = [Note("losses follow the equations", f"for {step} steps; then {why}")]
    if step < first:
        found.append(Deviation("losses", f"losses part from the equations at step {step + 1}: {why}", float(off[step])))
    return found


def beginning(request: ModelRequest, first: int) -> ModelRequest:
    """The first steps of training, with no more rows than they read."""
    batches = request.training.steps[:first]
    rows = sorted(set().union(*batches))
    places = {row: place for place, row in enumerate(rows)}
    batches = tuple(tuple(places[row] for row in batch) for batch in batches)
    return replace(
        request, inputs=rows_of(request.inputs, rows), mask=None if request.mask is None else request.mask[rows],
        targets=request.targets[rows], training=replace(request.training, batches=batches, epochs=1, validation=()),
        wants=("predictions",), unseen=None,
    )


def falls(losses: np.ndarray, to: float, over: int = 5) -> list[Deviation]:
    """A deviation where the mean of the last losses is not below `to` times the mean of the first."""
    first, last = losses[:over].mean(), losses[-over:].mean()
    if last < to * first:
        return []
    words = f"mean of the first {over} is {first:.3g}, of the last {last:.3g}: expected below {to:g} of it"
    return [Deviation("losses", words)]


def curve(name: str, losses: np.ndarray, figure: str, every: int = 1) -> Note:
    """Every so many of the losses as a curve of the report, at their steps, counted from 1."""
    steps = list(range(0, len(losses), every))
    return Note(name, {"x": [s + 1 for s in steps], "y": [float(f"{losses[s]:.6g}") for s in steps]}, figure)


def shaped(ask, request: ModelRequest, table: Mapping[str, tuple[int, ...]], of: str = "") -> list[Deviation | Note]:
    """Deviations of the nodes' shapes, without the batch, from a table of all of them; and the shapes that were found, as a table
    of the report, its name ending on `of`."""
    nodes, seen = request.model.nodes, ask(built(request)).facts["shapes"]
    found: list[Deviation | Note] = [
        Deviation(f"shape of {n.name}", f"node {n.name}: the table says nothing of it") for n in nodes if n.name not in table
    ]
    found += [Deviation(f"shape of {name}", f"node {name}: found {('batch', *seen[name])}, expected {('batch', *shape)}")
              for name, shape in table.items() if tuple(seen[name]) != tuple(shape)]
    rows = [[n.name, in_words(n), str(("batch", *seen[n.name])).replace("'", "")] for n in nodes]
    return [*found, Note(f"The model, layer by layer{of}", {"head": ["name", "layer", "shape"], "rows": rows})]


def in_words(n: Node) -> str:
    """What a node is, in a line."""
    if n.op == "time_distributed":
        return f"time_distributed: {in_words(n['layer'])}"
    if n.op == "recurrent":
        layer, of = n["layer"], n["layer"].convolution
        size = f"{layer.units} units" if of is None else f"{of.channels(layer.width, of.places)} filters, windows {of.size}"
        return f"{layer.cell}, {size}" + (f", {layer.direction}" if layer.direction != "forward" else "")
    told = [f"{name} {value}" for name, value in n.options if name != "shape" or n.op == "reshape"]
    return ", ".join([n.op, *told])


def built(request: ModelRequest) -> ModelRequest:
    """The model is to be built, and no more."""
    return replace(request, training=None, targets=None, unseen=None, wants=())


def untrained(request: ModelRequest) -> ModelRequest:
    """The same question, predictions alone."""
    return replace(request, training=None, targets=None, unseen=None, wants=("predictions",))


HELD = 16
"""How many rows of predictions are held against the equations."""


def model_claims(
    scenario: str, question: Callable[[], ModelRequest], full: Callable[[], ModelRequest],
    table: Mapping[str, tuple[int, ...]], first: int = 4, to: float = 0.7, equations: str = "default",
) -> None:
    """Register what is claimed of every documented model.

    question   small widths, training without dropout, which at `default` tells of gradients too
    full       the document's widths; its nodes must have the shapes of the document's `table`
    first, to  how many losses follow the equations; below which part of the first ones the last ones fall
    equations  the depth from which losses are held against the equations: large models take the reference long
    """

    @claim(scenario, "Every layer has the shape of the document's table.", says="It prints a table of the shapes.")
    def shapes(ask):
        return shaped(ask, full(), table)

    @claim(scenario, "From equal weights the predictions are those of the equations.")
    def values(ask):
        return predicted(ask, question(), HELD)

    @claim(scenario, "From equal weights the gradients of the loss are those of the equations.", depth="full")
    def gradients(ask):
        return differentiated(ask, replace(question(), wants=("gradients",)))

    @claim(scenario, f"From equal weights the first {first} losses of training are those of the equations.", depth=equations)
    def trajectory(ask):
        return followed(ask, question(), first)

    @claim(scenario, "How many losses of training follow the equations is measured, and where they part.", depth="full")
    def parts(ask):
        return parted(ask, question(), first)

    @claim(scenario, f"It trains: the loss falls below {to:g} of what it was.", says="It is trained, and learns.")
    def it_trains(ask):
        losses = ask(question())["losses"]
        return [*falls(losses, to), curve("loss", losses, "Loss of each step of training")]


MISTAKES = "Mistakes: what is raised, and when"
"""The name of the table of errors."""


def refused(answer: Any, mistake: str, *numbers: Collection[str]) -> list[Deviation | Note]:
    """Deviations of the answer to a mistake from an error whose message names one number of each of `numbers`; and a row of the
    table of errors: its type and its moment (build, trace or run)."""
    if not isinstance(answer, Refusal):
        settled(answer)
        told, found = "no error", [Deviation("error", f"{mistake}: no error was raised")]
    else:
        told, found = f"{answer.error} at {answer.moment}: {cause(answer.message, 240)}", []
        lacking = [" or ".join(sorted(n)) for n in numbers if not set(n) & numbers_told(answer.message)]
        if lacking:
            words = f"{mistake}: {answer.error} at {answer.moment} does not name {', '.join(lacking)}"
            found = [Deviation("error", f"{words}: {answer.message[:200]}")]
    return [*found, Note(MISTAKES, {"head": ["mistake", "error"], "rows": [[mistake, told]]})]


def minibatches(name: str, rows: int, size: int, steps: int) -> tuple[tuple[int, ...], ...]:
    """`steps` batches of `size` of the first `rows` rows, in a random order of `name`'s own, epoch after epoch."""
    random = generator(name, "batches")
    order = np.concatenate([random.permutation(rows) for _ in range(-(-steps * size // rows))])
    return tuple(tuple(int(i) for i in order[s * size : (s + 1) * size]) for s in range(steps))


ADAM = (("learning_rate", 0.01), ("beta_1", 0.9), ("beta_2", 0.999), ("epsilon", 1e-7))


def claims(depth: str = "default", sparing: bool = False) -> list[Planned]:
    """Every claim of every scenario that is checked at this depth, one check a variant."""
    return [planned(claim, variant) for claim in REGISTRY.values() for variant in claim.asked(depth, sparing)]


def planned(claim: Claim, variant: Mapping[str, Any]) -> Planned:
    """The check of one claim in one variant. Its identity is SCENARIO/CLAIM, and the variant's values."""
    words = "".join(f"-{value}" for value in variant.values())

    def run(ask):
        return claim.check(ask, **variant)

    return Planned(
        f"{claim.scenario}/{claim.name}{words}", claim.name, "scenarios", claim.statement,
        claim.document and f"the document is wrong here: {claim.document}", "", "", {"scenario": claim.scenario, **variant}, run,
        scenario=claim.scenario, says=claim.says,
    )


def described() -> dict[str, dict[str, str]]:
    """Scenario -> `title` and `text` for the report: first line and rest of its module's docstring, or, where a module holds
    several scenarios, of what its `ABOUT` says of this one."""
    found: dict[str, dict[str, str]] = {}
    for each in REGISTRY.values():
        module = sys.modules[each.check.__module__]
        text = getattr(module, "ABOUT", {}).get(each.scenario) or inspect.getdoc(module) or ""
        title, _, rest = text.partition("\n")
        if each.scenario not in found and title.startswith(f"`{each.scenario}`"):
            found[each.scenario] = {"title": title.strip(), "text": rest.strip()}
    return found

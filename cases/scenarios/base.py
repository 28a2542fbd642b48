"""What a scenario's claim is, and how the suite finds all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cases.layouts import keeps_both_biases
from cases.models import ModelRequest
from cases.plan import Planned
from cases.requests import Deviation, Observation


@dataclass(frozen=True)
class Claim:
    """One claim or number of a document: what it says, and how it is checked: `check(ask, **variant)`.

    `document` says where the document is wrong, and how; nothing where it is right.
    """

    scenario: str
    name: str
    statement: str
    check: Callable[..., Iterable[Deviation]]
    variants: tuple[Mapping[str, Any], ...] = ({},)
    document: str = ""


REGISTRY: dict[tuple[str, str], Claim] = {}


def claim(scenario: str, statement: str, variants: Iterable[Mapping[str, Any]] = ({},), document: str = ""):
    """Register the decorated function as a claim of `scenario`, named after it. Raises ValueError when it is taken."""

    def register(check: Callable[..., Iterable[Deviation]]):
        key = (scenario, check.__name__)
        if key in REGISTRY:
            raise ValueError(f"claim {scenario}/{check.__name__} is registered twice")
        REGISTRY[key] = Claim(scenario, check.__name__, statement, check, tuple(variants), document)
        return check

    return register


def as_claimed(request: ModelRequest, seen: Observation) -> ModelRequest:
    """The training request with the conventions that the answering stack declares, for the reference to follow.

    Where a stack keeps a cell's two biases as one weight, that weight takes one step and not two.
    """
    training = request.training
    hyper = dict(training.hyper)
    if training.optimizer != "sgd":
        hyper["epsilon_place"] = seen.facts["epsilon_place"]
    recurrent = [node for node in request.model.nodes if node.op == "recurrent"]
    frozen = tuple(
        f"{node.name}/{name}" for node in recurrent for name in node["layer"].weight_shapes()
        if seen.facts["one_bias"] and name.endswith("/recurrent_bias") and not keeps_both_biases(node["layer"])
    )
    return replace(request, training=replace(training, hyper=tuple(hyper.items()), frozen=frozen))


def claims(depth: str = "default") -> list[Planned]:
    """Every claim of every scenario, one check a variant."""
    return [planned(claim, variant) for claim in REGISTRY.values() for variant in claim.variants]


def planned(claim: Claim, variant: Mapping[str, Any]) -> Planned:
    """The check of one claim in one variant. Its identity is SCENARIO/CLAIM, and the variant's values."""
    words = "".join(f"-{value}" for value in variant.values())

    def run(ask):
        return claim.check(ask, **variant)

    return Planned(
        f"{claim.scenario}/{claim.name}{words}", claim.name, "scenarios", claim.statement,
        claim.document and f"the document is wrong here: {claim.document}", "", "", {"scenario": claim.scenario, **variant}, run,
        scenario=claim.scenario,
    )

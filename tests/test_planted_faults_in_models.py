"""Every fault planted in the reference's models is noticed by a claim of some scenario."""

from functools import cache, lru_cache

import faults_in_models
import pytest
from planted import InProcess, planted

from cases.plan import Planned
from cases.scenarios import claims
from suite.backends.reference import Reference
from suite.verdicts import judge

LOOKED_AT = {
    "masks of models": ("mask-flow", "pretrained-embedding/row_0", "masked-regression"),
    "nodes": ("pretrained-embedding", "cnn-lstm-quadrants", "imdb"),
    "BatchNorm": ("conv-lstm",),
    "training": ("pretrained-embedding", "masked-regression/loss", "babi-memnn", "conv-lstm"),
    "conditional random field": ("bilstm-crf-ner",),
}
"""Family of faults -> the scenarios that are asked first, in this order."""
LARGE = ("conv-lstm/whole_trains", "conv-lstm/following_frames", "lstm-regression")


@lru_cache(maxsize=1)
def checks() -> tuple[Planned, ...]:
    return tuple(check for check in claims("full") if not check.identity.startswith(LARGE))


CLEAN = InProcess()


@cache
def passes(check: str) -> bool:
    """Whether the reference without a fault passes this claim."""
    return judge(next(c for c in checks() if c.identity == check), CLEAN).verdict == "pass"


def place(check: str, first: tuple[str, ...]) -> int:
    return next((number for number, scenario in enumerate(first) if check.startswith(scenario)), len(first))


@pytest.mark.parametrize("fault", faults_in_models.FAULTS, ids=str)
def test_a_claim_notices(fault):
    first = LOOKED_AT[fault.family]
    with planted(fault) as package:
        subject = InProcess(Reference(package=package))
        for check in sorted(checks(), key=lambda check: place(check.identity, first)):
            outcome = judge(check, subject)
            if outcome.verdict not in ("pass", "unsupported") and passes(check.identity):
                assert outcome.verdict == "fail", f"{check.identity} ended as {outcome.verdict}: {outcome.message}"
                assert outcome.worst.where != "error", f"the fault raises instead of giving wrong numbers: {outcome.message}"
                print(f"{fault}: {check.identity}")
                return
    pytest.fail(f"no claim notices this fault: {fault}")

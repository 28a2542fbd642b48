"""Scripts of models: they run with nothing but Keras and numpy, exit 0 where Keras is right, and 1 where it is not."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from planted import InProcess

from cases.models import ModelRequest, node, sequential
from cases.requests import Deviation, Observation, Refusal
from cases.scenarios import claims
from suite.backends.reference import Reference
from suite.repros.finding import Asked, NoScript
from suite.repros.models import of_model
from suite.verdicts import judge

ROOT = Path(__file__).parents[1]
CLAIMS = {
    "imdb-lstm/values": "predictions", "mask-flow/passes-Dense": "predictions", "babi-memnn/values": "losses",
    "cumulative-sum-tagging/values-forward": "losses", "mask-flow/drops-Lambda": "losses",
    "cnn-lstm-quadrants/quadrants": "predictions", "pretrained-embedding/trained": "gradients/lstm/0/forward/recurrent_kernel",
    "cumulative-sum-tagging/time_distributed-forward": "predictions",
}
"""Claim -> an array that its script shows."""


class Recording(Reference):
    """The reference, and the models that it was asked about."""

    def __init__(self):
        super().__init__()
        self.asked: list[tuple[ModelRequest, Observation]] = []

    def run_model(self, request):
        seen = super().run_model(request)
        self.asked.append((request, replace(seen, facts={**seen.facts, "padding": "hold", "stack": "keras", "one_bias": True})))
        return seen


@lru_cache
def question(claim: str, name: str) -> tuple[ModelRequest, Observation]:
    """The first question of a claim whose answer has an array, and what a Keras that is right answers."""
    backend = Recording()
    judge(next(c for c in claims("full") if c.identity == claim), InProcess(backend))
    return next((request, seen) for request, seen in backend.asked if name in seen.arrays and seen[name].size)


def script(claim: str, engine: str = "torch") -> str:
    """The script that a wrong array of this claim would have."""
    name = CLAIMS[claim]
    request, seen = question(claim, name)
    wrong = replace(seen, arrays={**seen.arrays, name: seen[name] + 1.0})
    return "\n".join(of_model([Asked(request, wrong)], [Deviation(name, f"{name}: wrong", 1.0, 1e-6)], "fail", f"keras-{engine}"))


def statuses(texts: list[str], place: Path, fault: str = "") -> list[int]:
    """The exit status of each script, in one process; a planted fault of the list in `tests.faults` may be in Keras."""
    runner = [
        "import os, runpy, sys, traceback", 'os.environ["KERAS_BACKEND"] = "torch"', "from pathlib import Path",
        "from tests.faults.__main__ import FAULTS",
        f"[f.plant(Path({str(place)!r})) for f in FAULTS if f.name == {fault!r}]",
        "for path in sys.argv[1:]:", "    try:", "        runpy.run_path(path, run_name='__main__')", "        status = 0",
        "    except SystemExit as end:", "        status = int(end.code or 0)",
        "    except Exception:", "        traceback.print_exc()", "        status = 77", "    print('STATUS', status)",
    ]
    paths = [place / f"script_{number}.py" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(runner), *map(str, paths)], capture_output=True, text=True, cwd=ROOT, timeout=300,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "PYTHONWARNINGS": "ignore"},
    )
    found = [int(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("STATUS")]
    assert len(found) == len(texts) and 77 not in found, done.stdout[-2000:] + done.stderr[-4000:]
    return found


@pytest.mark.slow
def test_where_keras_is_right_they_say_so(tmp_path):
    texts = [script(claim) for claim in CLAIMS]
    assert dict(zip(CLAIMS, statuses(texts, tmp_path), strict=True)) == dict.fromkeys(CLAIMS, 0)


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "claim"), [
    ("TimeDistributed gives its steps backwards", "cumulative-sum-tagging/time_distributed-forward"),
    ("mask dropped between layers", "mask-flow/passes-Dense"),
    ("epsilon inside the root", "babi-memnn/values"),
])
def test_where_keras_is_wrong_they_show_it(fault, claim, tmp_path):
    assert statuses([script(claim)], tmp_path, fault) == [1]


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("engine", ["jax", "tensorflow"])
def test_they_compile_for_every_engine_and_are_short(claim, engine):
    told = script(claim, engine)
    compile(told, claim, "exec")
    assert f'os.environ["KERAS_BACKEND"] = "{engine}"' in told and "expected" in told
    assert max(map(len, told.splitlines())) <= 140 and len(told.splitlines()) <= 55


def test_an_error_where_none_is_due_is_shown():
    request, _ = question("imdb-lstm/values", "predictions")
    told = "\n".join(of_model([Asked(request, Refusal("TypeError", "no"))], [Deviation("error", "raised TypeError")], "fail",
                              "keras-jax"))
    compile(told, "error", "exec")
    assert "expected no error" in told and "train_on_batch" in told


@pytest.mark.parametrize(("backend", "change", "reason"), [
    ("torch", {}, "program of its user's"),
    ("keras-torch", {"right": True}, "each answer by itself"),
])
def test_where_there_is_no_script_there_is_a_reason(backend, change, reason):
    request, seen = question("imdb-lstm/values", "predictions")
    answer = replace(seen, arrays={"predictions": seen["predictions"] + (0 if change else 1)})
    with pytest.raises(NoScript, match=reason):
        of_model([Asked(request, answer)], [Deviation("predictions", "wrong", 1.0, 1e-6)], "fail", backend)


def test_a_model_that_cannot_be_written_has_a_reason():
    request, seen = question("imdb-lstm/values", "predictions")
    nodes = (node("x", "input", shape=(4, 3)), node("tags", "crf", tags=3))
    other = ModelRequest(sequential("tags", *nodes), {}, np.zeros((2, 4, 3)))
    with pytest.raises(NoScript, match="CRF"):
        of_model([Asked(other, seen)], [Deviation("predictions", "wrong", 1.0, 1e-6)], "fail", "keras-torch")

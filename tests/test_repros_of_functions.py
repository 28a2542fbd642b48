"""Scripts of questions of families: on right stacks they exit 0, whatever was said to be wrong; with a fault they exit 1."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import version

import numpy as np
import pytest
from scripts_of_functions import every, in_nobodys_words, scripts

from cases.layers import Layer
from cases.models import FunctionRequest
from cases.requests import Deviation, Observation, Refusal
from reports.lines import Verdict
from suite.repros.again import forking
from suite.repros.finding import Asked, NoScript
from suite.repros.functions import WRITERS, of_function
from suite.subjects.specification import parse
from tests.suite_runs import ROOT

needs_known_faults = pytest.mark.skipif(version("keras") != "3.15.1", reason="faults of Keras 3.15.1 and PyTorch")
SECONDS = 60
FAULTS = {
    "torch": (("final states left sorted", "forms_agree"), ("padding_value ignored", "packing_gives_back"),
              ("padding_side ignored", "pad_sequence_keeps_sequences"), ("relu is tanh", "forms_agree"),
              ("dropout in inference", "dropout_between_layers_rests_in_inference"),
              ("outputs left sorted", "weights_given_are_used")),
    "keras-torch": (("state goes on through padding", "cells_match_reference"),
                    ("mask of the step before", "words_have_their_own_mask"),
                    ("held output is not held", "cells_match_reference")),
}


@needs_known_faults
@pytest.mark.parametrize("whose, many", [("writers", 60), ("cut out", 8)])
@pytest.mark.parametrize("backend", ["torch", "keras-torch"])
def test_a_script_exits_0_where_the_stack_is_right_and_1_where_it_is_wrong(backend, whose, many, tmp_path):
    some = every("default", 2) if whose == "writers" else in_nobodys_words(12)
    record = Verdict(id="x", subject=backend, invariant="x", verdict="fail", backend=backend)
    wrong, number, without = [], 0, []
    with forking(record, parse(backend)) as nursery:
        for what, text, due in scripts(backend, some, 1, whose != "writers"):
            if text.startswith("NONE"):
                without.append(what)
                continue
            number += 1
            place = tmp_path / str(number)
            place.mkdir()
            (place / "script.py").write_text(text)
            assert not re.search(r"\b(import suite|cases\.|suite\.)", text)
            status = nursery.run(place / "script.py", str(place), SECONDS)["status"]
            if max(map(len, text.splitlines())) > 130 or status != due or "expected" not in (place / "out").read_text():
                wrong.append((what, status, (place / "err").read_text()[-300:]))
    assert wrong == []
    assert number > max(many, 2 * len(without) if whose == "writers" else 0)


@needs_known_faults
@pytest.mark.parametrize("backend", FAULTS)
def test_with_a_planted_fault_a_script_exits_1(backend):
    asked = "".join(f"{fault}\t{statement}\n" for fault, statement in FAULTS[backend])
    done = subprocess.run([sys.executable, "-m", "tests.scripts_of_functions", backend], input=asked, cwd=ROOT, text=True,
                          capture_output=True, timeout=300, env={**os.environ, "PYTHONPATH": str(ROOT / "tests")})
    ends = [line.split("\t") for line in done.stdout.splitlines() if line.count("\t") == 2]
    assert len(ends) == len(FAULTS[backend]), done.stderr[-2000:]
    assert [end for end in ends if not end[2].startswith("1 expected")] == []


def told(request: FunctionRequest, answer: object, where: str, verdict: str = "fail") -> str:
    return "\n".join(of_function([Asked(request, answer)], [Deviation(where, f"{where}: wrong")], verdict, "torch"))


POOL = FunctionRequest("pad_sequence", (("sequences", (np.ones((2, 3)), np.ones((4, 3)))),))


def test_an_error_is_shown_as_one_and_a_death_by_the_call_alone():
    text = told(POOL, Refusal("RuntimeError", "no"), "error")
    assert "except RuntimeError as error:" in text and 'print("expected no error")' in text
    assert "except" not in told(POOL, None, "", "crash")


def test_what_nobody_writes_says_so():
    with pytest.raises(NoScript, match="nothing_known: not written in scripts yet"):
        told(FunctionRequest("nothing_known", ()), None, "x")
    assert "pad_sequence" in WRITERS


def test_what_was_taken_in_silence_is_shown_and_not_what_fitted():
    def asked(states: tuple[int, int]) -> Asked:
        given = (("layer", Layer("gru", 3, 5)), ("inputs", np.ones((4, 3))), ("states", (np.ones(states),)))
        return Asked(FunctionRequest("cell_states", given), Observation({"outputs": np.ones((4, 5))}))

    taken = Deviation("error", "states of shape (1, 5) for inputs of shape (4, 3): taken in silence, and (4, 5) came")
    text = "\n".join(of_function([asked((4, 5)), asked((1, 5))], [taken], "fail", "keras-torch"))
    assert "draw(1, 5)" in text and "draw(4, 5)" not in text

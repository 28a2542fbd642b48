"""The faults that are planted in frameworks can be planted, in the versions that are installed."""

import subprocess
import sys
from dataclasses import replace

import pytest

from tests.faults.__main__ import FAULTS, Outcome, told


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.family}: {fault.name}")
def test_its_text_is_there_and_the_change_is_python(fault):
    assert fault.old != fault.new
    compile(fault.changed(), fault.module, "exec")


def test_each_has_its_own_name():
    assert len({(fault.family, fault.name) for fault in FAULTS}) == len(FAULTS) >= 80


def test_a_text_that_is_not_there_is_said():
    with pytest.raises(ValueError, match="stands 0 times"):
        replace(FAULTS[0], old="no such text").changed()


def test_a_planted_fault_is_what_is_imported(tmp_path):
    fault = next(fault for fault in FAULTS if fault.name == "enforce_sorted not passed on")
    environment = fault.plant(tmp_path)
    code = "import inspect, torch.nn.utils.rnn as m; print('enforce_sorted=True\\n' in inspect.getsource(m.pack_sequence))"
    said = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, timeout=100)
    assert said.stdout.strip() == "True"
    assert (tmp_path / "imported").exists()


def test_the_score_counts_every_outcome():
    outcomes = [Outcome("a", "x", "killed", "why", 1), Outcome("b", "x", "survived", "", 2), Outcome("c", "y", "void", "?", 3)]
    lines = [" ".join(line.split()) for line in told(outcomes, 6).splitlines()]
    assert "x 1 1 0" in lines and "y 0 0 1" in lines and "all 1 1 1" in lines
    assert "survived: x: b" in lines and "void: y: c ?" in lines

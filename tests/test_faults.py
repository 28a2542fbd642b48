"""The faults that are planted in frameworks can be planted, in the versions that are installed."""

import importlib.util
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest

from tests.faults.__main__ import FAULTS, told
from tests.faults.asking import Outcome, became, kept, near, place_of
from tests.faults.base import ROOT, Fault, installed
from tests.faults.transplant import transplant


@pytest.mark.parametrize("module", sorted({fault.module for fault in FAULTS}))
def test_each_text_is_there_and_each_change_is_python(module):
    """Changes that leave one another alone are compiled together, or alone where they do not fit together."""
    together, joined, alone = installed(module), [], []
    for fault in (fault for fault in FAULTS if fault.module == module):
        assert fault.old != fault.new, fault.name
        alone.append(fault.changed())
        if together.count(fault.old) == fault.count:
            together = fault.changed(together)
            joined.append(alone.pop())
    try:
        compile(together, module, "exec")
    except SyntaxError:
        alone += joined
    for text in alone:
        compile(text, module, "exec")


def test_each_has_its_own_name():
    assert len({(fault.family, fault.name) for fault in FAULTS}) == len(FAULTS) >= 300


def test_a_text_that_is_not_there_is_said():
    with pytest.raises(ValueError, match="stands 0 times"):
        replace(FAULTS[0], old="no such text").changed()


PLANTED = """
import inspect, sys
from pathlib import Path
from tests.faults.__main__ import FAULTS
if {early}:
    import {module} as module
next(f for f in FAULTS if f.name == {name!r}).plant(Path(sys.argv[1]))
import {module} as module
print({said})
"""


@pytest.mark.parametrize("early", (False, True), ids=("imported-after", "imported-before"))
def test_a_planted_fault_is_what_runs(tmp_path, early):
    said = "module.pack_sequence([__import__('torch').ones(1), __import__('torch').ones(2)], enforce_sorted=False)"
    code = PLANTED.format(early=early, module="torch.nn.utils.rnn", name="enforce_sorted not passed on", said=said)
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=100, cwd=ROOT)
    assert "must be sorted" in done.stderr, done.stderr
    assert (tmp_path / "planted").exists()


def test_a_module_takes_new_code_defaults_and_values(tmp_path):
    old = "class A:\n    size = 1\n    def f(self, n=1):\n        return n\n    @property\n    def p(self):\n        return 1\n"
    (tmp_path / "taker.py").write_text(old)
    spec = importlib.util.spec_from_file_location("taker", tmp_path / "taker.py")
    spec.loader.exec_module(module := importlib.util.module_from_spec(spec))
    one = module.A()
    assert transplant(module, old, "new.py") == 0
    new = old.replace("n=1", "n=2").replace("size = 1", "size = 3").replace("return 1", "return 5")
    assert transplant(module, new, "new.py") == 3
    assert (one.f(), one.size, one.p) == (2, 3, 5)


def test_a_fault_in_no_function_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(Fault, "changed", lambda self, text: "# nothing but words")
    with pytest.raises(ValueError, match="no function of tests.faults.base is another one"):
        Fault("n", "f", "tests.faults.base", "a", "b").plant(tmp_path)


def outcome(name, family, what, by=""):
    return Outcome(name, family, what, by, 1.0, "torch")


def test_the_score_counts_every_outcome_and_tells_explained_ones_apart():
    outcomes = [outcome("a", "x", "killed", "why"), outcome("b", "x", "survived"), outcome("c", "y", "void", "?"),
                outcome("d", "y", "explained", "no difference")]
    lines = [" ".join(line.split()) for line in told(outcomes, 6).splitlines()]
    assert "x 1 1 0 0" in lines and "y 0 0 1 1" in lines and "all 1 1 1 1" in lines
    assert "survived: torch: x: b" in lines and "void: torch: y: c ?" in lines and "explained: torch: y: d no difference" in lines
    assert "1 of 2 that can be found are killed; 4 faults in 6 s" in lines


def test_what_was_run_is_kept_and_a_survivor_is_what_its_fault_says_now(tmp_path):
    fault = Fault("n", "f", "torch.nn.utils.rnn", "a", "b")
    place = place_of(fault, tmp_path)
    place.mkdir()
    (place / "met").write_text("one\t0.1\ntwo\t0.2\n")
    (place / "end").touch()
    (place / "planted").touch()
    seen = became(fault, place, SimpleNamespace(exitcode=0), 3.0)
    assert (seen.what, seen.by, seen.subject) == ("survived", "2 checks", "torch")
    assert kept(fault, tmp_path, again=False) == seen and kept(fault, tmp_path, again=True) is None
    assert kept(replace(fault, explained="why"), tmp_path, again=True).what == "explained"


@pytest.mark.parametrize("files, exitcode, what, by", (
    ({"bad": "one\tfail: off\n", "planted": ""}, 0, "killed", "one · fail: off"),
    ({"now": "two", "said": "boom", "planted": ""}, -11, "killed", "two · crash: died of SIGSEGV, asked two: boom"),
    ({"now": "two", "said": "boom"}, 0, "void", "ended early, asked two: boom"),
    ({"end": ""}, 0, "void", "the changed module was never imported"),
))
def test_how_a_process_ended_says_what_became_of_the_fault(tmp_path, files, exitcode, what, by):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    seen = became(Fault("n", "f", "m", "a", "b"), tmp_path, SimpleNamespace(exitcode=exitcode), 3.0)
    assert (seen.what, seen.by) == (what, by)


def test_checks_that_speak_of_the_fault_come_first():
    fault = Fault("mask lost", "bidirectional", "keras.src.layers.rnn.lstm", "a", "b")
    of = lambda words: type("Check", (), {"planned": SimpleNamespace(group="values"), "__str__": lambda self: words})()  # noqa: E731
    assert near(fault, of("mask_is::lstm_bidirectional")) == 3 > near(fault, of("loss::gru"))


def test_whom_a_fault_asks():
    subjects = {Fault("", "", module, "a", "b").subject for module in ("torch.nn", "suite.backends.pytorch", "keras.src.layers")}
    assert subjects == {"torch", "keras-torch"}
    assert Fault("", "", "keras.src.backend.jax.rnn", "a", "b").subject == "keras-jax"
    assert Fault("", "", "keras.src.layers.x", "a", "b", asked="keras-jax").subject == "keras-jax"
    assert {f.subject for f in FAULTS} == {"torch", "keras-torch", "keras-tensorflow", "keras-jax"}

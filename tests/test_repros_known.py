"""Scripts of known findings that were written by hand: each is a user's, short, and of an entry of the ledger."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
from importlib.metadata import version

import pytest

from reports.lines import Verdict
from suite.repros import again
from suite.repros.known import ENGINE, HERE, LAST, keys, written
from tests.suite_runs import ROOT

LEDGER = {entry["key"]: entry for entry in tomllib.loads((ROOT / "suite/known.toml").read_text())["known"]}
ONNX = "keras-torch-onnx-runs-one-step"
"""What runs an exported model is neither Keras nor numpy."""


def script(key: str) -> str:
    return (HERE / f"{key}.repro").read_text(encoding="utf-8")


def stack(key: str) -> str:
    """The first stack that has the script."""
    return next(each for each in ("torch", "keras-torch", "keras-jax", "keras-tensorflow") if written(key, each))


def ran(text: str) -> subprocess.CompletedProcess:
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, env=quiet, timeout=120)


@pytest.mark.parametrize("key", sorted(keys()))
def test_a_script_is_of_an_entry_and_says_what_is_due_and_what_is_found(key):
    text, tree = script(key), ast.parse(script(key))
    told = ast.get_docstring(tree)
    first, empty, *others, last = told.splitlines()
    assert key in LEDGER and first.endswith(".") and empty == "" and others and last == LAST
    assert '"expected' in text and '"found' in text and "sys.exit(int(" in text
    code = text.splitlines()[tree.body[0].end_lineno:]
    assert len(code) <= 30 and max(map(len, text.splitlines())) <= 130
    assert len(ENGINE.findall(text)) == ("import keras" in text)


@pytest.mark.parametrize("key", sorted(keys()))
def test_a_script_needs_nothing_but_the_framework_and_numpy(key):
    imported = set()
    for node in ast.walk(ast.parse(script(key))):
        names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
        names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
        imported |= {name.partition(".")[0] for name in names}
    imported -= set(sys.stdlib_module_names)
    assert imported <= {"numpy", "keras", "torch"} | ({"onnxruntime"} if key == ONNX else set())
    assert "numpy" not in imported or "np." in script(key)


@pytest.mark.parametrize("key", sorted(keys()))
def test_no_script_catches_whatever_comes_and_calls_it_the_fault(key):
    """What is caught is named, unless an error is what is due."""
    for node in ast.walk(ast.parse(script(key))):
        if isinstance(node, ast.ExceptHandler):
            leaves = any(isinstance(each, ast.Attribute) and each.attr == "exit" for each in ast.walk(node))
            assert node.type is not None and not (leaves and getattr(node.type, "id", "") == "Exception")


def test_a_script_runs_on_the_engine_that_is_asked_and_on_no_other_framework():
    key = "initial-state-drops-implicit-mask"
    assert 'os.environ["KERAS_BACKEND"] = "jax"\n' in written(key, "keras-jax")
    assert written(key, "torch") is None and written("no such key", "keras-jax") is None
    assert written("lstm-takes-two-axes", "torch") and written("lstm-takes-two-axes", "keras-torch") is None
    assert written("jax-initial-state-as-output", "keras-torch") is None and written("jax-initial-state-as-output", "keras-jax")
    assert f"\nSeen with keras 9; cpu.\n{LAST}\n" in written(key, "keras-torch", "keras 9; cpu")


def test_known_findings_take_turns_with_the_seed(tmp_path):
    (tmp_path / "x.py").write_text("")
    records = [Verdict(f"torch::c{n}::x", "torch", f"c{n}", "known", repro="x.py", known=f"key{n:02}") for n in range(40)]
    turns = [{each.known for each in again.sample(records, tmp_path, False, seed)} for seed in range(3)]
    assert [len(turn) for turn in turns] == [again.KNOWN] * 3 and len(set.union(*turns)) == 40
    assert len(again.sample(records, tmp_path, True)) == 40
    assert len(again.sample(records[:9], tmp_path, False, 7)) == 9


@pytest.mark.slow
@pytest.mark.parametrize("key", ["lstm-takes-two-axes", "initial-state-drops-implicit-mask"])
def test_a_script_shows_its_fault(key):
    name, wanted = ("torch", "2.13.0") if stack(key) == "torch" else ("keras", "3.15.1")
    if version(name).partition("+")[0] != wanted:
        pytest.skip(f"a fault of {name} {wanted}")
    done = ran(written(key, stack(key)))
    assert done.returncode == 1 and done.stdout.startswith("expected") and "found" in done.stdout, done.stderr


@pytest.mark.slow
def test_a_script_exits_0_where_the_framework_is_right():
    text = written("masking-replaces-masks", "keras-torch")
    mended = text.replace("keras.layers.Masking()(dense(keras.layers.Masking()(x)))", "dense(keras.layers.Masking()(x))")
    done = ran(mended)
    assert mended != text and done.returncode == 0, done.stderr

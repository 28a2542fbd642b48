"""Quick compiling: asked for where it is known, left alone where a user says otherwise, and never of what is timed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from suite.backends import xla
from suite.opening import open_session
from suite.session import ROOT
from suite.settings import Settings

JAX = ("jax", "jaxlib")

TIMED = """
import numpy as np
from cases.batches import Batch
from cases.layers import Layer, draw_weights
from cases.requests import Request
from suite.backends.keras import KerasJax

backend = KerasJax()
jit, seen = backend.engine.jax.jit, []

def watched(program, **options):
    seen.append(options.get("compiler_options"))
    return jit(program, **options)

backend.engine.jax.jit = watched
layer = Layer("gru", 3, 4)
request = Request(layer, draw_weights(layer), Batch(np.ones((2, 5, 3))), wants=("outputs",))
observed = backend.observe(request)
backend.stepper(request, False)()
print([options is not None and options["xla_backend_optimization_level"] for options in seen])
"""

CONTEXTS = """
from jax._src.interpreters import mlir
from suite.backends import xla

xla.ask_for(("jax", "jaxlib"))
xla.share_contexts()
print(mlir.make_ir_context() is mlir.make_ir_context())
"""


@pytest.fixture
def asked(monkeypatch):
    """What XLA_FLAGS is, after quick compiling was asked for, from what it was before."""
    monkeypatch.setenv(xla.COMPILE, "quickly")
    monkeypatch.setattr(xla, "version", lambda name: {"jaxlib": "0.10.2", "tensorflow": "2.16.1"}[name])

    def ask(before: str, distributions=JAX) -> str:
        monkeypatch.setenv("XLA_FLAGS", before)
        xla.ask_for(distributions)
        return os.environ["XLA_FLAGS"]

    return ask


def test_flags_come_before_those_that_are_there(asked):
    """XLA reads no further than the first word that is no flag."""
    assert asked("threads=1") == f"{xla.FLAGS} threads=1" and xla.quick()


def test_who_sets_such_a_flag_is_left_alone(asked):
    assert asked("--xla_backend_optimization_level=2") == "--xla_backend_optimization_level=2" and not xla.quick()


def test_a_release_that_was_not_tried_is_left_alone(asked):
    assert asked("", ("tensorflow",)) == ""


def test_nothing_is_set_that_is_not_asked_for(asked, monkeypatch):
    monkeypatch.setenv(xla.COMPILE, "")
    assert asked("") == ""


@pytest.mark.parametrize("depth, quickly", [("smoke", True), ("default", True), ("full", False)])
def test_full_compiles_as_users_do(depth, quickly):
    session = open_session(Settings(subjects=("reference",), depth=depth))
    assert session.subjects[0].quickly is session.subjects[0].double().quickly is quickly


@pytest.mark.parametrize("how, options", [("quickly", "[False, 3]"), ("", "[False, False]")])
def test_what_is_timed_is_compiled_as_users_do(how, options):
    pytest.importorskip("jax")
    variables = {**os.environ, xla.COMPILE: how, "KERAS_BACKEND": "jax", "XLA_FLAGS": ""}
    done = subprocess.run([sys.executable, "-c", TIMED], cwd=ROOT, env=variables, capture_output=True, text=True)
    assert done.stdout.strip().splitlines()[-1:] == [options], done.stderr[-2000:]


@pytest.mark.parametrize(("how", "shared"), [("quickly", "True"), ("", "False")])
def test_programs_share_a_context_where_they_are_compiled_quickly(how, shared):
    pytest.importorskip("jax")
    done = subprocess.run([sys.executable, "-c", CONTEXTS], cwd=ROOT, env={**os.environ, xla.COMPILE: how, "XLA_FLAGS": ""},
                          capture_output=True, text=True)
    assert done.stdout.strip().splitlines()[-1:] == [shared], done.stderr[-2000:]

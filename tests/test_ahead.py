"""Frameworks that the command line names begin to be imported before the suite is."""

import os

import pytest

from suite.subjects import ahead
from suite.subjects.nursery import Nursery
from suite.subjects.specification import parse


@pytest.fixture(autouse=True)
def nothing_left():
    """What a test has begun ends with it."""
    yield
    ahead.end()


@pytest.mark.parametrize("arguments", [
    ["suite"], ["suite", "--subject", "reference"], ["suite", "--subject", "no such"], ["suite", "--subject"],
    ["suite", "--subject", "torch", "--inline"], ["suite", "--subject", "torch", "-n", "2"], ["--subject=torch", "--device=cuda"],
    ["suite", "--subject", "torch", "--threads", "many"], ["suite", "--subject", "torch", "--co"],
])
def test_nothing_begins_where_nothing_is_asked_in_an_interpreter_of_its_own(arguments):
    ahead.begin(arguments)
    assert not ahead.BEGUN


def test_what_has_begun_is_taken_once_and_forks():
    ahead.begin(["suite", "-k", "a or b", "--subject=torch", "-q"])
    begun = list(ahead.BEGUN.values())
    assert ahead.nursery_of(parse("torch"), "cpu", 1, True) is begun[0]
    assert not ahead.BEGUN
    with begun[0] as nursery:
        assert nursery.address and nursery.launch("errors")


@pytest.mark.parametrize("asked", [("cpu", 2, True), ("cpu", 1, False), ("gpu", 1, True)])
def test_another_environment_is_not_taken(asked):
    ahead.begin(["suite", "--subject", "torch"])
    assert ahead.nursery_of(parse("torch"), *asked).pid is None
    assert len(ahead.BEGUN) == 1


def test_what_nobody_takes_ends_at_once():
    ahead.begin(["suite", "--subject", "torch"])
    process = next(iter(ahead.BEGUN.values()))._process
    ahead.end()
    assert process.poll() is not None
    assert not ahead.BEGUN


def test_interpreters_are_forked_with_their_adapter_imported():
    nursery = ahead.nursery_of(parse("torch"), "cpu", 1, True)
    folder = nursery.modules.index(next(one for one in nursery.modules if one.startswith("+")))
    assert "torch" in nursery.modules[:folder] and "suite.backends.pytorch_probes" in nursery.modules[folder:]


def test_an_adapter_that_cannot_be_imported_is_left_to_its_interpreter(tmp_path):
    (tmp_path / "broken_adapter.py").write_text("raise RuntimeError('told where it is needed')")
    with Nursery(["json", f"+{tmp_path}", "broken_adapter"], os.environ) as nursery:
        assert nursery.address
    with Nursery(["json", "no_such_framework"], os.environ) as nursery:
        assert nursery.address is None

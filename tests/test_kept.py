"""What the reference has found is known to the next run, as long as its sources are the same."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import cases
from cases import arrays, covering, tolerance
from cases.batches import BatchPlan
from cases.layers import Layer, draw_weights
from cases.requests import Request
from cases.tolerance import expect
from suite import kept


@pytest.fixture
def forgotten(monkeypatch):
    """Forgets every answer; what is then asked is computed."""
    def forget():
        monkeypatch.setattr(tolerance, "_answers", type(tolerance._answers)())
        monkeypatch.setattr(covering, "ROWS", {})

    forget()
    return forget


def asked(seed=5):
    layer = Layer("gru", 2, 3)
    return Request(layer, draw_weights(layer, seed), BatchPlan(2, 3).draw(layer, seed))


def test_what_is_kept_is_known_again_bit_by_bit(tmp_path, monkeypatch, forgotten):
    first = expect(asked())
    kept.keep(tmp_path / "folder" / "file")
    forgotten()
    assert len(kept.recall(tmp_path / "folder" / "file")) == 1
    monkeypatch.setattr(tolerance, "run", None)  # from here on nothing can be computed
    for name, due in expect(asked()).items():
        assert np.array_equal(due.value, first[name].value) and np.array_equal(due.allowed, first[name].allowed)
        assert due.value.shape == first[name].value.shape and not due.value.flags.writeable


def test_covering_arrays_are_known_again_as_they_were(tmp_path, monkeypatch, forgotten):
    def rows():
        return [list(row.items()) for array in arrays.ARRAYS if array.factors for row in array.covering(2)]

    first = rows()
    kept.keep(tmp_path / "folder" / "file")
    forgotten()
    kept.recall(tmp_path / "folder" / "file")
    monkeypatch.setattr(covering, "covertable", None)
    assert rows() == first and all(row for row in first)


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data[:100] + b"x" + data[101:], lambda _: b""])
def test_a_file_that_is_not_whole_is_not_read(tmp_path, forgotten, damage):
    expect(asked())
    file = tmp_path / "file"
    kept.keep(file)
    file.write_bytes(damage(file.read_bytes()))
    forgotten()
    assert kept.recall(file) == kept.known() == frozenset()
    assert kept.recall(tmp_path / "none") == frozenset()


def test_another_reference_begins_anew(tmp_path, monkeypatch):
    copy = tmp_path / "cases"
    shutil.copytree(Path(cases.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    here = kept.place()
    monkeypatch.setattr(cases, "__file__", str(copy / "__init__.py"))
    assert kept.place() == here
    changed = copy / "reference" / "cells.py"
    changed.write_text(changed.read_text().replace("np.tanh", "np.sinh") + "\n")
    assert kept.place() != here


def test_few_files_stay(tmp_path, forgotten):
    expect(asked())
    for number in range(kept.FILES + 2):
        kept.keep(tmp_path / str(number))
    assert [int(file.name) for file in sorted(tmp_path.iterdir())] == list(range(2, kept.FILES + 2))
    kept.keep(tmp_path / "known", kept.known())
    assert not (tmp_path / "known").exists()


def test_new_answers_are_kept_where_older_ones_made_room(tmp_path, monkeypatch, forgotten):
    monkeypatch.setattr(tolerance, "CACHED", 1)
    expect(asked())
    recalled = kept.known()
    expect(asked(seed=1))
    assert len(kept.known()) == len(recalled)
    kept.keep(tmp_path / "file", recalled)
    forgotten()
    expect(asked(seed=1))
    assert kept.recall(tmp_path / "file") == kept.known() != recalled

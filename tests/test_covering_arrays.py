"""The covering arrays that come with the sources are those that are made anew."""

import pytest

from cases import covering, covering_arrays

FACTORS = {"cell": ("lstm", "gru"), "mask": ("none", "right", "left"), "states": (True, False)}
FEW = 12
"""Rows of arrays that are made again here: those of all of them take more than a minute."""


@pytest.fixture
def forgotten(monkeypatch):
    monkeypatch.setattr(covering, "ROWS", {})


def test_the_file_holds_what_the_plan_asks_for_and_nothing_of_it_is_made(monkeypatch, forgotten):
    monkeypatch.setattr(covering, "make", None)
    assert covering_arrays.lines() == covering.FILE.read_text().splitlines(), "changed? python -m cases.covering_arrays"


def test_the_file_holds_what_is_made_anew(monkeypatch, forgotten):
    known = covering.lines()
    few = [key for key, rows in known.items() if len(rows.split()) <= FEW]
    assert len(few) > len(known) / 3
    monkeypatch.setattr(covering, "lines", lambda: {key: rows for key, rows in known.items() if key not in few})
    assert covering_arrays.lines() == covering.FILE.read_text().splitlines()


def test_rows_that_make_no_sense_any_more_are_made_anew(monkeypatch, forgotten):
    rows = covering.covering("mine", FACTORS, 2, ())
    (key, made), = covering.ROWS.items()
    monkeypatch.setattr(covering, "lines", lambda: dict([covering_arrays.line(key, made).split(" ", 1)]))
    makes, make = [], covering.make
    monkeypatch.setattr(covering, "make", lambda *asked: makes.append(asked) or make(*asked))
    covering.ROWS.clear()
    assert covering.covering("mine", FACTORS, 2, ()) == rows and not makes
    covering.ROWS.clear()
    senseless = ((("cell", "mask"), lambda cell, mask: (cell, mask) == ("gru", "left")),)
    found = covering.covering("mine", FACTORS, 2, senseless)
    assert makes and not any((row["cell"], row["mask"]) == ("gru", "left") for row in found)

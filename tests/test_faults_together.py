"""Faults that are asked many at a time come out as each would alone."""

from types import SimpleNamespace

import pytest

from tests.faults import together
from tests.faults.asking import Plan, kept, place_of
from tests.faults.base import Fault, installed
from tests.faults.together import groups, left_of, tried_as_one

MODULE = "suite.verdicts"
CHECKS = tuple(f"check{n}" for n in range(8))


def fault(name, old="no such text", new="another"):
    return Fault(name, "f", MODULE, old, new)


@pytest.fixture
def plan():
    return Plan(None, CHECKS, dict.fromkeys(CHECKS, 0.1))


def frameworks(told, crash=()):
    """What `run` does where each fault is told by the checks `told[name]`; those of `crash` end the process."""
    def run(plan, checks, place, faults, bad_ones):
        place.mkdir(parents=True, exist_ok=True)
        for name in ("bad", "end", "now", *(("met",) if place.name == "together" else ())):
            (place / name).unlink(missing_ok=True)
        (place / "planted").touch()
        with open(place / "met", "a") as met, open(place / "bad", "w") as bad:
            for check in checks:
                (place / "now").write_text(check)
                if any(check in told.get(f.name, ()) for f in faults):
                    if check in crash:
                        return SimpleNamespace(exitcode=-11)
                    print(check, "fail: off", sep="\t", file=bad)
                    if not (bad_ones := bad_ones - 1):
                        break
                else:
                    print(check, 0.1, sep="\t", file=met)
        (place / "end").touch()
        return SimpleNamespace(exitcode=0)
    return run


@pytest.mark.parametrize("crash", ((), ("check5",)), ids=("all-answer", "one-ends-the-process"))
@pytest.mark.parametrize("many", (1, 2, 30))
def test_each_is_told_by_its_own_checks_and_the_others_survive(tmp_path, monkeypatch, plan, many, crash):
    monkeypatch.setattr(together, "run", frameworks({"a": ("check2", "check3"), "b": ("check5",), "c": ()}, crash))
    monkeypatch.setattr(together, "BAD_ONES", many)
    (tmp_path / "said").touch()
    for name in "abc":
        place_of(fault(name), tmp_path).mkdir()
        (place_of(fault(name), tmp_path) / "said").touch()
    seen = {o.name: o for o in tried_as_one([fault(name) for name in "abc"], tmp_path, plan)}
    assert {name: o.what for name, o in seen.items()} == {"a": "killed", "b": "killed", "c": "survived"}
    assert seen["a"].by.startswith("check2") and seen["b"].by.startswith("check5") and seen["c"].by == "8 checks"
    assert kept(fault("c"), tmp_path, again=False) == seen["c"] and not left_of(plan, [fault("c")], tmp_path)


def test_faults_that_cannot_be_planted_are_void(tmp_path, monkeypatch, plan):
    def nothing(plan, checks, place, faults, bad_ones):
        place.mkdir(exist_ok=True)
        (place / "said").write_text("no function is another one")
        return SimpleNamespace(exitcode=0)
    monkeypatch.setattr(together, "run", nothing)
    place_of(fault("a"), tmp_path).mkdir()
    (seen,) = tried_as_one([fault("a")], tmp_path, plan)
    assert seen.what == "void" and "no function is another one" in seen.by


def test_texts_that_stand_in_each_others_way_are_not_planted_together():
    lines = installed(MODULE).splitlines()
    line, other = (next(line for line in lines if line.startswith(start)) for start in ("def ", "class "))
    one, same, beside = fault("one", line, line + "  # 1"), fault("same", line, "# gone"), fault("two", other, other + "  # 2")
    assert groups([same, one], 5) == [[same], [one]]
    assert groups([one, beside], 5) == [[one, beside]]
    assert [len(group) for group in groups([one] * 3, 2)] == [2, 1]


class Check(str):
    planned = SimpleNamespace(group="values")


def test_the_nearest_checks_fill_a_look():
    checks = tuple(map(Check, ("loss", "masked loss", "masked mean", "mean")))
    nearest = Plan(None, checks, dict.fromkeys(checks, 0.1)).nearest
    about = fault("masked")
    assert nearest(about, (), 0.25) == [checks[1], checks[2]]
    assert nearest(about, (checks[1],), 0.0) == [checks[2]]

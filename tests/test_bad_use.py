"""Bad use gets one clear line, not a traceback, and pytest's exit status for usage errors."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from suite import opening, settings
from suite.opening import open_session
from suite.settings import BadUse, Settings

ROOT = Path(__file__).resolve().parents[1]
USAGE = pytest.ExitCode.USAGE_ERROR

DRIVER = """
import contextlib, io, json, sys
import pytest
for arguments in json.load(sys.stdin):
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = pytest.main(["-p", "no:cacheprovider", *arguments])
    print(json.dumps([int(status), said.getvalue()]))
"""
"""Many commands in one process: starting Python for each would take most of the time."""

PYTEST_S_OWN = ("ERROR: usage: ", "  inifile: ", "  rootdir: ")
"""What pytest says around an error in the form of an option."""

NOTHING_INSTALLED = """
import importlib.util, sys
real = importlib.util.find_spec
hidden = {"torch", "tensorflow", "keras", "jax"}
importlib.util.find_spec = lambda name, *others: None if name.partition(".")[0] in hidden else real(name, *others)
"""

REFERENCE = ("--subject", "reference", "--depth", "smoke")

USES: dict[str, tuple[tuple[str, ...], str]] = {
    "a subject that is none": (
        ("--subject", "keras-tf"),
        r"no subject named 'keras-tf' here; did you mean 'keras-tensorflow'\? \(available: .*",
    ),
    "a module that is none": (("--subject", "nowhere:X"), r"subject 'nowhere:X': .*No module named 'nowhere'.*"),
    "a class that is no backend": (("--subject", "os:getcwd"), r"subject 'os:getcwd': getcwd is no .*Backend.*"),
    "a python that is none": (
        ("--subject", "torch@/nowhere/python"),
        r".*no interpreter at /nowhere/python; give the path.*",
    ),
    "two subjects of one name": (
        ("--subject", "reference", "--subject", "reference"),
        r"subject 'reference' is named twice: give one an alias, as in other=reference",
    ),
    "inline with several": (
        (*REFERENCE, "--subject", "other=reference", "--inline"),
        r"--inline asks one subject .*\(here: reference, other\)",
    ),
    "a depth that is none": (("--depth", "ful"), r"--depth ful: unknown value; did you mean 'full'\? \(known: .*\)"),
    "a kernel that is none": (("--kernel", "fussed"), r"--kernel fussed: unknown value; did you mean 'fused'\?.*"),
    "a device that is none": (("--device", "cuda0"), r"--device cuda0: unknown value; did you mean 'cuda'\?.*"),
    "a seed in words": (("--seed", "abc"), r"argument --seed: invalid int value: 'abc'"),
    "a negative time-out": ((*REFERENCE, "--timeout", "-3"), r"--timeout -3: must be more than 0 seconds"),
    "no time at all": ((*REFERENCE, "--timeout", "0"), r"--timeout 0: must be more than 0 seconds"),
    "a time-out that is no number": ((*REFERENCE, "--timeout", "nan"), r"--timeout nan: must be more than 0 seconds"),
    "no threads": ((*REFERENCE, "--threads", "0"), r"--threads 0: must be at least 1"),
    "a ledger that is no TOML": ((*REFERENCE, "--ledger", "{place}/bad.toml"), r"ledger .*bad.toml: not TOML: .*"),
    "a ledger that is not there": (
        (*REFERENCE, "--ledger", "{place}/none.toml"),
        r"ledger .*none.toml: No such file.*",
    ),
    "a file where the folder should be": (
        (*REFERENCE, "--record", "{place}/file"),
        r"Records cannot be written to .*/file/records.jsonl: .*",
    ),
    "a folder below /proc": (
        (*REFERENCE, "--record", "/proc/nowhere/x"),
        r"Records cannot be written to /proc/nowhere/x.*",
    ),
    "a folder with a run in it": ((*REFERENCE, "--record", "{place}/run"), r".*already holds a run: choose another.*"),
    "going on with nothing": ((*REFERENCE, "--resume", "{place}/nothing"), r"No run in .*nothing: .*"),
    "going on with an empty folder": ((*REFERENCE, "--resume", "{place}"), r"No run in .*"),
    "going on with what is no run": (
        (*REFERENCE, "--resume", "{place}/damaged"),
        r".*damaged/records.jsonl, line 1: .*",
    ),
    "going on with other settings": (
        ("--subject", "reference", "--depth", "full", "--resume", "{place}/run"),
        r"--resume .*run: that run has another --depth \(smoke\): leave the option out",
    ),
    "going on elsewhere": (
        ("--resume", "{place}/run", "--record", "{place}/other"),
        r"--resume goes on in the run's own folder.*",
    ),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with what bad uses point to."""
    place = tmp_path_factory.mktemp("bad-use")
    (place / "bad.toml").write_text("[[known]\n")
    (place / "file").write_text("")
    for name, text in (
        ("run", '{"kind":"run","time":"t","schema":1,"settings":{"subjects":["reference"],"depth":"smoke"}}'),
        ("damaged", "{}"),
    ):
        (place / name).mkdir()
        (place / name / "records.jsonl").write_text(text + "\n")
    return place


@pytest.fixture(scope="module")
def answers(place) -> dict[str, tuple[int, str]]:
    """What each use was answered with."""
    commands = [["suite", *(word.format(place=place) for word in words)] for words, _ in USES.values()]
    done = subprocess.run(
        [sys.executable, "-c", DRIVER],
        cwd=ROOT,
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(USES, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("use", USES)
def test_bad_use_is_told_in_one_line(answers, place, use):
    status, said = answers[use]
    lines = [line for line in said.splitlines() if line.strip() and not line.startswith(PYTEST_S_OWN)]
    assert status == USAGE, said
    assert "Traceback" not in said and "INTERNALERROR" not in said
    assert len(lines) == 1, said
    assert re.fullmatch(f"(?:ERROR|pytest.*: error): (?:{USES[use][1]})", lines[0]), lines[0]


def test_bad_use_leaves_nothing_behind(answers, place):
    assert sorted(path.name for path in place.iterdir()) == ["bad.toml", "damaged", "file", "run"]
    assert len((place / "run" / "records.jsonl").read_text().splitlines()) == 1


def test_where_no_framework_is_installed_it_is_said_what_to_do(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(NOTHING_INSTALLED)
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "suite", "-p", "no:cacheprovider"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        timeout=60,
    )
    assert done.returncode == USAGE, done.stdout
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert (
        len(lines) == 1
        and lines[0].startswith(
            "ERROR: no framework is installed here: install one of torch, keras-tensorflow, keras-jax, keras-torch"
        )
        and "--subject reference" in lines[0]
    )


def test_a_subject_whose_framework_is_not_installed_is_said(monkeypatch):
    monkeypatch.setattr(opening, "missing", lambda kind, path: ["torch"])
    with pytest.raises(BadUse, match="subject 'torch': not installed here: torch"):
        open_session(Settings(subjects=("torch",)))


@pytest.mark.parametrize(
    "asked, here, expected",
    [
        ("all", False, ("cpu",)),
        ("all", True, ("cpu", "cuda")),
        ("cpu", True, ("cpu",)),
        ("cuda", True, ("cuda",)),
    ],
)
def test_the_devices_are_those_that_are_here(monkeypatch, asked, here, expected):
    monkeypatch.setattr(settings.Path, "glob", lambda *_: iter(["nvidia0"] if here else []))
    assert Settings(device=asked).devices == expected


def test_a_device_that_is_not_here_is_said(monkeypatch):
    monkeypatch.setattr(settings.Path, "glob", lambda *_: iter([]))
    with pytest.raises(BadUse, match=r"--device cuda: no CUDA device here .*; use --device cpu"):
        _ = Settings(device="cuda").devices

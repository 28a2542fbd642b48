"""What fails is tried once more in a new process, and what fails twice fails."""

import subprocess
import sys
from pathlib import Path

import pytest

TWICE = Path(__file__).with_name("twice.py")
TESTS = """
import pathlib, pytest

@pytest.fixture(scope="module")
def shared():
    pathlib.Path("made").write_text(pathlib.Path("made").read_text() + "x" if pathlib.Path("made").exists() else "x")
    return pathlib.Path("made").read_text()

def test_one(shared):
    assert len(shared) > {late}

def test_other():
    pathlib.Path("other").write_text(pathlib.Path("other").read_text() + "x" if pathlib.Path("other").exists() else "x")
"""


@pytest.mark.parametrize(("late", "status", "made"), [(0, 0, "x"), (1, 0, "xx"), (9, 1, "xx")])
def test_what_fails_twice_fails(tmp_path, late, status, made):
    (tmp_path / "test_it.py").write_text(TESTS.format(late=late))
    run = subprocess.run([sys.executable, str(TWICE), "test_it.py", "-q"], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == status, run.stdout
    assert (tmp_path / "made").read_text() == made and (tmp_path / "other").read_text() == "x"


def test_an_error_of_the_command_is_no_failure_of_a_test(tmp_path):
    run = subprocess.run([sys.executable, str(TWICE), "no_such_file.py"], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 4 and "once more" not in run.stdout

"""What is compiled of this project is kept in its cache where Python keeps nothing, and is as new as its source."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from suite.session import ROOT

LOAD = "from suite import bytecode; bytecode.keep(); import json, suite.one; print(suite.one.VALUE)"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A project with one module, which says 1."""
    (package := tmp_path / "tree" / "suite").mkdir(parents=True)
    for name in ("__init__.py", "bytecode.py", "cache.py"):
        shutil.copy(ROOT / "suite" / name, package)
    (package / "one.py").write_text("VALUE = 1\n")
    return tmp_path / "tree"


def loaded(tree: Path, cache: Path, **variables: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run([sys.executable, "-c", LOAD], cwd=tree, capture_output=True, text=True, check=True,
                          env={**environment, "PYTHONPATH": str(tree), "XDG_CACHE_HOME": str(cache), **variables})
    return done.stdout.strip()


def names(folder: Path) -> set[str]:
    return {path.name.partition(".")[0] for path in folder.rglob("*.pyc")}


def test_it_is_kept_outside_the_tree_and_follows_its_source(tree, tmp_path):
    told = {"PYTHONDONTWRITEBYTECODE": "1"}
    assert loaded(tree, tmp_path / "cache", **told) == "1"
    assert names(tmp_path / "cache") == {"one"} and not names(tree)
    (kept,) = (tmp_path / "cache").rglob("one.*.pyc")
    before = kept.stat().st_mtime_ns
    assert loaded(tree, tmp_path / "cache", **told) == "1" and kept.stat().st_mtime_ns == before
    (tree / "suite" / "one.py").write_text("VALUE = 22\n")
    assert loaded(tree, tmp_path / "cache", **told) == "22" and kept.stat().st_mtime_ns != before


@pytest.mark.parametrize("variables", [{}, {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": "elsewhere"}])
def test_python_is_left_alone_where_it_keeps_what_it_compiles_or_says_where(tree, tmp_path, variables):
    assert loaded(tree, tmp_path / "cache", **variables) == "1" and not (tmp_path / "cache").exists()

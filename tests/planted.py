"""Faults planted in the reference, one at a time, and the subject that then answers.

A fault is data: a telling name, a family, and a piece of text of one module that another takes the place of. It is
planted in a temporary copy of the package `cases.reference`; the suite must notice.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
import tempfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import cases.reference
from cases.requests import Observation, Refusal, Request, Unsupported, digest
from suite.backends import Backend
from suite.backends.reference import Reference

REMEMBERED = 300
TOOLS = '''

import numpy as onp
from autograd.tracer import getval as detached
from cases.tolerance import rounded_to


def leak(x):
    """Zero, with the gradient of x."""
    return x - detached(x)


def coarse(x, dtype):
    """x rounded to the significand of dtype, with the gradient of x."""
    value = detached(x)
    return x + (rounded_to(value, dtype) - value).astype(value.dtype)
'''
"""Appended to a faulty module: what replacements may use."""


@dataclass(frozen=True)
class Fault:
    """`old`, which stands exactly once in `module` of the reference, becomes `new`."""

    name: str
    family: str
    module: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.family}: {self.name}"


def faults(module: str, family: str, edits: Mapping[str, tuple[str, str]]) -> tuple[Fault, ...]:
    """The faults of one family in one module, from name -> (old, new)."""
    return tuple(Fault(name, family, module, old, new) for name, (old, new) in edits.items())


@contextmanager
def planted(fault: Fault) -> Iterator[ModuleType]:
    """A copy of the reference package with this fault in it.

    Raises ValueError where `old` does not stand exactly once.
    """
    source = Path(cases.reference.__file__).parent
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "reference"
        shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        path = copy / f"{fault.module}.py"
        text = path.read_text()
        if (count := text.count(fault.old)) != 1:
            raise ValueError(f"{fault}: the text to replace stands {count} times in {fault.module}.py, not once")
        path.write_text(text.replace(fault.old, fault.new) + TOOLS)
        name = "reference_with_a_fault"
        specification = importlib.util.spec_from_file_location(
            name, copy / "__init__.py", submodule_search_locations=[str(copy)]
        )
        module = importlib.util.module_from_spec(specification)
        sys.modules[name] = module
        try:
            specification.loader.exec_module(module)
            yield module
        finally:
            for loaded in [m for m in sys.modules if m == name or m.startswith(name + ".")]:
                del sys.modules[loaded]


class InProcess:
    """A backend as a subject in this process: what `suite.verdicts.judge` asks. Remembers its latest answers."""

    seconds, broken, absent = 0.0, None, None

    def __init__(self, backend: Backend | None = None):
        self.backend = backend or Reference()
        self._answers: OrderedDict[str, Observation | Refusal | Unsupported] = OrderedDict()

    def answer(self, request: Request) -> Observation | Refusal | Unsupported:
        key = digest(request)
        if key not in self._answers:
            self._answers[key] = self.backend.observe(request)
            if len(self._answers) > REMEMBERED:
                self._answers.popitem(last=False)
        self._answers.move_to_end(key)
        return self._answers[key]

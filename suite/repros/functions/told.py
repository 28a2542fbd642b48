"""What a writer of scripts is told, and the lines that all of them share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cases.models import FunctionRequest
from cases.requests import Deviation


@dataclass(frozen=True, eq=False)
class Told:
    """A question, its answer (None where none came), what is wrong with it, and which backend was asked."""

    request: FunctionRequest
    answer: Any
    deviations: tuple[Deviation, ...]
    verdict: str
    backend: str

    @property
    def options(self) -> Mapping[str, Any]:
        """The arguments of the question, by name."""
        return dict(self.request.arguments)


def head(backend: str, *more: str) -> list[str]:
    """The imports, on the stack that was asked; `more` modules after them."""
    if backend == "torch":
        return ["import sys", "import numpy as np", "import torch", *more]
    return ["import os", "import sys", f'os.environ["KERAS_BACKEND"] = "{backend.removeprefix("keras-")}"', "import keras",
            "import numpy as np", *more]


def refusal(lines: list[str], due: str) -> list[str]:
    """Lines that must raise an error, and do not: `due` says why they must."""
    return ["try:", *(f"    {line}" if line else line for line in lines), "except Exception as error:",
            '    print("expected an error, found", type(error).__name__, error)', "    sys.exit(0)",
            f'print("expected an error:", {due!r})', 'print("found    none")', "sys.exit(1)"]

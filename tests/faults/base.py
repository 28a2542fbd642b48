"""A planted fault as data, and the changed copy of one module that it makes."""

from __future__ import annotations

import importlib.util
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.transplant import transplant

MARK = "\n\nimport pathlib as _pathlib\n_pathlib.Path({mark!r}).touch()\n"
ROOT = Path(__file__).resolve().parents[2]
SUBJECTS = {"torch.": "torch", "suite.backends.pytorch": "torch", "keras.src.backend.tensorflow.": "keras-tensorflow",
            "keras.src.backend.jax.": "keras-jax"}
"""How a module begins -> whom to ask of a fault in it; Keras on torch, where nothing else is said."""


@dataclass(frozen=True)
class Fault:
    """`old`, which stands `count` times in the installed `module`, becomes `new`; `asked` must then fail.

    explained   why no check can fail: what was changed makes no difference to anyone who uses recurrent layers
    """

    name: str
    family: str
    module: str
    old: str
    new: str
    count: int = 1
    asked: str = ""
    explained: str = ""

    @property
    def subject(self) -> str:
        """Whom to ask."""
        usual = (subject for start, subject in SUBJECTS.items() if self.module.startswith(start))
        return self.asked or next(usual, "keras-torch")

    def changed(self, text: str = "") -> str:
        """The module's text, or `text`, with this fault in it. Raises ValueError where `old` does not stand `count` times."""
        text = text or installed(self.module)
        if (found := text.count(self.old)) != self.count:
            raise ValueError(f"{self.name}: the text to replace stands {found} times in {self.module}, not {self.count}")
        return text.replace(self.old, self.new)

    def plant(self, folder: Path) -> None:
        """As the function `plant`."""
        plant([self], folder)


def where(module: str) -> Path:
    """The file of a module of a package, or of the suite."""
    root = ROOT if module.startswith("suite.") else Path(sysconfig.get_paths()["purelib"])
    return root.joinpath(*module.split(".")).with_suffix(".py")


def installed(module: str) -> str:
    """The text of a module of a package, or of the suite."""
    return where(module).read_text()


def changed(module: str, faults: Sequence[Fault]) -> str:
    """A module's text with those faults in it that are its own, one after another. Raises ValueError where one does not find its
    text any more."""
    text = ""
    for fault in faults:
        if fault.module == module:
            text = fault.changed(text)
    return text


def plant(faults: Sequence[Fault], folder: Path) -> None:
    """Write changed copies into `folder`, one of each module, and let this process take them from there: no part of a package can
    be put first on the path. A module that is imported already gets its new code. `folder/planted` is there once a fault is in.
    Raises ValueError where a module cannot take them."""
    for module in {fault.module: fault for fault in faults}:
        text = changed(module, faults)
        copy = folder / f"{module}.py"
        if module not in sys.modules:
            copy.write_text(text + MARK.format(mark=str(folder / "planted")))
            sys.meta_path.insert(0, Changed(module, str(copy)))
            continue
        copy.write_text(text)
        if not transplant(sys.modules[module], text, str(copy)):
            raise ValueError(f"{', '.join(f.name for f in faults if f.module == module)}: no function of {module} is another one")
        (folder / "planted").touch()


@dataclass(frozen=True)
class Changed:
    """Takes one module from a changed copy."""

    module: str
    copy: str

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The changed copy, for its module alone."""
        return importlib.util.spec_from_file_location(name, self.copy) if name == self.module else None


def faults(family: str, module: str, edits: Mapping[str, tuple], explained: Mapping[str, str] | None = None) -> tuple[Fault, ...]:
    """The faults of one family in one module, from name -> (old, new) or (old, new, count); some of them explained. Raises
    KeyError where a name that is explained is none of theirs."""
    if unknown := set(explained or {}) - set(edits):
        raise KeyError(f"no fault is called {sorted(unknown)[0]!r}")
    return tuple(Fault(name, family, module, *edit, explained=(explained or {}).get(name, "")) for name, edit in edits.items())

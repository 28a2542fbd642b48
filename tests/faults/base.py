"""A planted fault as data, and the changed copy of one module that it makes."""

from __future__ import annotations

import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HOOK = '''"""Takes one module from a changed copy; leaves a mark when it was imported."""
import importlib.util
import sys


class Changed:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            return importlib.util.spec_from_file_location(name, {copy!r})


sys.meta_path.insert(0, Changed())
'''
MARK = "\n\nimport pathlib as _pathlib\n_pathlib.Path({mark!r}).touch()\n"


@dataclass(frozen=True)
class Fault:
    """`old`, which stands `count` times in the installed `module`, becomes `new`; `subject` must then fail."""

    name: str
    family: str
    module: str
    old: str
    new: str
    count: int = 1

    @property
    def subject(self) -> str:
        """Whom to ask."""
        return "torch" if self.module.startswith("torch.") else "keras-torch"

    def changed(self) -> str:
        """The module's text with this fault in it. Raises ValueError where `old` does not stand `count` times."""
        place = Path(sysconfig.get_paths()["purelib"]).joinpath(*self.module.split(".")).with_suffix(".py")
        text = place.read_text()
        if (found := text.count(self.old)) != self.count:
            raise ValueError(f"{self.name}: the text to replace stands {found} times in {self.module}, not {self.count}")
        return text.replace(self.old, self.new)

    def plant(self, folder: Path) -> dict[str, str]:
        """Write the changed copy and a hook that takes it into `folder`; what to set in the environment.

        The hook is a `sitecustomize`: no part of a package can be put first on the path.
        """
        copy = folder / "copy" / f"{self.module.rpartition('.')[2]}.py"
        copy.parent.mkdir(parents=True)
        copy.write_text(self.changed() + MARK.format(mark=str(folder / "imported")))
        (folder / "path").mkdir()
        (folder / "path" / "sitecustomize.py").write_text(HOOK.format(module=self.module, copy=str(copy)))
        return {"PYTHONPATH": str(folder / "path")}


def faults(family: str, module: str, edits: Mapping[str, tuple]) -> tuple[Fault, ...]:
    """The faults of one family in one module, from name -> (old, new) or (old, new, count)."""
    return tuple(Fault(name, family, module, *edit) for name, edit in edits.items())

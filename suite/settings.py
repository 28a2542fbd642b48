"""The options of a run, and what may be asked with them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cases.arrays import DEPTHS
from cases.requests import KERNELS
from suite.near import hint

DEVICES = ("cpu", "cuda", "all")


class BadUse(ValueError):
    """The command asks for something that cannot be: one sentence for the user."""


@dataclass(frozen=True)
class Settings:
    """Every option of a run."""

    subjects: tuple[str, ...] = ()
    device: str = "all"
    kernel: str = "all"
    depth: str = "default"
    seed: int = 0
    threads: int = 1
    timeout: float = 60.0
    inline: bool = False
    ledgers: tuple[str, ...] = ()
    record: str | None = None
    resume: str | None = None
    repro_check: bool = True
    explore: int = 0
    planned: bool = True

    def check(self) -> None:
        """Raises BadUse, with the near miss, where a value cannot be."""
        for name, value, known in (
            ("--depth", self.depth, DEPTHS), ("--kernel", self.kernel, (*KERNELS, "all")), ("--device", self.device, DEVICES),
        ):
            if value not in known:
                raise BadUse(f"{name} {value}: unknown value{hint(value, known, 0.4)} (known: {', '.join(known)})")
        if not (self.timeout > 0 and math.isfinite(self.timeout)):
            raise BadUse(f"--timeout {self.timeout:g}: must be more than 0 seconds")
        if self.explore < 0:
            raise BadUse(f"--explore {self.explore}: must be at least 1 draw")
        if self.threads < 1:
            raise BadUse(f"--threads {self.threads}: must be at least 1")

    def resumed(self, begun: Mapping[str, Any]) -> Settings:
        """The settings of a run that is gone on with: those it was begun with. Raises BadUse where another one is asked."""
        same = {}
        for name in ("subjects", "device", "kernel", "depth", "seed", "threads", "ledgers", "explore", "planned"):
            default = getattr(Settings(), name)
            asked, earlier = getattr(self, name), begun.get(name, default)
            earlier = tuple(earlier) if isinstance(default, tuple) else earlier
            if asked not in (default, earlier):
                option, words = name.removesuffix("s") if isinstance(default, tuple) else name, earlier
                if isinstance(default, tuple):
                    words = ", ".join(earlier) or "none"
                raise BadUse(f"--resume {self.resume}: that run has another --{option} ({words}): leave the option out")
            same[name] = earlier
        return replace(self, **same)

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices to ask. Raises BadUse where a device is named that is not here."""
        gpu = any(Path("/dev").glob("nvidia[0-9]*"))
        if self.device == "cuda" and not gpu:
            raise BadUse("--device cuda: no CUDA device here (no /dev/nvidia0); use --device cpu")
        return ("cpu", "cuda") if self.device == "all" and gpu else ("cpu",) if self.device == "all" else (self.device,)

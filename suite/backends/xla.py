"""How XLA compiles for the CPU: as it is installed, or quickly.

Compiling is most of what JAX costs here, and a good part of TensorFlow's training. A run at `smoke` or `default` asks for
programs that are compiled quickly: LLVM does not optimize them, and XLA's older code generator writes their loops. What is
computed is the same graph in both; only the machine code is another. On these machines it takes a fifth of the time, and
917 of 917 verdicts of a run were the same. JAX also writes all its programs in one context then, which saves a seventh of its
time (all 1 450 verdicts the same). `full` compiles as users do, and so does whatever is timed.

What XLA does not know in its flags ends the process: only the releases that were tried are told. Who sets any of these flags
in XLA_FLAGS is left alone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

COMPILE = "RNN_CONFORMANCE_COMPILE"
"""The variable that says how: `quickly`, or nothing."""
QUICK: Mapping[str, str] = {
    "xla_backend_optimization_level": "0", "xla_cpu_use_fusion_emitters": "false", "xla_cpu_parallel_codegen_split_count": "1",
}
FLAGS = " ".join(f"--{name}={value}" for name, value in QUICK.items())
USERS: Mapping[str, int | bool] = {
    "xla_backend_optimization_level": 3, "xla_cpu_use_fusion_emitters": True, "xla_cpu_parallel_codegen_split_count": 32,
}
"""What the flags are where nobody sets them: options of one program, for `jax.jit`."""
TRIED: Mapping[str, tuple[str, ...]] = {"jaxlib": ("0.10.",), "tensorflow": ("2.21.",), "tensorflow-cpu": ("2.21.",)}
"""Distribution -> releases whose XLA has these flags."""


def ask_for(distributions: tuple[str, ...]) -> None:
    """Set XLA_FLAGS for quick compiling where that is asked for and one of `distributions` is known to have the flags. To be
    called before the framework is imported."""
    given = os.environ.get("XLA_FLAGS", "")
    if hurried() and not any(flag in given for flag in QUICK) and any(map(tried, distributions)):
        os.environ["XLA_FLAGS"] = f"{FLAGS} {given}".strip()  # XLA reads no further than the first word without a dash


def hurried() -> bool:
    """Whether this process is asked to compile quickly, whether it can or not."""
    return os.environ.get(COMPILE) == "quickly"


def quick() -> bool:
    """Whether this process compiles quickly because of `ask_for`."""
    return FLAGS in os.environ.get("XLA_FLAGS", "")


def share_contexts() -> None:
    """Let JAX write its programs in one MLIR context where they are compiled quickly: else it makes one for each, and loads every
    dialect into it, 3 to 9 ms for each of thousands of programs. A release without this function is left alone."""
    if quick():
        with suppress(ImportError, AttributeError):
            from jax._src.interpreters import mlir

            mlir.make_ir_context = lru_cache(maxsize=1)(mlir.make_ir_context)


def tried(distribution: str) -> bool:
    """Whether the release that is installed is one that was tried."""
    try:
        return version(distribution).startswith(TRIED[distribution])
    except (PackageNotFoundError, KeyError):
        return False

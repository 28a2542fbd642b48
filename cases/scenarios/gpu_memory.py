"""`gpu-memory-growth` (document 1): a process that asks for memory growth does not reserve the whole card.

GPU only. The document sets `allow_growth` in a TensorFlow session. Every subject here is started so: TensorFlow with
TF_FORCE_GPU_ALLOW_GROWTH, JAX with XLA_PYTHON_CLIENT_PREALLOCATE=false; PyTorch reserves what it needs.
"""

from __future__ import annotations

from cases.models import FunctionRequest
from cases.requests import Deviation, Note
from cases.scenarios.base import claim

NAME = "gpu-memory-growth"
MOST = 0.25
"""The part of the card that a process with a small tensor may take: without growth, TensorFlow and JAX take three quarters
or more; a context with its kernels takes some hundred megabytes."""


@claim(NAME, f"With memory growth asked for, a process that has put a small tensor on the card takes less than {MOST:.0%} of it.",
       says="TensorFlow takes all of the card's memory unless allow_growth is set.")
def not_the_whole_card(ask):
    seen = ask(FunctionRequest("memory_growth", ()))
    taken = float(seen["after"] - seen["before"]) / float(seen["total"])
    note = Note("part of the card that is taken", f"{taken:.1%}")
    if 0 <= taken < MOST:
        return [note]
    return [Deviation("memory", f"{taken:.1%} of the card are taken, expected less than {MOST:.0%}", taken, MOST), note]

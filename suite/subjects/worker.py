"""What runs inside a subject's interpreter: one backend, answering requests until the channel closes.

Needs numpy, execnet and the framework; neither pytest nor the reference.
"""

from __future__ import annotations

import gc
import importlib
import os
import platform
import sys
import traceback
from importlib.machinery import PathFinder
from typing import Any

BOOT = """
import os, sys
paths = channel.receive()
sys.path[:] = paths + [p for p in sys.path if p not in paths]
os.environ.update(channel.receive())
from suite.bytecode import keep
keep()
from suite.subjects.worker import serve
serve(channel)
"""
"""What is sent to a fresh interpreter. `channel` is execnet's."""
TOGETHER = 3_000
"""So many questions leave their garbage together, some 400 MB for each thousand."""


def serve(channel: Any) -> None:
    """Start the backend that the first message names, then answer (kind, payload) messages with (kind, payload).

    ready: versions, devices · answer: an observation, a refusal or unsupported · broken: the adapter itself raised.
    """
    settings = channel.receive()
    gc.disable()  # while a framework is imported that was not before
    try:
        spare(settings["backend"])
        backend = make(settings["backend"], settings["device"], settings["threads"])
        ready = about(backend)
    except BaseException:
        channel.send(("broken", traceback.format_exc()))
        return
    spare_collections(often=backend.compiles)
    channel.send(("ready", ready))
    for number, (kind, payload) in enumerate(channel):
        if not backend.compiles:
            put_aside(number)
        channel.send(answer(backend, kind, payload))


def spare_collections(often: bool = False) -> None:
    """Let Python look for garbage in cycles less often, and never in what was imported: graphs of thousands of objects are made
    and dropped here all the time, and it is a tenth of the time. `often`: where they hold programs, thousands of which take a
    minute to end at once."""
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000 if often else 1_000_000, 20, 20)


def put_aside(number: int) -> None:
    """Before a question: let nobody look for garbage in what earlier ones left, not even a framework that does so by hand (Keras
    where a layer drops a weight), but every `TOGETHER` questions. It takes longer to collect than to take new memory."""
    if number % TOGETHER == TOGETHER - 1:
        gc.unfreeze()
        gc.collect()
    gc.freeze()


def about(backend: Any) -> dict[str, Any]:
    """What a backend says of itself and of where it runs."""
    from cases.layers import Layer
    from suite.backends import xla

    return {
        "versions": {name: str(version) for name, version in backend.versions().items()},
        "devices": tuple(backend.devices()), "python": platform.python_version(), "pid": os.getpid(),
        "padding": backend.padding(Layer("lstm", 1, 1)), "compiled": "quickly" if xla.quick() else "",
    }


def kind_of(path: str) -> Any:
    """The class that MODULE:CLASS names."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


class Without(PathFinder):
    """Finds modules as Python does, but those that are spared: they are as if they were not installed."""

    spared: tuple[str, ...] = ()

    @classmethod
    def find_spec(cls, name: str, *where: Any) -> Any:
        """As `PathFinder.find_spec`."""
        return None if name in cls.spared else super().find_spec(name, *where)


def spare(path: str) -> None:
    """Let this interpreter be as if the modules that the backend spares were not installed."""
    Without.spared = kind_of(path).spared
    sys.meta_path[:] = [Without if isinstance(f, type) and issubclass(f, PathFinder) else f for f in sys.meta_path]


def make(path: str, device: str, threads: int) -> Any:
    """The backend MODULE:CLASS, its environment set before its framework is imported."""
    kind = kind_of(path)
    for variable, value in kind.environment.items():
        os.environ[variable] = value
    return kind(device=device, threads=threads)


def answer(backend: Any, kind: str, payload: Any) -> tuple[str, Any]:
    """The reply to one message. An error of the adapter (not of the framework) is `broken`, with its traceback."""
    from cases.requests import from_bytes, to_bytes
    from suite.backends import seed

    try:
        if kind == "observe":
            key, request = payload
            seed(key)
            return "answer", to_bytes(backend.observe(from_bytes(request)))
        if kind == "smoke":
            backend.smoke()
            return "answer", None
        if kind in ("prepare", "time"):
            from suite.timing.remote import measure, prepare

            return "answer", to_bytes((measure if kind == "time" else prepare)(backend, from_bytes(payload)))
        raise ValueError(f"no message {kind!r}")
    except Exception:
        return "broken", traceback.format_exc()


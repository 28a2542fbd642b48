"""Which of Keras' recurrent kernels really ran: seen, not assumed.

Keras' layers call `keras.src.backend.lstm` (or `gru`, `bidirectional_…`); if that raises NotImplementedError they fall
back to `keras.src.backend.rnn`. After 3.15 these are `keras.src.backend.rnn.lstm` and `keras.src.backend.rnn.rnn`. The watch
wraps these functions, and the ones inside that decide for cuDNN; it notes what returned, and passes every argument, answer and
error through unchanged. While nobody listens it does nothing else, so that it costs nothing where steps are timed.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

SPECIFIC = ("lstm", "gru", "bidirectional_lstm", "bidirectional_gru")
INNER = ("_cudnn_lstm", "_cudnn_gru", "_fallback_lstm", "_fallback_gru")


class Watch:
    """Wraps the functions of one engine (tensorflow, jax, torch) once; `listen` gives the words for what ran."""

    def __init__(self, engine: str, device: str):
        self.engine = engine
        self._listening = False
        self._seen: list[str] = []
        self._inner: list[str] = []
        shared = importlib.import_module("keras.src.backend")
        own = importlib.import_module(f"keras.src.backend.{engine}.rnn")
        called = shared.rnn if isinstance(shared.rnn, ModuleType) else shared
        for name in SPECIFIC:
            if hasattr(called, name):
                setattr(called, name, self._specific(name, getattr(called, name)))
        called.rnn = self._generic(called.rnn)
        for name in INNER:
            if hasattr(own, name):
                setattr(own, name, self._within(name, getattr(own, name)))
        if engine == "jax" and device == "gpu":
            with contextlib.suppress(ImportError):
                fused = importlib.import_module("jax.experimental.rnn")
                fused.lstm = self._within("cudnn jax.experimental.rnn.lstm", fused.lstm)

    @contextlib.contextmanager
    def listen(self) -> Iterator[list[str]]:
        """Inside: an empty list, which afterwards holds the words for what ran, each once, in order."""
        self._seen, self._listening, words = [], True, []
        try:
            yield words
        finally:
            self._listening = False
            words += dict.fromkeys(self._seen)

    def _specific(self, name: str, function: Callable) -> Callable:
        @functools.wraps(function)
        def observed(*args: Any, **options: Any) -> Any:
            if not self._listening:
                return function(*args, **options)
            self._inner = []
            answer = function(*args, **options)
            inner = self._inner[-1] if self._inner else ""
            if "cudnn" in inner:
                self._seen.append(f"cudnn ({inner.replace('cudnn ', '')})")
            else:
                self._seen.append(f"layer-specific loop (keras.src.backend.{self.engine}.rnn.{inner or name})")
            return answer

        return observed

    def _generic(self, function: Callable) -> Callable:
        @functools.wraps(function)
        def observed(*args: Any, **options: Any) -> Any:
            answer = function(*args, **options)
            if self._listening:
                self._seen.append("unrolled rnn loop" if options.get("unroll") else "generic rnn loop")
            return answer

        return observed

    def _within(self, name: str, function: Callable) -> Callable:
        """For torch's cuDNN functions the operators are seen too: torch has its own ways around cuDNN."""

        @functools.wraps(function)
        def observed(*args: Any, **options: Any) -> Any:
            if not self._listening:
                return function(*args, **options)
            if self.engine != "torch" or "cudnn" not in name:
                answer, word = function(*args, **options), name
            else:
                answer, found = _with_operators(function, args, options)
                without = name.replace("_cudnn", "cuda") + ", without the operator of cuDNN"
                word = f"cudnn aten::{found}" if found else without
            self._inner.append(word)
            return answer

        return observed


def _with_operators(function: Callable, args: tuple, options: dict) -> tuple[Any, str]:
    """What `function` returned, and the name of the cuDNN operator that ran inside it, or an empty string."""
    from torch.utils._python_dispatch import TorchDispatchMode

    found: list[str] = []

    class Operators(TorchDispatchMode):
        def __torch_dispatch__(self, operator, types, arguments=(), keywords=None):
            if "cudnn" in operator.name():
                found.append(operator.name().split("::")[-1].split(".")[0])
            return operator(*arguments, **(keywords or {}))

    with Operators():
        answer = function(*args, **options)
    return answer, found[0] if found else ""

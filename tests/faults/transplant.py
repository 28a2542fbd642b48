"""Put a fault into a module that is imported already: its functions get the code that they have in the changed text.

So a process may be forked after its framework was imported, which takes longer than most faults live.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any


def transplant(module: ModuleType, text: str, place: str) -> int:
    """Give the module's functions and classes what `text` says; how many of them changed. Raises ValueError where a function
    cannot take its new code."""
    fresh = ModuleType(module.__name__)
    fresh.__dict__.update({name: value for name, value in vars(module).items() if name.startswith("__")})
    before = [(table, dict(table)) for table in registers()]
    exec(compile(text, place, "exec"), fresh.__dict__)
    for table, entries in before:  # what saved models are made of is what was there before
        table.clear()
        table.update(entries)
    return sum(given(old, new) for name, (old, new) in shared(vars(module), vars(fresh)).items() if ours(old, module))


def registers() -> list[dict]:
    """Where Keras' decorators enter what they decorate."""
    names = {"keras.src.api_export": ("REGISTERED_NAMES_TO_OBJS", "REGISTERED_OBJS_TO_NAMES"),
             "keras.src.saving.object_registration": ("GLOBAL_CUSTOM_OBJECTS", "GLOBAL_CUSTOM_NAMES")}
    return [getattr(sys.modules[module], name) for module, each in names.items() if module in sys.modules for name in each]


def shared(old: Any, new: Any) -> dict[str, tuple[Any, Any]]:
    return {name: (value, new[name]) for name, value in old.items() if name in new}


def ours(value: Any, module: ModuleType) -> bool:
    """Whether it was made in this module."""
    return getattr(value, "__module__", None) == module.__name__


def given(old: Any, new: Any) -> int:
    """Give `old` what `new` is made of; how many functions changed."""
    if isinstance(old, type) and isinstance(new, type):
        return sum(in_class(old, name, *pair) for name, pair in shared(dict(vars(old)), vars(new)).items())
    return sum(recoded(a, b) for a, b in zip(functions(old), functions(new), strict=False))


def in_class(owner: type, name: str, old: Any, new: Any) -> int:
    """The same for an attribute of a class: a plain value is set."""
    if any(True for _ in functions(old)):
        return given(old, new)
    if name.startswith("__") or repr(old) == repr(new) or " at 0x" in repr(old):
        return 0
    setattr(owner, name, new)
    return 1


def functions(value: Any) -> Iterator[FunctionType]:
    """The functions that a value is made of: itself, what it wraps, the parts of a property."""
    if isinstance(value, property):
        for part in (value.fget, value.fset, value.fdel):
            yield from functions(part)
    elif isinstance(value, (classmethod, staticmethod)):
        yield from functions(value.__func__)
    elif isinstance(value, FunctionType):
        yield value
        yield from functions(getattr(value, "__wrapped__", None))


def recoded(old: FunctionType, new: FunctionType) -> int:
    """Give one function the code and the defaults of another; 1 where that makes a difference."""
    if old.__code__.co_code == new.__code__.co_code and described(old) == described(new):
        return 0
    if old.__code__.co_freevars != new.__code__.co_freevars:
        raise ValueError(f"{old.__qualname__}: its code closes over other names now")
    old.__code__, old.__defaults__, old.__kwdefaults__ = new.__code__, new.__defaults__, new.__kwdefaults__
    return 1


def described(function: FunctionType) -> tuple:
    return constants(function.__code__), repr(function.__defaults__), repr(function.__kwdefaults__)


def constants(code: Any) -> tuple:
    """All that code is made of but its place in the file, code inside it too."""
    inner = tuple(constants(c) if hasattr(c, "co_code") else (type(c).__name__, repr(c)) for c in code.co_consts)
    return code.co_code, code.co_names, code.co_varnames, inner

"""The lines of a script, whoever writes them: how long ones are folded, and what is said where an error came."""

from __future__ import annotations

from collections.abc import Sequence

WIDE = 110
"""The most characters of a line."""
BUILTIN = {"TypeError", "ValueError", "AttributeError", "RuntimeError", "NotImplementedError", "IndexError", "KeyError",
           "AssertionError", "NameError", "ZeroDivisionError", "OverflowError"}
ANSWERED = 'print("expected an answer, and there was one")'
"""The last line where the process died that should have answered."""


def erring(lines: Sequence[str], error: str) -> list[str]:
    """Lines that raise an error of this type, where none is due."""
    kind = error if error in BUILTIN else "Exception"
    return ["try:", *indented(lines), f"except {kind} as error:", '    print("expected no error")',
            '    print("found   ", type(error).__name__, error)', "    sys.exit(1)", 'print("expected no error, found none")']


def refusal(lines: Sequence[str], due: str) -> list[str]:
    """Lines that must raise an error, and do not: `due` says why they must."""
    return ["try:", *indented(lines), "except Exception as error:",
            '    print("expected an error, found", type(error).__name__, error)', "    sys.exit(0)",
            f'print("expected an error:", {due!r})', 'print("found    none")', "sys.exit(1)"]


def indented(lines: Sequence[str]) -> list[str]:
    """The lines inside a block."""
    return [f"    {line}" if line else line for line in lines]


def tidy(lines: Sequence[str]) -> list[str]:
    """Long lines folded, one empty line at most, none at the ends: more are not worth their room in an issue."""
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept += folded(line)
    return kept


def folded(line: str) -> list[str]:
    """A line of more than 110 characters as several, broken after commas inside brackets and outside strings."""
    indent, depth, quote, start, kept = len(line) - len(line.lstrip()) + 4, 0, "", 0, [""]
    if len(line) <= WIDE:
        return [line]
    for place, letter in enumerate(line):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter == "#":
            break
        else:
            depth += (letter in "([{") - (letter in ")]}")
            if letter == "," and depth:
                kept, start = joined(kept, line[start : place + 1], indent), place + 1
    return [one.rstrip() for one in joined(kept, line[start:], indent)]


def joined(kept: list[str], part: str, indent: int) -> list[str]:
    """The lines with another part, in a new one where the last is full."""
    if kept[-1].strip() and len(kept[-1]) + len(part) > WIDE:
        return [*kept, " " * indent + part.lstrip()]
    return [*kept[:-1], kept[-1] + part]

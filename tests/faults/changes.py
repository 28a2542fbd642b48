"""All small changes of a module's functions, as faults."""

from __future__ import annotations

import ast
import copy
import os
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults.base import Fault

OTHERWISE = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
             ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Add: ast.Sub, ast.Sub: ast.Add,
             ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.And: ast.Or, ast.Or: ast.And}
"""What stands in place of an operator."""
LEFT = (ast.Raise, ast.JoinedStr, ast.Assert, ast.Import, ast.ImportFrom)
"""Nothing is changed in these: what an error says is no fault of values."""
TELLS = ("__repr__", "__str__", "extra_repr", "summary")
"""Functions whose change nobody could call a fault of values."""
LONG = 70
"""So much is told of a text."""


@dataclass(frozen=True)
class Change:
    """A piece of a module's text, by its place in bytes, what stands there then, the function that it is in, its first and last
    lines, and those of the statement that it is a part of (of a default: the function's first)."""

    start: int
    end: int
    new: str
    function: str
    line: int
    last: int
    statement: range


class Changes(ast.NodeVisitor):
    """All small changes of a module's functions: operators, conditions, constants, arguments, entries, statements left out,
    names taken for their neighbours'."""

    def __init__(self, text: str):
        self.lines = [0]
        for line in text.encode().splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))
        self.within: list[str] = []
        self.names: list[dict[str, str]] = []
        self.depth = 0
        self.statement = range(0)
        self.found: list[Change] = []
        self.visit(ast.parse(text))

    def add(self, node: ast.AST, new: ast.AST | str) -> None:
        """Enter a change of a node within a function."""
        if not self.depth:
            return
        text = new if isinstance(new, str) else ast.unparse(ast.fix_missing_locations(new))
        if isinstance(new, ast.expr) and not isinstance(new, (ast.Name, ast.Constant, ast.Attribute, ast.Call, ast.Dict)):
            text = f"({text})"
        start, end = (self.lines[row - 1] + column for row, column in ((node.lineno, node.col_offset),
                                                                       (node.end_lineno, node.end_col_offset)))
        self.found.append(Change(start, end, text, ".".join(self.within), node.lineno, node.end_lineno,
                                 self.statement))

    def but(self, node: ast.AST, **fields: object) -> ast.AST:
        """The node with other fields."""
        made = copy.copy(node)
        for name, value in fields.items():
            setattr(made, name, value)
        return made

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.within.append(node.name)
        own = {ast.unparse(a) for a in ast.walk(node) if isinstance(a, ast.Attribute) and isinstance(a.ctx, ast.Store)}
        self.names.append(neighbours({name.removeprefix("self.") for name in own if re.fullmatch(r"self\.\w+", name)}, "self."))
        for one in node.body:
            self.visit(one)
        self.names.pop()
        self.within.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        if node.name in TELLS:
            return
        self.within.append(node.name)
        self.depth += 1
        own = {a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)} | {
            n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        self.names.append(neighbours(own - {"self"}, ""))
        body = node.body[1:] if ast.get_docstring(node) else node.body
        self.statement = lines_of(body[0]) if body else range(0)
        for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(default)
        self.block(body)
        self.names.pop()
        self.depth -= 1
        self.within.pop()

    def block(self, body: Sequence[ast.stmt]) -> None:
        """Statements one after another: some may be left out."""
        for one in body:
            self.statement = lines_of(one)
            if isinstance(one, ast.AugAssign) or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Call)):
                self.add(one, "pass")
            if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) in {ast.unparse(n) for n in ast.walk(one.value)
                                                                           if isinstance(n, (ast.Name, ast.Attribute))}:
                self.add(one, "pass")
            self.visit(one)

    def generic_visit(self, node: ast.AST) -> None:
        if isinstance(node, LEFT):
            return
        for _, value in ast.iter_fields(node):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                self.block(value)
            elif isinstance(value, list):
                for one in value:
                    if isinstance(one, ast.AST):
                        self.visit(one)
            elif isinstance(value, ast.AST):
                self.visit(value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value:
            self.visit(node.value)

    def visit_If(self, node: ast.If | ast.IfExp) -> None:
        for one in ("True", "False"):
            if not isinstance(node.test, ast.Constant):
                self.add(node.test, one)
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit_If(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        self.add(node, self.but(node, ops=[OTHERWISE[type(node.ops[0])](), *node.ops[1:]]))
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.add(node, self.but(node, op=OTHERWISE[type(node.op)]()))
        for one in node.values:
            left = [value for value in node.values if value is not one]
            self.add(node, self.but(node, values=left) if len(left) > 1 else left[0])
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        self.add(node, node.operand)
        if not (isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant)):
            self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if not any(isinstance(one, (ast.JoinedStr, ast.Constant)) and not isinstance(getattr(one, "value", ""), (int, float))
                   for one in (node.left, node.right)):
            if type(node.op) in OTHERWISE:
                self.add(node, self.but(node, op=OTHERWISE[type(node.op)]()))
            self.add(node, node.left)
            self.add(node, node.right)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, bool):
            self.add(node, str(not value))
        elif isinstance(value, int):
            self.add(node, str(value + 1))
            if value == 1:
                self.add(node, "0")
        elif isinstance(value, float):
            self.add(node, repr(value * 2 or 1.0))

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute) and ast.unparse(node.func).startswith(("warnings.", "logging.")):
            return
        for one in node.keywords:
            self.add(node, self.but(node, keywords=[k for k in node.keywords if k is not one]))
        for at in range(len(node.args) - 1):
            args = [*node.args[:at], node.args[at + 1], node.args[at], *node.args[at + 2:]]
            self.add(node, self.but(node, args=args))
        self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        for at in range(len(node.keys)) if len(node.keys) > 1 else ():
            keys, values = ([one for place, one in enumerate(every) if place != at] for every in (node.keys, node.values))
            self.add(node, self.but(node, keys=keys, values=values))
        self.generic_visit(node)

    def visit_Slice(self, node: ast.Slice) -> None:
        for name in ("lower", "upper", "step"):
            if getattr(node, name):
                new = self.but(node, **{name: None})
                self.add(node, ast.unparse(new))
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        if isinstance(node.value, ast.Tuple) and len(node.value.elts) > 1:
            first, second, *rest = node.value.elts
            self.add(node.value, self.but(node.value, elts=[second, first, *rest]))
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        self.neighbour(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.neighbour(node)
        self.generic_visit(node)

    def neighbour(self, node: ast.Name | ast.Attribute) -> None:
        """A name that is read, taken for another one like it."""
        if isinstance(node.ctx, ast.Load) and self.names:
            told = ast.unparse(node)
            for names in self.names[-2:]:
                if told in names:
                    self.add(node, names[told])
                    break


def lines_of(statement: ast.stmt) -> range:
    """Those of a statement, of one with a body its head's."""
    body = getattr(statement, "body", None)
    return range(statement.lineno, body[0].lineno if body and body[0].lineno > statement.lineno else statement.end_lineno + 1)


def neighbours(names: set[str], start: str) -> dict[str, str]:
    """Name -> the next that shares its first or last word."""
    found = {}
    for at in (-1, 0):
        groups: dict[str, list[str]] = defaultdict(list)
        for name in sorted(names):
            groups[name.strip("_").split("_")[at]].append(name)
        for group in groups.values():
            for here, after in zip(group, group[1:] + group[:1], strict=True):
                if here != after:
                    found.setdefault(start + here, start + after)
    return found


def fault(module: str, text: str, change: Change) -> Fault:
    """The change as a fault: so many whole lines that they stand once."""
    data = text.encode()
    lines = text.splitlines(keepends=True)
    ends = [0]
    for line in lines:
        ends.append(ends[-1] + len(line.encode()))
    first, last = change.line - 1, change.last
    while first and text.count("".join(lines[first:last])) > 1:
        first -= 1
    old = data[ends[first] : ends[last]]
    new = data[ends[first] : change.start] + change.new.encode() + data[change.end : ends[last]]
    told = f"{change.line} {change.function.rpartition('.')[2]}: {differs(data[change.start : change.end].decode(), change.new)}"
    return Fault(told, module.replace("keras.src.", "").replace("torch.nn.", ""), module, old.decode(), new.decode())


def differs(was: str, now: str) -> str:
    """Both texts in one line; long ones without what they share at both ends but for a few words."""
    was, now = (" ".join(piece.split()) for piece in (plain(was), now))
    if len(was) <= LONG >= len(now):
        return f"{was} -> {now}"
    before = len(os.path.commonprefix([was, now]))
    after = len(os.path.commonprefix([was[before:][::-1], now[before:][::-1]]))
    start = max(0, before - 25)
    return " -> ".join(piece[start : len(piece) - max(0, after - 10)][:LONG] or "nothing" for piece in (was, now))


def plain(text: str) -> str:
    """As `ast` writes it."""
    try:
        return ast.unparse(ast.parse(text.strip()))
    except SyntaxError:
        return text

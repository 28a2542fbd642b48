"""The lines of this project that ask a question, cut out of it: a function with all that it uses, without the words that explain
it, for a script that needs nothing of this project. Sources are read, nothing is imported."""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from suite.repros.finding import NoScript

ROOT = Path(__file__).parents[2]
OURS = ("suite", "cases")


@dataclass(frozen=True, eq=False)
class Source:
    """What a module defines, and where the names come from that it imports: (module, name), the name empty for a module."""

    module: str
    defined: dict[str, ast.stmt]
    imported: dict[str, tuple[str, str]]


@cache
def read(module: str) -> Source | None:
    """A module of this project; None where there is none of this name."""
    path = ROOT.joinpath(*module.split("."))
    path = next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.exists()), None)
    if path is None or module.partition(".")[0] not in OURS:
        return None
    defined: dict[str, ast.stmt] = {}
    imported: dict[str, tuple[str, str]] = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            defined[node.name] = node
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                defined.update((one.id, node) for one in ast.walk(target) if isinstance(one, ast.Name))
        elif isinstance(node, ast.Import):
            imported.update((a.asname or a.name.partition(".")[0], (a.name, "")) for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            imported.update((a.asname or a.name, (node.module or "", a.name)) for a in node.names)
    return Source(module, defined, imported)


def origin(module: str, name: str) -> tuple[str, str]:
    """Where a name of a module comes from, that it defines or imports: module and name there."""
    source = read(module)
    if source is not None and name not in source.defined and name in source.imported and source.imported[name][1]:
        return origin(*source.imported[name])
    return module, name


class Bare(ast.NodeTransformer):
    """A definition without docstrings and annotations, where what a module of this project has stands by its own name, or as it
    is `called`. `used`: the (module, name) of all that is not its own."""

    def __init__(self, source: Source, called: Callable[[str, str], str]):
        self.source, self.called = source, called
        self.used: dict[tuple[str, str], None] = {}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns, node.body = None, unexplained(node.body)
        named = node.args
        for one in (*named.posonlyargs, *named.args, *named.kwonlyargs, named.vararg, named.kwarg):
            if one is not None:
                one.annotation = None
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.body = unexplained(node.body)
        for one in node.body:
            if isinstance(one, ast.AnnAssign):
                one.annotation = ast.Name("object", ast.Load())
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if isinstance(node.annotation, ast.Name) and node.annotation.id == "object":
            return self.generic_visit(node)
        made = ast.Assign([node.target], node.value) if node.value is not None else ast.Pass()
        return self.generic_visit(ast.copy_location(made, node))

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name) and (of := self.module(node.value.id)):
            self.used[of, node.attr] = None
            return ast.copy_location(ast.Name(self.called(of, node.attr), node.ctx), node)
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in self.source.defined or node.id in self.source.imported:
            self.used[self.source.module, node.id] = None
            node.id = self.called(self.source.module, node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        if node.arg in self.source.defined and self.called(self.source.module, node.arg) != node.arg:
            raise NoScript(f"an argument has the name {node.arg} of something else in the lines that ask")
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        if (node.module or "").partition(".")[0] not in OURS:
            return node
        self.used.update(((node.module or "", name.name), None) for name in node.names)
        return None

    def module(self, name: str) -> str:
        """The module of this project that a name stands for; nothing where it is none."""
        of, part = self.source.imported.get(name, ("", ""))
        if part and (parent := read(of)) is not None and part in parent.defined:
            return ""
        full = f"{of}.{part}" if part else of
        return full if full and read(full) is not None else ""


class Decided(ast.NodeTransformer):
    """A function whose `options` are known: of what depends on some of them that are words, numbers or flags, what happens."""

    def __init__(self, options: Mapping[str, object]):
        self.options = {name: value for name, value in options.items() if isinstance(value, (bool, int, str, type(None)))}

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        holds = self.value(node.test)
        if holds is None:
            return self.generic_visit(node)
        return [one for each in (node.body if holds else node.orelse) for one in several(self.visit(each))]

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        holds = self.value(node.test)
        return self.generic_visit(node) if holds is None else self.visit(node.body if holds else node.orelse)

    def value(self, test: ast.expr) -> bool | None:
        """Whether a condition holds; None where that is not known."""
        simple = (ast.Expression, ast.Compare, ast.BoolOp, ast.UnaryOp, ast.Subscript, ast.Constant, ast.Name, ast.Tuple, ast.Not,
                  ast.And, ast.Or, ast.cmpop, ast.expr_context)
        names = {one.id for one in ast.walk(test) if isinstance(one, ast.Name)}
        if names != {"options"} or not all(isinstance(one, simple) for one in ast.walk(test)):
            return None
        try:
            return bool(eval(compile(ast.Expression(test), "", "eval"), {"options": self.options}))
        except (KeyError, TypeError):
            return None


def filled(function: ast.AST) -> ast.AST:
    """A function in which no block is empty."""
    for node in ast.walk(function):
        if isinstance(node, (ast.FunctionDef, ast.With, ast.For, ast.While, ast.If)) and not node.body:
            node.body = [ast.Pass()]
    return function


def several(node: ast.AST | list[ast.stmt]) -> list[ast.stmt]:
    """The statements that stand for one."""
    return node if isinstance(node, list) else [node]


def given(function: ast.stmt) -> bool:
    """Whether a function calls the arguments of its request `options`."""
    return any(isinstance(node, ast.Assign) and "dict(request.arguments)" in ast.unparse(node.value)
               and "options" in {one.id for target in node.targets for one in ast.walk(target) if isinstance(one, ast.Name)}
               for node in ast.walk(function))


def unexplained(body: list[ast.stmt]) -> list[ast.stmt]:
    """A body without its docstring."""
    first = body[0]
    explained = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    return (body[1:] if explained else body) or [ast.Pass()]


@dataclass
class Cut:
    """What was cut out: imports, and definitions, each after what it uses. `given`: names that whoever writes the script
    defines."""

    given: Container[str]
    imports: dict[str, str] = field(default_factory=dict)
    parts: dict[str, ast.AST] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)

    def called(self, module: str, name: str) -> str:
        """What a name of a module is called in the script: so, unless another one has the name."""
        module, name = origin(module, name)
        source = read(module)
        if source is None or name not in source.defined or name in self.given:
            return name
        while self.places.setdefault(name, module) != module:
            name += "_"
        return name

    def take(self, module: str, name: str, options: Mapping[str, object] | None = None) -> None:
        """A name of a module, with all that it uses; a function with the arguments of its request."""
        source = read(module)
        if source is None or name in self.given:
            return
        if name in source.defined:
            mine = self.called(module, name)
            if mine not in self.parts:
                self.parts[mine] = ast.Pass()  # until it is known: it may use itself
                bare = Bare(source, self.called)
                node = ast.parse(ast.unparse(source.defined[name])).body[0]
                if options is not None and given(node):
                    node = filled(Decided(options).visit(node))
                node = bare.visit(node)
                if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                    node.name = mine
                for used in bare.used:
                    self.take(*used)
                del self.parts[mine]
                self.parts[mine] = ast.fix_missing_locations(node)
        elif name in source.imported:
            of, part = source.imported[name]
            if of.partition(".")[0] in OURS:
                self.take(of, part)
            elif of != "__future__":
                again = "" if name == (part or of.partition(".")[0]) else f" as {name}"
                self.imports[name] = f"from {of} import {part}{again}" if part else f"import {of}{again}"

    def lines(self) -> list[str]:
        """The definitions; a statement may define several names."""
        texts = dict.fromkeys(map(ast.unparse, self.parts.values()))
        return [line for text in texts for line in ("", *text.splitlines())]

    def attributes(self, *names: str) -> set[str]:
        """What is asked of objects of these names."""
        found = set()
        for part in self.parts.values():
            for node in ast.walk(part):
                if isinstance(node, ast.Attribute):
                    owner = ast.unparse(node.value)
                    if owner in names:
                        found.add(node.attr)
        return found

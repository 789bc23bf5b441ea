"""Mutants of a source text: each has one change of its syntax tree, written in the place of the old text."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_COMPARED: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_CALCULATED: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Add,
}
_REMOVED: Final = (ast.Raise, ast.AugAssign, ast.Delete, ast.Break, ast.Continue, ast.Assert)
_CHANGED_ITSELF: Final = (ast.Compare, ast.BoolOp, ast.UnaryOp, ast.Constant)
_DONE: Final = (ast.Call, ast.Yield, ast.YieldFrom, ast.Await)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of a source.

    Attributes:
        start: The byte at which the old text begins.
        end: The byte behind it.
        old: The old text.
        new: The text in its place.
        line: The number of the line.
        within: The old text of the whole line, without blanks around it.
    """

    start: int
    end: int
    old: str
    new: str
    line: int
    within: str

    def applied(self, source: bytes) -> bytes:
        """The source with the change."""
        return source[: self.start] + self.new.encode() + source[self.end :]

    @property
    def change(self) -> str:
        """The old and the new text, in one line."""
        return f"{_in_one_line(self.old)} -> {_in_one_line(self.new)}"


def mutants(source: bytes) -> list[Mutant]:
    """Every mutant of a source, in the order of their places."""
    lines = source.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    found: dict[tuple[int, int, str], Mutant] = {}
    for node, new in _changes(ast.parse(source)):
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        old = source[start:end].decode()
        within = lines[node.lineno - 1].decode().strip()
        found[start, end, new] = Mutant(start, end, old, new, node.lineno, within)
    return [found[place] for place in sorted(found)]


def _changes(tree: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """Each node that is changed, with the text for it."""
    for node in _visited(tree):
        for place, new in _changed(node):
            text = ast.unparse(ast.fix_missing_locations(new))
            # Brackets hold the change together within the expression around it.
            yield place, text if isinstance(place, ast.stmt) else f"({text})"


def _changed(node: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, ast.AST]]:
    """The expressions and statements that stand for a node in its mutants, each with the node in whose place it is."""
    if isinstance(node, ast.If | ast.While | ast.IfExp) and not isinstance(node.test, _CHANGED_ITSELF):
        yield node.test, ast.UnaryOp(ast.Not(), node.test)
    if isinstance(node, ast.expr) and (expression := _other_expression(node)):
        yield node, expression
    if isinstance(node, ast.stmt) and (statement := _other_statement(node)):
        yield node, statement


def _other_expression(node: ast.expr) -> ast.expr | None:
    match node:
        case ast.Compare(left, [operator, *others], right):
            return ast.Compare(left, [_COMPARED[type(operator)](), *others], right)
        case ast.BoolOp(operator, values):
            return ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
        case ast.UnaryOp(ast.Not(), operand):
            return operand
        case ast.BinOp(left, operator, right) if type(operator) in _CALCULATED:
            return ast.BinOp(left, _CALCULATED[type(operator)](), right)
        case ast.Constant(int() | float() as value):
            return ast.Constant(not value if isinstance(value, bool) else value + 1)
        case _:
            return None


def _other_statement(node: ast.stmt) -> ast.stmt | None:
    match node:
        case ast.Return(ast.expr() as value) if not isinstance(value, ast.Constant):
            return ast.Return(ast.Constant(None))
        case ast.Expr(value) if isinstance(value, _DONE):
            return ast.Pass()
        case ast.Assign([ast.Attribute() | ast.Subscript()]):
            return ast.Pass()
        case _:
            return ast.Pass() if isinstance(node, _REMOVED) else None


def _visited(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that may be changed: not types, decorators, and what only a type checker reads."""
    yield node
    if _is_for_types(node) or isinstance(node, ast.JoinedStr):  # Python 3.11 does not tell the places within
        return
    for name, value in ast.iter_fields(node):
        if name not in {"annotation", "returns", "decorator_list"}:
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _visited(child)


def _is_for_types(node: ast.AST) -> bool:
    match node:
        case ast.If(ast.Name("TYPE_CHECKING")) | ast.Assign([ast.Name("__all__" | "__slots__")]):
            return True
        case ast.Call(ast.Name("TypeVar" | "cast")):
            return True
        case _:
            return False


def _in_one_line(text: str) -> str:
    return " ".join(text.split())

"""The grammar of GitHub's expressions, and `parse`.

Length and depth have GitHub's limits. The LALR parser keeps its stack in a list and the tree is built bottom up, so
that no input reaches Python's recursion limit.
"""

from __future__ import annotations

import difflib
import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from orchestrator.definition.expressions.errors import ExpressionSyntaxError
from orchestrator.definition.expressions.functions import FUNCTIONS, NOT_YET, arity
from orchestrator.definition.expressions.syntax import (
    Call,
    Comparison,
    Expression,
    Index,
    Literal,
    Logic,
    Name,
    Node,
    Not,
)
from orchestrator.definition.expressions.values import from_float, parse_number

if TYPE_CHECKING:
    from lark import Lark, Token

MAX_LENGTH = 21_000
MAX_DEPTH = 50
_SHOWN = 40
_REMEMBERED = 500
"""Characters of an expression whose tree is kept for the next time: long ones would fill the memory."""

GRAMMAR = r"""
?start: or_

?or_: and_
    | and_ ("||" and_)+              -> any_of
?and_: equality
    | equality ("&&" equality)+      -> all_of
?equality: relation
    | equality EQUALITY relation     -> comparison
?relation: unary
    | relation RELATION unary        -> comparison
?unary: operand
    | "!" unary                      -> negation
?operand: literal
    | path
?path: NAME                          -> name
    | "(" or_ ")"
    | FUNCTION "(" [or_ ("," or_)*] ")" -> call
    | path "." PROPERTY              -> property
    | path "[" or_ "]"               -> index
    | path "." STAR                  -> wildcard
    | path "[" STAR "]"              -> wildcard
literal: NULL                        -> null
    | TRUE                           -> true
    | FALSE                          -> false
    | NAN                            -> nan
    | INFINITY                       -> infinity
    | NUMBER                         -> number
    | STRING                         -> string

EQUALITY: "==" | "!="
RELATION: "<=" | ">=" | "<" | ">"
STAR: "*"
NULL.2: /null(?![\w-])/
TRUE.2: /true(?![\w-])/
FALSE.2: /false(?![\w-])/
NAN.2: /NaN(?![\w-])/
INFINITY.2: /Infinity(?![\w-])/
FUNCTION.1: /[A-Za-z_][A-Za-z0-9_-]*(?=\s*\()/
NAME: /[A-Za-z_][A-Za-z0-9_-]*/
PROPERTY: /[A-Za-z_][A-Za-z0-9_-]*/
NUMBER: /[-+.0-9][^\s()\[\],!<>=&|']*/
STRING: /'(?:[^']|'')*'/

%ignore /\s+/
"""

_DOTTED = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z_][A-Za-z0-9_-]*)*)\s*")
_KEYWORDS = frozenset({"null", "true", "false", "NaN", "Infinity"})


def parse(text: str) -> Expression:
    """Parse what stands between `${{` and `}}`.

    Raises `ExpressionSyntaxError` with the column, for anything that is not an expression, is longer than
    21,000 characters or deeper than 50 operators, or belongs to the part of the language that is not there yet.
    """
    return _parsed_once(text) if len(text) <= _REMEMBERED else _parsed(text)


@lru_cache(maxsize=16_384)
def _parsed_once(text: str) -> Expression:
    return _parsed(text)


def _parsed(text: str) -> Expression:
    if len(text) > MAX_LENGTH:
        raise ExpressionSyntaxError(f"Exceeded max expression length {MAX_LENGTH}", column=MAX_LENGTH + 1)
    if not text.strip():
        raise ExpressionSyntaxError("An expression was expected")
    return Expression(text=text, root=_dotted(text) or _parse(text))


def _dotted(text: str) -> Node | None:
    """The tree of a plain path such as `needs.lint.outputs.x`, which most expressions are, ten times faster."""
    found = _DOTTED.fullmatch(text)
    if not found or (names := found[1].split("."))[0] in _KEYWORDS or len(names) > MAX_DEPTH:
        return None
    node: Node = Name(name=names[0], column=found.start(1) + 1)
    for depth, name in enumerate(names[1:], start=2):
        node = Index(target=node, key=Literal(value=name), depth=depth)
    return node


def _parse(text: str) -> Node:
    from lark.exceptions import UnexpectedInput

    try:
        root: Node = _parser().parse(text)  # type: ignore[assignment]  # our transformer builds nodes, not trees
    except UnexpectedInput as error:
        raise _unexpected(text, error) from error
    return root


def _unexpected(text: str, error: Any) -> ExpressionSyntaxError:
    position = getattr(error, "pos_in_stream", None)
    token = getattr(error, "token", None)
    if position is None or (token is not None and token.type == "$END"):
        return ExpressionSyntaxError("Unexpected end of expression", column=len(text) + 1)
    symbol = str(token) if token is not None else text[position : position + 20].split(maxsplit=1)[0]
    hint = _hint(symbol)
    return ExpressionSyntaxError(f"Unexpected symbol: '{symbol[:_SHOWN]}'", column=position + 1, hint=hint)


def _hint(symbol: str) -> str | None:
    if symbol.startswith('"'):
        return "strings stand in single quotes: 'text'"
    if symbol.startswith("'"):
        return "the string is not closed"
    if symbol.startswith("="):
        return "comparing is `==`"
    if symbol[0] in "&|":
        return "the operators are `&&` and `||`"
    return "there is no arithmetic" if symbol[0] in "+-*/%" else None


@lru_cache(maxsize=1)
def _parser() -> Lark:
    from lark import Lark

    builder: Any = _TreeBuilder()
    return Lark(GRAMMAR, parser="lalr", lexer="contextual", transformer=builder, maybe_placeholders=False)


def _deeper(*operands: Node) -> int:
    depth = 1 + max((operand.depth for operand in operands), default=0)
    if depth > MAX_DEPTH:
        raise ExpressionSyntaxError(f"Exceeded max expression depth {MAX_DEPTH}")
    return depth


class _TreeBuilder:
    """Called by lark at each reduction; the methods are named after the rules' aliases."""

    def any_of(self, operands: list[Node]) -> Node:
        return _logic("||", operands)

    def all_of(self, operands: list[Node]) -> Node:
        return _logic("&&", operands)

    def comparison(self, parts: list[Any]) -> Node:
        left, operator, right = parts
        return Comparison(operator=str(operator), left=left, right=right, depth=_deeper(left, right))

    def negation(self, parts: list[Node]) -> Node:
        return Not(operand=parts[0], depth=_deeper(parts[0]))

    def name(self, parts: list[Token]) -> Node:
        return Name(name=str(parts[0]), column=_column(parts[0]))

    def call(self, parts: list[Any]) -> Node:
        token, *arguments = parts
        function = _function(token)
        fewest, most = arity(function)
        if not fewest <= len(arguments) <= most:
            amount = "few" if len(arguments) < fewest else "many"
            raise ExpressionSyntaxError(f"Too {amount} parameters supplied: '{token}'", column=_column(token))
        return Call(function=function, arguments=tuple(arguments), depth=_deeper(*arguments))

    def property(self, parts: list[Any]) -> Node:
        return Index(target=parts[0], key=Literal(value=str(parts[1])), depth=_deeper(parts[0]))

    def index(self, parts: list[Node]) -> Node:
        return Index(target=parts[0], key=parts[1], depth=_deeper(*parts))

    def wildcard(self, parts: list[Any]) -> Node:
        raise ExpressionSyntaxError("the filter `*` is not supported yet", column=_column(parts[1]))

    def null(self, _: list[Token]) -> Node:
        return Literal(value=None)

    def true(self, _: list[Token]) -> Node:
        return Literal(value=True)

    def false(self, _: list[Token]) -> Node:
        return Literal(value=False)

    def nan(self, _: list[Token]) -> Node:
        return Literal(value=math.nan)

    def infinity(self, _: list[Token]) -> Node:
        return Literal(value=math.inf)

    def number(self, parts: list[Token]) -> Node:
        value = parse_number(parts[0])
        if math.isnan(value):
            raise ExpressionSyntaxError(f"Unexpected symbol: '{parts[0][:_SHOWN]}'", column=_column(parts[0]))
        return Literal(value=from_float(value))

    def string(self, parts: list[Token]) -> Node:
        return Literal(value=parts[0][1:-1].replace("''", "'"))


def _logic(operator: str, operands: list[Node]) -> Node:
    flat: list[Node] = []
    for operand in operands:
        same = isinstance(operand, Logic) and operand.operator == operator
        flat.extend(operand.operands if isinstance(operand, Logic) and same else [operand])
    return Logic(operator=operator, operands=tuple(flat), depth=_deeper(*flat))


def _function(token: Token) -> str:
    """The function's name as the table spells it; names are case-insensitive."""
    lowered = token.lower()
    if lowered in FUNCTIONS:
        return lowered
    if lowered in NOT_YET:
        raise ExpressionSyntaxError(f"the function `{token}` is not supported yet", column=_column(token))
    near = difflib.get_close_matches(lowered[:_SHOWN], FUNCTIONS, n=1)
    hint = f"did you mean `{FUNCTIONS[near[0]].name}`?" if near else None
    raise ExpressionSyntaxError(f"Unrecognized function: '{token[:_SHOWN]}'", column=_column(token), hint=hint)


def _column(token: Token) -> int:
    return (token.start_pos or 0) + 1

"""Reads a GraphQL document, as far as the twin needs it: one operation, no fragments."""

import re
from typing import NamedTuple

from tests.twins.github._asking import Json

_TOKEN = re.compile(r'\s+|,|#[^\n]*|(\.\.\.|[{}()\[\]:!=$@]|"(?:[^"\\]|\\.)*"|-?\d+|\w+)')


class Field(NamedTuple):
    """One field of a document: what it is called in the answer, its arguments, its parts."""

    name: str
    alias: str
    arguments: Json
    parts: "tuple[Field, ...]"


class Wrong(Exception):
    """An error in GraphQL's sense. `kind` is GitHub's; none: the document itself is wrong."""

    def __init__(self, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.message, self.kind = message, kind


def parse(query: str, variables: Json) -> tuple[str, tuple[Field, ...]]:
    """Return the kind of operation and its fields, with the variables put in."""
    tokens, at = [], 0
    while at < len(query):
        found = _TOKEN.match(query, at)
        if found is None:
            raise Wrong(f"Parse error on {query[at]!r}")
        at = found.end()
        tokens += [found[1]] if found[1] else []
    return _Parser(tokens, variables).operation()


class _Parser:
    """Reads one operation."""

    def __init__(self, tokens: list[str], variables: Json) -> None:
        self._tokens, self._variables = tokens, variables
        self._declared: set[str] = set()

    def operation(self) -> tuple[str, tuple[Field, ...]]:
        """Return its kind and its fields."""
        kind = "query" if self._peek() == "{" else self._next()
        if kind not in ("query", "mutation"):
            raise Wrong(f"Parse error on {kind!r}")
        if self._peek() not in ("(", "{"):
            self._next()
        if self._peek() == "(":
            self._declare()
        if unused := set(self._variables) - self._declared:
            raise Wrong(f"Variable ${unused.pop()} is not declared")
        return kind, self._fields()

    def _declare(self) -> None:
        while (token := self._next()) != ")":
            if token == "$":
                self._declared.add(self._next())

    def _fields(self) -> tuple[Field, ...]:
        self._take("{")
        fields = []
        while self._peek() != "}":
            alias = name = self._next()
            if self._peek() == ":":
                self._next()
                name = self._next()
            arguments = self._pairs("(", ")") if self._peek() == "(" else {}
            parts = self._fields() if self._peek() == "{" else ()
            fields.append(Field(name, alias, arguments, parts))
        self._next()
        return tuple(fields)

    def _pairs(self, begin: str, end: str) -> Json:
        self._take(begin)
        pairs: Json = {}
        while self._peek() != end:
            name = self._next()
            self._take(":")
            pairs[name] = self._value()
        self._next()
        return pairs

    def _value(self) -> object:
        if self._peek() == "{":
            return self._pairs("{", "}")
        token = self._next()
        if token == "$":
            name = self._next()
            if name not in self._declared:
                raise Wrong(f"Variable ${name} is used but not declared")
            return self._variables.get(name)
        if token.startswith('"'):
            return token[1:-1].replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")
        known = {"true": True, "false": False, "null": None}
        return known.get(token, token)

    def _peek(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def _next(self) -> str:
        if not self._tokens:
            raise Wrong("Unexpected end of document")
        return self._tokens.pop(0)

    def _take(self, wanted: str) -> None:
        found = self._next()
        if found != wanted:
            raise Wrong(f"Parse error on {found!r}, expected {wanted!r}")

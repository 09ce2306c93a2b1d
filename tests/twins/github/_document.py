"""Reads a GraphQL document, as far as the twin needs it: one operation, no fragments."""

import re
from typing import NamedTuple

from tests.twins.git_host.api import Json

_TOKEN = re.compile(r'\s+|,|#[^\n]*|(\.\.\.|[{}()\[\]:!=$@]|"(?:[^"\\]|\\.)*"|-?\d+|\w+)')


class Field(NamedTuple):
    """One field of a document: what it is called in the answer, its arguments, its parts."""

    name: str
    alias: str
    arguments: Json
    parts: "tuple[Field, ...]"


class DocumentError(Exception):
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
            raise DocumentError(f"Parse error on {query[at]!r}")
        at = found.end()
        tokens += [found[1]] if found[1] else []
    return _Parser(tokens, variables).parse_operation()


class _Parser:
    """Reads one operation."""

    def __init__(self, tokens: list[str], variables: Json) -> None:
        self._tokens, self._variables = tokens, variables
        self._declared: set[str] = set()

    def parse_operation(self) -> tuple[str, tuple[Field, ...]]:
        """Return its kind and its fields."""
        kind = "query" if self._peek() == "{" else self._take_token()
        if kind not in ("query", "mutation"):
            raise DocumentError(f"Parse error on {kind!r}")
        if self._peek() not in ("(", "{"):
            self._take_token()
        if self._peek() == "(":
            self._parse_declarations()
        if unused := set(self._variables) - self._declared:
            raise DocumentError(f"Variable ${unused.pop()} is not declared")
        return kind, self._parse_fields()

    def _parse_declarations(self) -> None:
        while (token := self._take_token()) != ")":
            if token == "$":
                self._declared.add(self._take_token())

    def _parse_fields(self) -> tuple[Field, ...]:
        self._take("{")
        fields = []
        while self._peek() != "}":
            alias = name = self._take_token()
            if self._peek() == ":":
                self._take_token()
                name = self._take_token()
            arguments = self._parse_pairs("(", ")") if self._peek() == "(" else {}
            parts = self._parse_fields() if self._peek() == "{" else ()
            fields.append(Field(name, alias, arguments, parts))
        self._take_token()
        return tuple(fields)

    def _parse_pairs(self, begin: str, end: str) -> Json:
        self._take(begin)
        pairs: Json = {}
        while self._peek() != end:
            name = self._take_token()
            self._take(":")
            pairs[name] = self._parse_value()
        self._take_token()
        return pairs

    def _parse_value(self) -> object:
        if self._peek() == "{":
            return self._parse_pairs("{", "}")
        token = self._take_token()
        if token == "$":
            name = self._take_token()
            if name not in self._declared:
                raise DocumentError(f"Variable ${name} is used but not declared")
            return self._variables.get(name)
        if token.startswith('"'):
            return token[1:-1].replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")
        known = {"true": True, "false": False, "null": None}
        return known.get(token, token)

    def _peek(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def _take_token(self) -> str:
        if not self._tokens:
            raise DocumentError("Unexpected end of document")
        return self._tokens.pop(0)

    def _take(self, wanted: str) -> None:
        found = self._take_token()
        if found != wanted:
            raise DocumentError(f"Parse error on {found!r}, expected {wanted!r}")

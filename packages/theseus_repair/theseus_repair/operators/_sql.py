"""Parses SQL in string constants: its tokens with their source positions, and the tables."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from theseus_repair.model import SourceEdit
from theseus_repair.source import Source

BEGINS = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH)\b", re.IGNORECASE)
TOKEN = re.compile(
    r"'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|--[^\n]*|/\*.*?\*/|\?\d*|[:@$]\w+|%s|%\(\w+\)s|\w+"
    r"|<=|>=|<>|!=|==|\|\||[^\w\s]",
    re.DOTALL,
)
HOLDER = re.compile(r"\?\d*|[:@$]\w+|%s|%\(\w+\)s")
LITERAL = re.compile(r"([uU]?)(\"\"\"|'''|\"|')")
TABLE = re.compile(
    r"CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?[\"`\[]?(\w+)[\"`\]]?\s*\(", re.IGNORECASE
)
ADDED = re.compile(
    r"ALTER\s+TABLE\s+[\"`\[]?(\w+)[\"`\]]?\s+ADD\s+(?:COLUMN\s+)?[\"`\[]?(\w+)", re.IGNORECASE
)
CONSTRAINTS = {"PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "CONSTRAINT"}
AFTER_TABLE = {"FROM", "INTO", "UPDATE", "JOIN"}

Schema = Mapping[str, Mapping[str, str]]
"""The definitions of columns by name, in order, for each table (in lower case)."""


@dataclass(frozen=True, slots=True)
class SqlToken:
    """A word, an operator or a placeholder of a statement: its text, and its position in it."""

    text: str
    start: int
    end: int

    @property
    def upper(self) -> str:
        """The text in capitals, for comparison with keywords."""
        return self.text.upper()


class SqlStatement:
    """A statement in one string constant, which may be written in several pieces."""

    def __init__(self, source: Source, node: ast.Constant, offsets: list[int]) -> None:
        self._source, self._offsets = source, offsets
        self.node, self.text = node, str(node.value)

    @cached_property
    def tokens(self) -> list[SqlToken]:
        """The tokens, without comments."""
        found = TOKEN.finditer(self.text)
        return [SqlToken(match[0], match.start(), match.end()) for match in found
                if not match[0].startswith(("--", "/*"))]  # fmt: skip

    @cached_property
    def tables(self) -> list[str]:
        """The names of its tables, in lower case."""
        return [
            word.text.strip('"`').lower()
            for before, word in pairwise(self.tokens)
            if before.upper in AFTER_TABLE
        ]

    def edit(self, start: int, end: int, text: str) -> SourceEdit:
        """Return the edit that replaces the text from `start` to `end` of the statement."""
        first = self._offsets[start]
        last = self._offsets[end - 1] + 1 if end > start else first
        return SourceEdit(self._source.path, first, last, text)

    def swap(self, one: SqlToken, other: SqlToken) -> list[SourceEdit]:
        """Return the edits that swap two tokens."""
        first = self.edit(one.start, one.end, other.text)
        return [first, self.edit(other.start, other.end, one.text)]

    @cached_property
    def holders(self) -> list[SqlToken]:
        """The placeholders."""
        return [word for word in self.tokens if HOLDER.fullmatch(word.text)]

    def get_list_after(self, after: str) -> list[SqlToken]:
        """Return the tokens of the first list in parentheses after a keyword; empty if nested."""
        words = self.tokens
        at = next((place for place, word in enumerate(words) if word.upper == after), len(words))
        while at < len(words) and words[at].text != "(":
            at += 1
        found: list[SqlToken] = []
        for word in words[at + 1 :]:
            if word.text == ")":
                return found
            if word.text == "(":
                return []
            if word.text != ",":
                found.append(word)
        return []

    @cached_property
    def holder_columns(self) -> list[str]:
        """The column of each placeholder; an empty string if it is unclear."""
        columns, values = self.get_list_after("INTO"), self.get_list_after("VALUES")
        inserted = {}
        if len(columns) == len(values):
            inserted = {value: column.text for column, value in zip(columns, values, strict=True)}
        return [inserted.get(word) or self._get_compared_column(word) for word in self.holders]

    def _get_compared_column(self, holder: SqlToken) -> str:
        at = self.tokens.index(holder)
        if at >= 2 and re.fullmatch(r"[<>=!]+|LIKE|IS", self.tokens[at - 1].upper):
            return self.tokens[at - 2].text
        return ""


def iterate_statements(source: Source, nodes: Iterable[ast.AST]) -> Iterator[SqlStatement]:
    """Yield the SQL statements among these nodes whose characters all map to the source."""
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            offsets = map_offsets(source, node) if BEGINS.match(node.value) else None
            if offsets is not None:
                yield SqlStatement(source, node, offsets)


def map_offsets(source: Source, node: ast.Constant) -> list[int] | None:
    """Return the source offset of each character of a string; `None` if any is escaped."""
    start, end = source.get_span(node)
    found: list[int] = []
    at = start
    while at < end:
        quote = LITERAL.match(source.text, at)
        if quote is None:
            at += 1
            continue
        close = source.text.find(quote[2], quote.end(), end)
        between = source.text[start if not found else found[-1] + 1 : at].strip(" \t\r\n\\\"'()")
        if close < 0 or between:
            return None
        found += range(quote.end(), close)
        at = close + len(quote[2])
    text = "".join(source.text[offset] for offset in found)
    return found if found and text == node.value else None


def get_verb(text: str) -> str:
    """Return the verb of a statement in capitals; empty for other texts."""
    found = BEGINS.match(text)
    return found[1].upper() if found else ""


def build_schema(texts: Iterable[str]) -> Schema:
    """Return the tables that these texts create, with what they add to them later."""
    tables: dict[str, dict[str, str]] = {}
    for text in texts:
        for found in TABLE.finditer(text):
            columns = dict(_iterate_columns(text[found.end() :]))
            tables.setdefault(found[1].lower(), {}).update(columns)
        for found in ADDED.finditer(text):
            tables.setdefault(found[1].lower(), {}).setdefault(found[2], "")
    return tables


def _iterate_columns(rest: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the complete definition of each column, up to the closing parenthesis."""
    depth, start = 0, 0
    for word in TOKEN.finditer(rest):
        last = word[0] == ")" and depth == 0
        if last or (word[0] == "," and depth == 0):
            definition = " ".join(rest[start : word.start()].split())
            name = definition.split(" ")[0].strip('"`[]')
            if name.isidentifier() and name.upper() not in CONSTRAINTS:
                yield name, definition
            start = word.end()
        if last:
            return
        depth += (word[0] == "(") - (word[0] == ")")

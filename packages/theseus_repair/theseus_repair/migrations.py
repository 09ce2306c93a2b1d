"""Proposes missing migrations: columns that `CREATE TABLE IF NOT EXISTS` has and older files lack.

The statement does not change an existing table. With an older file every query of the column fails
with "no such column", and no test with a new file notices. The proposed edit asks SQLite for the
column after the statement that creates the table, and adds the column if it is missing.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from theseus_repair.model import Candidate, Crash, Problem, SuspectHunk
from theseus_repair.operators import View, build_pools
from theseus_repair.operators._sql import build_schema
from theseus_repair.source import Source

KIND = "migration"
RANK = 1.9  # very high: the error names a column that the project's own CREATE TABLE has
ABSENT = re.compile(
    r"no such column: (?:(?P<of>\w+)\.)?(?P<one>\w+)"
    r"|table (?P<table>\w+) has no column named (?P<two>\w+)"
)
# Constraints that SQLite does not accept for a column added to a table with rows.
UNFIT = re.compile(
    r"\b(PRIMARY\s+KEY|UNIQUE|GENERATED|AS\s*\(|CURRENT_\w+|DEFAULT\s*\()", re.IGNORECASE
)
NUMERIC = re.compile(r"\b(INT|REAL|NUM|BOOL|FLOAT|DOUB|DEC)", re.IGNORECASE)
CREATES = r"CREATE\s+TABLE\s+IF\s+NOT\s+EXISTS\s+[\"`\[]?{table}\b"
RUNS = {"execute", "executescript"}
NAMES = ("column", "known", "found", "there")


@dataclass(frozen=True, slots=True)
class NewColumn:
    """A column that older files lack: `definition` is what ALTER TABLE takes."""

    table: str
    name: str
    definition: str


def propose(problem: Problem, sources: list[Source]) -> Iterator[Candidate]:
    """Yield the migrations that would explain the crashes."""
    schema = build_schema(
        node.value
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    for table, column in dict.fromkeys(_find_absent_columns(problem.crashes)):
        for name, columns in schema.items():
            spelt = next((each for each in columns if each.lower() == column.lower()), "")
            definition = to_addable(columns.get(spelt, ""))
            if definition and table.lower() in ("", name):
                missing = NewColumn(name, spelt, definition)
                young = _find_new_columns(name, columns.items(), problem.hunks)
                yield from _propose_columns(sources, missing, young)


def _find_absent_columns(crashes: Iterable[Crash]) -> Iterator[tuple[str, str]]:
    """Yield (table, column) of each missing column; the table is empty if it is unknown."""
    for crash in crashes:
        found = ABSENT.search(crash.message)
        if found is not None:
            yield found["table"] or "", found["one"] or found["two"]


def to_addable(definition: str) -> str:
    """Return the definition as ALTER TABLE accepts it, or an empty string.

    Existing rows get 0 or an empty text if a value is required and no default is defined.
    """
    text = definition.strip()
    needs = "NOT NULL" in text.upper()
    if (
        not text
        or set(text) & set('"\\{')
        or UNFIT.search(text)
        or (needs and "REFERENCES" in text.upper())
    ):
        return ""
    if needs and "DEFAULT" not in text.upper():
        if "CHECK" in text.upper():
            return ""
        text += " DEFAULT 0" if NUMERIC.search(text) else " DEFAULT ''"
    return text


def _find_new_columns(
    table: str, columns: Iterable[tuple[str, str]], hunks: Iterable[SuspectHunk]
) -> list[NewColumn]:
    """Return the columns that suspect commits added: older files lack all of them."""
    lines = [line for hunk in hunks for line in hunk.lines]
    came, went = (
        {line[1:].strip(" \t\"',").partition(" ")[0] for line in lines if line[:1] == mark}
        for mark in "+-"
    )
    return [
        NewColumn(table, name, to_addable(definition))
        for name, definition in columns
        if name in came - went and to_addable(definition)
    ]


def _propose_columns(
    sources: list[Source], missing: NewColumn, young: list[NewColumn]
) -> Iterator[Candidate]:
    others = [each for each in young if each.name.lower() != missing.name.lower()]
    pools = build_pools([])
    for source in sources:
        view = View(source, Crash(""), pools)
        for call, statement in find_creations(source, missing.table):
            if others:
                yield _build_candidate([missing, *others], call, statement, RANK + 0.1, view)
            yield _build_candidate([missing], call, statement, RANK, view)


def find_creations(source: Source, table: str) -> Iterator[tuple[ast.Call, ast.stmt]]:
    """Yield the calls that create a table, and the statement after which to continue.

    A loop over several statements counts as one statement.
    """
    creates = re.compile(CREATES.format(table=re.escape(table)), re.IGNORECASE)
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        statement = source.find_statement(node)
        if node.func.attr not in RUNS or not node.args or not isinstance(statement, ast.Expr):
            continue
        value, loop = _resolve_argument(node.args[0], source)
        texts = (each.value for each in (ast.walk(value) if value else ())
                 if isinstance(each, ast.Constant) and isinstance(each.value, str))  # fmt: skip
        if any(map(creates.search, texts)) and source.find_function(node) is not None:
            yield node, loop or statement


def _resolve_argument(value: ast.expr, source: Source) -> tuple[ast.expr | None, ast.stmt | None]:
    """Return the value of a first argument, and the loop that assigns it, if any."""
    if not isinstance(value, ast.Name):
        return value, None
    for up in source.iterate_ancestors(value):
        if isinstance(up, ast.For) and source.get_code(up.target) == value.id:
            names = [node for node in ast.walk(up.iter) if isinstance(node, ast.Name)]
            return (_find_module_value(names[0].id, source) if names else up.iter), up
    return _find_module_value(value.id, source), None


def _find_module_value(name: str, source: Source) -> ast.expr | None:
    for statement in source.tree.body:
        if isinstance(statement, ast.Assign) and source.get_code(statement.targets[0]) == name:
            return statement.value
        if isinstance(statement, ast.AnnAssign) and source.get_code(statement.target) == name:
            return statement.value
    return None


def _build_candidate(
    columns: list[NewColumn], call: ast.Call, statement: ast.stmt, rank: float, view: View
) -> Candidate:
    """Return the candidate that checks for each column and adds it."""
    receiver = view.get_code(call.func).rpartition(".")[0]
    waits = isinstance(view.source.parents.get(call), ast.Await)
    used_names = set(view.list_names_before(statement))
    name = next(name for name in (*NAMES, "_column") if name not in used_names)
    lines: list[str] = []
    for column in columns:
        known = f"pragma_table_info('{column.table}') WHERE name = '{column.name}'"
        query = f"SELECT 1 FROM {known}"  # noqa: S608 - only identifiers, and proposed, not run
        added = f'{receiver}.execute("ALTER TABLE {column.table} ADD COLUMN {column.definition}")'
        if waits:
            lines += [f'{name} = await {receiver}.execute("{query}")',
                      f"if await {name}.fetchone() is None:", f"    await {added}"]  # fmt: skip
        else:
            lines += [f'{name} = {receiver}.execute("{query}")',
                      f"if {name}.fetchone() is None:", f"    {added}"]  # fmt: skip
    edit = view.source.insert_after(statement, lines)
    words = ", ".join(f"`{column.name}`" for column in columns)
    why = f"add {words} to existing tables `{columns[0].table}`"
    return view.make([edit], KIND, rank, why, statement)

"""Parameters of SQL: in another order, one more, and conditions that other statements have."""

import ast
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import combinations

from theseus_repair.model import Candidate, SourceEdit
from theseus_repair.operators._sql import SqlStatement, SqlToken, iterate_statements
from theseus_repair.operators._view import View
from theseus_repair.source import Source

KIND = "sql"
RUNS = {"execute", "executemany", "execute_fetchall", "execute_insert", "fetch", "fetchrow",
        "fetchval", "fetchone", "fetchall"}  # fmt: skip
WRITES = {"INSERT", "UPDATE", "DELETE", "REPLACE"}
BINDINGS = re.compile(r"statement uses (\d+), and there (?:are|is) (\d+) supplied")
COUNTED = re.compile(r"(\d+) values for (\d+) columns")
UNSUPPORTED = ("unsupported type", "type 'str' is not supported", "Incorrect number of bindings")
CONDITION = re.compile(
    r"(?:\w+\.)?(\w+)\s*([=<>!]+|IS NOT|IS)\s*(\?|\d+|'[^']*'|NULL)(?=\s|$|\)|;)", re.IGNORECASE
)
ENDS = {"GROUP", "ORDER", "LIMIT", "RETURNING", ";"}
JOINED = {"WHERE", "JOIN", "LEFT", "RIGHT", "INNER", "CROSS", "FULL", "NATURAL", "UNION", *ENDS}


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield other parameters for the SQL that one statement runs, and a commit after it."""
    for node in view.iterate_nodes(statement):
        if not isinstance(node, ast.Call) or not _is_execution(node):
            continue
        sql = next(iterate_statements(view.source, node.args[:1]), None) or _find_named_statement(
            node, view
        )
        parameters = node.args[1] if len(node.args) > 1 else None
        if isinstance(parameters, (ast.Tuple, ast.List)) and sql is not None:
            yield from _swap_parameters(parameters, sql, view)
            yield from _propose_missing(parameters, sql, view)
            yield from _propose_extra(parameters, sql, view)
        elif parameters is not None and view.has_crash_text(*UNSUPPORTED):
            code = view.get_code(parameters)
            yield view.put(
                parameters, f"({code},)", KIND, 0.95, f"give `{code}` as the one parameter"
            )
        if sql is not None:
            yield from _propose_conditions(node, sql, view)
            yield from _propose_join_conditions(sql, view)
            yield from _propose_commit(statement, node, sql, view)


def _is_execution(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and node.func.attr in RUNS and bool(node.args)


def _find_named_statement(node: ast.Call, view: View) -> SqlStatement | None:
    """Return the statement that a name stands for, if it is assigned once in the module."""
    if not isinstance(node.args[0], ast.Name):
        return None
    found = [
        statement.value
        for statement in view.source.nodes
        if isinstance(statement, ast.Assign)
        and view.get_code(statement.targets[0]) == view.get_code(node.args[0])
    ]
    return next(iterate_statements(view.source, found), None) if len(found) == 1 else None


def _get_last_name(value: ast.expr, view: View) -> str:
    """Return the last name of an expression, because columns are often named after it."""
    names = re.findall(r"[A-Za-z_]\w*", view.get_code(value))
    return names[-1].lower() if names else ""


def _measure_fit(column: str, value: ast.expr, view: View) -> float:
    """Return how well the names of a column and of its parameter fit."""
    code, name = view.get_code(value).lower(), column.lower()
    if not name:
        return 0.0
    if _get_last_name(value, view) == name:
        return 2.0
    parts = set(re.findall(r"[a-z]+", name.replace("_", " "))) - {"id"}
    return 1.0 if any(part in code for part in parts) else 0.0


def _sum_fits(values: Sequence[ast.expr], columns: Sequence[str], view: View) -> float:
    return sum(
        _measure_fit(column, value, view) for column, value in zip(columns, values, strict=False)
    )


def _swap_parameters(
    parameters: ast.Tuple | ast.List, sql: SqlStatement, view: View
) -> Iterator[Candidate]:
    values, columns = parameters.elts, sql.holder_columns
    now = _sum_fits(values, columns, view)
    for left, right in combinations(range(len(values)), 2):
        one, other = view.get_code(values[left]), view.get_code(values[right])
        if one == other or right - left > 4:
            continue
        order = list(values)
        order[left], order[right] = order[right], order[left]
        fits = _sum_fits(order, columns, view) > now
        weight = 0.92 if fits else 0.5 if right - left == 1 else 0.35
        edits = [view.source.replace(values[left], other), view.source.replace(values[right], one)]
        yield view.make(
            edits, KIND, weight, f"swap the parameters `{one}` and `{other}`", parameters
        )


def _propose_missing(
    parameters: ast.Tuple | ast.List, sql: SqlStatement, view: View
) -> Iterator[Candidate]:
    """Yield one more parameter, if the statement uses more than it gets."""
    counts = BINDINGS.search(view.crash.message)
    expected = int(counts[1]) if counts else 0
    if expected != len(parameters.elts) + 1 or not view.is_at_crash(parameters):
        return
    names = [name for name in view.list_names_before(parameters)
             if name not in {view.get_code(value) for value in parameters.elts}]  # fmt: skip
    for place in range(len(parameters.elts) + 1):
        for name in names[:8]:
            column = sql.holder_columns[place] if place < len(sql.holder_columns) else ""
            same = name.lower() == column.lower()
            values = [view.get_code(value) for value in parameters.elts]
            values.insert(place, name)
            end = "," if len(values) == 1 else ""
            text = f"({', '.join(values)}{end})"
            weight = 0.9 if same else 0.5 if place == len(parameters.elts) else 0.3
            yield view.put(
                parameters, text, KIND, weight, f"give `{name}` as parameter {place + 1}"
            )


def _propose_extra(
    parameters: ast.Tuple | ast.List, sql: SqlStatement, view: View
) -> Iterator[Candidate]:
    """Yield one more placeholder in VALUES, if there are fewer than parameters or columns."""
    uses, counted = BINDINGS.search(view.crash.message), COUNTED.search(view.crash.message)
    fewer = (uses is not None and int(uses[1]) < int(uses[2])) or (
        counted is not None and int(counted[1]) < int(counted[2])
    )
    values = sql.get_list_after("VALUES")
    if fewer and values:
        last = values[-1]
        edit = sql.edit(last.start, last.end, f"{last.text}, ?")
        yield view.make([edit], KIND, 0.9, "add a placeholder", sql.node)


def _propose_conditions(node: ast.Call, sql: SqlStatement, view: View) -> Iterator[Candidate]:
    """Yield a condition that other statements on the same table have, and this one lacks."""
    own = {column.lower() for column, *_ in CONDITION.findall(sql.text)}
    if sql.tokens[0].upper not in ("SELECT", "UPDATE", "DELETE") or not sql.tables:
        return
    tail = next((word for word in sql.tokens if word.upper in ENDS), None)
    for column, condition in _collect_sibling_conditions(sql, sql.tables[0], view).items():
        if column.lower() in own:
            continue
        where = any(word.upper == "WHERE" for word in sql.tokens)
        text = f" {'AND' if where else 'WHERE'} {column} {condition}"
        last = sql.tokens[-1] if tail is None else sql.tokens[sql.tokens.index(tail) - 1]
        edit = _append_text(sql, last, text)
        why = f"add `{text.strip()}`, as other queries of `{sql.tables[0]}` do"
        if not condition.endswith("?"):
            yield view.make([edit], KIND, 0.5, why, sql.node)
        elif tail is None or not any(holder.start > tail.start for holder in sql.holders):
            yield from _add_parameter(node, edit, column, why, view)


def _append_text(sql: SqlStatement, token: SqlToken, text: str) -> SourceEdit:
    return sql.edit(token.start, token.end, token.text + text)


def _propose_join_conditions(sql: SqlStatement, view: View) -> Iterator[Candidate]:
    """Yield such a condition for a joined table: `JOIN loan l ON l.book = b.id AND l.back = 0`."""
    words = sql.tokens
    for at, word in enumerate(words[:-3]):
        if word.upper != "JOIN":
            continue
        table, named = words[at + 1].text, at + 2 + (words[at + 2].upper == "AS")
        alias = words[named].text if words[named].upper not in {"ON", "USING"} else table
        clause = list(_iterate_clause(words[named:]))
        keywords = [each.upper for each in clause]
        if "ON" not in keywords:
            continue
        for column, condition in _collect_sibling_conditions(sql, table.lower(), view).items():
            if not condition.endswith("?") and column.upper() not in keywords:
                text = f" AND {alias}.{column} {condition}"
                why = f"add `{text.strip()}`, as other queries of `{table}` do"
                yield view.make([_append_text(sql, clause[-1], text)], KIND, 0.45, why, sql.node)


def _iterate_clause(tokens: Sequence[SqlToken]) -> Iterator[SqlToken]:
    """Yield the tokens up to the end of the clause of one joined table."""
    depth = 0
    for word in tokens:
        depth += (word.text == "(") - (word.text == ")")
        if depth < 0 or (depth == 0 and word.upper in JOINED):
            return
        yield word


@lru_cache(maxsize=64)
def _list_statements(source: Source) -> tuple[SqlStatement, ...]:
    return tuple(iterate_statements(source, source.nodes))


def _collect_sibling_conditions(sql: SqlStatement, table: str, view: View) -> dict[str, str]:
    """Return the conditions of the file's other statements whose first table is this one."""
    found: dict[str, str] = {}
    for other in _list_statements(view.source):
        if other.node is not sql.node and other.tables[:1] == [table]:
            where = re.split(r"\bWHERE\b", other.text, maxsplit=1, flags=re.IGNORECASE)
            for column, sign, value in CONDITION.findall(where[1]) if len(where) == 2 else ():
                found.setdefault(column, f"{sign} {value}")
    return found


def _add_parameter(
    node: ast.Call, edit: SourceEdit, column: str, why: str, view: View
) -> Iterator[Candidate]:
    parameters = node.args[1] if len(node.args) > 1 else None
    names = view.list_names_before(node)
    fitting = [
        name for name in names if name in (column, f"{column}_id", column.removesuffix("_id"))
    ]
    for name in fitting[:2]:
        if parameters is None:
            text = f"{view.get_code(node.args[0])}, ({name},)"
            last = view.source.get_span(node.args[0])[1]
            added = SourceEdit(
                view.source.path, last, last, text.removeprefix(view.get_code(node.args[0]))
            )
        elif isinstance(parameters, ast.Tuple) and parameters.elts:
            values = [*map(view.get_code, parameters.elts), name]
            added = view.source.replace(parameters, f"({', '.join(values)})")
        else:
            continue
        yield view.make([edit, added], KIND, 0.6, why, node)


def _propose_commit(
    statement: ast.stmt, node: ast.Call, sql: SqlStatement, view: View
) -> Iterator[Candidate]:
    """Yield a commit after a statement that writes, in a function without a later one."""
    function = view.source.find_function(node)
    if (
        sql.tokens[0].upper not in WRITES
        or function is None
        or not isinstance(statement, (ast.Expr, ast.Assign))
    ):
        return
    receiver = view.get_code(node.func).rpartition(".")[0]
    calls = [each for each in view.source.nodes if isinstance(each, ast.Call)
             and isinstance(each.func, ast.Attribute) and each.func.attr == "commit"]  # fmt: skip
    own_calls = [call for call in calls if view.source.find_function(call) is function]
    if any(each.lineno > node.lineno for each in own_calls) or not view.source.is_line_start(
        statement
    ):
        return
    wait = "await " if isinstance(view.source.parents.get(node), ast.Await) else ""
    lines = [f"{receiver}.commit()", *(view.get_code(call) for call in calls)]
    roots = {*view.list_names_before(node), "self", receiver.split(".")[0]}
    for text in list(dict.fromkeys(lines))[:3]:
        if text.split(".")[0] in roots:
            edit = view.source.insert_after(statement, [f"{wait}{text}"])
            weight = 0.6 if calls else 0.3
            yield view.make([edit], KIND, weight, f"add `{wait}{text}`", statement)

"""SQL in strings: other columns, comparisons, orders and conditions."""

import ast
import difflib
import re
from collections.abc import Iterator
from itertools import pairwise

from theseus_repair.model import Candidate
from theseus_repair.operators._sql import HOLDER, SqlStatement, SqlToken, iterate_statements
from theseus_repair.operators._view import View

KIND = "sql"
PER_TOKEN = 4
COLUMNS = 8
NO_COLUMN = re.compile(
    r"no such column: (?:\w+\.)?(\w+)|has no column named (\w+)"
    r"|column \"(?:\w+\.)?(\w+)\" (?:of relation \"\w+\" )?does not exist"
)
OTHERS: dict[str, tuple[tuple[str, float], ...]] = {
    "=": (("!=", 0.5), (">=", 0.35), ("<=", 0.35)),
    "!=": (("=", 0.55),),
    "<>": (("=", 0.55),),
    "<": (("<=", 0.6), (">", 0.5), (">=", 0.3)),
    "<=": (("<", 0.6), (">=", 0.5), (">", 0.3)),
    ">": ((">=", 0.6), ("<", 0.5), ("<=", 0.3)),
    ">=": ((">", 0.6), ("<=", 0.5), ("<", 0.3)),
    "+": (("-", 0.5),),
    "-": (("+", 0.5),),
    "ASC": (("DESC", 0.65),),
    "DESC": (("ASC", 0.65),),
    "AND": (("OR", 0.5),),
    "OR": (("AND", 0.5),),
    "MIN": (("MAX", 0.55),),
    "MAX": (("MIN", 0.55),),
    "SUM": (("COUNT", 0.4), ("TOTAL", 0.3)),
    "COUNT": (("SUM", 0.3),),
    "ALL": (("", 0.2),),
}
LISTS = {"SELECT", "FROM", "WHERE", "BY", "AND", "OR", "SET", "INTO"}
BOUNDARY = {"GROUP", "ORDER", "LIMIT", "RETURNING", "HAVING", "UNION", "ON", ";"}
UNIQUE = ("UNIQUE constraint failed", "duplicate key", "PRIMARY KEY must be unique")


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield other SQL for the strings of one statement."""
    for sql in iterate_statements(view.source, view.iterate_nodes(statement)):
        yield from _propose_columns(sql, view)
        yield from _swap_columns(sql, view)
        for at, word in enumerate(sql.tokens):
            yield from _propose_signs(sql, at, word, view)
            yield from _negate(sql, at, word, view)
        yield from _propose_counts(sql, view)
        yield from _propose_placeholders(sql, view)
        yield from _propose_qualifiers(sql, view)
        yield from _propose_order(sql, view)
        yield from _propose_insert_conflicts(sql, view)
        yield from _drop_condition(sql, view)
        yield from _group_conditions(sql, view)


def _put(sql: SqlStatement, token: SqlToken, text: str, weight: float, view: View) -> Candidate:
    edit = sql.edit(token.start, token.end, text)
    why = f"`{text}` instead of `{token.text}` in the SQL"
    return view.make([edit], KIND, weight, why, sql.node)


def list_known_columns(sql: SqlStatement, view: View) -> list[str]:
    """Return the columns of the statement's tables, if the project creates the tables."""
    found = [name for table in sql.tables for name in view.pools.schema.get(table, ())]
    return list(dict.fromkeys(found))


def _propose_columns(sql: SqlStatement, view: View) -> Iterator[Candidate]:
    """Yield other columns of the tables, for an existing or a missing one."""
    missing = NO_COLUMN.search(view.crash.message)
    absent = next(filter(None, missing.groups()), "") if missing else ""
    known = list_known_columns(sql, view)
    everywhere = [name for table in view.pools.schema.values() for name in table]
    for word in sql.tokens:
        if word.text == absent:
            pool = [name for name in known or everywhere if name != absent]
            for name in dict.fromkeys([*_find_similar(absent, pool, 6), *pool[:8]]):
                likeness = difflib.SequenceMatcher(None, absent, name).ratio()
                yield _put(sql, word, name, 0.5 + 0.45 * likeness, view)
        elif word.text in known and not absent:
            others = [
                name for name in known if name != word.text and not _is_listed(sql, word, name)
            ]
            for name in _find_similar(word.text, others, PER_TOKEN) or others[:PER_TOKEN]:
                likeness = difflib.SequenceMatcher(None, word.text, name).ratio()
                yield _put(sql, word, name, 0.25 + 0.25 * likeness, view)


def _is_listed(sql: SqlStatement, token: SqlToken, name: str) -> bool:
    """Return whether a name is already in the same comma-separated list."""
    words, at = sql.tokens, sql.tokens.index(token)
    for step in (-1, 1):
        near = at
        while 0 <= near < len(words) and (
            words[near].text in ",." or words[near].text.isidentifier()
        ):
            if words[near].text == name and words[near].upper not in BOUNDARY:
                return True
            if words[near].upper in LISTS:
                break
            near += step
    return False


def _find_similar(name: str, pool: list[str], count: int) -> list[str]:
    return difflib.get_close_matches(name, pool, count, 0.3)


def _swap_columns(sql: SqlStatement, view: View) -> Iterator[Candidate]:
    """Yield the columns of an INSERT or a SELECT with two of them swapped."""
    for one, other in pairwise(_order(sql)):
        why = f"order by `{other.text}` before `{one.text}`"
        yield view.make(sql.swap(one, other), KIND, 0.55, why, sql.node)
    columns = sql.get_list_after("INTO") or list_selected(sql)
    wanted = _list_unpacked_names(view, sql)
    for at, one in enumerate(columns):
        for other in columns[at + 1 : at + 4]:
            names = [word.text for word in columns]
            first_index, second_index = names.index(one.text), names.index(other.text)
            names[first_index], names[second_index] = names[second_index], names[first_index]
            weight = 0.9 if names in wanted else 0.45 if columns.index(other) == at + 1 else 0.3
            why = f"swap `{one.text}` and `{other.text}` in the SQL"
            yield view.make(sql.swap(one, other), KIND, weight, why, sql.node)


def _order(sql: SqlStatement) -> list[SqlToken]:
    """Return the columns of the ORDER BY, if all are of one table."""
    words = sql.tokens
    at = next((at for at, word in enumerate(words) if word.upper == "ORDER"), len(words))
    columns, tables, last = [], set[str](), ","
    for near, word in enumerate(words[at + 2 :], at + 2):
        if word.upper in BOUNDARY or not (word.text.isidentifier() or word.text in ",."):
            break
        table = words[near + 1].text == "." if near + 1 < len(words) else False
        if word.text.isidentifier() and last in ",." and not table:
            tables.add(words[near - 2].text if last == "." else "")
            columns.append(word)
        last = word.text
    return columns if len(tables) == 1 else []


def list_selected(sql: SqlStatement) -> list[SqlToken]:
    """Return the columns of a SELECT, if they are plain names."""
    words = sql.tokens
    if not words or words[0].upper != "SELECT":
        return []
    end = next((at for at, word in enumerate(words) if word.upper == "FROM"), 1)
    between = words[1:end]
    names, commas = between[::2], between[1::2]
    plain = all(word.text.isidentifier() for word in names) and all(
        word.text == "," for word in commas
    )
    return names if plain and len(names) == len({word.text for word in names}) else []


def _list_unpacked_names(view: View, sql: SqlStatement) -> list[list[str]]:
    """Return the names into which the function around unpacks rows."""
    function = view.source.find_function(sql.node)
    return [
        [view.get_code(element) for element in node.elts]
        for node in (ast.walk(function) if function else ())
        if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Store)
    ]


def _propose_signs(sql: SqlStatement, at: int, token: SqlToken, view: View) -> Iterator[Candidate]:
    """Yield operators and keywords that are often confused with a token, and nearby numbers."""
    gives = token.text == "=" and sql.tokens[0].upper == "UPDATE" and _is_in_set(sql, at)
    signed = token.text == "-" and sql.tokens[at - 1].text in "(,="
    for text, weight in OTHERS.get(token.upper, ()) if not gives and not signed else ():
        same = text.lower() if token.text.islower() else text
        yield _put(sql, token, same, weight, view)
    if token.text.isdigit():
        for number in (int(token.text) + 1, int(token.text) - 1):
            if number >= 0:
                yield _put(sql, token, str(number), 0.45, view)


def _negate(sql: SqlStatement, at: int, token: SqlToken, view: View) -> Iterator[Candidate]:
    """Yield a NOT added or removed; LEFT and DISTINCT in the same way."""
    if at + 1 >= len(sql.tokens):
        return
    before, after = sql.tokens[at - 1], sql.tokens[at + 1]
    if token.upper == "IS" and after.upper == "NULL":
        yield _put(sql, after, "NOT NULL", 0.55, view)
    if token.upper in ("IN", "LIKE", "BETWEEN", "EXISTS") and before.upper != "NOT":
        yield _put(sql, token, f"NOT {token.text}", 0.4, view)
    if token.upper == "JOIN" and before.upper not in ("LEFT", "INNER", "CROSS", "OUTER"):
        yield _put(sql, token, f"LEFT {token.text}", 0.45, view)
    if token.upper in ("LEFT", "NOT", "DISTINCT"):
        edit = sql.edit(token.start, after.start, "")
        yield view.make([edit], KIND, 0.4, f"the SQL without `{token.text}`", sql.node)


def _is_in_set(sql: SqlStatement, at: int) -> bool:
    """Return whether a token of an UPDATE is before its WHERE: there `=` assigns."""
    return not any(word.upper == "WHERE" for word in sql.tokens[:at])


def _propose_placeholders(sql: SqlStatement, view: View) -> Iterator[Candidate]:
    """Yield the other placeholders for a named or numbered one."""
    texts = list(dict.fromkeys(word.text for word in sql.holders))
    for word in sql.holders if texts != ["?"] and texts != ["%s"] else ():
        for text in [text for text in texts if text != word.text][:PER_TOKEN]:
            yield _put(sql, word, text, 0.4, view)


def _propose_qualifiers(sql: SqlStatement, view: View) -> Iterator[Candidate]:
    """Yield the column of another of the statement's tables: `members.name` for `teams.name`."""
    words = sql.tokens
    heads = [word for at, word in enumerate(words[:-1]) if words[at + 1].text == "."]
    for word in heads:
        for name in dict.fromkeys(other.text for other in heads if other.text != word.text):
            yield _put(sql, word, name, 0.35, view)


def _propose_counts(sql: SqlStatement, view: View) -> Iterator[Candidate]:
    """Yield a count of rows with a column, or of its distinct values, where all are counted."""
    for word, opened, star in zip(sql.tokens, sql.tokens[1:], sql.tokens[2:], strict=False):
        if (word.upper, opened.text, star.text) == ("COUNT", "(", "*"):
            heads = [each.text for each, dot in pairwise(sql.tokens) if dot.text == "."]
            for name in list_known_columns(sql, view)[:COLUMNS]:
                for head in [f"{each}." for each in dict.fromkeys(heads)] or [""]:
                    yield _put(sql, star, f"{head}{name}", 0.25, view)
                    yield _put(sql, star, f"DISTINCT {head}{name}", 0.25, view)


def _propose_order(sql: SqlStatement, view: View) -> Iterator[Candidate]:
    """Yield the other direction of an ORDER BY without a direction."""
    words = sql.tokens
    at = next((at for at, word in enumerate(words) if word.upper == "ORDER"), None)
    if at is None or any(word.upper in ("ASC", "DESC") for word in words[at:]):
        return
    last = at + 1
    while last + 1 < len(words) and words[last + 1].upper not in BOUNDARY:
        last += 1
    edit = sql.edit(words[last].start, words[last].end, f"{words[last].text} DESC")
    yield view.make([edit], KIND, 0.6, "order the rows downwards", sql.node)


def _propose_insert_conflicts(sql: SqlStatement, view: View) -> Iterator[Candidate]:
    """Yield an INSERT that replaces or ignores existing rows."""
    words = sql.tokens
    if [word.upper for word in words[:2]] == ["INSERT", "OR"]:
        for text in ("REPLACE", "IGNORE", "ABORT"):
            if text != words[2].upper:
                yield _put(sql, words[2], text, 0.4, view)
    if [word.upper for word in words[:2]] != ["INSERT", "INTO"]:
        return
    weight = 0.85 if view.has_crash_text(*UNIQUE) else 0.12
    for text, fit in (("OR REPLACE INTO", 1.0), ("OR IGNORE INTO", 0.95)):
        yield _put(sql, words[1], text, weight * fit, view)


def _drop_condition(sql: SqlStatement, view: View) -> Iterator[Candidate]:
    """Yield the statement without one of its conditions, if the condition has no parameter."""
    words = sql.tokens
    for at, word in enumerate(words):
        if word.upper != "AND":
            continue
        end = at + 1
        while end < len(words) and words[end].upper not in {"AND", "OR", ")", *BOUNDARY}:
            end += 1
        part = words[at:end]
        if len(part) > 1 and not any(
            HOLDER.fullmatch(each.text) or each.text == "(" for each in part
        ):
            edit = sql.edit(words[at - 1].end, part[-1].end, "")
            why = f"the SQL without `{' '.join(each.text for each in part)}`"
            yield view.make([edit], KIND, 0.25, why, sql.node)


def _group_conditions(sql: SqlStatement, view: View) -> Iterator[Candidate]:
    """Yield an OR next to an AND in its own parentheses: `a AND (b OR c)`."""
    words = sql.tokens
    conditions = [token.upper for token in words]
    for at, word in enumerate(conditions):
        if word != "OR" or "AND" not in conditions:
            continue
        first, last = at - 1, at + 1
        while first > 0 and conditions[first - 1] not in {"AND", "OR", "WHERE", "ON", "("}:
            first -= 1
        while last + 1 < len(words) and conditions[last + 1] not in {"AND", "OR", ")", *BOUNDARY}:
            last += 1
        edits = [
            sql.edit(words[first].start, words[first].end, f"({words[first].text}"),
            sql.edit(words[last].start, words[last].end, f"{words[last].text})"),
        ]
        yield view.make(edits, KIND, 0.4, "put the OR of the SQL in parentheses", sql.node)

"""Strings that differ from what a test expected: separators, words, letter case, number formats."""

import ast
import re
from collections.abc import Iterator

from theseus_repair.model import Candidate, SourceEdit
from theseus_repair.operators._view import View

SPEC = re.compile(r":(?P<comma>,?)\.(?P<digits>\d)(?P<end>[f%]?)\}")
PLAIN_FIELD = re.compile(r"(?<!\{)\{(?P<name>[^{}:!=\"']+)\}(?!\})")
WIDTH = re.compile(r":([0 <>^]?[<>^]?)(\d)([df]?(?=\})|(?=\.))")
DIGIT = re.compile(r"\d")
DECIMALS = re.compile(r"\d\.(\d+)")
CHANGES = ("strip", "lower", "upper", "title", "capitalize", "rstrip", "lstrip", "swapcase")
PLAINER = ("strip", "lower", "casefold")
DOUBTFUL = ("\\", "\n", '"', "'", "{", "}")
LONG, WORD = 200, 40
FORGOTTEN = re.compile(r"(?<!\{)\{([A-Za-z_]\w*)[^{}]*\}(?!\})")
PIECES = re.compile(r"(?P<before>[A-Za-z]*)(?P<text>'[^'\n]*'|\"[^\"\n]*\")")
SURE, LIKELY = 0.9, 0.7


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield edits of one statement's strings that turn the test's result into the expected one."""
    yield from _propose_letter_case(statement, view)
    yield from _propose_f_strings(statement, view)
    yield from _propose_for_none(statement, view)
    pairs = [
        pair for got, wanted in view.list_differences() if (pair := _get_short_texts(got, wanted))
    ]
    if not pairs:
        return
    for node in view.iterate_nodes(statement):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from _solve_constant(node, node.value, pairs, view)
        elif isinstance(node, ast.JoinedStr):
            yield from _solve_f_string(node, pairs, view)
            yield from _propose_formats(node, pairs, view)
    if isinstance(statement, ast.Return) and statement.value is not None:
        yield from _propose_text_methods(statement.value, pairs, view)


def _propose_f_strings(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield the `f` before strings that contain known names in braces."""
    for node in view.iterate_nodes(statement):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        parent = view.source.parents.get(node)
        formatted = isinstance(parent, (ast.Attribute, ast.JoinedStr))
        named = {match[1] for match in FORGOTTEN.finditer(node.value)}
        known = {*view.list_names_before(node), "self", "cls", *view.source.module_names}
        if named and named <= known and not formatted:
            start, _ = view.source.get_span(node)
            edits = [
                SourceEdit(view.source.path, at, at, "f")
                for piece in PIECES.finditer(view.get_code(node))
                if not piece["before"] and FORGOTTEN.search(piece["text"])
                for at in (start + piece.start(),)
            ]
            if edits:
                why = "add the missing `f` to a string with braces"
                yield view.make(edits, "string", SURE, why, node)


def _propose_for_none(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield the text that a test expected instead of a literal `None`."""
    wanted = [
        text for got, text in view.list_differences() if got is None and isinstance(text, str)
    ]
    value = statement.value if isinstance(statement, ast.Assign) else None
    for node in [each for each in (value,) if isinstance(each, ast.Constant)]:
        for text in wanted if node.value is None else ():
            if text.isprintable() and len(text) < WORD:
                yield view.put(node, f'"{text}"', "string", LIKELY)


def _get_short_texts(got: object, wanted: object) -> tuple[str, str] | None:
    if isinstance(got, str) and isinstance(wanted, str) and len(got + wanted) < LONG:
        return got, wanted
    return None


def solve_part(part: str, got: str, wanted: str) -> Iterator[str]:
    """Yield texts that turn `got` into `wanted` if they replace `part` in it."""
    pieces = got.split(part)
    gaps, spare = len(pieces) - 1, len(wanted) - sum(map(len, pieces))
    if gaps and spare >= 0 and spare % gaps == 0:
        text = wanted[len(pieces[0]) : len(pieces[0]) + spare // gaps]
        if text.join(pieces) == wanted:
            yield text
            return
    for at in (match.start() for match in re.finditer(re.escape(part), got)):
        head, tail = got[:at], got[at + len(part) :]
        fits = len(head) + len(tail) <= len(wanted)
        if fits and wanted.startswith(head) and wanted.endswith(tail):
            yield wanted[len(head) : len(wanted) - len(tail)]


def _solve_pairs(part: str, pairs: list[tuple[str, str]]) -> list[str]:
    """Return the replacements of a part that explain all the pairs it occurs in."""
    sets = [set(solve_part(part, got, wanted)) for got, wanted in pairs if part in got]
    common = set.intersection(*sets) if sets else set()
    spelled = bool(DIGIT.search(part))
    # A new digit is not a part of the literal text: it comes from a calculated value.
    fitting = (text for text in common if spelled or not DIGIT.search(text))
    return sorted(text for text in fitting if text != part and text.isprintable())


def _solve_constant(
    node: ast.Constant, value: str, pairs: list[tuple[str, str]], view: View
) -> Iterator[Candidate]:
    code = view.get_code(node)
    quote = code[0] if code[:1] in {'"', "'"} else ""
    if not value or not quote or code[:3] == quote * 3 or "\n" in code:
        return
    for text in _solve_pairs(value, pairs):
        if "\\" not in text and quote not in text:
            yield view.put(node, f"{quote}{text}{quote}", "string", SURE)


def _solve_f_string(
    node: ast.JoinedStr, pairs: list[tuple[str, str]], view: View
) -> Iterator[Candidate]:
    """Yield other texts between the fields of an f-string."""
    code = view.get_code(node)
    for part in node.values:
        value = part.value if isinstance(part, ast.Constant) else None
        if not isinstance(value, str) or code.count(value) != 1:
            continue
        for text in _solve_pairs(value, pairs):
            if not any(mark in text for mark in DOUBTFUL):
                yield view.put(node, code.replace(value, text), "string", SURE)


def _propose_formats(
    node: ast.JoinedStr, pairs: list[tuple[str, str]], view: View
) -> Iterator[Candidate]:
    """Yield the number of decimals that the expected text has."""
    code = view.get_code(node)
    wanted = {len(digits) for _, text in pairs for digits in DECIMALS.findall(text)}
    for digits in sorted(wanted):
        for match in SPEC.finditer(code):
            spec = f":{match['comma']}.{digits}{match['end']}}}"
            yield view.put(
                node, code[: match.start()] + spec + code[match.end() :], "string", LIKELY
            )
        for match in PLAIN_FIELD.finditer(code):
            spec = f"{{{match['name']}:.{digits}f}}"
            yield view.put(node, code[: match.start()] + spec + code[match.end() :], "string", 0.5)
    for match in WIDTH.finditer(code):
        for width in {int(match[2]) + 1, int(match[2]) - 1} - {0}:
            spec = f":{match[1]}{width}{match[3]}"
            new = code[: match.start()] + spec + code[match.end() :]
            yield view.put(node, new, "string", 0.45, f"`{spec}` instead of `{match[0]}`")
    if any("," in text and "," not in got for got, text in pairs):
        for match in PLAIN_FIELD.finditer(code):
            spec = f"{{{match['name']}:,}}"
            yield view.put(node, code[: match.start()] + spec + code[match.end() :], "string", 0.5)


def _propose_letter_case(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield a stripped text also lowered or raised, and the other way round."""
    for node in view.iterate_nodes(statement):
        made = (
            node.func.attr
            if isinstance(node, ast.Call) and not node.args and isinstance(node.func, ast.Attribute)
            else ""
        )
        for other in PLAINER if made in PLAINER else ():
            if other != made and f".{other}()" not in view.get_code(node):
                yield view.put(node, f"{view.get_code(node)}.{other}()", "string", 0.35)


def _propose_text_methods(
    value: ast.expr, pairs: list[tuple[str, str]], view: View
) -> Iterator[Candidate]:
    """Yield the answer in another letter case or without white space, if only that differs."""
    simple = isinstance(value, (ast.Name, ast.Call, ast.Attribute, ast.Subscript, ast.JoinedStr))
    code = view.get_code(value)
    for method in CHANGES:
        if all(getattr(got, method)() == wanted for got, wanted in pairs):
            text = f"{code}.{method}()" if simple else f"({code}).{method}()"
            yield view.put(value, text, "string", LIKELY)

"""Regular expressions: another quantifier, a lazy one, an optional part, an anchor."""

import ast
import re
import warnings
from collections.abc import Iterator

from theseus_guard.syntax import evaluate_literal

from theseus_repair.model import Candidate
from theseus_repair.operators._view import View

FUNCTIONS = {"compile", "match", "fullmatch", "search", "findall", "finditer", "sub", "subn",
             "split"}  # fmt: skip
TOKENS = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?[^)]*?[:=!>]|[+*?]\??|\{[\d,]+\}\??|.", re.S
)
OTHERS = {
    "+": (("*", 0.45), ("+?", 0.3)),
    "*": (("+", 0.45), ("*?", 0.3)),
    "+?": (("+", 0.3), ("*?", 0.2)),
    "*?": (("*", 0.3), ("+?", 0.2)),
    "?": (("", 0.25), ("*", 0.15)),
    ".": (("\\.", 0.25),),
    "$": (("\\Z", 0.2), ("", 0.2)),
    "^": (("", 0.2),),
    "\\d": (("\\w", 0.15),),
    "\\w": (("\\S", 0.15),),
    "\\s": ((" ", 0.1),),
}
ALTERNATIVES = re.compile(r"(?<=[(:'\"])[^()|'\":?]+(?:\|[^()|'\"]+)+(?=[)'\"])")
REPEATED = 0.15
ALTERNATIVE, MARKS = 0.25, 4
LONGEST = 200
AROUND = 12  # characters shown on each side of the difference
# Nested quantifiers: a text that nearly matches takes exponential time (backtracking).
NESTED = re.compile(r"[^\\](?:[+*?]|,\d*\})\??\)+(?:[+*]|\{\d+,)")
QUOTES = re.compile(r"[rRuU]?('''|\"\"\"|'|\")")
PIECE = re.compile(r"[rRuU]?('''|\"\"\"|'|\")(?:\\.|(?!\1).)*\1", re.S)
WRITTEN = re.compile(r"\\[dwsbDWS]|[\].)][+*]|\(\?")


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield other regular expressions for those in one statement."""
    for node in view.iterate_nodes(statement):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            code = view.get_code(node)
            if _is_pattern(node, code, view):
                yield from _propose_others(node, code, view)


def _is_pattern(node: ast.Constant, code: str, view: View) -> bool:
    """Return whether a string is an argument of `re`, or looks like a pattern."""
    call = view.source.parents.get(node)
    if isinstance(call, ast.Call) and call.args[:1] == [node]:
        module, _, name = view.get_code(call.func).rpartition(".")
        if module in {"re", "regex"} and name in FUNCTIONS:
            return True
    return code[:1] in {"r", "R"} and WRITTEN.search(code) is not None


def _propose_others(node: ast.Constant, code: str, view: View) -> Iterator[Candidate]:
    """Yield other patterns for each piece of a string literal."""
    for piece in PIECE.finditer(code):
        if len(piece[0]) <= LONGEST:
            yield from _propose_other_pieces(node, code, piece.span(), view)
            yield from _sort_longest_first(node, code, piece.span(), view)


def _sort_longest_first(
    node: ast.Constant, code: str, piece: tuple[int, int], view: View
) -> Iterator[Candidate]:
    """Yield alternatives with longer ones first, if a shorter one would match before: `m|ms`."""
    for found in ALTERNATIVES.finditer(code, *piece):
        old = found[0].split("|")
        new = sorted(old, key=len, reverse=True)
        if any(each.startswith(first) for at, first in enumerate(old) for each in old[at + 1 :]):
            text = code[: found.start()] + "|".join(new) + code[found.end() :]
            why = f"`{'|'.join(new)[:40]}` instead of `{found[0][:40]}` in the pattern"
            yield from _propose_pattern(node, text, 0.5, why, view)


def _propose_other_pieces(
    node: ast.Constant, code: str, piece: tuple[int, int], view: View
) -> Iterator[Candidate]:
    quotes = QUOTES.match(code, piece[0])
    if quotes is None:
        return
    end = piece[1] - len(quotes[1])
    for token in TOKENS.finditer(code, quotes.end(), end):
        at, old = token.start(), token[0]
        near = max(quotes.end(), at - AROUND), min(end, token.end() + AROUND)
        others = [*OTHERS.get(old, ())]
        if old[0] in "[)\\" and code[token.end() : end][:1] not in set("+*?{"):
            others += [(old + text, REPEATED) for text in "?+*"]
            if old == ")":
                others += [(f"|{text})", ALTERNATIVE) for text in _list_marks(view)]
        for text, weight in others:
            before, after = code[near[0] : at], code[token.end() : near[1]]
            why = f"`{before}{text}{after}` instead of `{before}{old}{after}`"
            new = code[:at] + text + code[token.end() :]
            yield from _propose_pattern(node, new, weight, f"{why} in the pattern", view)


def _list_marks(view: View) -> list[str]:
    """Return patterns for symbols in the files' strings, such as a dash for an empty value."""
    short = (text for text in view.pools.strings if 0 < len(text) <= 2 and text.isprintable())
    symbols = [text for text in short if not any(map(str.isalnum, text)) and text.strip()]
    return [re.escape(text).replace("\\-", "-") for text in symbols[:MARKS]]


def _propose_pattern(
    node: ast.Constant, code: str, weight: float, why: str, view: View
) -> Iterator[Candidate]:
    """Yield the pattern if it compiles, and does not add nested quantifiers."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(str(evaluate_literal(f"({code})")))
    except (re.error, SyntaxError, ValueError, OverflowError, RecursionError):
        return
    if not NESTED.search(code) or NESTED.search(view.get_code(node)):
        yield view.put(node, code, "pattern", weight, why)

"""Regular expressions: another quantifier, a lazy one, a place that may be missing, an anchor."""

import ast
import re
import warnings
from collections.abc import Iterator

from bot.infra.syntax import literal
from bot.repair.model import Candidate
from bot.repair.operators._view import View

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
REPEATED = 0.15
LONGEST = 200
# A group that ends in a quantifier and has one itself: a text that nearly matches takes for ever.
NESTED = re.compile(r"[^\\](?:[+*?]|,\d*\})\??\)+(?:[+*]|\{\d+,)")
QUOTES = re.compile(r"[rRuU]?('''|\"\"\"|'|\")")
WRITTEN = re.compile(r"\\[dwsbDWS]|[\].)][+*]|\(\?")


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield other regular expressions for those that one statement writes out."""
    for node in view.nodes(statement):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            code = view.code(node)
            if len(code) <= LONGEST and _is_pattern(node, code, view):
                yield from _others(node, code, view)


def _is_pattern(node: ast.Constant, code: str, view: View) -> bool:
    """Tell whether a text is given to `re`, or is written as one that will be."""
    call = view.source.parents.get(node)
    if isinstance(call, ast.Call) and call.args[:1] == [node]:
        module, _, name = view.code(call.func).rpartition(".")
        if module in {"re", "regex"} and name in FUNCTIONS:
            return True
    return code[:1] in {"r", "R"} and WRITTEN.search(code) is not None


def _others(node: ast.Constant, code: str, view: View) -> Iterator[Candidate]:
    quotes = QUOTES.match(code)
    if quotes is None:
        return
    for token in TOKENS.finditer(code, quotes.end(), len(code) - len(quotes[1])):
        before, after = code[: token.start()], code[token.end() :]
        for text, weight in OTHERS.get(token[0], ()):
            yield from _pattern(node, before + text + after, weight, view)
        if token[0][0] in "[)\\" and after[:1] not in set("+*?{"):
            for text in "?+*":
                yield from _pattern(node, before + token[0] + text + after, REPEATED, view)


def _pattern(node: ast.Constant, code: str, weight: float, view: View) -> Iterator[Candidate]:
    """Yield it where it is a regular expression still, and none that may take for ever."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(str(literal(code)))
    except (re.error, SyntaxError, ValueError, OverflowError, RecursionError):
        return
    if not NESTED.search(code) or NESTED.search(view.code(node)):
        yield view.put(node, code, "pattern", weight)

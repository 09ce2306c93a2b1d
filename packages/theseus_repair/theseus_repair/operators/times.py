"""Times: with a zone and without one, seconds and milliseconds, the parts of a duration."""

import ast
import re
from collections.abc import Iterator

from theseus_repair.model import Candidate, SourceEdit
from theseus_repair.operators._view import View

KIND = "time"
MIXED = ("offset-naive and offset-aware", "offset-aware and offset-naive")
UNITS = ("milliseconds", "seconds", "minutes", "hours", "days", "weeks")
MAKERS = {"now", "utcnow", "fromtimestamp", "utcfromtimestamp", "today"}
PARSERS = {"strptime", "fromisoformat"}
FORMATS = ("mM", "HI", "yY", "dj", "Bb", "Aa", "sS", "pP")
CLOCKS = ("time", "monotonic", "perf_counter")
TIMELY = re.compile(
    r"(?:^|[^a-z])(?:at|date|time|now|when|expires|until|since|deadline|due|created|joined)\W*$"
)
DAYS = {"weekday": "isoweekday", "isoweekday": "weekday"}


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield other times for one statement."""
    for node in view.iterate_nodes(statement):
        if isinstance(node, ast.Call):
            yield from _propose_for_call(node, view)
        elif isinstance(node, ast.Attribute) and node.attr in ("seconds", "microseconds"):
            yield from _propose_total_seconds(node, view)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "%" in node.value:
            yield from _propose_formats(node, view)
        elif isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) and TIMELY.search(
            view.get_code(node).lower()
        ):
            yield from _propose_utc(node, view)
        if (
            isinstance(node, (ast.Compare, ast.BinOp))
            and view.has_crash_text(*MIXED)
            and view.is_at_crash(node)
        ):
            yield from _propose_operands(node, view)


def _propose_utc(node: ast.expr, view: View) -> Iterator[Candidate]:
    """Yield a value with a time's name, interpreted as UTC, where it is assigned or passed."""
    parent = view.source.parents.get(node)
    plain = isinstance(parent, (ast.Assign, ast.Return, ast.keyword, ast.Call))
    plain = plain and "datetime" in view.source.text
    loads = isinstance(getattr(node, "ctx", None), ast.Load)
    if plain and loads and node is not getattr(parent, "func", None):
        yield from _propose_zone(node, 0.75 if view.has_crash_text(*MIXED) else 0.5, view)


def find_utc(view: View) -> tuple[str, list[SourceEdit]]:
    """Return how this module names UTC, and the missing import, if any."""
    module = "datetime.timezone.utc", list[SourceEdit]()
    found: tuple[str, list[SourceEdit]] | None = None
    for node in view.source.nodes:
        if isinstance(node, ast.ImportFrom) and node.module == "datetime" and not node.level:
            names = {alias.name: alias.asname or alias.name for alias in node.names}
            for name, text in (("UTC", "{}"), ("timezone", "{}.utc")):
                if name in names:
                    return text.format(names[name]), []
            end = view.source.get_span(node.names[-1])[1]
            found = "timezone.utc", [SourceEdit(view.source.path, end, end, ", timezone")]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == "datetime":
                    module = f"{alias.asname or alias.name}.timezone.utc", []
                    found = found or module
    return found or module


def _propose_for_call(node: ast.Call, view: View) -> Iterator[Candidate]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if name in MAKERS and "datetime" in view.get_code(node.func):
        yield from _propose_constructor_zone(node, name, view)
    if name in PARSERS and "datetime" in view.get_code(node.func):
        yield from _propose_zone(node, 0.7, view)
    if name == "timestamp":
        yield from _stamp(node, view)
    if name in {"replace", "astimezone"}:
        yield from _propose_zone_conversion(node, name, view)
    if name in CLOCKS and view.get_code(node.func).startswith("time."):
        for other in CLOCKS:
            if other != name:
                yield view.put(node.func, f"time.{other}", KIND, 0.25)
        yield view.put(
            node, view.add_parentheses(node, f"{view.get_code(node)} * 1000"), KIND, 0.25
        )
    if name in DAYS:
        text = f"{view.get_code(node)[: -len(name) - 2]}{DAYS[name]}()"
        yield view.put(node, text, KIND, 0.45)
    if view.get_code(node.func).endswith("timedelta"):
        yield from _propose_units(node, view)


def _propose_constructor_zone(node: ast.Call, name: str, view: View) -> Iterator[Candidate]:
    """Yield the time with a zone for one without, and the other way round."""
    utc, imports = find_utc(view)
    head = view.get_code(node.func)[: -len(name)]
    weight = 0.85 if view.has_crash_text(*MIXED, "tzinfo") else 0.3
    values = [*node.args, *(keyword.value for keyword in node.keywords)]
    first = view.get_code(node.args[0]) if node.args and "timestamp" in name else ""
    zoned = len(values) > bool(first)
    if first:
        yield from _scale(node.args[0], view)
    if zoned:
        bare = f"{head}{name}({first})"
        yield view.put(node, bare, KIND, weight * 0.6)
        return
    aware = f"{head}fromtimestamp({first}, {utc})" if first else f"{head}now({utc})"
    why = f"replace `{view.get_code(node)}` by `{aware}`"
    if name != "today" or view.has_crash_text(*MIXED):
        edits = [view.source.replace(node, aware), *imports]
        yield view.make(edits, KIND, weight * 1.1, why, node)
    if not values and "discord" in view.source.imported_modules:
        yield view.put(node, "discord.utils.utcnow()", KIND, weight)
    if name == "now":
        yield view.put(node, f"{head}utcnow()", KIND, 0.2)


def _scale(value: ast.expr, view: View) -> Iterator[Candidate]:
    """Yield seconds for a value that may be in milliseconds."""
    weight = 0.85 if view.has_crash_text("year", "out of range") else 0.3
    code = view.get_code(value)
    plain = isinstance(value, (ast.Name, ast.Attribute, ast.Call, ast.Subscript))
    yield view.put(value, f"{code if plain else f'({code})'} / 1000", KIND, weight)


def _propose_zone(node: ast.expr, weight: float, view: View) -> Iterator[Candidate]:
    """Yield a time interpreted as UTC, or without its zone."""
    utc, imports = find_utc(view)
    code = view.get_code(node)
    if isinstance(view.source.parents.get(node), ast.Attribute):
        return
    scale = 1.0 if view.has_crash_text(*MIXED) else 0.35
    for text, fit, needed in (
        (f"{code}.replace(tzinfo={utc})", 1.0, imports),
        (f"{code}.replace(tzinfo=None)", 0.6, []),
        (f"{code}.astimezone({utc})", 0.5, imports),
    ):
        edits = [view.source.replace(node, text), *needed]
        yield view.make(edits, KIND, weight * fit * scale, f"`{text}`", node)


def _propose_operands(node: ast.Compare | ast.BinOp, view: View) -> Iterator[Candidate]:
    values = [node.left, *(node.comparators if isinstance(node, ast.Compare) else [node.right])]
    weight = 0.4 if _has_naive_clock(node, view) else 0.75
    for value in values:
        if isinstance(value, (ast.Name, ast.Attribute, ast.Subscript)) or (
            isinstance(value, ast.Call) and not view.get_code(value.func).endswith("timedelta")
        ):
            yield from _propose_zone(value, weight, view)


def _has_naive_clock(node: ast.AST, view: View) -> bool:
    """Return whether the function around reads a clock without a time zone."""
    function = view.source.find_function(node)
    nodes = ast.walk(function) if function else ()
    calls = [
        view.get_code(call)
        for call in nodes
        if isinstance(call, ast.Call) and getattr(call.func, "attr", "") in MAKERS
    ]
    return any(code.endswith(("now()", "today()")) for code in calls)


def _propose_zone_conversion(node: ast.Call, name: str, view: View) -> Iterator[Candidate]:
    """Yield a time converted to a zone for one interpreted in it, and back."""
    head = view.get_code(node.func)[: -len(name)]
    if name == "astimezone" or "tzinfo" in {keyword.arg for keyword in node.keywords}:
        yield view.put(
            node, head.removesuffix("."), KIND, 0.5 if view.has_crash_text(*MIXED) else 0.3
        )
    if name == "astimezone" and len(node.args) == 1:
        yield view.put(node, f"{head}replace(tzinfo={view.get_code(node.args[0])})", KIND, 0.45)
    if name == "replace" and [keyword.arg for keyword in node.keywords] == ["tzinfo"]:
        value = node.keywords[0].value
        if not isinstance(value, ast.Constant):
            yield view.put(node, f"{head}astimezone({view.get_code(value)})", KIND, 0.55)


def _stamp(node: ast.Call, view: View) -> Iterator[Candidate]:
    assert isinstance(node.func, ast.Attribute)  # noqa: S101 - only attributes have this name
    utc, imports = find_utc(view)
    head = view.get_code(node.func.value)
    if not node.args:
        text = f"{head}.replace(tzinfo={utc}).timestamp()"
        yield view.make([view.source.replace(node, text), *imports], KIND, 0.3, f"`{text}`", node)
        for text in (f"int({head}.timestamp() * 1000)", f"int({head}.timestamp())"):
            if not isinstance(view.source.parents.get(node), (ast.BinOp, ast.Attribute)):
                yield view.put(node, text, KIND, 0.25)


def _propose_total_seconds(node: ast.Attribute, view: View) -> Iterator[Candidate]:
    """Yield the total seconds of a duration for its seconds within a day."""
    text = f"{view.get_code(node.value)}.total_seconds()"
    if not isinstance(view.source.parents.get(node), (ast.Call, ast.Attribute)):
        yield view.put(node, text, KIND, 0.7)
    yield view.put(node, f"int({text})", KIND, 0.65)


def _propose_units(node: ast.Call, view: View) -> Iterator[Candidate]:
    for keyword in node.keywords:
        for unit in UNITS if keyword.arg in UNITS else ():
            if unit != keyword.arg:
                near = abs(UNITS.index(unit) - UNITS.index(keyword.arg or "")) == 1
                text = f"{unit}={view.get_code(keyword.value)}"
                yield view.put(keyword, text, KIND, 0.5 if near else 0.3)


def _propose_formats(node: ast.Constant, view: View) -> Iterator[Candidate]:
    """Yield a date format with one code replaced by one that is often confused with it."""
    code = view.get_code(node)
    weight = 0.7 if view.has_crash_text("does not match format", "unconverted data") else 0.35
    for found in re.finditer(r"%([A-Za-z])", code) if "%%" not in code else ():
        for pair in FORMATS:
            if found[1] in pair and re.search(r"%[YymdHMSIp]", code):
                other = pair.replace(found[1], "")
                new = f"{code[: found.start(1)]}{other}{code[found.end(1) :]}"
                yield view.put(node, new, KIND, weight)

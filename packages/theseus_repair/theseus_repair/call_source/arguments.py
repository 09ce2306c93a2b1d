"""The arguments of a call, from a frame's literals and a function's parameters."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

from theseus_guard.syntax import evaluate_literal, parse

from theseus_repair.call_source.target import CallFrame, CallTarget

_MAX_SOURCE = 20_000
_MISSING = object()

Value = (
    object  # None, bool, int, float, complex, str, bytes, and tuples, lists, sets, dicts of them
)


@dataclass
class Call:
    """The arguments of a call. `typed`: true if the annotations certainly accept these values."""

    positional: list[Value] = field(default_factory=list)
    named: dict[str, Value] = field(default_factory=dict)
    typed: bool = True


def _parse_value(source: str | None) -> Value:
    if source is None or len(source) > _MAX_SOURCE:
        return _MISSING
    try:
        return evaluate_literal(source.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return _MISSING


def call_from(target: CallTarget, frame: CallFrame) -> Call | None:
    """Return the call the frame ran in, or `None` if a value it needs has no literal."""
    values = {name: _parse_value(source) for name, source in frame.arguments.items()}
    call, parameters = Call(typed=not target.is_decorated), target.parameters
    annotated = target.function.returns is not None
    ordered = [*parameters.posonlyargs, *parameters.args]
    first_default = len(ordered) - len(parameters.defaults)
    by_name = False
    for number, parameter in enumerate(ordered):
        value = values.get(parameter.arg, _MISSING)
        if value is _MISSING:
            if number < first_default or parameters.vararg:
                return None
            by_name = True
            continue
        if by_name and parameter in parameters.posonlyargs:
            return None
        _pass(call, parameter, value, by_name=by_name)
        annotated |= parameter.annotation is not None
    if not _add_rest(call, parameters, values):
        return None
    call.typed &= annotated
    return call


def _pass(call: Call, parameter: ast.arg, value: Value, *, by_name: bool) -> None:
    call.typed &= is_compatible(parameter.annotation, value)
    if by_name:
        call.named[parameter.arg] = value
    else:
        call.positional.append(value)


def _add_rest(call: Call, parameters: ast.arguments, values: Mapping[str, Value]) -> bool:
    """Add keyword-only, `*` and `**` arguments; return whether they all have values."""
    if parameters.vararg:
        rest = values.get(parameters.vararg.arg, _MISSING)
        if not isinstance(rest, tuple):
            return False
        call.positional += rest
        call.typed &= all(is_compatible(parameters.vararg.annotation, value) for value in rest)
    for parameter, default in zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True):
        value = values.get(parameter.arg, _MISSING)
        if value is not _MISSING:
            _pass(call, parameter, value, by_name=True)
        elif default is None:
            return False
    if parameters.kwarg:
        more = values.get(parameters.kwarg.arg, _MISSING)
        if not isinstance(more, dict) or not all(_is_name(key) for key in more):
            return False
        call.named |= more
        call.typed &= all(
            is_compatible(parameters.kwarg.annotation, value) for value in more.values()
        )
    return True


def _is_name(key: object) -> bool:
    return isinstance(key, str) and key.isidentifier() and key.isascii()


_KINDS: Mapping[str, tuple[type, ...]] = {
    "int": (int, bool),
    "str": (str,),
    "bool": (bool,),
    "float": (float, int, bool),
    "bytes": (bytes,),
}
_ITEMS: Mapping[str, type] = {"list": list, "List": list, "set": set, "Set": set}
_LOOSE = frozenset({"Any", "object"})


def is_compatible(annotation: ast.expr | None, value: Value) -> bool:
    """Return whether a type checker certainly accepts `value` for this annotation."""
    if isinstance(annotation, ast.Constant):
        if isinstance(annotation.value, str):
            try:
                return is_compatible(parse(annotation.value, "eval").body, value)
            except SyntaxError:
                return False
        return annotation.value is None and value is None
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        return is_compatible(annotation.left, value) or is_compatible(annotation.right, value)
    if isinstance(annotation, ast.Name | ast.Attribute):
        name = annotation.id if isinstance(annotation, ast.Name) else annotation.attr
        return name in _LOOSE or type(value) in _KINDS.get(name, ())
    if isinstance(annotation, ast.Subscript) and isinstance(annotation.value, ast.Name):
        return _has_compatible_items(annotation.value.id, annotation.slice, value)
    return False


def _has_compatible_items(kind: str, inside: ast.expr, value: Value) -> bool:
    parts = inside.elts if isinstance(inside, ast.Tuple) else [inside]
    if kind == "Optional":
        return value is None or is_compatible(inside, value)
    if kind in _ITEMS and isinstance(value, list | set) and type(value) is _ITEMS[kind]:
        return all(is_compatible(inside, item) for item in value)
    if kind in ("dict", "Dict") and isinstance(value, dict) and len(parts) == 2:
        return all(
            is_compatible(parts[0], key) and is_compatible(parts[1], item)
            for key, item in value.items()
        )
    if kind in ("tuple", "Tuple") and isinstance(value, tuple) and len(parts) == len(value):
        return all(is_compatible(part, item) for part, item in zip(parts, value, strict=True))
    return False

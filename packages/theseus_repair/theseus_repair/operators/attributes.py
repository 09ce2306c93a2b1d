"""Wrong attribute and method names."""

import ast
import difflib
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from theseus_repair.model import Candidate
from theseus_repair.operators._standard_library import find_similar_names
from theseus_repair.operators._view import View, collect_fields
from theseus_repair.source import FunctionNode, Source

NO_ATTRIBUTE = re.compile(r"has no attribute '(\w+)'")
SIBLINGS, LOCALS = 8, 5
NEARBY = 4  # lines


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield other attributes for one statement."""
    absent = NO_ATTRIBUTE.search(view.crash.message)
    for node in view.iterate_nodes(statement):
        if not isinstance(node, ast.Attribute):
            continue
        if absent and absent[1] == node.attr:
            yield from _propose_existing(node, view)
        else:
            yield from _propose_near(node, view)
            yield from _propose_neighbour_keys(node, view)
            yield from _propose_link(node, view)
        if isinstance(node.ctx, ast.Load) and not view.source.is_called(node):
            # "'str' object has no attribute 'name'": perhaps the name was passed, not its owner.
            passed = absent is not None and absent[1] == node.attr
            yield view.put(node, view.get_code(node.value), "attribute", 0.6 if passed else 0.2)
            for name in view.list_names_before(node)[:LOCALS]:
                if name != view.get_code(node.value):
                    yield view.put(node, name, "name", 0.2)


def _rename(node: ast.Attribute, name: str, weight: float, view: View) -> Candidate:
    edit = view.source.replace(node, f"{view.get_code(node.value)}.{name}")
    why = f"`.{name}` instead of `.{node.attr}`"
    return view.make([edit], "attribute", weight, why, node)


def _propose_existing(node: ast.Attribute, view: View) -> Iterator[Candidate]:
    """Yield attributes that the object has, nearest first."""
    near = view.crash.get_hint("near")
    pool = near or view.pools.attributes
    for name in difflib.get_close_matches(node.attr, pool, 5, 0.4):
        likeness = difflib.SequenceMatcher(None, node.attr, name).ratio()
        yield _rename(node, name, 0.5 + 0.45 * likeness, view)
    synonyms = [name for group in SYNONYMS if node.attr in group for name in group]
    public = [name for name in near if name != node.attr and not name.startswith("_")]
    for name in public:
        yield _rename(node, name, 0.85 if name in synonyms else 0.3 + 0.3 / len(public), view)


def _propose_neighbour_keys(node: ast.Attribute, view: View) -> Iterator[Candidate]:
    """Yield the keys that statements nearby use: `conf.muted()` next to `data["muted"]`."""
    function = view.source.find_function(node)
    if function is None or not view.source.is_called(node):
        return
    for other in ast.walk(function):
        if isinstance(other, ast.Subscript) and isinstance(other.slice, ast.Constant):
            key, away = other.slice.value, abs(other.lineno - node.lineno)
            if isinstance(key, str) and key.isidentifier() and key != node.attr and away <= NEARBY:
                yield _rename(node, key, 0.5 - 0.05 * away, view)


def _propose_link(node: ast.Attribute, view: View) -> Iterator[Candidate]:
    """Yield a link that the same chain has elsewhere: `conf.of(x).limit.set` for `conf.of(x).set`.

    Only chains with a call are looked at: a plain name has too many attributes.
    """
    function = view.source.find_function(node)
    if function is None or not isinstance(node.value, ast.Call) or not view.source.is_called(node):
        return
    head = view.get_code(node.value)
    others = [each.attr for each in ast.walk(function)
              if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Call)
              and view.get_code(each.value) == head and each.attr != node.attr]  # fmt: skip
    for name in list(dict.fromkeys(others))[:LOCALS]:
        text = f"{head}.{name}.{node.attr}"
        yield view.put(node, text, "attribute", 0.6)


def _propose_near(node: ast.Attribute, view: View) -> Iterator[Candidate]:
    pool = [name for name in view.pools.attributes if name != node.attr]
    fields = {} if view.source.is_called(node) else view.pools.fields.get(node.attr, {})
    weights = {name: 0.25 for name in list_siblings(node, view)} | _weigh_sibling_fields(
        node.attr, fields
    )
    similar = difflib.get_close_matches(node.attr, pool, 3, 0.5)
    for name in (*similar, *_find_module_names(node, view)):
        likely = 0.25 + 0.3 * difflib.SequenceMatcher(None, node.attr, name).ratio()
        # A field is usually confused with another field of its own class.
        weights[name] = 0.5 * likely if fields and name not in fields else likely
    for group in SYNONYMS:
        if node.attr in group:
            weights.update({name: 0.6 for name in group if name != node.attr})
    for name, weight in weights.items():
        yield _rename(node, name, weight, view)


def _weigh_sibling_fields(name: str, fields: Mapping[str, str]) -> dict[str, float]:
    """Return the weights of other fields of its class: those of its type first."""
    found = {other: 0.45 if of == fields[name] else 0.35
             for other, of in fields.items() if other != name}  # fmt: skip
    return dict(sorted(found.items(), key=lambda each: -each[1])[:SIBLINGS])


def _find_module_names(node: ast.Attribute, view: View) -> list[str]:
    path = view.get_code(node.value)
    own = path.partition(".")[0] in view.source.imported_modules
    return find_similar_names(node.attr, path) if own else []


def list_siblings(node: ast.Attribute, view: View) -> list[str]:
    """Return the attributes used on the same object in the same class or function."""
    room = view.source.find_class(node) or view.source.find_function(node)
    if room is None or not isinstance(node.value, ast.Name):
        return []
    called = view.source.is_called(node)
    used = _map_used_attributes(view.source, room).get((node.value.id, called), ())
    own = _list_own(room, called=called) if node.value.id in ("self", "cls") else []
    names = dict.fromkeys((*used[:SIBLINGS], *own[:SIBLINGS]))
    return [name for name in names if name != node.attr]


def _list_own(room: ast.AST, *, called: bool) -> list[str]:
    """Return a class's own methods, except special ones, or its fields."""
    body = getattr(room, "body", ())
    if called:
        names = [statement.name for statement in body if isinstance(statement, FunctionNode)]
        return [name for name in names if not name.startswith("__")]
    return list(collect_fields(room)) if isinstance(room, ast.ClassDef) else []


@lru_cache(maxsize=256)
def _map_used_attributes(source: Source, room: ast.AST) -> dict[tuple[str, bool], tuple[str, ...]]:
    """Return the attributes used in a class or function, by the name before and if it is called."""
    found: dict[tuple[str, bool], dict[str, None]] = {}
    for node in ast.walk(room):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            called = source.is_called(node)
            found.setdefault((node.value.id, called), {})[node.attr] = None
    return {key: tuple(names) for key, names in found.items()}


SYNONYMS: tuple[tuple[str, ...], ...] = (
    ("append", "extend", "insert", "add", "update", "appendleft"),
    ("pop", "popleft"),
    ("remove", "discard"),
    ("lower", "upper", "casefold"),
    ("strip", "lstrip", "rstrip"),
    ("startswith", "endswith"),
    ("find", "rfind", "index", "rindex"),
    ("split", "rsplit", "splitlines"),
    ("keys", "values", "items"),
    ("union", "intersection", "difference", "symmetric_difference"),
    ("issubset", "issuperset"),
    ("floor", "ceil", "trunc"),
    ("seconds", "days", "total_seconds"),
    ("isdigit", "isdecimal", "isnumeric", "isalpha", "isalnum"),
    ("removeprefix", "removesuffix"),
    ("left", "right"),
    ("match", "search", "fullmatch"),
    ("partition", "rpartition"),
    ("rjust", "ljust", "center"),
    ("isupper", "islower"),
    ("weekday", "isoweekday"),
    ("bisect_left", "bisect_right"),
    ("copy", "deepcopy"),
    ("mean", "median"),
)

"""The rules by which two additions at one place are combined."""

import ast
import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from theseus_guard.syntax import parse

Lines = list[str]
_BULLET = re.compile(r"(\s*)[-*+] \S")
_ROW = re.compile(r"(\s*)\|.*\|\s*$")
_LITERAL_ENTRY = re.compile(r"""(\s*)("[^"\\]*"|'[^'\\]*'),\s*$""")
_LINE = 88  # a longer import is written with one name a line; a formatter may join it
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class _Import(NamedTuple):
    """One imported name: `module` is `None` for `import name`."""

    level: int
    module: str | None
    name: str
    alias: str | None


def merge_blocks(ours: Lines, theirs: Lines, *, is_python: bool) -> Lines | None:
    """Return two blocks that were added at one place, ours first; `None` if no rule has both.

    Entries that both have are added once.
    """
    depths = {_measure_definitions(block) for block in (ours, theirs)} if is_python else {None}
    if len(depths) == 1 and None not in depths:  # else one would become a part of the other
        return [*_end_lines(ours, theirs), *theirs]
    kinds = (_LITERAL_ENTRY,) if is_python else (_LITERAL_ENTRY, _BULLET, _ROW)
    for kind in kinds:
        indents = {_find_indent(kind, block) for block in (ours, theirs)}
        if len(indents) == 1 and None not in indents:
            return [*ours, *_list_new_entries(kind, ours, theirs)]
    return None


def merge_import_blocks(base: Lines, ours: Lines, theirs: Lines) -> Lines | None:
    """Return import statements with what each side adds; `None` for anything else.

    A side that takes an import away, a comment, `*`, and one name for two things are conflicts.
    """
    blocks = [_read_imports(block) for block in (base, ours, theirs)]
    old, first, second = blocks
    if old is None or not first or not second:
        return None
    if not (set(old) <= set(first) and set(old) <= set(second)):
        return None
    both = list(dict.fromkeys([*first, *second]))
    names = [
        each.alias or each.name.partition(".")[0] for each in both if each.module or each.alias
    ]
    if len(set(names)) != len(names):
        return None
    return _render_imports(both)


def has_name_collision(base: str, ours: str, theirs: str, merged: str) -> bool:
    """Return whether both sides give one name another meaning, or the result does not parse.

    Otherwise a function that one side adds could replace a guard that the other side made stricter.
    """
    try:
        old, first, second = (_collect_names(text) for text in (base, ours, theirs))
        parse(merged)
    except (SyntaxError, ValueError):
        return True
    return any(
        first[name] != second[name] and old.get(name) not in (first[name], second[name])
        for name in first.keys() & second.keys()
    )


def _measure_definitions(block: Lines) -> int | None:
    """Return how far whole functions or classes are indented; `None` for any other block."""
    text = textwrap.dedent("".join(block))
    try:
        tree = parse(text)
    except (SyntaxError, ValueError):
        return None
    if not tree.body or not all(isinstance(node, _Definition) for node in tree.body):
        return None
    first = next(line for line in block if line.strip())
    return len(first) - len(first.lstrip())


def _end_lines(ours: Lines, theirs: Lines) -> Lines:
    """Return our block, separated from theirs as theirs is from what precedes or follows it."""
    blank = [line for line in (theirs[-1], theirs[0]) if not line.strip()]
    has_gap = bool(blank) or not ours[-1].strip()
    ended = [*ours[:-1], ours[-1] if ours[-1].endswith("\n") else f"{ours[-1]}\n"]
    return ended if has_gap else [*ended, "\n", "\n"]


def _find_indent(kind: re.Pattern[str], block: Lines) -> str | None:
    """Return the indent of a block of entries of one kind; `None` if it is anything else.

    An entry may go on in lines that are indented further, where entries can be told apart.
    """
    first = kind.match(block[0]) if block else None
    if first is None or not block[-1].endswith("\n"):
        return None
    indent = first[1]
    for line in block:
        match = kind.match(line)
        goes_on = kind is _BULLET and line.startswith(f"{indent}  ") and line.strip()
        if not (goes_on or (match and match[1] == indent)):
            return None
    return indent


def _list_new_entries(kind: re.Pattern[str], ours: Lines, theirs: Lines) -> Lines:
    """Return the entries of theirs that ours lacks, each with the lines it goes on in."""
    known = {"".join(each) for each in _iterate_entries(kind, ours)}
    new = [each for each in _iterate_entries(kind, theirs) if "".join(each) not in known]
    return [line for entry in new for line in entry]


def _iterate_entries(kind: re.Pattern[str], block: Lines) -> Iterator[Lines]:
    indent, entry = _find_indent(kind, block), list[str]()
    for line in block:
        match = kind.match(line)
        if entry and match and match[1] == indent:
            yield entry
            entry = []
        entry.append(line)
    yield entry


def _read_imports(block: Lines) -> tuple[_Import, ...] | None:
    """Return what a block imports; `None` if it is anything but plain imports."""
    text = "".join(block)
    if "#" in text:  # a comment may silence a check, and would be lost
        return None
    try:
        tree = parse(text)
    except (SyntaxError, ValueError):
        return None
    found: list[_Import] = []
    for node in tree.body:
        if not isinstance(node, ast.Import | ast.ImportFrom):
            return None
        module = (node.module or "") if isinstance(node, ast.ImportFrom) else None
        level = node.level if isinstance(node, ast.ImportFrom) else 0
        found += [_Import(level, module, each.name, each.asname) for each in node.names]
    is_split = any(not line.strip() for line in block)  # groups would be joined
    is_special = any(each.name == "*" or each.module == "__future__" for each in found)
    return None if is_split or is_special else tuple(found)


def _render_imports(imports: Sequence[_Import]) -> Lines:
    """Return the statements: `import` first, then by module, as sorters of imports want them."""
    plain = sorted(f"import {_render_name(each)}\n" for each in imports if each.module is None)
    modules: dict[str, list[_Import]] = {}
    for each in imports:
        if each.module is not None:
            modules.setdefault("." * each.level + each.module, []).append(each)
    lines = plain
    for module, found in sorted(modules.items()):
        names = [_render_name(each) for each in sorted(found, key=_rank_name)]
        line = f"from {module} import {', '.join(names)}\n"
        if len(line) > _LINE:
            listing = "".join(f"    {name},\n" for name in names)
            line = f"from {module} import (\n{listing})\n"
        lines += line.splitlines(keepends=True)
    return lines


def _render_name(each: _Import) -> str:
    return f"{each.name} as {each.alias}" if each.alias else each.name


def _rank_name(each: _Import) -> tuple[int, str]:
    """Return the usual order of imported names: constants, classes, the rest."""
    kind = 0 if each.name.isupper() else 1 if each.name[:1].isupper() else 2
    return kind, each.name


def _collect_names(text: str) -> dict[tuple[str, ...], str]:
    """Return what the names of a module and its classes mean, by their path."""
    found: dict[tuple[str, ...], str] = {}
    waiting: list[tuple[tuple[str, ...], ast.AST]] = [((), parse(text))]
    while waiting:
        path, scope = waiting.pop()
        for node in ast.iter_child_nodes(scope):
            for name, meaning in _list_bindings(node):
                found[*path, name] = found.get((*path, name), "") + meaning
            if isinstance(node, ast.ClassDef):
                waiting.append(((*path, node.name), node))
    return found


def _list_bindings(node: ast.AST) -> list[tuple[str, str]]:
    """Return the names that a statement binds, and their meaning."""
    if isinstance(node, ast.ClassDef):  # what its body binds has paths of its own
        own = (*node.decorator_list, *node.bases, *(each.value for each in node.keywords))
        return [(node.name, f"class {[ast.unparse(each) for each in own]}")]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return [(node.name, ast.unparse(node))]
    if isinstance(node, ast.Import | ast.ImportFrom):
        origin = f"{'.' * node.level}{node.module}" if isinstance(node, ast.ImportFrom) else ""
        return [(each.asname or each.name, f"{origin}:{each.name}") for each in node.names]
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return [(each.id, ast.unparse(node)) for each in targets if isinstance(each, ast.Name)]
    return []

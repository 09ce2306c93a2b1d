"""The outline of a module with commands: what their help needs, and nothing that only they need.

A command imports large parts of the bot, its help only its options and texts. So the help runs the
module without the bodies of its functions, and without the imports that nothing else mentions.
"""

import ast
import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

HELP = "--help"
_COMPLETION = "autocompletion"  # completes words in a shell; the help does not show it


def is_help_request(arguments: Sequence[str]) -> bool:
    """Return whether these arguments of a command can mean nothing but its help.

    An option before the last one could take `--help` as its value.
    """
    return arguments[-1:] == [HELP] and not any(each.startswith("-") for each in arguments[:-1])


def import_outline(module: str, target: str) -> ModuleType:
    """Return the outline of a module, with its command or group `target`.

    Its commands must not be called. Packages above the module are imported.
    """
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"there is no module {module}", name=module)
    tree = ast.parse(Path(spec.origin).read_bytes(), spec.origin)
    tree.body = _choose_statements([_cut(each) for each in tree.body], target)
    outline = ModuleType(module)
    exec(compile(tree, spec.origin, "exec"), outline.__dict__)  # noqa: S102  a module of our own
    return outline


def _cut(statement: ast.stmt) -> ast.stmt:
    """Return the statement without what only a call of a command needs."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Call):
            node.keywords = [each for each in node.keywords if each.arg != _COMPLETION]
    if isinstance(statement, ast.FunctionDef):
        statement.body = statement.body[:1] if ast.get_docstring(statement) else [ast.Pass()]
        ast.fix_missing_locations(statement)
    return statement


def _choose_statements(statements: Sequence[ast.stmt], target: str) -> list[ast.stmt]:
    """Return the statements that `target` needs, in their order.

    These are those that name it or add a command to it, and those that bind a name which another
    of them uses.
    """
    names = {target}
    chosen: set[int] = set()
    while True:
        found = {
            number
            for number, each in enumerate(statements)
            if names & set(_list_bound(each)) or target in _list_decorations(each)
        }
        if found == chosen:
            return [_narrow(statements[number], names) for number in sorted(chosen)]
        for number in found - chosen:
            names |= set(_list_used(statements[number]))
        chosen = found


def _narrow(statement: ast.stmt, names: set[str]) -> ast.stmt:
    """Return an import with only those of its names."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        statement.names = [each for each in statement.names if _get_bound_name(each) in names]
    return statement


def _list_bound(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement of a module binds."""
    match statement:
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from (_get_bound_name(each) for each in names)
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Assign() | ast.AnnAssign():
            yield from (
                node.id
                for node in ast.walk(statement)
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            )


def _list_decorations(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that decorate a function, or that a plain call starts with."""
    if isinstance(statement, ast.FunctionDef):
        for decorator in statement.decorator_list:
            yield from _list_used(decorator)
    elif isinstance(statement, ast.Expr):
        yield from _list_used(statement)


def _list_used(node: ast.AST) -> Iterator[str]:
    return (each.id for each in ast.walk(node) if isinstance(each, ast.Name))


def _get_bound_name(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]

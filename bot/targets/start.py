"""Finds how a bot is started, and where the line that attaches theseus_observe belongs."""

import ast
import json
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from theseus_guard.record import Record

from bot.domain.target import TargetStart
from bot.targets.clients import BotClass, BotInstance, Clients, is_plain_client
from bot.targets.extensions import has_setup
from bot.targets.project_files import ProjectFiles
from bot.targets.source_tree import Function, Source, SourceTree, collect_definitions, split_dotted

_PYTHON = re.compile(r"(?:.*/)?python[\d.]*(?:\.exe)?")
_USUAL = ("bot.py", "main.py", "launcher.py", "run.py", "index.py", "app.py", "__main__.py")


class ObserverPlace(Record):
    """The lines to add so that theseus_observe records the bot, and the line they go before."""

    path: str
    line: int
    lines: tuple[str, ...]
    where: str


def find_start(
    tree: SourceTree, files: ProjectFiles, instances: Sequence[BotInstance]
) -> TargetStart | None:
    """Return how the bot is started, or `None`: by its container, `__main__`, or a started file."""
    for words in _find_command_lines(files):
        start = _read_command_line(words, files)
        if start is not None:
            return start
    sources = [each.source for each in instances]
    for source in sources:
        start = _find_main_module(source, files)
        if start is not None:
            return start
    starting = [source for source in tree.sources if not source.is_aside and _is_starter(source)]
    if starting:
        best = min(starting, key=lambda each: _rank_start(each, sources))
        return TargetStart(file=best.path)
    return None


def _find_command_lines(files: ProjectFiles) -> Iterator[list[str]]:
    """Yield the commands that a container or a process manager starts the bot with."""
    lines = re.findall(r"^(?:CMD|ENTRYPOINT)\s+(.+)$", files.read("Dockerfile"), re.MULTILINE)
    lines += re.findall(r"^(?:worker|bot|web):\s*(.+)$", files.read("Procfile"), re.MULTILINE)
    for line in lines:
        try:
            words = json.loads(line) if line.startswith("[") else shlex.split(line)
        except ValueError:
            continue
        yield [str(word) for word in words]


def _read_command_line(words: list[str], files: ProjectFiles) -> TargetStart | None:
    """Return the start that a command line describes, if its file is in the repository."""
    while words and not _PYTHON.fullmatch(words[0]):
        words = words[1:]
    words = words[1:]
    while words and re.fullmatch(r"-[A-Zbdiqsuv]+", words[0]):  # options of Python itself
        words = words[1:]
    if len(words) > 1 and words[0] == "-m":
        folder = words[1].replace(".", "/")
        if files.has(f"{folder}/__main__.py") or files.has(f"{folder}.py"):
            return TargetStart(module=words[1], arguments=tuple(words[2:]))
    path = str(PurePosixPath(words[0])).removeprefix("./") if words else ""
    if path.endswith(".py") and files.has(path):
        return TargetStart(file=path, arguments=tuple(words[1:]))
    return None


def _find_main_module(source: Source, files: ProjectFiles) -> TargetStart | None:
    for folder in PurePosixPath(source.path).parents:
        if folder.name and files.has(f"{folder}/__main__.py"):
            return TargetStart(module=".".join(folder.parts))
    return None


def _is_starter(source: Source) -> bool:
    """Return whether running the file as a program starts a bot."""
    if has_setup(source):
        return False
    called = {_get_method(call) for call in source.find_calls()}
    return bool(called & {"run", "start"}) and (_has_main_guard(source) or _has_run_at_top(source))


def _get_method(call: ast.Call) -> str:
    """Return the method that a call names, also in `Bot().run()`; empty for a plain function."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _has_main_guard(source: Source) -> bool:
    return any(
        isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)
        for node in source.tree.body
    )


def _has_run_at_top(source: Source) -> bool:
    """Return whether a top-level statement calls `.run`, as in `bot.run(token)`."""
    return any(
        isinstance(inner, ast.Call) and _get_method(inner) == "run"
        for node in source.tree.body
        if not isinstance(node, Function | ast.ClassDef)
        for inner in ast.walk(node)
    )


def _rank_start(source: Source, with_bot: list[Source]) -> tuple[int, bool, int, str]:
    """Return the order of preference among files that start a bot; the least is the best."""
    name = PurePosixPath(source.path).name
    depth = len(PurePosixPath(source.path).parts)
    usual = _USUAL.index(name) if name in _USUAL else len(_USUAL)
    return depth, source not in with_bot, usual, source.path


def find_attachment(
    tree: SourceTree, clients: Clients, instance: BotInstance | None, bot: BotClass | None
) -> ObserverPlace | None:
    """Return where the bot is set up, and the lines that load theseus_observe there."""
    chain = clients.list_chain(bot)
    base = bot.base if bot else instance.base if instance else ""
    overrides = any("load_extension" in collect_definitions(each.node.body) for each in chain)
    needs_setup = overrides or is_plain_client(base)
    for each in chain:
        method = collect_definitions(each.node.body).get("setup_hook")
        if isinstance(method, ast.AsyncFunctionDef):
            where = f"at the start of {each.node.name}.setup_hook"
            return _attach_in(method, each.source, "self", needs_setup, where)
    if instance is not None:
        found = _attach_to_instance(tree, instance, needs_setup=needs_setup)
        if found is not None:
            return found
    if bot is not None:
        return _attach_new_method(bot, needs_setup=needs_setup)
    return None


def format_line(name: str, *, needs_setup: bool) -> tuple[str, ...]:
    """Return the statement that loads theseus_observe into the client of this name."""
    if needs_setup:
        return (f"import theseus_observe; await theseus_observe.setup({name})",)
    return (f'await {name}.load_extension("theseus_observe")',)


def _attach_in(
    function: ast.AsyncFunctionDef, source: Source, name: str, needs_setup: bool, where: str
) -> ObserverPlace:
    """Return the attachment before the first statement of a function, after its docstring."""
    body = function.body
    skip = 1 if ast.get_docstring(function) is not None and len(body) > 1 else 0
    return ObserverPlace(
        path=source.path,
        line=body[skip].lineno,
        lines=format_line(name, needs_setup=needs_setup),
        where=where,
    )


def _attach_to_instance(
    tree: SourceTree, instance: BotInstance, *, needs_setup: bool
) -> ObserverPlace | None:
    """Return the attachment at a hook of an instance, or before it is started."""
    name = tuple(instance.name.split(".")) if instance.name else ()
    if not name:
        return None
    for source in tree.sources:
        for node in source.nodes:
            if isinstance(node, ast.AsyncFunctionDef) and _is_setup_hook(node, name):
                where = "at the start of setup_hook"
                return _attach_in(node, source, instance.name, needs_setup, where)
    for node in instance.source.nodes:
        call = node.value if isinstance(node, ast.Await) else None
        if isinstance(call, ast.Call) and split_dotted(call.func) == (*name, "start"):
            return ObserverPlace(
                path=instance.source.path,
                line=call.lineno,
                lines=format_line(instance.name, needs_setup=needs_setup),
                where=f"before {instance.name}.start",
            )
    return None if instance.own_class else _attach_before_run(instance, needs_setup=needs_setup)


def _is_setup_hook(node: ast.AsyncFunctionDef, name: tuple[str, ...]) -> bool:
    decorators = [split_dotted(each) for each in node.decorator_list]
    return node.name == "setup_hook" and (*name, "event") in decorators


def _attach_before_run(instance: BotInstance, *, needs_setup: bool) -> ObserverPlace | None:
    """Return the hook to add before `bot.run(token)`, where nothing can be awaited."""
    name = instance.name
    for call in instance.source.find_calls():
        if name and split_dotted(call.func) == (*name.split("."), "run"):
            line = format_line(name, needs_setup=needs_setup)[0]
            return ObserverPlace(
                path=instance.source.path, line=call.lineno, where=f"before {name}.run",
                lines=(f"@{name}.event", "async def setup_hook():", f"    {line}"),
            )  # fmt: skip
    return None


def _attach_new_method(bot: BotClass, *, needs_setup: bool) -> ObserverPlace:
    """Return the method to add at the end of a class that has no `setup_hook`."""
    line = format_line("self", needs_setup=needs_setup)[0]
    return ObserverPlace(
        path=bot.source.path,
        line=(bot.node.end_lineno or bot.node.lineno) + 1,
        where=f"at the end of class {bot.node.name}",
        lines=("async def setup_hook(self):", "    await super().setup_hook()", f"    {line}"),
    )

"""Inspects a foreign discord.py repository without running any of it."""

import ast
import re
from collections import Counter
from pathlib import PurePosixPath
from typing import Literal

from packaging.specifiers import SpecifierSet
from pydantic import Field
from theseus_guard.record import Record

from bot.domain.target import EnvironmentKind, TargetStart
from bot.targets.checkout import TargetCheckout
from bot.targets.clients import BotClass, BotInstance, Clients, find_other_libraries
from bot.targets.commands import CommandFinder, FoundCommand
from bot.targets.extensions import FoundExtensions, find_extensions
from bot.targets.handlers import FoundHandlers, HandlerCounter
from bot.targets.project_files import (
    ProjectFiles,
    find_databases,
    find_environment,
    find_library,
    find_license,
    find_python_requirement,
    find_tokens,
    find_tools,
    is_red_pack,
)
from bot.targets.source_tree import Source, SourceTree, get_text, split_dotted
from bot.targets.start import ObserverPlace, find_attachment, find_start

_SHARED_NAMES = frozenset({"bot", "cogs", "utils", "core", "config", "tests", "main", "packages"})
_CONFIG_FILES = (
    r"(?:.*/)?_?(?:[a-z]+[-_])?(?:config|configuration|settings|constants|secrets?|credentials)"
    r"(?:[-_.](?:example|sample|template|default|dev|prod|local))*\.(?:py|json5?|ya?ml|toml|ini|cfg)"
)
_MIGRATIONS = r"(?:.*/)?(?:migrations?|alembic|versions)/.+|(?:.*/)?(?:alembic\.ini|schema\.sql)"
_RUNNERS = frozenset({"eval", "exec", "compile"})
_PROCESS_CALLS = frozenset({"create_subprocess_exec", "create_subprocess_shell", "Popen", "system"})

TargetKind = Literal["bot", "client", "red pack"]


class CommandCounts(Record):
    """How many commands there are of each kind, and how many of them are groups."""

    prefix: int = 0
    hybrid: int = 0
    slash: int = 0
    menu: int = 0
    own: int = 0
    groups: int = 0

    @property
    def total(self) -> int:
        """The number of commands of all kinds."""
        return self.prefix + self.hybrid + self.slash + self.menu + self.own


class TokenPlace(Record):
    """A line with a token; `text` is the line without it. `is_aside`: in a test or a document."""

    path: str
    line: int
    text: str
    is_aside: bool


class ProjectFacts(Record):
    """What a repository says about itself: packages, checks, configuration, license."""

    library: str = ""
    environment: EnvironmentKind = "none"
    environment_file: str | None = None
    python: str = ""
    python_source: str = ""
    tools: dict[str, str] = Field(default_factory=dict)
    databases: tuple[str, ...] = ()
    config_files: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    migrations: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ()
    code_runners: tuple[str, ...] = Field(default=(), description="files that run code or programs")
    license: str = ""
    license_file: str = ""
    shared_names: tuple[str, ...] = ()

    def can_run_with(self, version: str) -> bool:
        """Return whether the repository says that it runs with this Python."""
        return SpecifierSet(self.python).contains(version, prereleases=True)


class Inspection(Record):
    """What a repository contains, as far as its files show it.

    `kind` is `None` if there is no discord.py bot. `open_points` says what could not be found.
    """

    kind: TargetKind | None
    bot: str = ""
    bot_file: str = Field(default="", description="where the bot is created, else its class")
    other_bots: tuple[str, ...] = ()
    other_libraries: tuple[str, ...] = ()
    prefix: str = ""
    start: TargetStart | None = None
    attachment: ObserverPlace | None = None
    counts: CommandCounts = CommandCounts()
    commands: tuple[FoundCommand, ...] = ()
    handlers: FoundHandlers = FoundHandlers()
    extensions: tuple[str, ...] = ()
    extension_files: tuple[str, ...] = ()
    loaded_by: tuple[str, ...] = ()
    project: ProjectFacts = ProjectFacts()
    tokens: tuple[TokenPlace, ...] = ()
    unreadable: dict[str, str] = Field(default_factory=dict)
    open_points: tuple[str, ...] = ()

    @property
    def leaks(self) -> tuple[TokenPlace, ...]:
        """The tokens that may be real: those outside tests and documents."""
        return tuple(each for each in self.tokens if not each.is_aside)


def inspect_repository(checkout: TargetCheckout, *, start_file: str | None = None) -> Inspection:
    """Inspect the tracked files of a checkout. Blocking: large repositories take seconds.

    `start_file` chooses between several bots: the one that this file starts.
    """
    files = ProjectFiles(checkout.folder, list(checkout.files))
    tree = SourceTree.read(checkout.folder, list(checkout.files))
    clients = Clients(tree)
    commands = CommandFinder(tree, clients).find_commands()
    extensions = find_extensions(tree)
    instance, bot = _choose_bot(clients, start_file)
    chosen = [instance] if instance else clients.instances
    kind = _choose_kind(clients, files, instance, bot)
    if kind == "red pack":
        start: TargetStart | None = TargetStart(module="redbot", arguments=("INSTANCE",))
        attachment = _attach_to_red(tree, extensions)
    else:
        named = TargetStart(file=start_file) if start_file else None
        start = named or find_start(tree, files, chosen)
        attachment = find_attachment(tree, clients, instance, bot)
    found = Inspection(
        kind=kind,
        bot=_describe_bot(instance, bot),
        bot_file=instance.source.path if instance else bot.source.path if bot else "",
        other_bots=_list_other_bots(clients, instance, bot),
        other_libraries=find_other_libraries(tree),
        prefix=clients.find_prefix(chosen, clients.list_chain(bot)),
        start=start,
        attachment=attachment,
        counts=_count(commands),
        commands=tuple(commands),
        handlers=HandlerCounter(tree, clients).count_handlers(),
        extensions=extensions.patterns,
        extension_files=extensions.files,
        loaded_by=extensions.ways,
        project=_inspect_project(files, tree),
        tokens=_find_tokens(files),
        unreadable={
            path: reason
            for path, reason in {**tree.unreadable, **files.broken}.items()
            if not path.endswith(".md")  # read only in search of tokens
        },
    )
    return found.replace(open_points=_list_open_points(found))


def _inspect_project(files: ProjectFiles, tree: SourceTree) -> ProjectFacts:
    environment, environment_file = find_environment(files)
    required, python_source = find_python_requirement(files)
    license_name, license_file = find_license(files)
    running = [source for source in tree.sources if not source.is_aside]
    imports = {origin.partition(".")[0] for each in running for origin in each.imports.values()}
    return ProjectFacts(
        library=find_library(files),
        environment=environment,
        environment_file=environment_file,
        python=str(required) if required is not None else "",
        python_source=python_source,
        tools=find_tools(files),
        databases=find_databases(imports),
        config_files=_find_config_files(files),
        variables=_find_variables(running),
        migrations=tuple(files.find(_MIGRATIONS)),
        workflows=tuple(files.find(r"\.github/workflows/.+")),
        code_runners=tuple(each.path for each in running if _can_run_code(each)),
        license=license_name,
        license_file=license_file,
        shared_names=_find_shared_names(tree),
    )


def _choose_bot(
    clients: Clients, start_file: str | None
) -> tuple[BotInstance | None, BotClass | None]:
    """Return where the bot is created and its class: the one in `start_file`, else the main one."""
    instances = sorted(clients.instances, key=lambda each: _rank_instance(each, start_file))
    instance = instances[0] if instances else None
    if instance is not None:
        return instance, instance.own_class
    return None, clients.classes[0] if clients.classes else None


def _rank_instance(instance: BotInstance, start_file: str | None) -> tuple[bool, bool, int, int]:
    path = PurePosixPath(instance.source.path)
    return (
        instance.source.path != start_file and start_file is not None,
        instance.own_class is None,
        len(path.parts),
        instance.call.lineno,
    )


def _choose_kind(
    clients: Clients, files: ProjectFiles, instance: BotInstance | None, bot: BotClass | None
) -> TargetKind | None:
    if instance is None and bot is None:
        return "red pack" if is_red_pack(files) else None
    base = bot.base if bot else instance.base if instance else ""
    return "client" if base.endswith("Client") else "bot"


def _describe_bot(instance: BotInstance | None, bot: BotClass | None) -> str:
    if bot is not None:
        return f"{bot.node.name}({bot.base}) in {bot.source.path}:{bot.node.lineno}"
    if instance is not None:
        return f"{instance.base} in {instance.source.path}:{instance.call.lineno}"
    return ""


def _list_other_bots(
    clients: Clients, instance: BotInstance | None, bot: BotClass | None
) -> tuple[str, ...]:
    """Return the other bots of the repository: classes that are created, and plain instances."""
    base_nodes = {id(bot.node)} if bot else set[int]()
    found = [
        _describe_bot(each, each.own_class)
        for each in clients.instances
        if each is not instance
        and id(each.own_class.node if each.own_class else 0) not in base_nodes
    ]
    return tuple(dict.fromkeys(found))


def _attach_to_red(tree: SourceTree, extensions: FoundExtensions) -> ObserverPlace | None:
    """Return the attachment in the `setup` of a cog: Red has a `load_extension` of its own."""
    for source in tree.sources:
        setup = source.definitions.get("setup")
        if source.path in extensions.files and isinstance(setup, ast.AsyncFunctionDef):
            name = setup.args.args[0].arg
            return ObserverPlace(
                path=source.path, line=setup.body[0].lineno, where="in the setup of one cog",
                lines=(f"import theseus_observe; await theseus_observe.setup({name})",),
            )  # fmt: skip
    return None


def _count(commands: list[FoundCommand]) -> CommandCounts:
    counted = Counter[str](each.kind for each in commands)
    return CommandCounts(groups=sum(each.is_group for each in commands), **counted)


def _find_config_files(files: ProjectFiles) -> tuple[str, ...]:
    found = files.find(r"(?:.*/)?\.env[\w.-]*") + files.find(_CONFIG_FILES)
    aside = re.compile(r"(?:.*/)?(?:\.github|docs|tests?)/")
    return tuple(path for path in dict.fromkeys(found) if not aside.match(path))


def _find_variables(sources: list[Source]) -> tuple[str, ...]:
    """Return the environment variables that the code reads by name."""
    names: set[str] = set()
    for source in sources:
        for node in source.nodes:
            if isinstance(node, ast.Call) and node.args:
                called = split_dotted(node.func)
                if called[-1:] == ("getenv",) or called[-2:] == ("environ", "get"):
                    names.add(get_text(node.args[0]) or "")
            elif isinstance(node, ast.Subscript) and split_dotted(node.value)[-1:] == ("environ",):
                names.add(get_text(node.slice) or "")
    return tuple(sorted(names - {""}))


def _can_run_code(source: Source) -> bool:
    """Return whether a file runs code or programs, so that a change of it needs more care."""
    for call in source.find_calls():
        called = split_dotted(call.func)
        if len(called) == 1 and called[0] in _RUNNERS:
            return True
        if called and (called[-1] in _PROCESS_CALLS or called[0] == "subprocess"):
            return True
    return False


def _find_shared_names(tree: SourceTree) -> tuple[str, ...]:
    """Return the repository's top-level modules whose names many bots have."""
    tops = {PurePosixPath(source.path).parts[0].removesuffix(".py") for source in tree.sources}
    return tuple(sorted(tops & _SHARED_NAMES))


def _find_tokens(files: ProjectFiles) -> tuple[TokenPlace, ...]:
    aside = re.compile(
        r"(?:.*/)?(?:tests?|docs?|examples?)/.*|.*\.md|(?:.*/)?test_[^/]*", re.IGNORECASE
    )
    return tuple(
        TokenPlace(path=path, line=line, text=text, is_aside=bool(aside.fullmatch(path)))
        for path, line, text in find_tokens(files)
    )


def _list_open_points(found: Inspection) -> tuple[str, ...]:
    """Return what the inspection could not find, as sentences."""
    points: list[str] = []
    if found.kind and found.start is None:
        points.append("How the bot is started: correct start in the entry, or use --start FILE.")
    if found.kind == "red pack":
        points.append("The name of the Red instance that loads these cogs: set start.arguments.")
    if found.kind == "bot" and not found.prefix and found.counts.prefix + found.counts.hybrid:
        points.append("The prefix: it is computed somewhere else.")
    if found.kind and found.attachment is None:
        points.append("Where theseus_observe is loaded: before the bot starts.")
    built_at_run_time = found.handlers.built_at_run_time
    if built_at_run_time:
        points.append(f"Commands built in a loop ({built_at_run_time} places) are not counted.")
    if found.project.environment == "none":
        points.append("Which packages the bot needs: there is no requirements.txt or similar.")
    if found.kind and not found.project.library:
        points.append("The version of discord.py: no list of packages names it.")
    if not found.project.license:
        points.append("The license: no file has one of the usual texts.")
    points += [
        f"{path} cannot be read ({reason}); what it contains is not counted."
        for path, reason in list(found.unreadable.items())[:5]
    ]
    return tuple(points)

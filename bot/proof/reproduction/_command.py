"""A test that asks a command again, as the person did who met the failure.

It stands in the idiom of the cogs' own tests: a simulated server, the real client with that cog in
it, and a person. Names and values alone come from the record; ids of people become people there.
"""

import ast
import keyword
import re
from collections.abc import Iterator, Mapping

from bot.domain.cogs import cog_of_file
from bot.domain.journal import Capsule
from bot.domain.plan import Reproduction
from bot.infra.syntax import literal, parse
from bot.proof.reproduction._write import INDENT, Group, Unwritable, Writer, quoted

ROOM = "tests/cogs/room.py"
_ARGUMENT = 60  # characters of one option that may stand in the call itself
_PATH = re.compile(r"[\w-]{1,32}(?: [\w-]{1,32}){0,2}")
_PEOPLE = frozenset({"Member", "User"})
_CHANNELS = frozenset({"TextChannel", "GuildChannel", "Thread", "Messageable"})
_UNMADE = frozenset({"Role", "Attachment", "VoiceChannel", "CategoryChannel", "ForumChannel"})

Function = ast.FunctionDef | ast.AsyncFunctionDef


def command_test(
    command: str, capsule: Capsule, texts: Mapping[str, str], *, path: str, name: str, doc: str
) -> Reproduction | None:
    """Return the test of a slash command's failure; `None` where its options cannot be written.

    `texts` are the files of the capsule's frames, as far as they are there.
    """
    file = next((frame.file for frame in capsule.frames if cog_of_file(frame.file)), "")
    if not cog_of_file(file).isidentifier() or not _PATH.fullmatch(command):
        return None
    function = _callback(texts.get(file, ""), command.rpartition(" ")[2])
    if function is None:
        return None
    writer = Writer()
    try:
        call = _call(writer, command, capsule.inputs, _annotations(function))
    except (Unwritable, ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return Reproduction(
        path=path,
        node_id=f"{path}::{name}",
        source=_source(f"cogs.{cog_of_file(file)}", writer.texts, call, name=name, doc=doc),
        calls=_shown(command, capsule.inputs),
        expects=capsule.exception,
    )


def _callback(text: str, name: str) -> Function | None:
    """Return the method that a slash command of that name runs."""
    try:
        tree = parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, Function) and any(
            _is_command(each, node, name) for each in _made(node)
        ):
            return node
    return None


def _made(function: Function) -> Iterator[ast.Call]:
    return (each for each in function.decorator_list if isinstance(each, ast.Call))


def _is_command(made: ast.Call, function: Function, name: str) -> bool:
    if not isinstance(made.func, ast.Attribute) or made.func.attr != "command":
        return False
    if isinstance(made.func.value, ast.Name) and made.func.value.id == "commands":
        return False  # a typed one
    named = [each.value for each in made.keywords if each.arg == "name"]
    told = named[0].value if named and isinstance(named[0], ast.Constant) else function.name
    return told == name


def _annotations(function: Function) -> dict[str, frozenset[str]]:
    """Return the names in the annotation of each option, by the name people type."""
    shown = {
        each.arg: each.value.value
        for made in _made(function)
        if isinstance(made.func, ast.Attribute) and made.func.attr == "rename"
        for each in made.keywords
        if each.arg and isinstance(each.value, ast.Constant)
    }
    parameters = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return {str(shown.get(each.arg, each.arg)): _names(each.annotation) for each in parameters}


def _names(annotation: ast.expr | None) -> frozenset[str]:
    nodes = list(ast.walk(annotation)) if annotation else []
    plain = {node.id for node in nodes if isinstance(node, ast.Name)}
    return frozenset(plain | {node.attr for node in nodes if isinstance(node, ast.Attribute)})


def _call(
    writer: Writer, command: str, inputs: Mapping[str, str], kinds: Mapping[str, frozenset[str]]
) -> Group:
    """Return what asks for the command. Raises `Unwritable` for an option that has no good form."""
    items: list[Group | str] = ["room.channel", quoted(command)]
    heads = ["", ""]
    for name, source in inputs.items():
        if name not in kinds:
            raise Unwritable
        value = _option(writer, source, kinds[name])
        plain = name.isidentifier() and name.isascii() and not keyword.iskeyword(name)
        items.append(value if plain else Group("**{", "}", [value], [f"{quoted(name)}: "]))
        heads.append(f"{name}=" if plain else "")
    return Group("await room.alice.slash(", ")", items, heads)


def _option(writer: Writer, source: str, kinds: frozenset[str]) -> Group | str:
    if kinds & _UNMADE:
        raise Unwritable
    if kinds & _PEOPLE:
        return "room.bob"
    if kinds & _CHANNELS:
        return "room.channel"
    value = literal(source)
    if not isinstance(value, str | int | float | bool):
        raise Unwritable
    return writer.write(value, _ARGUMENT)


def _source(extension: str, texts: list[str], call: Group, *, name: str, doc: str) -> str:
    body = [
        f'{INDENT}"""{doc}"""',
        *texts,
        f"{INDENT}async with open_room({quoted(extension)}, tmp_path) as room:",
        *call.lines(INDENT * 2, "answer = ", ""),
        "",
        f"{INDENT}assert answer.response or answer.followups or answer.modal",
    ]
    imports = "from pathlib import Path\n\nfrom tests.cogs.room import open_room\n"
    return f"{imports}\n\nasync def {name}(tmp_path: Path) -> None:\n" + "\n".join(body) + "\n"


def _shown(command: str, inputs: Mapping[str, str]) -> str:
    options = " ".join(f"{name}:{value.strip(chr(39))}" for name, value in inputs.items())
    return f"/{command} {options}".rstrip()[:80]

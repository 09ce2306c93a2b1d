"""A slash command as the journal tells of its failure, read as a script of one step.

What the command takes for a person or a channel is known from its method alone: the journal has
ids. They become people and channels of the script.
"""

import ast
import re
from collections.abc import Iterator, Mapping

from bot.domain.cogs import cog_of_file
from bot.domain.journal import Capsule
from bot.domain.plan import Reproduction
from bot.domain.rehearsal import CommandStep, Option, Script, ScriptWorld
from bot.infra.syntax import literal, parse
from bot.proof.reproduction._script import script_test
from bot.proof.reproduction._write import Unwritable

_PATH = re.compile(r"[\w-]{1,32}(?: [\w-]{1,32}){0,2}")
_PEOPLE = frozenset({"Member", "User"})
_CHANNELS = frozenset({"TextChannel", "GuildChannel", "Thread", "Messageable"})
_UNMADE = frozenset({"Role", "Attachment", "VoiceChannel", "CategoryChannel", "ForumChannel"})
_ASKED = frozenset({"discord", "Interaction"})

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
    try:
        step = _step(command, capsule.inputs, _annotations(function))
    except (Unwritable, ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    script = Script(world=ScriptWorld(cogs=(cog_of_file(file),)), steps=(step,))
    return script_test(script, path=path, name=name, doc=doc, expects=capsule.exception)


def options_of(text: str, command: str) -> dict[str, frozenset[str]] | None:
    """Return a slash command's options in order, each with the names in its annotation.

    `text` is a cog's file; `None` where it has no command whose last word is that one's.
    """
    function = _callback(text, command.rpartition(" ")[2])
    if function is None:
        return None
    found = _annotations(function)
    return {name: kinds for name, kinds in found.items() if name != "self" and kinds != _ASKED}


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


def _step(
    command: str, inputs: Mapping[str, str], kinds: Mapping[str, frozenset[str]]
) -> CommandStep:
    """Return the command with its options. Raises `Unwritable` for one that has no good form."""
    if not inputs.keys() <= kinds.keys():
        raise Unwritable
    options = {name: _option(source, kinds[name]) for name, source in inputs.items()}
    return CommandStep(command=command, options=options)


def _option(source: str, kinds: frozenset[str]) -> Option:
    if kinds & _UNMADE:
        raise Unwritable
    if kinds & _PEOPLE:
        return "@bob"
    if kinds & _CHANNELS:
        return "#dev"
    value = literal(source)
    if not isinstance(value, str | int | float | bool):
        raise Unwritable
    if isinstance(value, str) and value.startswith(("@", "#")):
        raise Unwritable  # a text that a script would take for somebody or a channel
    return value

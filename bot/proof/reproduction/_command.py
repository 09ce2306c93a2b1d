"""Builds a one-step script from a command's failure in the journal.

The journal has only ids, so the method's annotations say which options are people or channels.
Those become people and channels of the script. A command that can only be typed is typed after a
mention.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence

from theseus_guard.syntax import evaluate_literal, parse
from theseus_rehearsal.records import CommandStep, Option, SayStep, Script, ScriptWorld, SingleStep
from theseus_repair.call_source.writer import Unwritable

from bot.domain.cogs import get_cog_name
from bot.domain.journal import Capsule
from bot.domain.plan import Reproduction
from bot.proof.reproduction._script import build_script_test
from bot.proof.traffic_scripts import BOT

_PATH = re.compile(r"[\w-]{1,32}(?: [\w-]{1,32}){0,2}")
_PEOPLE = frozenset({"Member", "User"})
_CHANNELS = frozenset({"TextChannel", "GuildChannel", "Thread", "Messageable"})
_UNMADE = frozenset({"Role", "Attachment", "VoiceChannel", "CategoryChannel", "ForumChannel"})
_SLASH, _TYPED = frozenset({"command", "hybrid_command"}), frozenset({"command", "group"})

Function = ast.FunctionDef | ast.AsyncFunctionDef


def build_command_test(
    command: str, capsule: Capsule, texts: Mapping[str, str], *, path: str, name: str, doc: str
) -> Reproduction | None:
    """Return the test of a command's failure; `None` if its options cannot be written.

    `texts` are the existing files of the capsule's frames.
    """
    file = next((frame.file for frame in capsule.frames if get_cog_name(frame.file)), "")
    if not get_cog_name(file).isidentifier() or not _PATH.fullmatch(command):
        return None
    last = command.rpartition(" ")[2]
    text = texts.get(file, "")
    slash, typed = _find_callback(text, last), _find_method(text, last, typed=True)
    try:
        if slash is not None:
            step: SingleStep = _build_step(command, capsule.inputs, _map_annotations(slash))
        elif typed is not None:
            step = _build_message(command, capsule.inputs, typed)
        else:
            return None
    except (Unwritable, ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    script = Script(world=ScriptWorld(cogs=(get_cog_name(file),)), steps=(step,))
    return build_script_test(
        script, path=path, name=name, doc=doc, expects=capsule.exception, typed=True
    )


def parse_options(text: str, command: str) -> dict[str, frozenset[str]] | None:
    """Return a slash command's options in order, each with the names in its annotation.

    `text` is a cog's file. Return `None` if it has no command with the last word of `command`.
    """
    function = _find_callback(text, command.rpartition(" ")[2])
    if function is None:
        return None
    names, found = [*_map_annotations(function)], _map_annotations(function)
    first = 2 if names[:1] == ["self"] else 1  # the interaction, or the context, is no option
    return {name: found[name] for name in names[first:]}


def _find_callback(text: str, name: str) -> Function | None:
    """Return the method of a slash or hybrid command of that name."""
    return _find_method(text, name, typed=False)


def _find_method(text: str, name: str, *, typed: bool) -> Function | None:
    """Return the method of a command of that name; with `typed`, one that can only be typed."""
    try:
        tree = parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None
    functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
    groups = _find_text_groups(functions)
    for node in functions:
        for made in _iterate_decorator_calls(node):
            if isinstance(made.func, ast.Attribute) and _is_named(made, node, name):
                only_typed = _is_typed(made.func, groups)
                kinds = _TYPED if typed else _SLASH
                if only_typed == typed and made.func.attr in kinds:
                    return node
    return None


def _find_text_groups(functions: Sequence[Function]) -> frozenset[str]:
    """Return the names of objects that create typed commands: groups, and the library's module."""
    found = frozenset({"commands", "bot", "client"})
    for node in functions:  # a group is defined before the groups within it
        for made in _iterate_decorator_calls(node):
            if isinstance(made.func, ast.Attribute) and made.func.attr == "group":
                found |= {node.name} if _is_typed(made.func, found) else frozenset()
    return found


def _iterate_decorator_calls(function: Function) -> Iterator[ast.Call]:
    return (decorator for decorator in function.decorator_list if isinstance(decorator, ast.Call))


def _is_typed(called: ast.Attribute, groups: frozenset[str]) -> bool:
    """Return whether a decorator creates a command that can only be typed."""
    plain = called.attr in _TYPED
    return plain and isinstance(called.value, ast.Name) and called.value.id in groups


def _is_named(made: ast.Call, function: Function, name: str) -> bool:
    named = [keyword.value for keyword in made.keywords if keyword.arg == "name"]
    command_name = named[0].value if named and isinstance(named[0], ast.Constant) else function.name
    return command_name == name


def _map_annotations(function: Function) -> dict[str, frozenset[str]]:
    """Return the names in the annotation of each option, by the name people type."""
    shown = {
        keyword.arg: keyword.value.value
        for made in _iterate_decorator_calls(function)
        if isinstance(made.func, ast.Attribute) and made.func.attr == "rename"
        for keyword in made.keywords
        if keyword.arg and isinstance(keyword.value, ast.Constant)
    }
    parameters = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return {
        str(shown.get(parameter.arg, parameter.arg)): _collect_names(parameter.annotation)
        for parameter in parameters
    }


def _collect_names(annotation: ast.expr | None) -> frozenset[str]:
    nodes = list(ast.walk(annotation)) if annotation else []
    plain = {node.id for node in nodes if isinstance(node, ast.Name)}
    return frozenset(plain | {node.attr for node in nodes if isinstance(node, ast.Attribute)})


def _build_step(
    command: str, inputs: Mapping[str, str], kinds: Mapping[str, frozenset[str]]
) -> CommandStep:
    """Return the command with its options. Raises `Unwritable` if an option has no good form."""
    if not inputs.keys() <= kinds.keys():
        raise Unwritable
    options = {name: _build_option(source, kinds[name]) for name, source in inputs.items()}
    return CommandStep(command=command, options=options)


def _build_message(command: str, inputs: Mapping[str, str], function: Function) -> SayStep:
    """Return the typed message that runs the command. Raises `Unwritable` for a value without text.

    discord.py takes the text of a keyword-only parameter as it is, and other arguments word by word
    or in quotes.
    """
    kinds, rest = (
        _map_annotations(function),
        {argument.arg for argument in function.args.kwonlyargs},
    )
    if not inputs.keys() <= kinds.keys() or any(kinds[name] & _CHANNELS for name in inputs):
        raise Unwritable
    typed = [f"@{BOT}", command]
    for name, source in inputs.items():
        text = str(_build_option(source, kinds[name]))
        typed.append(text if name in rest else _quote_argument(text))
    return SayStep(say=" ".join(typed))


def _quote_argument(text: str) -> str:
    """Return an argument as it is typed. Raises `Unwritable` if that is impossible."""
    if text and not re.search(r"[\s\"'\\\u2018-\u301f]", text):
        return text
    if not text or re.search(r"[\"\\\n\u2018-\u301f]", text):
        raise Unwritable
    return f'"{text}"'


def _build_option(source: str, kinds: frozenset[str]) -> Option:
    if kinds & _UNMADE:
        raise Unwritable
    if kinds & _PEOPLE:
        return "@bob"
    if kinds & _CHANNELS:
        return "#dev"
    value = evaluate_literal(source)
    if not isinstance(value, str | int | float | bool):
        raise Unwritable
    if isinstance(value, str) and value.startswith(("@", "#")):
        raise Unwritable  # a text that a script would take for a person or a channel
    return value

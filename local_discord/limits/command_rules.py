"""Rules between the values of application commands; `rules.py` says where each stands."""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from local_discord.limits import commands
from local_discord.limits.shapes import Check, Fault, Path, build_missing_fault, order

# ---------------------------------------------------------------------------------- commands


def _list_commands(body: Any) -> list[tuple[Path, Mapping[str, Any]]]:
    """The commands of a list, or the one command."""
    if isinstance(body, list):
        return [((index,), each) for index, each in enumerate(body) if isinstance(each, Mapping)]
    return [((), body)] if isinstance(body, Mapping) and "components" not in body else []


def _walk_options(body: Any) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Every option of every command, at whatever depth, with its path."""

    def walk(node: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
        for index, option in enumerate(node.get("options") or ()):
            if isinstance(option, Mapping):
                yield (*path, "options", index), option
                yield from walk(option, (*path, "options", index))

    for path, command in _list_commands(body):
        yield from walk(command, path)


def _iterate_option_lists(body: Any) -> Iterator[tuple[Path, Sequence[Mapping[str, Any]]]]:
    """Every list of options, with the path of what holds it."""
    for path, holder in [*_list_commands(body), *_walk_options(body)]:
        yield path, [each for each in holder.get("options") or () if isinstance(each, Mapping)]


def _get_kind(command: Mapping[str, Any]) -> int:
    return int(command.get("type") or commands.SLASH)


def is_valid_name(name: str) -> bool:
    """Whether it is a name for a slash command or an option: letters, digits, -, _ and '."""

    def is_allowed(letter: str) -> bool:
        in_script = "\u0900" <= letter <= "\u097f" or "\u0e00" <= letter <= "\u0e7f"
        return letter in "-_'" or in_script or unicodedata.category(letter)[0] in "LN"

    return all(is_allowed(each) for each in name) and name == name.lower()


def check_names(body: Any) -> Iterator[Fault]:
    """Slash commands and options are spelled as they may be."""
    slashes = [each for each in _list_commands(body) if _get_kind(each[1]) == commands.SLASH]
    for path, named in [*slashes, *_walk_options(body)]:
        if isinstance(named.get("name"), str) and not is_valid_name(named["name"]):
            code = "APPLICATION_COMMAND_INVALID_NAME"
            yield Fault((*path, "name"), code, "Command name is invalid")


def check_descriptions(body: Any) -> Iterator[Fault]:
    """Slash commands are described, menus are not."""
    for path, command in _list_commands(body):
        told = command.get("description")
        if _get_kind(command) == commands.SLASH and not told and "name" in command:
            yield build_missing_fault((*path, "description"))
        elif _get_kind(command) != commands.SLASH and told:
            code = "APPLICATION_COMMAND_INVALID_DESCRIPTION"
            yield Fault((*path, "description"), code, "Context menu commands have no description")


def check_required_order(body: Any) -> Iterator[Fault]:
    """Required options come first."""
    for path, options in _iterate_option_lists(body):
        needed = [bool(each.get("required")) for each in options]
        if needed != sorted(needed, reverse=True):
            late = needed.index(False) + needed[needed.index(False) :].index(True)
            code = "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"
            told = "Required options must be placed before non-required options"
            yield Fault((*path, "options", late), code, told)


def check_unique_options(body: Any) -> Iterator[Fault]:
    """Options of one command have different names."""
    for path, options in _iterate_option_lists(body):
        names = [each.get("name") for each in options]
        for index, name in enumerate(names):
            if name in names[:index]:
                code = "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS"
                yield Fault((*path, "options", index), code, "Option name already exists")


def check_option_types(body: Any) -> Iterator[Fault]:
    """Options are subcommands or values."""
    for path, options in _iterate_option_lists(body):
        deep = [each.get("type") in (commands.SUBCOMMAND, commands.GROUP) for each in options]
        if any(deep) and not all(deep):
            code = "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"
            told = (
                "Sub-command and sub-command group option types are mutually exclusive to all "
                "other types"
            )
            yield Fault((*path, "options", deep.index(False)), code, told)


def check_autocomplete(body: Any) -> Iterator[Fault]:
    """An option is picked from choices or completed."""
    for path, option in _walk_options(body):
        if option.get("choices") and option.get("autocomplete"):
            code = "APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE_INVALID"
            told = "Choices and autocomplete are mutually exclusive"
            yield Fault((*path, "autocomplete"), code, told)


def check_unique_commands(body: Any) -> Iterator[Fault]:
    """Commands of one kind have different names."""
    seen: set[tuple[int, Any]] = set()
    for path, command in _list_commands(body):
        key = (_get_kind(command), command.get("name"))
        if key in seen:
            told = "Application command names must be unique"
            yield Fault(path, "APPLICATION_COMMANDS_DUPLICATE_NAME", told)
        seen.add(key)


def check_size(body: Any) -> Iterator[Fault]:
    """A command holds so many letters."""
    for path, command in _list_commands(body):
        nodes = [command, *(each for _, each in _walk_options(command))]
        nodes += [each for node in nodes[:] for each in node.get("choices") or ()]
        texts = [node.get(key) for node in nodes for key in ("name", "description", "value")]
        if sum(len(each) for each in texts if isinstance(each, str)) > 8_000:
            told = "Command exceeds maximum size (8000)"
            yield Fault(path, "APPLICATION_COMMAND_TOO_LARGE", told)


def create_order_check(low: str, high: str) -> Check:
    """Make the check that of two numbers of an option the lower is not the higher."""
    return lambda body: order(_walk_options(body), low, high)


def find_excess(body: Any) -> str | None:
    """Say which kind of command there are too many of."""
    counts = Counter(_get_kind(command) for _, command in _list_commands(body))
    for kind, most in commands.MOST.items():
        if counts[kind] > most:
            return f"Maximum number of application commands reached ({most})"
    return None

"""Rules between the values of application commands; `rules.py` names the source of each."""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from local_discord.limits import commands
from local_discord.limits.shapes import Check, Fault, Path, build_missing_fault, check_order

# ---------------------------------------------------------------------------------- commands


def _list_commands(body: Any) -> list[tuple[Path, Mapping[str, Any]]]:
    """Return the commands of a list, or a single command, with their paths."""
    if isinstance(body, list):
        return [((index,), each) for index, each in enumerate(body) if isinstance(each, Mapping)]
    return [((), body)] if isinstance(body, Mapping) and "components" not in body else []


def _walk_options(body: Any) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield every option of every command, at any depth, with its path."""

    def walk(node: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
        for index, option in enumerate(node.get("options") or ()):
            if isinstance(option, Mapping):
                yield (*path, "options", index), option
                yield from walk(option, (*path, "options", index))

    for path, command in _list_commands(body):
        yield from walk(command, path)


def _iterate_option_lists(body: Any) -> Iterator[tuple[Path, Sequence[Mapping[str, Any]]]]:
    """Yield every list of options, with the path of its owner."""
    for path, holder in [*_list_commands(body), *_walk_options(body)]:
        yield path, [each for each in holder.get("options") or () if isinstance(each, Mapping)]


def _get_kind(command: Mapping[str, Any]) -> int:
    return int(command.get("type") or commands.SLASH)


def is_valid_name(name: str) -> bool:
    """Return whether a slash command or option may have this name: letters, digits, -, _ and '."""

    def is_allowed(letter: str) -> bool:
        in_script = "\u0900" <= letter <= "\u097f" or "\u0e00" <= letter <= "\u0e7f"
        return letter in "-_'" or in_script or unicodedata.category(letter)[0] in "LN"

    return all(is_allowed(each) for each in name) and name == name.lower()


def check_names(body: Any) -> Iterator[Fault]:
    """Check that names of slash commands and options contain only allowed characters."""
    slashes = [each for each in _list_commands(body) if _get_kind(each[1]) == commands.SLASH]
    for path, named in [*slashes, *_walk_options(body)]:
        if isinstance(named.get("name"), str) and not is_valid_name(named["name"]):
            code = "APPLICATION_COMMAND_INVALID_NAME"
            yield Fault((*path, "name"), code, "Command name is invalid")


def check_descriptions(body: Any) -> Iterator[Fault]:
    """Check that slash commands have a description and menus have none."""
    for path, command in _list_commands(body):
        description = command.get("description")
        if _get_kind(command) == commands.SLASH and not description and "name" in command:
            yield build_missing_fault((*path, "description"))
        elif _get_kind(command) != commands.SLASH and description:
            code = "APPLICATION_COMMAND_INVALID_DESCRIPTION"
            yield Fault((*path, "description"), code, "Context menu commands have no description")


def check_required_order(body: Any) -> Iterator[Fault]:
    """Check that required options come first."""
    for path, options in _iterate_option_lists(body):
        needed = [bool(each.get("required")) for each in options]
        if needed != sorted(needed, reverse=True):
            late = needed.index(False) + needed[needed.index(False) :].index(True)
            code = "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"
            message = "Required options must be placed before non-required options"
            yield Fault((*path, "options", late), code, message)


def check_unique_options(body: Any) -> Iterator[Fault]:
    """Check that the options of one command have different names."""
    for path, options in _iterate_option_lists(body):
        names = [each.get("name") for each in options]
        for index, name in enumerate(names):
            if name in names[:index]:
                code = "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS"
                yield Fault((*path, "options", index), code, "Option name already exists")


def check_option_types(body: Any) -> Iterator[Fault]:
    """Check that options are either all subcommands or all values."""
    for path, options in _iterate_option_lists(body):
        deep = [each.get("type") in (commands.SUBCOMMAND, commands.GROUP) for each in options]
        if any(deep) and not all(deep):
            code = "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"
            message = (
                "Sub-command and sub-command group option types are mutually exclusive to all "
                "other types"
            )
            yield Fault((*path, "options", deep.index(False)), code, message)


def check_autocomplete(body: Any) -> Iterator[Fault]:
    """Check that an option has choices or autocomplete, not both."""
    for path, option in _walk_options(body):
        if option.get("choices") and option.get("autocomplete"):
            code = "APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE_INVALID"
            message = "Choices and autocomplete are mutually exclusive"
            yield Fault((*path, "autocomplete"), code, message)


def check_unique_commands(body: Any) -> Iterator[Fault]:
    """Check that commands of one kind have different names."""
    seen: set[tuple[int, Any]] = set()
    for path, command in _list_commands(body):
        key = (_get_kind(command), command.get("name"))
        if key in seen:
            message = "Application command names must be unique"
            yield Fault(path, "APPLICATION_COMMANDS_DUPLICATE_NAME", message)
        seen.add(key)


def check_size(body: Any) -> Iterator[Fault]:
    """Check that a command has at most 8,000 characters."""
    for path, command in _list_commands(body):
        nodes = [command, *(each for _, each in _walk_options(command))]
        nodes += [each for node in nodes[:] for each in node.get("choices") or ()]
        texts = [node.get(key) for node in nodes for key in ("name", "description", "value")]
        if sum(len(each) for each in texts if isinstance(each, str)) > 8_000:
            message = "Command exceeds maximum size (8000)"
            yield Fault(path, "APPLICATION_COMMAND_TOO_LARGE", message)


def create_order_check(low: str, high: str) -> Check:
    """Return a check that the `low` number of an option does not exceed its `high` number."""
    return lambda body: check_order(_walk_options(body), low, high)


def find_excess(body: Any) -> str | None:
    """Return Discord's message if there are too many commands of one kind, else `None`."""
    counts = Counter(_get_kind(command) for _, command in _list_commands(body))
    for kind, most in commands.MOST.items():
        if counts[kind] > most:
            return f"Maximum number of application commands reached ({most})"
    return None

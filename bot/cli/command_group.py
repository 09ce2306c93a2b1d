"""A group of commands that imports a command only when it is called."""

import importlib
import sys
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from bot.cli.command_outline import import_outline, is_help_request


class CommandPlace(NamedTuple):
    """The location of a command, and its entry in the help.

    `where` is `module:name` of a function, or of a `typer.Typer` that is a group. `panel` is the
    section of the help that lists the command, `summary` the first paragraph of its own help.
    """

    panel: str
    where: str
    summary: str

    def import_target(self) -> Any:
        """Import the module and return the function or the `typer.Typer`."""
        module, _, name = self.where.partition(":")
        target = getattr(importlib.import_module(module), name)
        if "structlog" in sys.modules:  # a command that logs nothing need not import it: 0.1 s
            from bot.infra.standard_logs import use_standard_logging

            use_standard_logging()
        return target

    def import_help(self) -> Any:
        """Return the function or the `typer.Typer`, only good for its help; imports far less."""
        module, _, name = self.where.partition(":")
        return getattr(import_outline(module, name), name)


class CommandGroup(TyperGroup):
    """A group with the commands of `PLACES`, which a subclass sets, in the order of the help.

    Every command needs different, large parts of the bot. Importing only the command that was
    called keeps the start fast.
    """

    PLACES: ClassVar[Mapping[str, CommandPlace]] = {}

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, place in self.PLACES.items():
            self.commands[name] = TyperCommand(
                name, help=place.summary, rich_help_panel=place.panel
            )

    def load(self, name: str, *, help_only: bool = False) -> Any:
        """Import and return the command of this name. Raises `KeyError` if there is none."""
        place = self.PLACES[name]
        found = place.import_help() if help_only else place.import_target()
        if isinstance(found, typer.Typer):
            command: Any = typer.main.get_group(found)
            command.name = name
            return command
        alone = typer.Typer(add_completion=False)
        alone.command(name)(found)
        return typer.main.get_command(alone)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the name, the imported command, and its arguments."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, name and self.load(name, help_only=is_help_request(rest)), rest

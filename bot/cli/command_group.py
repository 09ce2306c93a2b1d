"""A group of commands that are imported when they are named, and listed by summaries until then."""

import importlib
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup


class CommandPlace(NamedTuple):
    """Where a command is found, `module:name`: a function, or a `typer.Typer` that is a group.

    `panel` is the part of the help it is listed in, `summary` the first sentence of its own help.
    """

    panel: str
    where: str
    summary: str

    def import_target(self) -> Any:
        """Return what is there; its module is imported."""
        module, _, name = self.where.partition(":")
        return getattr(importlib.import_module(module), name)


class CommandGroup(TyperGroup):
    """A group with the commands of `PLACES`, which a subclass gives, in the order of its help.

    Each command needs much of the bot, and each something else: what nobody names is not imported.
    """

    PLACES: ClassVar[Mapping[str, CommandPlace]] = {}

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, place in self.PLACES.items():
            self.commands[name] = TyperCommand(
                name, help=place.summary, rich_help_panel=place.panel
            )

    def load(self, name: str) -> Any:
        """Return the command of this name, imported with all it needs. Raises `KeyError`."""
        found = self.PLACES[name].import_target()
        if isinstance(found, typer.Typer):
            command: Any = typer.main.get_group(found)
            command.name = name
            return command
        alone = typer.Typer(add_completion=False)
        alone.command(name)(found)
        return typer.main.get_command(alone)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the name, the command itself, and the words that are left for it."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, name and self.load(name), rest

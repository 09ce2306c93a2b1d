"""`theseus advisories`: imports the advisory database that the gate for dependencies reads."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from theseus_observe.redaction import redact

from bot.adapters.advisory_file import AdvisoryFile
from bot.cli.output import say
from bot.domain.errors import ConfigError
from bot.settings import load_settings

advisories_cli = typer.Typer(
    help="Import the advisories that changed dependencies are compared with.",
    no_args_is_help=True,
)
_MOST_SHOWN = 5


@advisories_cli.callback()
def advisories() -> None:
    """Import the advisories that changed dependencies are compared with."""


@advisories_cli.command("update")
def update(
    place: Annotated[
        Path,
        typer.Argument(help="osv.dev's archive of PyPI (all.zip), or a folder with its files."),
    ],
) -> None:
    """Replace the advisory database with the advisories of an archive or a folder.

    The network is not used: download the archive with any other program. Files that are no
    advisories are named and left out. Exit code 2: nothing in it is an advisory.

    Example: theseus advisories update all.zip
    """
    if not place.exists():
        raise ConfigError(
            f"{place} does not exist. Download "
            "https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip and give its path."
        )
    imported = AdvisoryFile(load_settings().state).import_from(place, datetime.now(UTC))
    for line in imported.refused[:_MOST_SHOWN]:
        sys.stderr.write(redact(f"theseus: left out: {line}\n"))
    if len(imported.refused) > _MOST_SHOWN:
        more = len(imported.refused) - _MOST_SHOWN
        sys.stderr.write(f"theseus: left out: {more} more files\n")
    newest = f"; the newest is of {imported.source.newest[:10]}" if imported.source.newest else ""
    say(f"Imported {imported.source.count:,} advisories{newest}.")

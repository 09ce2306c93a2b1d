"""`theseus dependencies`: checks the supply chain without using the network."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from theseus_guard.terminal import JsonOption
from theseus_observe.redaction import redact

from bot.cli.output import print_json
from bot.cli.supply_chain import examine_dependencies


def dependencies(
    as_json: JsonOption = False,
    advisories: Annotated[
        Path | None, typer.Option(help="A folder with advisories in the OSV format.")
    ] = None,
    files: Annotated[
        bool, typer.Option(help="Compare every installed file with its recorded hash.")
    ] = True,
) -> None:
    """Check the lock file, the project, the installed packages and advisories.

    Exit code 1: a flaw was found. The network is not used.
    """
    examined = examine_dependencies(Path.cwd(), advisories, files=files)
    if as_json:
        print_json(examined.model_dump(mode="json"))
    else:
        for flaw in examined.flaws:
            sys.stdout.write(redact(flaw.line) + "\n")
        sys.stdout.write(f"{len(examined.flaws)} flaws: {examined.line}\n")
    if examined.flaws:
        raise typer.Exit(1)

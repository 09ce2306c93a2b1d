"""The command line of `theseus detect`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.detect_replay import load_thresholds
from bot.cli.detect_replay import replay as replayed
from bot.cli.output import JsonAnyway, print_error, print_json


def detect(
    replay: Annotated[str, typer.Option(help="A journal, as NDJSON; - reads standard input.")],
    config: Annotated[
        Path | None,
        typer.Option(help="Take the thresholds from here; by default data/config.yaml."),
    ] = None,
    as_json: JsonAnyway = False,
) -> None:
    """Show what the rules would have told of a journal, as JSON: to tune thresholds with.

    For example: theseus detect --replay data/state/journal/2026-11-21.ndjson
    """
    thresholds = load_thresholds(config, Path.cwd(), os.environ)
    found = replayed(replay, thresholds, print_error)
    print_json([each.model_dump(mode="json", exclude={"since"}) for each in found])

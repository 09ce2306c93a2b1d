"""`theseus detect`: replays a journal through the anomaly rules."""

import os
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.detect_replay import load_thresholds
from bot.cli.detect_replay import replay as replay_journal
from bot.cli.output import JsonAnyway, print_error, print_json


def detect(
    replay: Annotated[str, typer.Option(help="A journal file (NDJSON), or - for standard input.")],
    config: Annotated[
        Path | None,
        typer.Option(help="The configuration with the thresholds. Default: data/config.yaml."),
    ] = None,
    as_json: JsonAnyway = False,
) -> None:
    """Replay a journal through the anomaly rules and print the anomalies as JSON.

    Use it to tune the thresholds.

    Example: theseus detect --replay data/state/journal/2026-11-21.ndjson
    """
    thresholds = load_thresholds(config, Path.cwd(), os.environ)
    anomalies = replay_journal(replay, thresholds, print_error)
    print_json([anomaly.model_dump(mode="json", exclude={"since"}) for anomaly in anomalies])

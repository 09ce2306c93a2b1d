"""The command line of `theseus detect`."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.detect_replay import replay as replayed
from bot.cli.detect_replay import thresholds_for


def detect(
    replay: Annotated[str, typer.Option(help="A journal, as NDJSON; - reads standard input.")],
    config: Annotated[
        Path | None,
        typer.Option(help="Take the thresholds from here; by default data/config.yaml."),
    ] = None,
) -> None:
    """Show what the rules would have told of a journal, as JSON: to tune thresholds with."""
    thresholds = thresholds_for(config, Path.cwd(), os.environ)
    found = replayed(replay, thresholds, _complain)
    told = [anomaly.model_dump(mode="json") for anomaly in found]
    sys.stdout.write(json.dumps(told, indent=2, ensure_ascii=False) + "\n")


def _complain(text: str) -> None:
    sys.stderr.write(f"theseus: {text}\n")

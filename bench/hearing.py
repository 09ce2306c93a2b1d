"""Trains `data/hearing.tsv`, the listener's table: `make hearing`.

    python -m bench.hearing [FOLDER] [--corrections FILE]

It learns from templates (`bench/data/hearing_phrases.toml`), single sentences
(`bench/data/hearing_sentences.tsv`), the tables of `tests/bot/grammar` and two public corpora. They
are fetched into FOLDER (data/state/cache/hearing) if it lacks them.
FILE has corrections of people, as `theseus hearing report --json` prints them: its sentences count
too. Words of them may then be read in the table.
"""

import argparse
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from bench.hearing_corpora import read_corpora
from bench.hearing_phrases import draw_sentences
from bench.hearing_training import Example, train
from bot.domain.correction import Correction
from bot.domain.intents import Intent
from bot.grammar import COMMAND_LINE
from bot.listener.corrections import can_correct, obey
from bot.listener.labels import ASK, DECISION, is_learned
from bot.listener.second_opinion import understand
from bot.listener.table import TABLE

_ROOT = Path(__file__).resolve().parents[1]
_TABLES = _ROOT / "tests" / "bot" / "grammar"
_MANY, _FEW = 3_000, 500  # sentences of a kind, and of a topic of questions
_TABLE_WEIGHT = 3.0
_CORRECTIONS = TypeAdapter(tuple[Correction, ...])
_DECISIONS = (
    Intent.SHIP, Intent.REJECT, Intent.REVERT, Intent.STOP, Intent.CANCEL, Intent.PAUSE,
    Intent.RESUME, Intent.UNCLEAR,
)  # fmt: skip


def read_phrases() -> Iterator[Example]:
    """Yield sentences drawn from the templates."""
    file = Path(__file__).parent / "data" / "hearing_phrases.toml"
    templates = tomllib.loads(file.read_text("utf-8"))
    for label, phrases in templates["phrases"].items():
        count = _FEW if label.startswith(ASK) or label in ("budget", "audit") else _MANY
        for sentence in draw_sentences(phrases, templates["slots"], count, label):
            yield Example(sentence, label)


def read_sentences() -> Iterator[Example]:
    """Yield the sentences that were written one by one."""
    file = Path(__file__).parent / "data" / "hearing_sentences.tsv"
    for line in file.read_text("utf-8").splitlines():
        label, sentence = line.split("\t")
        yield Example(sentence, label, _TABLE_WEIGHT)


def read_tables() -> Iterator[Example]:
    """Yield the sentences of the grammar's tests that say what they mean wherever they are used."""
    for name in ("utterances", "changes"):
        for group in _load(name):
            intent = group.get("intent")
            if intent is None or group["where"] == "error" or intent == Intent.ASK:
                continue
            if intent in _DECISIONS:
                yield from (_build_example(each, DECISION) for each in group["said"])
            elif is_learned(Intent(intent)):
                yield from (_build_example(each, intent) for each in group["said"])
    for name in ("questions", "questions_unseen"):
        for group in _load(name):
            if group.get("topic") and group["where"] != "overheard":
                label = ASK + group["topic"]
                yield from (_build_example(each, label) for each in group["said"])


def read_corrections(file: Path) -> Iterator[Example]:
    """Yield the sentences that people corrected, except those that may decide something.

    Raises `OSError`, and `ValueError` for a file that `theseus hearing report --json` did not make.
    """
    try:
        corrections = _CORRECTIONS.validate_json(file.read_bytes())
    except ValidationError as error:
        raise ValueError(
            f"{file}: {error.error_count()} mistakes, the first: {error.errors()[0]['msg']}. "
            "`theseus hearing report --json` prints such a file."
        ) from error
    for each in corrections:
        utterance = understand(each.sentence, COMMAND_LINE)
        if can_correct(utterance, COMMAND_LINE):
            corrected = obey(each.sentence, COMMAND_LINE, utterance, each.intent)
            topic = corrected.slots.topic
            label = f"{ASK}{topic.value}" if topic else corrected.intent.value
            yield Example(each.sentence, label, _TABLE_WEIGHT)


def _load(name: str) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = yaml.safe_load((_TABLES / f"{name}.yaml").read_text("utf-8"))
    return groups


def _build_example(sentence: str | dict[str, Any], label: str) -> Example:
    return Example(
        sentence if isinstance(sentence, str) else sentence["text"], label, _TABLE_WEIGHT
    )


def main() -> None:
    """Train the table, write it, and print its size."""
    parser = argparse.ArgumentParser(prog="bench.hearing", description=main.__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=_ROOT / "data/state/cache/hearing")
    parser.add_argument("--corrections", type=Path, metavar="FILE")
    options = parser.parse_args()
    try:
        corrected = list(read_corrections(options.corrections)) if options.corrections else []
    except (OSError, ValueError) as error:
        sys.exit(f"The corrections cannot be read: {error}")
    try:
        talk = list(read_corpora(options.folder))
    except (OSError, ValueError) as error:
        sys.exit(f"The corpora cannot be read: {error}")
    trained = train([*read_phrases(), *read_sentences(), *read_tables(), *corrected, *talk])
    text = trained.table.format()
    TABLE.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{TABLE}: {len(text) / 1000:,.0f} kB from {trained.examples:,} sentences\n")


if __name__ == "__main__":
    main()

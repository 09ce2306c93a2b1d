"""Trains `data/hearing.tsv`, the listener's table: `make hearing`.

    python -m bench.hearing [FOLDER] [--corrections FILE]

It learns from templates (`bench/data/hearing_phrases.toml`), single sentences
(`bench/data/hearing_sentences.tsv`) and two public corpora. These are fetched into FOLDER
(data/state/cache/hearing) if it lacks them. The same inputs give the same table.
FILE has corrections of people, as `theseus hearing report --json` prints them: its sentences count
too. Words of them may then be read in the table.
"""

import argparse
import hashlib
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from bench.hearing_corpora import CORPORA, read_corpora
from bench.hearing_phrases import draw_sentences
from bench.hearing_training import Example, train
from bot.domain.correction import Correction
from bot.grammar import COMMAND_LINE
from bot.listener.corrections import can_correct, obey
from bot.listener.labels import ASK
from bot.listener.second_opinion import understand
from bot.listener.table import TABLE

_ROOT = Path(__file__).resolve().parents[1]
_PHRASES = _ROOT / "bench/data/hearing_phrases.toml"
_SENTENCES = _ROOT / "bench/data/hearing_sentences.tsv"
DEFAULT_FOLDER = _ROOT / "data/state/cache/hearing"
"""Where the corpora are."""
_MANY, _FEW = 3_000, 500  # sentences of a kind, and of a topic of questions
_WEIGHT = 3.0  # of a sentence that somebody wrote
INPUTS = "# inputs: "
"""What the first line of the table begins with."""
_CORRECTIONS = TypeAdapter(tuple[Correction, ...])


def read_phrases() -> Iterator[Example]:
    """Yield sentences drawn from the templates."""
    templates = tomllib.loads(_PHRASES.read_text("utf-8"))
    for label, phrases in templates["phrases"].items():
        count = _FEW if label.startswith(ASK) or label in ("budget", "audit") else _MANY
        for sentence in draw_sentences(phrases, templates["slots"], count, label):
            yield Example(sentence, label)


def read_sentences() -> Iterator[Example]:
    """Yield the sentences that were written one by one."""
    for line in _SENTENCES.read_text("utf-8").splitlines():
        label, sentence = line.split("\t")
        yield Example(sentence, label, _WEIGHT)


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
            yield Example(each.sentence, label, _WEIGHT)


def hash_inputs() -> str:
    """Return the SHA-256 of what the table learns from, without corrections.

    It stands in the table: whoever changes one of the files trains again.
    """
    digest = hashlib.sha256()
    for file in (_PHRASES, _SENTENCES, CORPORA):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def main() -> None:
    """Train the table, write it, and print its size."""
    parser = argparse.ArgumentParser(prog="bench.hearing", description=main.__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT_FOLDER)
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
    trained = train([*read_phrases(), *read_sentences(), *corrected, *talk])
    text = f"{INPUTS}{hash_inputs()}\n{trained.table.format()}"
    TABLE.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{TABLE}: {len(text) / 1000:,.0f} kB from {trained.examples:,} sentences\n")


if __name__ == "__main__":
    main()

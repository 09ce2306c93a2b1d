"""The learned table: rates the labels of a message by adding up the weights of its features."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

import structlog

from bot.domain.errors import ConfigError
from bot.listener.features import extract_features
from bot.listener.labels import CHAT, check_label

_log = structlog.stdlib.get_logger(__name__)
SCALE = 100
"""A weight of 1.0 is written as this integer."""
BIAS = "bias"
"""The row that counts for every message."""
TABLE = Path(__file__).resolve().parents[2] / "data" / "hearing.tsv"
_INSTALLED = Path(__file__).with_name("hearing.tsv")  # a wheel has the table here
_HEADING = "feature"


@dataclass(frozen=True)
class Rating:
    """How likely each label is: probabilities that add up to 1, the likeliest first."""

    shares: Mapping[str, float]

    @property
    def label(self) -> str:
        """The likeliest label."""
        return next(iter(self.shares))

    def add_up(self, labels: Iterable[str]) -> float:
        """Return the probability that one of the labels is right."""
        return sum(self.shares.get(label, 0.0) for label in labels)


@dataclass(frozen=True)
class HearingTable:
    """Integer weights: for each feature, one for each label."""

    labels: tuple[str, ...]
    weights: Mapping[str, tuple[int, ...]]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a table. Raises `ConfigError` that names the file, and the line that is wrong."""
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"{path}: cannot be read ({error}). `make hearing` writes it."
            ) from error
        labels: tuple[str, ...] = ()
        weights: dict[str, tuple[int, ...]] = {}
        for number, line in enumerate(lines, start=1):
            name, *cells = line.split("\t")
            try:
                if not line or line.startswith("# "):
                    continue
                if not labels:
                    labels = _parse_heading(name, cells)
                else:
                    weights[name] = _parse_row(cells, len(labels))
            except ValueError as error:
                raise ConfigError(
                    f"{path}, line {number}: {error}. `make hearing` writes it again."
                ) from error
        if CHAT not in labels:
            raise ConfigError(
                f"{path}: the label {CHAT} is missing. `make hearing` writes it again."
            )
        return cls(labels, weights)

    def format(self) -> str:
        """Return the table as lines, which `read` reads."""
        rows = sorted((name, *map(_format_weight, row)) for name, row in self.weights.items())
        return "".join(
            "\t".join(row).rstrip("\t") + "\n" for row in [(_HEADING, *self.labels), *rows]
        )

    def rate(self, text: str) -> Rating:
        """Return how likely each label is. Takes any text; unknown words count for nothing."""
        rows = [self.weights[BIAS]] if BIAS in self.weights else []
        rows += [row for each in extract_features(text) if (row := self.weights.get(each))]
        if not rows:
            return Rating({CHAT: 1.0})
        length = math.sqrt(len(rows)) * SCALE
        sums = [sum(column) / length for column in zip(*rows, strict=True)]
        top = max(sums)
        likelihoods = [math.exp(each - top) for each in sums]
        total = sum(likelihoods)
        shares = (
            (label, each / total) for label, each in zip(self.labels, likelihoods, strict=True)
        )
        return Rating(dict(sorted(shares, key=lambda share: (-share[1], share[0]))))


_EMPTY = HearingTable((CHAT,), {})


@cache
def load_table() -> HearingTable:
    """Return the built-in table, read once. Without it, the grammar alone reads messages."""
    file = _INSTALLED if _INSTALLED.exists() else TABLE
    if not file.exists():
        _log.warning("%s is missing: messages are read by the grammar alone", file)
        return _EMPTY
    return HearingTable.read(file)


def _parse_heading(name: str, cells: list[str]) -> tuple[str, ...]:
    if name != _HEADING or not cells or len(set(cells)) < len(cells):
        raise ValueError(f"expected `{_HEADING}` and different labels")
    return tuple(map(check_label, cells))


def _parse_row(cells: list[str], count: int) -> tuple[int, ...]:
    """Return the weights of a row; an empty cell is 0, and so are those that are left out."""
    if len(cells) > count:
        raise ValueError(f"expected at most {count} weights, found {len(cells)}")
    row = tuple(int(cell or 0) for cell in cells)
    return row + (0,) * (count - len(row))


def _format_weight(weight: int) -> str:
    return str(weight) if weight else ""

"""Learns an order of the repair's edits from public histories, and measures it on others.

`python -m bench order FOLDER` reads the repositories that `data/edit_order.toml` names, each a git
directory `OWNER+NAME/repo` in the folder. The search does not use what it learns, because it did
not help: see docs/repair-figures.md. Nothing of the repositories is run.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench.edit_order_cases import build_choice, find_place, hash_fix, iterate_fixes
from bench.edit_order_training import Choice, EditOrder, rank_choices, train_order
from bench.rows import Row, Unit
from bot.domain.errors import ConfigError

REPOSITORIES = Path(__file__).parent / "data" / "edit_order.toml"
PART, FIRST = 0.05, 100


class Choices(NamedTuple):
    """The fixes that teach, and those of other repositories that measure."""

    train: Sequence[Choice]
    held: Sequence[Choice]


def measure_order(folder: Path) -> Sequence[Row]:
    """Return how far forward the right edits are, in the order learned and in today's.

    Raises `ConfigError` for a repository that is missing.
    """
    choices = read_choices(folder, tomllib.loads(REPOSITORIES.read_text("utf-8")))
    order = train_order(choices.train)
    parts = (("trained on", choices.train), ("held out", choices.held))
    return [row for name, part in parts for row in _build_rows(name, part, order)]


def read_choices(folder: Path, described: Mapping[str, Mapping[str, Any]]) -> Choices:
    """Return the fixes of the repositories; a fix that both halves have only teaches."""
    seen = set[str]()
    parts = [
        [
            choice
            for name, about in described[part].items()
            for choice in _iterate_choices(_find_repository(folder, name), about, seen)
        ]
        for part in ("train", "held")
    ]
    return Choices(*parts)


def _find_repository(folder: Path, name: str) -> Path:
    repository = folder / name.replace("/", "+") / "repo"
    for git in (repository / ".git", repository):
        if (git / "objects").is_dir():
            return git
    raise ConfigError(f"{repository} is no git directory: clone https://github.com/{name} there.")


def _iterate_choices(git: Path, about: Mapping[str, Any], seen: set[str]) -> Iterator[Choice]:
    for fix in iterate_fixes(git, about["commit"], about["fixes"]):
        place = find_place(fix)
        mark = "" if place is None else hash_fix(fix, place)
        if place is None or mark in seen:
            continue
        seen.add(mark)
        choice = build_choice(fix, place)
        if choice is not None:
            yield choice


def _build_rows(name: str, choices: Sequence[Choice], order: EditOrder) -> Iterator[Row]:
    if not choices:
        return
    ours, own = rank_choices(choices, order), rank_choices(choices, None)
    yield _build_row(f"{name}: median place", "edits", ours.median, own.median)
    figures = [
        (f"first {PART:.0%}", ours.count_first_part(PART), own.count_first_part(PART)),
        (f"first {FIRST}", ours.count_first(FIRST), own.count_first(FIRST)),
    ]
    for text, ours_there, own_there in figures:
        named = f"{name}: in the {text} of {len(choices)}"
        yield _build_row(named, "faults", ours_there, own_there)


def _build_row(name: str, unit: Unit, ours: float, own: float) -> Row:
    return Row(
        bench="order", name=name, unit=unit, ours=ours, baseline=own,
        baseline_name="operators' weights alone", ratio=ours / own if own else 0.0,
    )  # fmt: skip

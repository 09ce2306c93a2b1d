"""How many made-up secrets the redactor finds, and how often it is wrong about other lines.

`theseus bench --only secrets` gives the figures that a limit hangs on; `python -m
bench.secret_tables` prints the whole table, by form and by kind of secret, with what was missed.
"""

import difflib
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bench._harmless import made_up
from bench._secret_forms import BEYOND, FORMS, PLAIN, Planted, left, planted
from bench._secret_kinds import secrets
from bench.rows import Row
from bot.redaction import StreamRedactor, redact

SEED, EACH, LINES = 20261121, 5, 400
CHUNKS = (1, 3, 16, 61, 500)
IN_PIECES = "split across chunks"


class Caught(NamedTuple):
    """How many of how many."""

    name: str
    caught: int
    planted: int

    @property
    def recall(self) -> float:
        """Return the share that was caught."""
        return self.caught / self.planted


class Catch(NamedTuple):
    """What came of one corpus."""

    by_form: Sequence[Caught]
    by_kind: Sequence[Caught]
    missed: Sequence[Planted]

    @property
    def whole(self) -> Caught:
        """Return the sum of all forms."""
        return _sum("all", self.by_form)

    @property
    def plain(self) -> Caught:
        """Return the sum of the plain forms."""
        return _sum("plain", [each for each in self.by_form if each.name in PLAIN])


class Wrong(NamedTuple):
    """Lines of one source that were changed, without a secret in them."""

    name: str
    lines: int
    changed: Sequence[str]

    @property
    def per_thousand(self) -> float:
        """Return how many lines of 1,000 were changed."""
        return 1000 * len(self.changed) / self.lines


def catch(seed: int, each: int) -> Catch:
    """Redact `each` secrets of every kind in every form."""
    planted_of: Counter[str] = Counter()
    kept_of: Counter[str] = Counter()
    missed = []
    for number, one in enumerate(planted(secrets(seed, each))):
        chunk = CHUNKS[number % len(CHUNKS)]
        outs = {one.form: redact(one.text), IN_PIECES: _in_pieces(one.text, chunk)}
        for form, out in outs.items():
            planted_of.update((form, one.secret.kind))
            if left(one, out):
                kept_of.update((form, one.secret.kind))
                missed.append(one._replace(form=form))

    def rows(names: Iterable[str]) -> list[Caught]:
        return [Caught(name, planted_of[name] - kept_of[name], planted_of[name]) for name in names]

    forms = [*FORMS, IN_PIECES]
    return Catch(rows(forms), rows(sorted(set(planted_of) - set(forms))), missed)


def beyond(seed: int, each: int) -> list[Caught]:
    """Redact secrets in the forms that nothing is promised about."""
    planted_of: Counter[str] = Counter()
    kept_of: Counter[str] = Counter()
    for one in planted(secrets(seed, each), BEYOND):
        planted_of[one.form] += 1
        kept_of[one.form] += bool(left(one, redact(one.text)))
    return [Caught(form, planted_of[form] - kept_of[form], planted_of[form]) for form in BEYOND]


def wrong(texts: Iterable[tuple[str, str]]) -> list[Wrong]:
    """Redact texts without secrets; return the lines that changed, by the texts' names."""
    found: dict[str, Wrong] = {}
    for name, text in texts:
        lines = text.split("\n")
        after = redact(text).split("\n")
        changed = _changed(lines, after) if after != lines else []
        so_far = found.get(name, Wrong(name, 0, []))
        found[name] = Wrong(name, so_far.lines + len(lines), [*so_far.changed, *changed])
    return list(found.values())


def _changed(before: Sequence[str], after: Sequence[str]) -> list[str]:
    if len(before) == len(after):
        return [old for old, new in zip(before, after, strict=True) if old != new]
    compared = difflib.unified_diff(before, after, n=0, lineterm="")
    return [line[1:] for line in compared if line[:1] == "-" and not line.startswith("---")]


def _in_pieces(text: str, size: int) -> str:
    redactor = StreamRedactor()
    fed = [redactor.feed(text[at : at + size]) for at in range(0, len(text), size)]
    return "".join([*fed, redactor.close()])


def _sum(name: str, rows: Sequence[Caught]) -> Caught:
    return Caught(name, sum(row.caught for row in rows), sum(row.planted for row in rows))


async def measure() -> Sequence[Row]:
    """Return the time a text takes, with the shares of what was caught in the names."""
    start = time.perf_counter()
    caught = catch(SEED, EACH)
    seconds = time.perf_counter() - start
    texts = list(made_up(SEED, LINES))
    mistaken = wrong(texts)
    return [
        Row(bench="secrets", name=f"a text with a secret, of {caught.whole.planted:,}",
            ours=seconds / caught.whole.planted),
        Row(bench="secrets", name="caught, plain forms", ours=0, share=caught.plain.recall),
        Row(bench="secrets", name="caught, all forms", ours=0, share=caught.whole.recall),
        Row(bench="secrets", name="harmless lines left alone", ours=0,
            share=1 - sum(len(each.changed) for each in mistaken)
            / sum(each.lines for each in mistaken)),
    ]  # fmt: skip

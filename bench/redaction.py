"""How many generated secrets the redactor finds, and how often it is wrong about other lines.

`theseus bench --only secrets` prints the figures that have a limit; `python -m bench.secret_tables`
prints the complete table, by form and by kind of secret, with the missed ones.
"""

import difflib
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from theseus_observe.redaction import StreamRedactor, redact

from bench._harmless import generate_lines
from bench._secret_forms import BEYOND, FORMS, PLAIN, PlantedSecret, find_leak, plant_secrets
from bench._secret_kinds import generate_secrets
from bench.rows import Row

SEED, EACH, LINES = 20261121, 5, 400
CHUNKS = (1, 3, 16, 61, 500)
IN_PIECES = "split across chunks"


class CatchCount(NamedTuple):
    """How many of how many."""

    name: str
    caught: int
    planted: int

    @property
    def recall(self) -> float:
        """Return the share that was caught."""
        return self.caught / self.planted


class CatchResult(NamedTuple):
    """What came of one corpus."""

    by_form: Sequence[CatchCount]
    by_kind: Sequence[CatchCount]
    missed: Sequence[PlantedSecret]

    @property
    def total(self) -> CatchCount:
        """Return the sum of all forms."""
        return _sum_rows("all", self.by_form)

    @property
    def plain(self) -> CatchCount:
        """Return the sum of the plain forms."""
        return _sum_rows("plain", [each for each in self.by_form if each.name in PLAIN])


class FalsePositives(NamedTuple):
    """Lines of one source that were changed, without a secret in them."""

    name: str
    lines: int
    changed: Sequence[str]

    @property
    def per_thousand(self) -> float:
        """Return how many lines of 1,000 were changed."""
        return 1000 * len(self.changed) / self.lines


def redact_secrets(seed: int, each: int) -> CatchResult:
    """Redact `each` secrets of every kind in every form."""
    planted_of: Counter[str] = Counter()
    find_remaining: Counter[str] = Counter()
    missed = []
    for number, one in enumerate(plant_secrets(generate_secrets(seed, each))):
        chunk = CHUNKS[number % len(CHUNKS)]
        outs = {one.form: redact(one.text), IN_PIECES: _redact_in_pieces(one.text, chunk)}
        for form, out in outs.items():
            planted_of.update((form, one.secret.kind))
            if find_leak(one, out):
                find_remaining.update((form, one.secret.kind))
                missed.append(one._replace(form=form))

    def build_rows(names: Iterable[str]) -> list[CatchCount]:
        return [
            CatchCount(name, planted_of[name] - find_remaining[name], planted_of[name])
            for name in names
        ]

    forms = [*FORMS, IN_PIECES]
    return CatchResult(build_rows(forms), build_rows(sorted(set(planted_of) - set(forms))), missed)


def redact_unpromised(seed: int, each: int) -> list[CatchCount]:
    """Redact secrets in the forms that the redactor does not promise to find."""
    planted_of: Counter[str] = Counter()
    find_remaining: Counter[str] = Counter()
    for one in plant_secrets(generate_secrets(seed, each), BEYOND):
        planted_of[one.form] += 1
        find_remaining[one.form] += bool(find_leak(one, redact(one.text)))
    return [
        CatchCount(form, planted_of[form] - find_remaining[form], planted_of[form])
        for form in BEYOND
    ]


def find_false_positives(texts: Iterable[tuple[str, str]]) -> list[FalsePositives]:
    """Redact texts without secrets; return the lines that changed, by the texts' names."""
    found: dict[str, FalsePositives] = {}
    for name, text in texts:
        lines = text.split("\n")
        after = redact(text).split("\n")
        changed = _list_changed(lines, after) if after != lines else []
        so_far = found.get(name, FalsePositives(name, 0, []))
        found[name] = FalsePositives(name, so_far.lines + len(lines), [*so_far.changed, *changed])
    return list(found.values())


def _list_changed(before: Sequence[str], after: Sequence[str]) -> list[str]:
    if len(before) == len(after):
        return [old for old, new in zip(before, after, strict=True) if old != new]
    compared = difflib.unified_diff(before, after, n=0, lineterm="")
    return [line[1:] for line in compared if line[:1] == "-" and not line.startswith("---")]


def _redact_in_pieces(text: str, size: int) -> str:
    redactor = StreamRedactor()
    fed = [redactor.feed(text[at : at + size]) for at in range(0, len(text), size)]
    return "".join([*fed, redactor.close()])


def _sum_rows(name: str, rows: Sequence[CatchCount]) -> CatchCount:
    return CatchCount(name, sum(row.caught for row in rows), sum(row.planted for row in rows))


async def measure() -> Sequence[Row]:
    """Return the time a text takes, with the shares of what was caught in the names."""
    start = time.perf_counter()
    caught = redact_secrets(SEED, EACH)
    seconds = time.perf_counter() - start
    texts = list(generate_lines(SEED, LINES))
    mistaken = find_false_positives(texts)
    return [
        Row(bench="secrets", name=f"a text with a secret, of {caught.total.planted:,}",
            ours=seconds / caught.total.planted),
        Row(bench="secrets", name="caught, plain forms", ours=0, share=caught.plain.recall),
        Row(bench="secrets", name="caught, all forms", ours=0, share=caught.total.recall),
        Row(bench="secrets", name="harmless lines left alone", ours=0,
            share=1 - sum(len(each.changed) for each in mistaken)
            / sum(each.lines for each in mistaken)),
    ]  # fmt: skip

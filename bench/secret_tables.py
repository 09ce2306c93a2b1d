"""Print the tables of `docs/secrets.md`: `python -m bench.secret_tables`."""

import sys
from collections.abc import Iterator, Sequence

from theseus_observe.redaction import redact

from bench._harmless import generate_lines, iterate_sources
from bench.published_secrets import search_examples
from bench.redaction import (
    EACH,
    LINES,
    SEED,
    CatchCount,
    find_false_positives,
    redact_secrets,
    redact_unpromised,
)


def render_tables() -> Iterator[str]:
    """Yield the tables, and some of what was missed."""
    caught = redact_secrets(SEED, EACH)
    yield f"{caught.total.planted:,} texts, {len(caught.by_kind)} kinds, seed {SEED}"
    yield _render_table("form", [*caught.by_form, caught.plain, caught.total])
    yield _render_table("kind", caught.by_kind)
    yield _render_table("form nothing is promised about", redact_unpromised(SEED, EACH))
    lines = ["| lines without secrets | lines | changed | of 1,000 |", "|---|---:|---:|---:|"]
    for each in find_false_positives([*iterate_sources(), *generate_lines(SEED, LINES)]):
        told = f"{each.lines:,} | {len(each.changed)} | {each.per_thousand:.2f}"
        lines.append(f"| {each.name} | {told} |")
    yield "\n".join(lines)
    published = search_examples(redact)
    yield f"published kinds: {published.caught_count} of {published.kinds}"
    yield f"missed kinds: {published.missed}"
    for one in caught.missed[:20]:
        yield f"missed: {one.secret.kind}, {one.form}: {one.text[:120]!r}"


def _render_table(name: str, rows: Sequence[CatchCount]) -> str:
    lines = [f"| {row.name} | {row.planted:,} | {row.recall:.1%} |" for row in rows]
    return "\n".join([f"| {name} | texts | caught |", "|---|---:|---:|", *lines])


if __name__ == "__main__":
    sys.stdout.writelines(f"{table}\n\n" for table in render_tables())

"""Writes records as NDJSON or CSV: redacted, and safe to open in a spreadsheet.

Of the journal, what people typed and the values of arguments are not exported, only what the list
shows.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping

from bot.domain.journal import Action
from bot.infra.html_templates import format_value

COLUMNS = (
    "ts", "id", "event", "kind", "outcome", "duration_ms", "user", "run_id", "incident_id",
    "commit", "exception", "message", "fingerprint", "cost_usd", "tokens_in", "tokens_out",
)  # fmt: skip
MEDIA_TYPES: Mapping[str, str] = {"ndjson": "application/x-ndjson", "csv": "text/csv"}
# A spreadsheet runs a cell that begins with one of these, also in their full-width form.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", "|", "%")

Cell = str | int | float | None


def build_row(action: Action, incident_id: str | None) -> dict[str, Cell]:
    """Return the exported columns of a record; texts are redacted."""
    error = action.error
    row: dict[str, Cell] = {
        "ts": action.ts.isoformat(),
        "id": action.id,
        "event": action.event,
        "kind": action.kind.value,
        "outcome": action.outcome.value,
        "duration_ms": action.duration_ms,
        "user": action.user,
        "run_id": action.run_id,
        "incident_id": incident_id,
        "commit": action.commit,
        "exception": error.exception if error else None,
        "message": error.message if error else None,
        "fingerprint": error.fingerprint if error else None,
        "cost_usd": action.cost_usd,
        "tokens_in": action.tokens_in,
        "tokens_out": action.tokens_out,
    }
    return {name: format_value(v) if isinstance(v, str) else v for name, v in row.items()}


def format_ndjson(rows: Iterable[Mapping[str, Cell]]) -> str:
    """Return a line of JSON for each row."""
    return "".join(json.dumps(dict(row), ensure_ascii=True) + "\n" for row in rows)


def format_head(columns: Iterable[str]) -> str:
    """Return the first line of a CSV file."""
    return ",".join(columns) + "\r\n"


def format_csv(rows: Iterable[Mapping[str, Cell]]) -> str:
    """Return the rows, which all have the same columns in the same order, as CSV without a head."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([escape_cell(cell) for cell in row.values()] for row in rows)
    return text.getvalue()


def escape_cell(value: Cell) -> Cell:
    """Return the cell as text that no spreadsheet takes for a formula; numbers stay numbers."""
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULAS):
        return f"'{value}"
    return value


FORMATS: Mapping[str, Callable[[Iterable[Mapping[str, Cell]]], str]] = {
    "ndjson": format_ndjson,
    "csv": format_csv,
}

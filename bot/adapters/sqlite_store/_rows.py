"""Converts records to rows and back."""

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import structlog
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError
from theseus_guard.record import Record
from theseus_observe.redaction import redact

from bot.domain.errors import StoreError
from bot.domain.history import RECORDS, History, get_field_name, get_stored_name
from bot.domain.run import Run
from bot.infra.database import SqlConnection, SqlRow, stamp

R = TypeVar("R", bound=Record)
_log = structlog.stdlib.get_logger(__name__)

FIELDS = {kind: get_field_name(record) for kind, record in RECORDS.items()}
"""The field of `History` for each kind of record: `ChangeSet` is in `change_set`."""


_FOREIGN_RECORDS = frozenset({"Evidence"})
"""Built from the journal, which is redacted already, and from source in the repository."""
_EXACT = frozenset({"diff", "source"})
"""Code that is run, or checked by the diff guard, must not be changed by redaction."""


class WrittenRow(NamedTuple):
    """A stage record as it is stored."""

    kind: str
    body: str


def dump_record(record: Record) -> str:
    """Return a record as JSON; lone surrogates, which SQLite cannot store, become `?`."""
    try:
        return record.model_dump_json()
    except PydanticSerializationError:
        text = json.dumps(record.model_dump(mode="json"), ensure_ascii=False)
        return text.encode(errors="replace").decode()


def parse(kind: type[R], body: str, where: str) -> R:
    """Parse a stored body. Raises `StoreError`, which names `where` the body is stored.

    Newer code that was rolled back may have stored fields that this version does not know. For
    kinds that allow it, they are ignored, and lost when the record is stored again.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        stripped = _strip_unknown(body, error) if kind.reads_newer else None
        if stripped is not None:
            _log.warning("%s has fields of newer code, which I ignore", where)
            return parse(kind, stripped, where)
        raise StoreError(
            f"The stored {kind.__name__} of {where} cannot be read by this version of Theseus.",
            detail=str(error),
        ) from error


def _strip_unknown(body: str, error: ValidationError) -> str | None:
    """Return the body without unknown fields, or `None` if it has other errors."""
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    if any(item["type"] != "extra_forbidden" for item in errors):
        return None
    fields: Any = json.loads(body)
    try:
        for item in errors:
            *path, name = item["loc"]
            holder = fields
            for step in path:
                holder = holder[step]
            del holder[name]
    except (LookupError, TypeError):  # a step that is not in the JSON: a union's member
        return None
    return json.dumps(fields)


def run_from(row: SqlRow) -> Run:
    """Return the run of a row. The lease has columns, as it changes without a new version."""
    run = parse(Run, row["body"], f"run {row['id']}")
    until = row["lease_until"]
    return run.model_copy(
        update={
            "version": row["version"],
            "lease_owner": row["lease_owner"],
            "lease_until": None if until is None else datetime.fromisoformat(until),
        }
    )


def insert_run(connection: SqlConnection, run: Run) -> None:
    """Insert the row of a new run."""
    connection.execute(
        "INSERT INTO runs (id, trigger_key, status, thread_id, created_at, version, lease_owner,"
        " lease_until, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (run.id, run.trigger.key, *_build_columns(run)),
    )


def update_run(connection: SqlConnection, run: Run) -> None:
    """Replace the row of an existing run."""
    connection.execute(
        "UPDATE runs SET status = ?, thread_id = ?, created_at = ?, version = ?, lease_owner = ?,"
        " lease_until = ?, body = ? WHERE id = ?",
        (*_build_columns(run), run.id),
    )


def _build_columns(run: Run) -> tuple[object, ...]:
    until = None if run.lease_until is None else stamp(run.lease_until)
    return (
        run.status.value,
        run.thread_id,
        stamp(run.created_at),
        run.version,
        run.lease_owner,
        until,
        dump_record(run),
    )


def redact_record(record: Record) -> WrittenRow:
    """Return a stage record as JSON, without secrets in outputs of checks or texts of models.

    This is slow for long outputs, so call it outside of transactions. Raises `StoreError`.
    """
    kind = get_stored_name(record)
    if RECORDS.get(kind) is not type(record):
        raise StoreError(f"{kind} is not a stage record; known are {', '.join(RECORDS)}.")
    body = dump_record(record)
    if kind not in _FOREIGN_RECORDS:
        body = json.dumps(_redact_value(json.loads(body)), ensure_ascii=False)
    return WrittenRow(kind, body)


def _redact_value(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [_redact_value(item) for item in value]
    if isinstance(value, dict):
        return {
            key: inner if key in _EXACT else _redact_value(inner) for key, inner in value.items()
        }
    return value


def append_record(connection: SqlConnection, run: Run, record: WrittenRow) -> None:
    """Append one stage record, numbered after the last of its kind."""
    kind = record.kind
    connection.execute(
        "INSERT INTO stage_records (run_id, kind, number, at, body) SELECT ?, ?,"
        " coalesce(max(number), 0) + 1, ?, ? FROM stage_records WHERE run_id = ? AND kind = ?",
        (run.id, kind, stamp(run.updated_at), record.body, run.id, kind),
    )


def load_history(connection: SqlConnection, run_id: str) -> History:
    """Return the newest record of each kind."""
    rows = connection.execute(
        "SELECT kind, body FROM stage_records WHERE run_id = ? AND (kind, number) IN"
        " (SELECT kind, max(number) FROM stage_records WHERE run_id = ? GROUP BY kind)",
        (run_id, run_id),
    ).fetchall()
    return History().model_copy(
        update={
            FIELDS[row["kind"]]: parse(RECORDS[row["kind"]], row["body"], f"run {run_id}")
            for row in rows
            if row["kind"] in RECORDS
        }
    )


def load_histories(connection: SqlConnection, run_ids: Collection[str]) -> dict[str, History]:
    """Return the histories of these runs; unknown ids are left out."""
    known = "SELECT 1 FROM runs WHERE id = ?"
    return {
        run_id: load_history(connection, run_id)
        for run_id in sorted(run_ids)
        if connection.execute(known, (run_id,)).fetchone() is not None
    }

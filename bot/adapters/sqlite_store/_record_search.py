"""Queries over many records, on their own connection, so that writers of the store never wait."""

from collections.abc import Callable, Sequence
from datetime import datetime

from bot.adapters.sqlite_store._audit_notes import join_note
from bot.adapters.sqlite_store._rows import parse, run_from
from bot.domain.audit import AuditEntry
from bot.domain.record_search import (
    AuditQuery,
    NumberedEntry,
    Paged,
    ResultPage,
    RunQuery,
    RunSummary,
    T,
)
from bot.domain.run import Run, Status
from bot.infra.database import SqlConnection, SqlDatabase, SqlDatabaseOwner, SqlRow, stamp
from bot.infra.sqlite import replace_surrogates

_SUMMARIES = """
    SELECT id, status, json_extract(body, '$.goal') AS goal,
        coalesce(json_extract(body, '$.trigger.origin'), 'person') AS origin,
        substr(coalesce(nullif(json_extract(body, '$.trigger.subject'), ''),
            json_extract(body, '$.trigger.text')), 1, 120) AS about,
        created_at, json_extract(body, '$.updated_at') AS updated_at,
        CAST(coalesce(json_extract(body, '$.cost_usd'), '0') AS DOUBLE PRECISION) AS cost_usd,
        (SELECT CAST(json_extract(kept.body, '$.number') AS BIGINT) FROM stage_records AS kept
            WHERE run_id = runs.id AND kind = 'Proposal' ORDER BY number DESC LIMIT 1) AS number,
        (SELECT min(at) FROM stage_records
            WHERE run_id = runs.id AND kind = 'Proposal') AS proposed_at,
        (SELECT min(at) FROM approvals WHERE run_id = runs.id) AS approved_at,
        (SELECT min(at) FROM stage_records AS kept
            WHERE run_id = runs.id AND kind = 'Shipment'
            AND coalesce(CAST(json_extract(kept.body, '$.restart_needed') AS TEXT), '0')
                IN ('0', 'false')
            AND coalesce(json_extract(kept.body, '$.undeployed'), '') = ''
            AND coalesce(json_extract(kept.body, '$.failed'), '{}') = '{}') AS live_at,
        (SELECT json_extract(kept.body, '$.verdict') FROM stage_records AS kept
            WHERE run_id = runs.id AND kind = 'Outcome' ORDER BY number DESC LIMIT 1) AS verdict,
        EXISTS (SELECT 1 FROM stage_records
            WHERE run_id = runs.id AND kind IN ('Watch', 'UseWatch')) AS watched,
        EXISTS (SELECT 1 FROM stage_records AS kept
            WHERE run_id = runs.id AND (kind = 'Revision' OR kind = 'Instructions'
            OR (kind = 'Answer' AND json_extract(kept.body, '$.person') IS NOT NULL))) AS helped
    FROM runs WHERE created_at >= ? ORDER BY created_at DESC, rowid DESC LIMIT ?
"""
_ABOUT_RUN = "id || ' ' || coalesce(json_extract(body, '$.trigger.subject'), '') || ' ' ||" \
    " json_extract(body, '$.trigger.text')"  # fmt: skip
_ABOUT_ENTRY = " || ' ' || ".join(
    f"coalesce({each}, '')"
    for each in (
        "text",  # the note's text; entries of older versions contain it
        *(f"json_extract(body, '$.{name}')" for name in ("note", "how", "run_id", "head")),
    )
)
_ENTRIES = "SELECT number, body, text FROM audit_log LEFT JOIN audit_notes USING (number)"

Condition = tuple[str, Sequence[object]]


class SqlRecordSearch(SqlDatabaseOwner[SqlDatabase]):
    """Implements `bot.ports.record_search.RecordSearch` on the store's database.

    Open it before use. Both the store and this class migrate the schema.
    """

    async def list_summaries(self, *, since: datetime, limit: int = 20_000) -> Sequence[RunSummary]:
        """Return the runs begun since then, newest first."""

        def work(connection: SqlConnection) -> tuple[RunSummary, ...]:
            return tuple(map(_parse_summary, connection.execute(_SUMMARIES, (stamp(since), limit))))

        return await self._database.read(work)

    async def search_runs(self, query: RunQuery) -> ResultPage[Run]:
        """Return the matching runs, newest first."""
        statuses = sorted(status.value for status in query.statuses)
        conditions: list[Condition] = [_match_text(_ABOUT_RUN, query.text)] if query.text else []
        if statuses:
            conditions.append((f"status IN ({', '.join('?' * len(statuses))})", statuses))
        if query.goal is not None:
            conditions.append(("json_extract(body, '$.goal') = ?", (query.goal,)))
        if query.since is not None:
            conditions.append(("created_at >= ?", (stamp(query.since),)))
        return await self._read_page(
            "SELECT * FROM runs", conditions, "created_at DESC, rowid DESC", query, run_from
        )

    async def search_audit(self, query: AuditQuery) -> ResultPage[NumberedEntry]:
        """Return the matching audit entries, newest first."""
        conditions: list[Condition] = [_match_text(_ABOUT_ENTRY, query.text)] if query.text else []
        if query.action:
            conditions.append(("action = ?", (replace_surrogates(query.action),)))
        if query.person:
            conditions.append(_match_person(query.person))
        if query.result:
            allowed = ("1", "true") if query.result == "allowed" else ("0", "false")
            conditions.append(("CAST(json_extract(body, '$.allowed') AS TEXT) IN (?, ?)", allowed))
        if query.since is not None:
            conditions.append(("at >= ?", (stamp(query.since),)))
        return await self._read_page(_ENTRIES, conditions, "number DESC", query, _parse_entry)

    async def list_audit_actions(self) -> Sequence[str]:
        """Return all actions in the audit log."""

        def work(connection: SqlConnection) -> tuple[str, ...]:
            rows = connection.execute("SELECT DISTINCT action FROM audit_log ORDER BY action")
            return tuple(row["action"] for row in rows)

        return await self._database.read(work)

    async def _read_page(
        self,
        select: str,
        conditions: Sequence[Condition],
        order: str,
        query: Paged,
        read: Callable[[SqlRow], T],
    ) -> ResultPage[T]:
        where = " AND ".join(condition for condition, _ in conditions) or "1 = 1"
        values = [value for _, condition_values in conditions for value in condition_values]
        sql = f"{select} WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"

        def work(connection: SqlConnection) -> list[SqlRow]:
            return connection.execute(sql, (*values, query.size + 1, query.offset)).fetchall()

        rows = await self._database.read(work)
        return ResultPage([read(row) for row in rows[: query.size]], len(rows) > query.size)


def _match_text(text: str, needle: str) -> Condition:
    """Return the condition that a text contains another text, ignoring case."""
    return f"instr(lower({text}), lower(?)) > 0", (replace_surrogates(needle),)


def _match_person(person: str) -> Condition:
    name_matches, value = _match_text("coalesce(json_extract(body, '$.person.name'), '')", person)
    id_matches = "CAST(json_extract(body, '$.person.id') AS TEXT) = ?"
    return f"({id_matches} OR {name_matches})", (replace_surrogates(person), *value)


def _parse_entry(row: SqlRow) -> NumberedEntry:
    entry = parse(AuditEntry, row["body"], f"entry {row['number']}")
    return NumberedEntry(row["number"], join_note(entry, row["text"]))


def _parse_summary(row: SqlRow) -> RunSummary:
    fields = {name: row[name] for name in RunSummary._fields}
    times = {name: _parse_time(fields[name]) for name in fields if name.endswith("_at")}
    flags = {name: bool(fields[name]) for name in ("watched", "helped")}
    return RunSummary(**{**fields, **times, **flags, "status": Status(row["status"])})


def _parse_time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)

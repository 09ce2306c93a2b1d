"""Checks the audit log: each row, then its end against the data outside the database."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.adapters.sqlite_store._audit_rows import AuditRow, is_valid_seal
from bot.domain.audit import AuditBreak, AuditHead, AuditState, BreakKind


class AuditChainCheck:
    """Checks rows in their order; `finish` returns the result.

    Without a `key`, only the chain is checked, not the seals. With `from_the_start`, the first row
    must be the first ever written, or continue from a checkpoint.
    """

    def __init__(
        self, key: bytes | None, heads: Sequence[AuditHead] = (), *, from_the_start: bool = True
    ) -> None:
        self._key = key
        self._heads = tuple(heads)
        self._numbers = {head.number for head in self._heads}
        self._hashes: dict[int, str] = {}
        self._from_the_start = from_the_start
        self._first: AuditRow | None = None
        self._last: AuditRow | None = None
        self._sealed_from: int | None = None
        self._checkpoints: set[tuple[int, str]] = set()
        self._broken: AuditBreak | None = None
        self._accepted: AuditBreak | None = None
        self._accepted_at: datetime | None = None
        self.accepted_number = 0  # of the last entry in which a person accepted a break

    def take(self, row: AuditRow) -> None:
        """Check one row against the previous one."""
        self._first = self._first or row
        genuine = self._check_row(row)
        if genuine and row.accepts:
            self._accept(row)
        if genuine and row.checkpoint is not None:
            self._checkpoints.add(row.checkpoint)
        if row.number in self._numbers:
            self._hashes[row.number] = row.hash
        self._last = row

    def finish(self, anchor: AuditHead | None = None, *, anchored: bool = False) -> AuditState:
        """Return the result for all rows; `anchor` is the known end of the log.

        With `anchored`, a missing anchor is a break too.
        """
        if self._from_the_start:
            self._start()
        if anchor is not None:
            self._check_head(anchor, "cut")
        elif anchored and self._sealed_from is not None and self._last is not None:
            problem = "audit.head is missing or forged, so I cannot see if entries were cut off"
            self._note(self._last.number, "head", problem)
        for head in self._heads:
            before = head.at and self._accepted_at and head.at <= self._accepted_at
            if head is not anchor and not before:
                self._check_head(head, "journal")
        return AuditState(
            first=self._first.number if self._first else 0,
            last=self._last.number if self._last else 0,
            hash=self._last.hash if self._last else "",
            sealed_from=self._sealed_from,
            broken=self._broken,
            accepted=self._accepted,
        )

    def _check_row(self, row: AuditRow) -> bool:
        before, number = self._last, row.number
        if before is not None and number > before.number + 1:
            problem = f"{_describe_gap(before.number + 1, number - 1)} missing"
            self._note(before.number + 1, "missing", problem)
        if before is not None and (number <= before.number or row.previous != before.hash):
            self._note(number, "order", f"entry {number} does not follow the one before it")
        if not row.holds:
            self._note(number, "changed", f"entry {number} is not as it was written")
            return False
        if not row.has_seal:
            if self._sealed_from is not None:
                self._note(
                    number, "downgraded", f"entry {number} has no seal, although it must have one"
                )
            return False
        self._sealed_from = self._sealed_from or number
        if self._key is not None and not is_valid_seal(row.seal, row.hash, self._key):
            problem = f"entry {number} was not written by this bot, or audit.key has changed"
            self._note(number, "seal", problem)
            return False
        return True

    def _start(self) -> None:
        """Check that the log begins at its beginning."""
        first = self._first
        if first is None:
            return
        begins = first.number == 1 and not first.previous
        is_explained = begins or (first.number - 1, first.previous) in self._checkpoints
        if not is_explained and self._accepted_at is None:
            problem = f"entries before {first.number} are missing, and no checkpoint explains it"
            self._note(1, "missing", problem)

    def _check_head(self, head: AuditHead, kind: BreakKind) -> None:
        """Check the log against an end that it is known to have had."""
        last = self._last.number if self._last else 0
        source = "audit.head" if kind == "cut" else "the journal"
        if head.number > last:
            problem = f"{_describe_gap(last + 1, head.number)} missing, as {source} shows"
            self._note(last + 1, kind, problem)
        elif self._hashes.get(head.number, head.hash) != head.hash:
            problem = f"entry {head.number} is different from the one in {source}"
            self._note(head.number, kind, problem)

    def _accept(self, row: AuditRow) -> None:
        entry = row.entry
        noted = AuditBreak(number=row.number, kind="head", summary=entry.note if entry else "")
        self._accepted, self._broken = self._broken or noted, None
        self._accepted_at = entry.at if entry else None
        self.accepted_number = row.number

    def _note(self, number: int, kind: BreakKind, what: str) -> None:
        """Record the first break."""
        if self._broken is None:
            summary = f"{what[0].upper()}{what[1:]}."
            self._broken = AuditBreak(number=number, kind=kind, summary=summary)


def _describe_gap(first: int, last: int) -> str:
    return f"entry {first} is" if first == last else f"entries {first} to {last} are"


def check_rows(rows: Iterable[AuditRow], key: bytes | None) -> AuditState:
    """Return the result for rows alone, wherever they begin and end."""
    check = AuditChainCheck(key, from_the_start=False)
    for row in rows:
        check.take(row)
    return check.finish()

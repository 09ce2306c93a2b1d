"""`GET /health`, `/health/ready` and `/health/info`."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import AwareDatetime
from theseus_guard.record import Record
from theseus_observe.redaction import redact

from bot.domain.backup import BackupStatus
from bot.domain.errors import StoreError, TheseusError
from bot.domain.run import FINAL_STATUSES, Status
from bot.web._collaborators import WebServices
from bot.web._responses import as_json

_PROBE = "web:probe"
_MOST = 500


class Probe(Record):
    """The record that is written to test whether the store can be written."""

    at: AwareDatetime


class Health:
    """Serves the health of the bot."""

    def __init__(self, services: WebServices) -> None:
        self._services = services
        self.since = services.clock.now()

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """The handlers by the name of their route."""
        return {
            "health": self.serve_liveness,
            "ready": self.serve_readiness,
            "info": self.serve_info,
        }

    async def serve_liveness(self, _: web.Request) -> web.Response:
        """Answer 200: an answer proves that the event loop is running."""
        return as_json({"status": "ok"})

    async def serve_readiness(self, _: web.Request) -> web.Response:
        """Answer 200 if the bot can work, else 503 with the reasons, from a fixed set of texts."""
        reasons = await self.find_problems()
        status = 503 if reasons else 200
        return as_json({"ready": not reasons, "reasons": reasons}, status)

    async def find_problems(self) -> list[str]:
        """Return the reasons why the bot cannot work; none if it can."""
        reasons = []
        if (closing := self._services.facts.closing()) is not None:
            reasons.append(closing)
        if not self._services.facts.connection().ready:
            reasons.append("the gateway is not connected")
        try:
            await self._services.key_values.put(_PROBE, Probe(at=self._services.clock.now()))
            reasons.extend(self._services.facts.storage())
        except StoreError:
            reasons.extend(self._services.facts.storage() or ["the store cannot be written"])
        try:
            if await self.is_stopped():
                reasons.append("the emergency stop is active")
        except TheseusError:
            reasons.append("the state of the emergency stop cannot be read")
        return reasons

    async def is_stopped(self) -> bool:
        """Return whether the emergency stop is active."""
        emergency = self._services.emergency
        return emergency is not None and await emergency.get_stop() is not None

    async def serve_info(self, _: web.Request) -> web.Response:
        """Answer with facts about the running program."""
        return as_json(await self.describe())

    async def describe(self) -> dict[str, object]:
        """Return facts about the running program, without secrets."""
        facts, connection, now = (
            self._services.facts,
            self._services.facts.connection(),
            self._services.clock.now(),
        )
        known = (
            self._services.incidents.list_incidents()
            if self._services.incidents is not None
            else ()
        )
        description: dict[str, object] = {
            "commit": facts.commit(),
            "since": self.since.isoformat(timespec="seconds"),
            "uptime_seconds": round((now - self.since).total_seconds()),
            "gateway": "connected" if connection.ready else "not connected",
            "gateway_latency_ms": connection.milliseconds,
            "commands": redact(facts.commands() or "all shown"),
            "engine": redact(facts.engine),
            "sandbox": redact(facts.sandbox),
            "stopped": await self.is_stopped(),
            "runs_active": await self._count_active_runs(),
            "state": "; ".join(facts.storage()) or "usable",
            "incidents_open": sum(each.open for each in known),
        }
        if self._services.backups is not None:
            description["backup"] = await self._describe_backup(self._services.backups, now)
        return description | {name: redact(text) for name, text in facts.more.items()}

    async def _count_active_runs(self) -> int | None:
        """Return the number of runs that have not ended; `None` if the state cannot be read."""
        try:
            active = await self._services.store.find(
                status=set(Status) - FINAL_STATUSES, limit=_MOST
            )
        except StoreError:
            return None
        return len(active)

    async def _describe_backup(
        self, backups: Callable[[], Awaitable[BackupStatus]], now: datetime
    ) -> dict[str, object]:
        """Return when the newest backup was made, and whether one failed or is overdue."""
        try:
            status = await backups()
        except StoreError:
            return {"readable": False}
        newest = status.newest
        return {
            "readable": True,
            "newest": newest.made_at.isoformat(timespec="seconds") if newest else None,
            "age_seconds": round((now - newest.made_at).total_seconds()) if newest else None,
            "failing": bool(status.failure),
            "overdue": status.overdue,
        }

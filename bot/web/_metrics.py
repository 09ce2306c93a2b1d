"""`GET /metrics`: the Prometheus text format, 0.0.4.

The format is written by hand: a dozen numbers that are read on demand need no registry, and their
labels come from enumerations, so their number is bounded. A client library would be one more
dependency to keep up to date.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from aiohttp import web

from bot.domain.cost import Cost
from bot.domain.errors import StoreError
from bot.domain.incident import Severity
from bot.domain.run import Status
from bot.web._collaborators import WebServices
from bot.web._counters import ActionCounter
from bot.web._record_pages import AUDITED

TYPE = "text/plain; version=0.0.4; charset=utf-8"
_RUNS = 500
_FAILING = "1 if the last backup failed or one is overdue."
_STATM = Path("/proc/self/statm")
_PAGE_BYTES = 4096

Labels = Mapping[str, str]
Value = tuple[Labels, float]


class Metrics:
    """Reads the metrics at each request."""

    def __init__(
        self, services: WebServices, counter: ActionCounter, webhooks: Counter[str]
    ) -> None:
        self._services = services
        self._counter = counter
        self._webhooks = webhooks
        self._since = services.clock.now()

    async def serve(self, _: web.Request) -> web.Response:
        """Answer with all metrics."""
        runs = await self._services.store.find(limit=_RUNS)
        by_status = Counter(run.status for run in runs)
        parts = [
            _format_counter(
                "theseus_actions_total", "Journalled actions since the start.",
                (
                    ({"kind": kind, "outcome": outcome}, count)
                    for (kind, outcome), count in sorted(self._counter.actions.items())
                ),
            ),
            _format_gauge(
                "theseus_runs", f"Runs among the newest {_RUNS}.",
                [({"status": str(each)}, by_status[each]) for each in Status],
            ),
            _format_counter(
                "theseus_webhook_requests_total", "Webhook deliveries by result.",
                [({"result": result}, count) for result, count in sorted(self._webhooks.items())],
            ),
            *self._collect_states(),
            *(await self._collect_messages()),
            *self._collect_alerts(),
            *(await self._collect_costs()),
            *(await self._collect_stop()),
            await self._collect_audit(),
            *(await self._collect_backups()),
        ]  # fmt: skip
        return web.Response(body="".join(parts).encode(), headers={"Content-Type": TYPE})

    def _collect_states(self) -> Iterable[str]:
        now = self._services.clock.now()
        known = (
            self._services.incidents.list_incidents()
            if self._services.incidents is not None
            else ()
        )
        severities = Counter(each.severity for each in known if each.open)
        yield _format_gauge("theseus_incidents_open", "Open incidents.", [({}, severities.total())])
        by_severity = [({"severity": str(each)}, severities[each]) for each in Severity]
        yield _format_gauge("theseus_incidents", "Open incidents, by severity.", by_severity)
        ready = float(self._services.facts.connection().ready)
        yield _format_gauge(
            "theseus_gateway_connected", "1 while the chat is connected.", [({}, ready)]
        )
        up = (now - self._since).total_seconds()
        yield _format_gauge("theseus_uptime_seconds", "Seconds since the start.", [({}, up)])
        started: list[Value] = [({}, self._since.timestamp())]
        yield _format_gauge(
            "process_start_time_seconds", "Start time, in seconds since 1970.", started
        )
        if self._counter.newest is not None:
            age = max(now.timestamp() - self._counter.newest, 0.0)
            yield _format_gauge(
                "theseus_last_action_age_seconds", "Seconds since the last action.", [({}, age)]
            )
        resident = _read_resident_bytes()
        if resident is not None:
            yield _format_gauge(
                "process_resident_memory_bytes", "Resident memory.", [({}, resident)]
            )

    async def _collect_messages(self) -> Iterable[str]:
        if self._services.outbox is None:
            return ()
        depth = await self._services.outbox.get_depth()
        refused = "Stored messages that the chat refused permanently."
        return (
            _format_gauge("theseus_outbox_waiting", "Messages to be sent.", [({}, depth.waiting)]),
            _format_gauge("theseus_outbox_refused", refused, [({}, depth.refused)]),
        )

    def _collect_alerts(self) -> Iterable[str]:
        if self._services.alerts is None:
            return ()
        description = "Alerts by channel and result, since the start."
        sent: list[Value] = [
            ({"channel": channel, "result": result}, count)
            for (channel, result), count in sorted(self._services.alerts.items())
        ]
        return (_format_counter("theseus_alerts_total", description, sent),)

    async def _collect_costs(self) -> Iterable[str]:
        if self._services.ledger is None:
            return ()
        costs: Cost = await self._services.ledger.sum_costs(since=self._since)
        tokens = [
            ({"direction": "in"}, costs.tokens_in),
            ({"direction": "out"}, costs.tokens_out),
        ]
        return (
            _format_counter(
                "theseus_model_cost_usd_total", "Spent since the start.", [({}, costs.cost_usd)]
            ),
            _format_counter("theseus_model_tokens_total", "Tokens since the start.", tokens),
        )

    async def _collect_audit(self) -> str:
        state = await self._services.store.verify_audit_log(tail=AUDITED)
        description = f"1 if the newest {AUDITED} entries of the audit log were changed or cut."
        broken = float(state.broken is not None)
        return _format_gauge("theseus_audit_breaks", description, [({}, broken)])

    async def _collect_backups(self) -> Iterable[str]:
        """Return the age of the newest backup, if there is one, and whether backups are failing."""
        if self._services.backups is None:
            return ()
        try:
            status = await self._services.backups()
        except StoreError:
            return (_format_gauge("theseus_backup_failing", _FAILING, [({}, 1.0)]),)
        failing = float(bool(status.failure) or status.overdue)
        gauges = [_format_gauge("theseus_backup_failing", _FAILING, [({}, failing)])]
        if status.newest is not None:
            age = (self._services.clock.now() - status.newest.made_at).total_seconds()
            gauges.append(
                _format_gauge(
                    "theseus_backup_age_seconds", "Seconds since the newest backup.", [({}, age)]
                )
            )
        return gauges

    async def _collect_stop(self) -> Iterable[str]:
        if self._services.emergency is None:
            return ()
        active = await self._services.emergency.get_stop() is not None
        return (
            _format_gauge(
                "theseus_stopped", "1 while the emergency stop is active.", [({}, float(active))]
            ),
        )


def _format_counter(name: str, description: str, values: Iterable[Value]) -> str:
    return _format_metric(name, description, "counter", values)


def _format_gauge(name: str, description: str, values: Iterable[Value]) -> str:
    return _format_metric(name, description, "gauge", values)


def _format_metric(name: str, description: str, kind: str, values: Iterable[Value]) -> str:
    lines = [f"# HELP {name} {description}", f"# TYPE {name} {kind}"]
    lines += [f"{name}{_format_labels(labels)} {value:.14g}" for labels, value in values]
    return "\n".join(lines) + "\n"


def _format_labels(labels: Labels) -> str:
    named = ",".join(f'{name}="{_escape(value)}"' for name, value in labels.items())
    return f"{{{named}}}" if named else ""


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _read_resident_bytes() -> float | None:
    """Return the resident memory of this process; `None` if the system does not report it."""
    try:
        return int(_STATM.read_text().split()[1]) * _PAGE_BYTES
    except (OSError, ValueError, IndexError):
        return None

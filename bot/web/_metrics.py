"""`GET /metrics`: the Prometheus text format, 0.0.4.

Labels come from enumerations, so their number is bounded.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily as Total
from prometheus_client.core import GaugeMetricFamily as Gauge
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from bot.domain.cost import Cost
from bot.domain.errors import StoreError
from bot.domain.incident import Severity
from bot.domain.run import Status
from bot.web._collaborators import WebServices
from bot.web._counters import ActionCounter
from bot.web._record_pages import AUDITED

_RUNS = 500
_FAILING = "1 if the last backup failed or one is overdue."
_STATM = Path("/proc/self/statm")
_PAGE_BYTES = 4096


class _Snapshot(Collector):
    """Metrics that were read for one request: a collector cannot await the store itself."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


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
        actions = (
            ({"kind": kind, "outcome": outcome}, count)
            for (kind, outcome), count in sorted(self._counter.actions.items())
        )
        states = (({"status": str(each)}, by_status[each]) for each in Status)
        deliveries = (
            ({"result": result}, count) for result, count in sorted(self._webhooks.items())
        )
        metrics = [
            _fill(Total("theseus_actions", "Journalled actions since the start."), actions),
            _fill(Gauge("theseus_runs", f"Runs among the newest {_RUNS}."), states),
            _fill(Total("theseus_webhook_requests", "Webhook deliveries by result."), deliveries),
            *self._collect_states(),
            *(await self._collect_messages()),
            *self._collect_alerts(),
            *(await self._collect_costs()),
            *(await self._collect_stop()),
            await self._collect_audit(),
            *(await self._collect_backups()),
        ]
        return web.Response(
            body=generate_latest(_Snapshot(metrics)),
            headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4},
        )

    def _collect_states(self) -> Iterable[Metric]:
        now = self._services.clock.now()
        known = (
            self._services.incidents.list_incidents()
            if self._services.incidents is not None
            else ()
        )
        severities = Counter(each.severity for each in known if each.open)
        yield Gauge("theseus_incidents_open", "Open incidents.", severities.total())
        by_severity = [({"severity": str(each)}, severities[each]) for each in Severity]
        yield _fill(Gauge("theseus_incidents", "Open incidents, by severity."), by_severity)
        ready = float(self._services.facts.connection().ready)
        yield Gauge("theseus_gateway_connected", "1 while the chat is connected.", ready)
        up = (now - self._since).total_seconds()
        yield Gauge("theseus_uptime_seconds", "Seconds since the start.", up)
        # The library's `ProcessCollector` reads /proc alone: on macOS, alerts would lack this.
        started = self._since.timestamp()
        yield Gauge("process_start_time_seconds", "Start time, in seconds since 1970.", started)
        if self._counter.newest is not None:
            age = max(now.timestamp() - self._counter.newest, 0.0)
            yield Gauge("theseus_last_action_age_seconds", "Seconds since the last action.", age)
        resident = _read_resident_bytes()
        if resident is not None:
            yield Gauge("process_resident_memory_bytes", "Resident memory.", resident)

    async def _collect_messages(self) -> Iterable[Metric]:
        if self._services.outbox is None:
            return ()
        depth = await self._services.outbox.get_depth()
        refused = "Stored messages that the chat refused permanently."
        return (
            Gauge("theseus_outbox_waiting", "Messages to be sent.", depth.waiting),
            Gauge("theseus_outbox_refused", refused, depth.refused),
        )

    def _collect_alerts(self) -> Iterable[Metric]:
        if self._services.alerts is None:
            return ()
        description = "Alerts by channel and result, since the start."
        sent = (
            ({"channel": channel, "result": result}, count)
            for (channel, result), count in sorted(self._services.alerts.items())
        )
        return (_fill(Total("theseus_alerts", description), sent),)

    async def _collect_costs(self) -> Iterable[Metric]:
        if self._services.ledger is None:
            return ()
        costs: Cost = await self._services.ledger.sum_costs(since=self._since)
        tokens = [
            ({"direction": "in"}, costs.tokens_in),
            ({"direction": "out"}, costs.tokens_out),
        ]
        return (
            Total("theseus_model_cost_usd", "Spent since the start.", costs.cost_usd),
            _fill(Total("theseus_model_tokens", "Tokens since the start."), tokens),
        )

    async def _collect_audit(self) -> Metric:
        state = await self._services.store.verify_audit_log(tail=AUDITED)
        description = f"1 if the newest {AUDITED} entries of the audit log were changed or cut."
        return Gauge("theseus_audit_breaks", description, float(state.broken is not None))

    async def _collect_backups(self) -> Iterable[Metric]:
        """Return the age of the newest backup, if there is one, and whether backups are failing."""
        if self._services.backups is None:
            return ()
        try:
            status = await self._services.backups()
        except StoreError:
            return (Gauge("theseus_backup_failing", _FAILING, 1.0),)
        failing = float(bool(status.failure) or status.overdue)
        gauges = [Gauge("theseus_backup_failing", _FAILING, failing)]
        if status.newest is not None:
            age = (self._services.clock.now() - status.newest.made_at).total_seconds()
            description = "Seconds since the newest backup."
            gauges.append(Gauge("theseus_backup_age_seconds", description, age))
        return gauges

    async def _collect_stop(self) -> Iterable[Metric]:
        if self._services.emergency is None:
            return ()
        active = await self._services.emergency.get_stop() is not None
        return (Gauge("theseus_stopped", "1 while the emergency stop is active.", float(active)),)


def _fill(metric: Total | Gauge, values: Iterable[tuple[Mapping[str, str], float]]) -> Metric:
    """Add a value for each set of labels."""
    name = f"{metric.name}_total" if isinstance(metric, Total) else metric.name
    for labels, value in values:
        metric.add_sample(name, dict(labels), value)
    return metric


def _read_resident_bytes() -> float | None:
    """Return the resident memory of this process; `None` if the system does not report it."""
    try:
        return int(_STATM.read_text().split()[1]) * _PAGE_BYTES
    except (OSError, ValueError, IndexError):
        return None

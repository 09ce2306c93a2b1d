"""Sends alerts outside the chat: each alert once per channel, and its end once."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from bot.domain.alert import Alert, AlertDelivery, AlertRules
from bot.domain.errors import AlertRejected, AlertUnavailable, PortError, StoreError
from bot.monitoring.alert_sources import AlertSources
from bot.monitoring.chat_reach import ChatReach
from bot.periodic import log_tracebacks, run_periodically
from bot.ports.alert_channel import AlertChannel
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore

TURN_SECONDS = 5.0
_PREFIX = "alert:"
_PAUSES = (5.0, 15.0, 60.0, 300.0)  # seconds between attempts; the last value repeats
_TRIED = timedelta(days=1)  # then the channel is given up for this alert
_RETENTION = timedelta(days=30)
_OPEN_RETENTION = timedelta(
    days=400
)  # longer: without its record an open alert would be sent again
_log = structlog.stdlib.get_logger(__name__)


class AlertDispatcher:
    """Sends the alerts of `AlertSources`, and those given to `send_alert`, through every channel.

    An alert is stored before it is sent, so nothing is sent twice after a restart. If it cannot be
    stored, it is sent anyway, and this process does not repeat it. `first` holds alerts that exist
    from the start.
    """

    def __init__(
        self,
        channels: Sequence[AlertChannel],
        sources: AlertSources,
        reach: ChatReach,
        key_values: KeyValueStore,
        clock: Clock,
        *,
        first: Sequence[Alert] = (),
    ) -> None:
        self._channels = tuple(channels)
        self._sources = sources
        self._reach = reach
        self._key_values = key_values
        self._clock = clock
        self._known: dict[str, AlertDelivery] | None = None
        self._unsaved: set[str] = set()
        self._next: dict[tuple[str, str, str], tuple[int, float]] = {}
        self._turning = asyncio.Lock()
        self._first = tuple(first)
        self.sent: Counter[tuple[str, str]] = Counter()
        """Alerts since the start, by channel and result (`sent`, `failed` or `refused`)."""

    def reconfigure(self, rules: AlertRules) -> None:
        """Use these rules from now on. The channels do not change before a restart."""
        self._sources.reconfigure(rules)
        self._reach.reconfigure(timedelta(seconds=rules.down_seconds))

    async def run_forever(self) -> None:
        """Look and send, every few seconds, until cancelled."""
        failed = log_tracebacks(_log, "alerts could not be sent; I will try again")
        await run_periodically(self.turn, self._clock, TURN_SECONDS, failed=failed)

    async def send_alert(self, alert: Alert) -> None:
        """Queue an alert that is not an incident, for example a code rollback; once per alert id.

        It is sent at the next turn and has no end. Errors of the store are logged, not raised.
        """
        known = await self._load()
        if alert.id not in known:
            known[alert.id] = AlertDelivery(alert=alert)
            await self._save(alert.id)

    async def turn(self, *, ending: bool = False) -> None:
        """Look once and send what is due.

        A channel's error is logged, and the next turn tries again.

        `ending` means that the program is about to end with an error and this is the last look.
        """
        async with self._turning:
            for alert in self._first:
                await self.send_alert(alert)
            self._first = ()
            known, now = await self._load(), self._clock.now()
            down_since = await self._get_down_since(ending=ending)
            for delivery in self._sources.find_new(tuple(known.values()), now, down_since):
                known[delivery.alert.id] = delivery
                await self._save(delivery.alert.id)
            for alert_id, delivery in tuple(known.items()):
                resolution = (
                    self._sources.find_resolution(delivery, now, down_since)
                    if delivery.resolution is None
                    else None
                )
                if resolution is not None:
                    known[alert_id] = delivery.replace(resolution=resolution)
                    await self._save(alert_id)
            async with asyncio.TaskGroup() as group:
                for channel in self._channels:
                    group.create_task(self._send_all(channel))
            for alert_id in tuple(self._unsaved):
                await self._save(alert_id)
            await self._prune(now)

    # Implementation

    async def _load(self) -> dict[str, AlertDelivery]:
        if self._known is None:
            try:
                deliveries = await self._key_values.list_records(_PREFIX, AlertDelivery)
            except StoreError:
                _log.exception("the sent alerts cannot be read; I start without them")
                deliveries = ()
            self._known = {delivery.alert.id: delivery for delivery in deliveries}
        return self._known

    async def _get_down_since(self, *, ending: bool) -> datetime | None:
        try:
            return await self._reach.get_down_since(ending=ending)
        except StoreError as error:
            _log.warning("it is unknown whether the chat can be reached: %s", error)
            return None

    async def _send_all(self, channel: AlertChannel) -> None:
        for alert_id in tuple(self._known or {}):
            waiting = (self._known or {})[alert_id].get_pending(channel.name)
            if waiting is not None:
                await self._send(channel, waiting)

    async def _send(self, channel: AlertChannel, alert: Alert) -> None:
        key = (channel.name, alert.id, alert.state)
        attempts, due = self._next.get(key, (0, 0.0))
        if attempts and self._clock.monotonic() < due:
            return
        # Stored before sending: after a crash in between the alert is known to be possibly sent.
        await self._note_attempt(channel.name, alert.id)
        try:
            await channel.send(alert)
        except AlertRejected as error:
            await self._give_up(channel.name, alert, error)
        except AlertUnavailable as error:
            self.sent[channel.name, "failed"] += 1
            if self._clock.now() - alert.at > _TRIED:
                await self._give_up(channel.name, alert, error)
                return
            pause = _PAUSES[min(attempts, len(_PAUSES) - 1)]
            self._next[key] = (attempts + 1, self._clock.monotonic() + pause)
            _log.warning(
                "%s has not accepted the alert %s yet; next attempt in %.0f s: %s",
                channel.name,
                alert.id,
                pause,
                error,
            )
        else:
            await self._settle(channel.name, alert, "sent")

    async def _note_attempt(self, channel: str, alert_id: str) -> None:
        known = await self._load()
        tried = known[alert_id].mark_tried(channel)
        if tried != known[alert_id]:
            known[alert_id] = tried
            await self._save(alert_id)

    async def _give_up(self, channel: str, alert: Alert, error: PortError) -> None:
        _log.error("%s refuses the alert %s: %s", channel, alert.id, error)
        await self._settle(channel, alert, "refused")

    async def _settle(self, channel: str, alert: Alert, result: str) -> None:
        self.sent[channel, result] += 1
        self._next.pop((channel, alert.id, alert.state), None)
        known = await self._load()
        known[alert.id] = known[alert.id].mark_settled(channel, accepted=result == "sent")
        await self._save(alert.id)

    async def _save(self, alert_id: str) -> None:
        delivery = (await self._load())[alert_id]
        self._unsaved.discard(alert_id)
        try:
            await self._key_values.put(_PREFIX + alert_id, delivery)
        except StoreError as error:
            self._unsaved.add(alert_id)
            _log.warning("the state of an alert could not be stored: %s", error)

    async def _prune(self, now: datetime) -> None:
        """Forget old alerts. Alerts whose end cannot be determined are stored longer."""
        known = await self._load()
        for alert_id, delivery in tuple(known.items()):
            ended = delivery.resolution is not None or not delivery.covers
            last = (delivery.resolution or delivery.alert).at
            if now - last > (_RETENTION if ended else _OPEN_RETENTION):
                del known[alert_id]
                await self._key_values.remove(_PREFIX + alert_id)

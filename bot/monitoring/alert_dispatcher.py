"""Tells people elsewhere than in the chat: each alert once a channel, and once that it is over."""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

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
_PAUSES = (5.0, 15.0, 60.0, 300.0)  # seconds between attempts, the last for ever
_TRIED = timedelta(days=1)
_RETENTION = timedelta(days=30)
_OPEN_RETENTION = timedelta(days=400)
_log = logging.getLogger(__name__)


class AlertDispatcher:
    """Sends what `AlertSources` finds through every channel, and what it is handed.

    What was sent is stored before anything else is: after a restart nothing is sent again. Where
    it cannot be stored, it is sent nevertheless, and not again by this process. `first` is what
    there is to tell from the start.
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
        """How many by channel and `sent`, `failed` or `refused`, since the start."""

    def reconfigure(self, rules: AlertRules) -> None:
        """Go by these rules from now on. The channels stay those of the start."""
        self._sources.reconfigure(rules)
        self._reach.reconfigure(timedelta(seconds=rules.down_seconds))

    async def run_forever(self) -> None:
        """Look and send, every few seconds, until cancelled."""
        failed = log_tracebacks(_log, "people could not be alerted; I try again")
        await run_periodically(self.turn, self._clock, TURN_SECONDS, failed=failed)

    async def send_alert(self, alert: Alert) -> None:
        """Have something told that is no incident, such as that the code went back; once by its id.

        It goes out with the next turn, and has no end. Raises nothing.
        """
        known = await self._load()
        if alert.id not in known:
            known[alert.id] = AlertDelivery(alert=alert)
            await self._save(alert.id)

    async def turn(self, *, ending: bool = False) -> None:
        """Look once, and send what is due. Errors of channels are kept for the next attempt.

        `ending`: the program ends for an error, and this is its last look.
        """
        async with self._turning:
            for alert in self._first:
                await self.send_alert(alert)
            self._first = ()
            known, now = await self._load(), self._clock.get_time()
            down = await self._get_down_since(ending=ending)
            for delivery in self._sources.find_new(tuple(known.values()), now, down):
                known[delivery.alert.id] = delivery
                await self._save(delivery.alert.id)
            for alert_id, delivery in tuple(known.items()):
                over = (
                    self._sources.find_resolution(delivery, now, down)
                    if delivery.resolution is None
                    else None
                )
                if over is not None:
                    known[alert_id] = delivery.replace(resolution=over)
                    await self._save(alert_id)
            async with asyncio.TaskGroup() as group:
                for channel in self._channels:
                    group.create_task(self._send_all(channel))
            for alert_id in tuple(self._unsaved):
                await self._save(alert_id)
            await self._prune(now)

    # How it is done

    async def _load(self) -> dict[str, AlertDelivery]:
        if self._known is None:
            try:
                kept = await self._key_values.list_records(_PREFIX, AlertDelivery)
            except StoreError:
                _log.exception("which alerts were sent cannot be read; I begin without them")
                kept = ()
            self._known = {each.alert.id: each for each in kept}
        return self._known

    async def _get_down_since(self, *, ending: bool) -> datetime | None:
        try:
            return await self._reach.get_down_since(ending=ending)
        except StoreError as error:
            _log.warning("whether the chat is out of reach cannot be told: %s", error)
            return None

    async def _send_all(self, channel: AlertChannel) -> None:
        for alert_id in tuple(self._known or {}):
            waiting = (self._known or {})[alert_id].get_pending(channel.name)
            if waiting is not None:
                await self._send(channel, waiting)

    async def _send(self, channel: AlertChannel, alert: Alert) -> None:
        key = (channel.name, alert.id, alert.state)
        attempts, due = self._next.get(key, (0, 0.0))
        if attempts and self._clock.get_monotonic_time() < due:
            return
        await self._note_attempt(channel.name, alert.id)
        try:
            await channel.send(alert)
        except AlertRejected as error:
            await self._give_up(channel.name, alert, error)
        except AlertUnavailable as error:
            self.sent[channel.name, "failed"] += 1
            if self._clock.get_time() - alert.at > _TRIED:
                await self._give_up(channel.name, alert, error)
                return
            pause = _PAUSES[min(attempts, len(_PAUSES) - 1)]
            self._next[key] = (attempts + 1, self._clock.get_monotonic_time() + pause)
            told = "%s has not taken the alert %s yet, again in %.0f s: %s"
            _log.warning(told, channel.name, alert.id, pause, error)
        else:
            await self._settle(channel.name, alert, "sent")

    async def _note_attempt(self, channel: str, alert_id: str) -> None:
        known = await self._load()
        tried = known[alert_id].mark_tried(channel)
        if tried != known[alert_id]:
            known[alert_id] = tried
            await self._save(alert_id)

    async def _give_up(self, channel: str, alert: Alert, error: PortError) -> None:
        _log.error("%s will not have the alert %s: %s", channel, alert.id, error)
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
            _log.warning("that an alert was sent could not be stored: %s", error)

    async def _prune(self, now: datetime) -> None:
        """Forget what is long over; what nobody can tell the end of is kept longer."""
        known = await self._load()
        for alert_id, delivery in tuple(known.items()):
            ended = delivery.resolution is not None or not delivery.covers
            last = (delivery.resolution or delivery.alert).at
            if now - last > (_RETENTION if ended else _OPEN_RETENTION):
                del known[alert_id]
                await self._key_values.remove(_PREFIX + alert_id)

"""Alerts outside the chat: sent once, and once more when the problem is over."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from theseus_guard.record import Record

from bot.domain.alert import Alert, AlertRules
from bot.domain.anomaly import Anomaly, Rule
from bot.domain.errors import AlertRejected, AlertUnavailable, StoreError
from bot.domain.incident import Incident, Severity
from bot.domain.posts import Post
from bot.monitoring.alert_dispatcher import AlertDispatcher
from bot.monitoring.alert_sources import AlertSources, IncidentSource
from bot.monitoring.chat_reach import ChatReach
from tests.fakes.fake_alert_channel import FakeAlertChannel
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_key_value_store import FakeKeyValueStore
from tests.fakes.fake_outbox import FakeOutbox

PAGE = "https://bot.example.org"


class FlakyStore(FakeKeyValueStore):
    """A store whose disk may be full."""

    full = False

    async def put(self, name: str, record: Record) -> None:
        """Keep it, if there is room."""
        if self.full:
            raise StoreError("the disk is full")
        await super().put(name, record)


class Watch:
    """Incidents, a chat that works or not, and two ways to alert people."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = FlakyStore()
        self.outbox = FakeOutbox()
        self.channel, self.other = FakeAlertChannel("one"), FakeAlertChannel("two")
        self.connected = True
        self.told: set[str] = set()
        self.known: dict[str, Incident] = {}
        self.rules = AlertRules(chat=False)
        self.dispatcher = self.started()

    def started(self) -> AlertDispatcher:
        """Return one that has just been started."""
        source = IncidentSource(
            lambda: tuple(self.known.values()), lambda each: each.id in self.told, PAGE
        )
        reach = ChatReach(
            lambda: self.connected, self.outbox, self.store, self.clock, timedelta(seconds=120)
        )
        sources = AlertSources(source, self.rules)
        channels = (self.channel, self.other)
        return AlertDispatcher(channels, sources, reach, self.store, self.clock)

    def ruled(self, **rules: Any) -> None:
        """Have it go by other rules while it runs."""
        self.rules = self.rules.replace(**rules)
        self.dispatcher.reconfigure(self.rules)

    def opens(self, incident_id: str = "k7m2xq", **about: Any) -> None:
        """Let something be noticed."""
        now = self.clock.now()
        anomaly = Anomaly(
            rule=Rule.ERROR_RATE, event="command.roll", at=now, value=0.5, threshold=0.3, volume=20
        )
        self.known[incident_id] = Incident(
            id=incident_id, event="command.roll", title="/roll fails", severity=Severity.HIGH,
            anomalies=(anomaly,), opened_at=now, last_at=now, count=5,
        ).replace(**about)  # fmt: skip

    def change(self, incident_id: str = "k7m2xq", **about: Any) -> None:
        """Change an incident."""
        self.known[incident_id] = self.known[incident_id].replace(**about)

    async def after(self, seconds: float = 0.0) -> list[tuple[str, str]]:
        """Return what one way has got once so much time has passed."""
        self.clock.tick(seconds)
        await self.dispatcher.turn()
        return self.channel.sent_states


@pytest.fixture
def watch() -> Watch:
    return Watch()


async def test_what_the_chat_tells_is_told_nowhere_else(watch: Watch) -> None:
    watch.opens()
    watch.told.add("k7m2xq")
    assert await watch.after(3_600) == []


async def test_what_the_chat_could_not_tell_in_time_is_told_once(watch: Watch) -> None:
    watch.opens()
    assert await watch.after(60) == []
    assert await watch.after(60) == [("firing", "incident:k7m2xq:0")]
    assert await watch.after(3_600) == [("firing", "incident:k7m2xq:0")]
    (alert,) = watch.other.sent
    assert alert.headline == "[high] /roll fails"
    assert alert.url == "https://bot.example.org/incidents/k7m2xq"
    assert "5 times since 2026-11-21 14:00 UTC" in alert.text


async def test_nothing_is_told_again_after_a_restart(watch: Watch) -> None:
    watch.opens()
    await watch.after(120)
    watch.dispatcher = watch.started()
    assert await watch.after(5) == [("firing", "incident:k7m2xq:0")]
    watch.change(status="resolved")
    assert (await watch.after(5))[1:] == [("resolved", "incident:k7m2xq:0")]
    watch.dispatcher = watch.started()
    assert len(await watch.after(5)) == 2


async def test_while_the_chat_is_known_to_be_down_it_is_told_at_once(watch: Watch) -> None:
    watch.connected = False
    assert await watch.after() == []
    assert await watch.after(120) == []
    watch.opens()
    assert await watch.after(5) == [("firing", "incident:k7m2xq:0")]


async def test_a_message_that_cannot_be_sent_is_a_chat_that_is_down(watch: Watch) -> None:
    await watch.outbox.enqueue("stuck", 1, Post(text="hello"))
    await watch.after()
    await watch.after(120)
    watch.opens()
    assert await watch.after(5) == [("firing", "incident:k7m2xq:0")]


async def test_messages_that_wait_and_are_sent_are_a_chat_that_works(watch: Watch) -> None:
    watch.ruled(chat=True)
    for number in range(10):
        await watch.outbox.enqueue(str(number), 1, Post(text="hello"))
        if number:
            await watch.outbox.mark_failed(str(number - 1), "no")
        assert await watch.after(100) == []


async def test_always_means_also_what_the_chat_tells(watch: Watch) -> None:
    watch.ruled(when="always")
    watch.opens()
    watch.told.add("k7m2xq")
    assert await watch.after() == [("firing", "incident:k7m2xq:0")]


@pytest.mark.parametrize(
    "about", [{"severity": Severity.MEDIUM}, {"muted_until": None}, {"status": "resolved"}]
)
async def test_what_is_not_loud_or_not_wanted_or_over_is_not_told(
    watch: Watch, about: dict[str, Any]
) -> None:
    if "muted_until" in about:
        about = {"muted_until": watch.clock.now() + timedelta(days=1)}
    watch.ruled(when="always")
    watch.opens(**about)
    assert await watch.after(600) == []


async def test_less_severe_ones_are_told_where_that_is_wanted(watch: Watch) -> None:
    watch.ruled(severity=Severity.MEDIUM)
    watch.opens(severity=Severity.MEDIUM)
    assert len(await watch.after(120)) == 1


async def test_one_that_comes_back_is_told_anew_and_its_end_once_more(watch: Watch) -> None:
    watch.ruled(when="always")
    watch.opens()
    await watch.after()
    watch.change(status="resolved")
    await watch.after(60)
    watch.change(status="open", again=1, again_at=watch.clock.now())
    assert (await watch.after(60))[2:] == [("firing", "incident:k7m2xq:1")]
    assert watch.channel.sent[-1].title == "Again: /roll fails"
    watch.change(status="resolved")
    assert (await watch.after(60))[3:] == [("resolved", "incident:k7m2xq:1")]


async def test_incidents_that_are_not_read_yet_are_not_over(watch: Watch) -> None:
    watch.opens()
    await watch.after(120)
    kept = watch.known.copy()
    watch.known.clear()
    watch.dispatcher = watch.started()
    assert len(await watch.after(5)) == 1
    watch.known |= kept
    assert len(await watch.after(5)) == 1


async def test_many_at_once_are_one_alert_that_is_over_with_the_last_of_them(watch: Watch) -> None:
    for number in range(30):
        watch.opens(f"aaaa{number:02}", title=f"/command{number} fails")
    assert await watch.after(120) == [("firing", "incidents:aaaa00:0+29")]
    alert = watch.channel.sent[0]
    assert alert.title == "30 incidents at once, the first: /command0 fails"
    assert alert.text.count("\n") == 20
    assert alert.text.endswith("- and 10 more")
    for incident_id in list(watch.known)[:-1]:
        watch.change(incident_id, status="resolved")
    assert len(await watch.after(5)) == 1
    watch.change("aaaa29", status="resolved")
    assert (await watch.after(5))[1:] == [("resolved", "incidents:aaaa00:0+29")]


async def test_a_way_that_is_shut_is_tried_again_with_growing_pauses(watch: Watch) -> None:
    watch.opens()
    watch.other.failure = AlertUnavailable("later")
    assert await watch.after(120) == [("firing", "incident:k7m2xq:0")]
    for pause, attempts in ((4, 1), (1, 2), (14, 2), (1, 3), (60, 4), (299, 4), (1, 5)):
        await watch.after(pause)
        assert watch.other.attempts == attempts
    watch.other.failure = None
    await watch.after(300)
    assert watch.other.sent_states == [("firing", "incident:k7m2xq:0")]
    assert len(watch.channel.sent_states) == 1
    assert watch.dispatcher.sent == {("one", "sent"): 1, ("two", "failed"): 5, ("two", "sent"): 1}


async def test_a_way_that_stays_shut_is_given_up_after_a_day(watch: Watch) -> None:
    watch.opens()
    watch.other.failure = AlertUnavailable("later")
    await watch.after(120)
    await watch.after(25 * 3_600)
    attempts = watch.other.attempts
    await watch.after(3_600)
    assert watch.other.attempts == attempts
    assert watch.dispatcher.sent["two", "refused"] == 1


async def test_a_way_that_refused_does_not_hear_of_its_end(watch: Watch) -> None:
    watch.opens()
    watch.other.failure = AlertRejected("wrong address")
    await watch.after(120)
    await watch.after(3_600)
    assert watch.other.attempts == 1
    watch.other.failure = None
    watch.change(status="resolved")
    await watch.after(5)
    assert watch.other.sent_states == []
    assert watch.channel.sent_states[-1] == ("resolved", "incident:k7m2xq:0")


async def test_a_way_that_could_not_be_reached_hears_of_the_end_alone(watch: Watch) -> None:
    watch.opens()
    watch.other.failure = AlertUnavailable("later")
    await watch.after(120)
    watch.change(status="resolved")
    watch.other.failure = None
    await watch.after(5)
    assert watch.other.sent_states == [("resolved", "incident:k7m2xq:0")]


async def test_killed_between_sending_and_noting_it_tells_the_end_all_the_same(
    watch: Watch,
) -> None:
    """Who was told, as far as anybody can know, is not left with an alert that never ends."""

    class Killed(BaseException):
        """The process ends."""

    watch.opens()
    watch.channel.death = Killed()
    with pytest.raises(BaseExceptionGroup):
        await watch.after(120)
    watch.channel.death = None
    watch.change(status="resolved")
    watch.dispatcher = watch.started()
    assert await watch.after(5) == [
        ("firing", "incident:k7m2xq:0"), ("resolved", "incident:k7m2xq:0"),
    ]  # fmt: skip


async def test_a_full_disk_keeps_nothing_from_being_told_or_makes_it_be_told_twice(
    watch: Watch,
) -> None:
    watch.opens()
    watch.store.full = True
    for _ in range(3):
        assert await watch.after(120) == [("firing", "incident:k7m2xq:0")]
    watch.store.full = False
    await watch.after(5)
    watch.dispatcher = watch.started()
    assert len(await watch.after(5)) == 1


async def test_that_the_chat_is_down_is_told_itself_and_that_it_is_back(watch: Watch) -> None:
    watch.ruled(chat=True)
    watch.connected = False
    await watch.after()
    assert await watch.after(119) == []
    (begun,) = await watch.after(1)
    assert begun == ("firing", "chat:2026-11-21T14:00:00")
    assert "since 2026-11-21 14:00 UTC" in watch.channel.sent[0].text
    assert len(await watch.after(600)) == 1
    watch.connected = True
    assert (await watch.after(5))[1:] == [("resolved", "chat:2026-11-21T14:00:00")]


async def test_a_bot_that_ends_because_it_cannot_connect_is_noticed_over_its_restarts(
    watch: Watch,
) -> None:
    watch.ruled(chat=True)
    watch.connected = False
    for _ in range(12):
        watch.dispatcher = watch.started()
        assert await watch.after(10) == []
    watch.dispatcher = watch.started()
    watch.clock.tick(10)
    assert await watch.after() == []  # it may connect yet
    await watch.dispatcher.turn(ending=True)
    assert len(watch.channel.sent_states) == 1


async def test_a_bot_that_was_switched_off_was_not_out_of_reach(watch: Watch) -> None:
    watch.ruled(chat=True)
    watch.connected = False
    await watch.after()
    watch.dispatcher = watch.started()
    assert await watch.after(86_400) == []
    watch.connected = True
    assert await watch.after(60) == []


async def test_what_somebody_else_has_to_say_is_told_once_for_ever(watch: Watch) -> None:
    now = watch.clock.now()
    back = Alert(id="rollback:abc1234", title="I went back to abc1234", since=now, at=now)
    await watch.dispatcher.send_alert(back)
    assert await watch.after() == [("firing", "rollback:abc1234")]
    watch.dispatcher = watch.started()
    await watch.dispatcher.send_alert(back)
    assert len(await watch.after()) == 1


async def test_what_is_long_over_is_forgotten(watch: Watch) -> None:
    watch.opens()
    await watch.after(120)
    watch.change(status="resolved")
    await watch.after(5)
    del watch.known["k7m2xq"]
    assert any(name.startswith("alert:") for name in watch.store.bodies)
    await watch.after(timedelta(days=31).total_seconds())
    assert not any(name.startswith("alert:") for name in watch.store.bodies)


async def test_it_turns_every_five_seconds_until_cancelled(watch: Watch) -> None:
    watch.ruled(when="always")
    turning = asyncio.create_task(watch.dispatcher.run_forever())
    await watch.clock.wait_until_asleep()
    watch.opens()
    await watch.clock.advance(5)
    turning.cancel()
    assert watch.channel.sent_states == [("firing", "incident:k7m2xq:0")]

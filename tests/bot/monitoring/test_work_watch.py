"""Workers that cannot be reached are reported once, and so is their return."""

from bot.authority.announcements import DevChannelAnnouncer
from bot.domain.queued_work import WorkUnavailable
from bot.monitoring.work_watch import WorkWatch
from tests.fakes.fake_chat import FakeChat
from tests.fakes.fake_clock import FakeClock


class BreakableServer:
    """A server that is there, or is not."""

    def __init__(self) -> None:
        self.is_away = True

    async def probe(self) -> None:
        if self.is_away:
            raise WorkUnavailable("the Temporal server does not answer")


async def test_an_absence_is_reported_once_with_an_alert_and_so_is_its_end() -> None:
    server, chat, clock, alerts = BreakableServer(), FakeChat(), FakeClock(), list[str]()

    async def raise_alert(reason: str) -> None:
        alerts.append(reason)

    watch = WorkWatch(server, DevChannelAnnouncer(chat, 1), clock, raise_alert)
    for _ in range(2):
        await watch.look()
        clock.tick(30)
    assert alerts == ["the Temporal server does not answer"]
    server.is_away = False
    for _ in range(2):
        await watch.look()
    texts = [said.post.text for said in chat.messages]
    assert ["cannot reach my workers" in each for each in texts] == [True, False]
    assert "answers again" in texts[1]
    server.is_away = True
    clock.tick(30)
    await watch.look()
    assert len(alerts) == 2

"""Failing state files are reported once, and so is their recovery."""

from pathlib import Path

import pytest

from bot.domain.errors import ChatRejected
from bot.domain.storage import StorageFault, StorageFaultKind
from bot.monitoring import StorageWatch
from tests.fakes.fake_clock import FakeClock


class BreakableFile:
    """A state file whose fault tests set."""

    def __init__(self, name: str) -> None:
        self.path = Path("/state") / name
        self.fault: StorageFault | None = None
        self.next: StorageFaultKind | None = None

    async def probe(self) -> None:
        """See what tests have set."""
        self.fault = StorageFault(kind=self.next, file=self.path) if self.next else None


class Audience:
    """Takes what is said, unless it refuses."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.alerts: list[StorageFault] = []
        self.refuses = False

    async def send(self, text: str) -> None:
        if self.refuses:
            raise ChatRejected("The channel is gone.")
        self.texts.append(text)

    async def raise_alert(self, fault: StorageFault) -> None:
        self.alerts.append(fault)


@pytest.fixture
def audience() -> Audience:
    return Audience()


@pytest.fixture
def files() -> list[BreakableFile]:
    return [BreakableFile("theseus.sqlite3"), BreakableFile("memory.sqlite3")]


@pytest.fixture
def watch(audience: Audience, files: list[BreakableFile]) -> StorageWatch:
    return StorageWatch(files, audience.send, FakeClock(), raise_alert=audience.raise_alert)


async def test_all_that_fails_at_once_is_one_message_and_not_repeated(
    watch: StorageWatch, audience: Audience, files: list[BreakableFile]
) -> None:
    for each in files:
        each.next = StorageFaultKind.FULL
    for _ in range(5):
        await watch.look()
    (text,) = audience.texts
    assert "theseus.sqlite3" in text and "memory.sqlite3" in text
    assert len(audience.alerts) == 2
    assert [each.kind for each in watch.faults] == [StorageFaultKind.FULL] * 2


async def test_the_end_is_announced_once_and_a_new_fault_again(
    watch: StorageWatch, audience: Audience, files: list[BreakableFile]
) -> None:
    for kind in (StorageFaultKind.READ_ONLY, None, None, StorageFaultKind.READ_ONLY):
        files[0].next = kind
        await watch.look()
    first, end, second = audience.texts
    assert first == second
    assert end.startswith("✅")


async def test_another_fault_of_the_same_file_is_announced(
    watch: StorageWatch, audience: Audience, files: list[BreakableFile]
) -> None:
    for kind in (StorageFaultKind.FULL, StorageFaultKind.DAMAGED):
        files[0].next = kind
        await watch.look()
    assert "the disk is full" in audience.texts[0]
    assert "`theseus restore" in audience.texts[1]


async def test_what_the_chat_refused_is_tried_again_and_alerted_once(
    watch: StorageWatch, audience: Audience, files: list[BreakableFile]
) -> None:
    files[0].next, audience.refuses = StorageFaultKind.DAMAGED, True
    for _ in range(3):
        with pytest.raises(ChatRejected):
            await watch.look()
    assert len(audience.alerts) == 1
    audience.refuses = False
    await watch.look()
    assert len(audience.texts) == 1


async def test_nothing_is_said_while_all_works(watch: StorageWatch, audience: Audience) -> None:
    await watch.look()
    assert (audience.texts, watch.faults) == ([], ())

"""Each problem is reported once, with what to do, and recorded with its author."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain.journal import ActionOutcome
from bot.domain.live_items import FILE_AUTHOR, FIRST_AUTHOR, ChangeAuthor, LiveItem, Rollback
from bot.hot_reload.live_changes import LiveChanges
from bot.hot_reload.notices import ReloadNotices
from bot.telemetry import Recorder
from tests.fakes.fake_chat import FakeChat
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_journal import FakeJournal

DEV = 77
NOW = datetime(2026, 11, 21, tzinfo=UTC)
PERSONA = LiveItem(
    kind="persona", name="persona", path="prompts/persona.md", version=3, digest="d", since=NOW
)
REFUSED = PERSONA.replace(state="refused", reason="prompts/persona.md: it is empty")


class Rig:
    def __init__(self) -> None:
        clock = FakeClock()
        self.chat, self.journal = FakeChat(), FakeJournal([])
        recorder = Recorder(self.journal, clock, Path("/"), b"salt", lambda: None)
        self.notices = ReloadNotices(recorder, self.chat, DEV)

    async def said(self, *changes: LiveChanges) -> list[str]:
        """Return what the dev channel is told of these changes."""
        for each in changes:
            await self.notices(each)
        saying = asyncio.create_task(self.notices.run_forever())
        while not self.notices.is_idle:  # noqa: ASYNC110  it tells nobody
            await asyncio.sleep(0)
        saying.cancel()
        await asyncio.wait([saying])
        return self.chat.list_texts(DEV)


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def test_what_is_rolled_back_on_the_dashboard_is_said_where_people_talk(rig: Rig) -> None:
    author = ChangeAuthor(kind="person", name="the operator, on the dashboard")
    back = PERSONA.replace(version=2, rolled_back=Rollback(number=3, by=author, at=NOW))
    by_command = ChangeAuthor(kind="person", name="ada", person_id=7)
    said = await rig.said(LiveChanges(author, live=(back,)), LiveChanges(by_command, live=(back,)))
    assert said == [
        "↩️ The persona is at version 2 now, by the operator, on the dashboard. It stays "
        "so until its file changes."
    ]


async def test_a_trouble_that_was_over_is_told_again_and_so_is_its_end(rig: Rig) -> None:
    refused = LiveChanges(FILE_AUTHOR, refused=(REFUSED,))
    mended = LiveChanges(FILE_AUTHOR, fixed=(PERSONA,))
    said = await rig.said(refused, mended, refused, refused, mended)
    assert [text[:1] for text in said] == ["⚠", "✅", "⚠", "✅"]


async def test_a_refusal_is_said_once_with_what_is_live_and_what_to_do(rig: Rig) -> None:
    changes = LiveChanges(FILE_AUTHOR, refused=(REFUSED,))
    assert await rig.said(changes, changes) == [
        "⚠️ I did not take on a change of the persona: prompts/persona.md: it is empty. The persona "
        "stays as it was (version 3). Mend the file; I look again."
    ]
    (action, _) = rig.journal.actions
    assert (action.event, action.outcome) == ("reload.prompts/persona.md", ActionOutcome.ERROR)
    assert action.agent == "an edit of the file"


async def test_what_is_good_again_is_said(rig: Rig) -> None:
    assert await rig.said(LiveChanges(FILE_AUTHOR, fixed=(PERSONA,))) == [
        "✅ The file of the persona is good again: version 3 is live."
    ]


async def test_what_is_new_is_written_down_with_its_author_and_not_said(rig: Rig) -> None:
    ada = ChangeAuthor(kind="person", name="ada", person_id=7)
    run = ChangeAuthor(kind="run", run_id="k7m2xq")
    assert await rig.said(
        LiveChanges(ada, live=(PERSONA,)), LiveChanges(run, removed=(PERSONA,))
    ) == []  # fmt: skip
    first, second = rig.journal.actions
    assert (first.agent, first.user is not None, first.run_id) == ("a person", True, None)
    assert (second.agent, second.user, second.run_id) == ("run `k7m2xq`", None, "k7m2xq")


async def test_what_lay_there_at_the_first_start_is_no_change_but_what_is_broken_is_told(
    rig: Rig,
) -> None:
    changes = LiveChanges(FIRST_AUTHOR, live=(PERSONA,), refused=(REFUSED,))
    assert len(await rig.said(changes)) == 1
    assert [each.outcome for each in rig.journal.actions] == [ActionOutcome.ERROR]


async def test_settings_that_wait_for_a_restart_are_named(rig: Rig) -> None:
    waiting = LiveChanges(FILE_AUTHOR, restart_needed=("runs.workers", "forge.branch"))
    assert await rig.said(waiting, waiting) == [
        "The settings were changed; `runs.workers`, `forge.branch` will count after a restart."
    ]


async def test_a_secret_in_a_broken_file_is_not_told(rig: Rig) -> None:
    secret = "ghp_" + "a1B2" * 9
    broken = REFUSED.replace(reason=f"data/config.yaml, line 3: unknown key {secret}")
    (text,) = await rig.said(LiveChanges(FILE_AUTHOR, refused=(broken,)))
    assert secret not in text
    assert secret not in str(rig.journal.actions)


async def test_several_cogs_that_do_not_load_are_one_message_with_each_reason(rig: Rig) -> None:
    dice = PERSONA.replace(kind="cog", name="dice", path="cogs/dice.py", version=0, state="refused")
    broken = (
        dice.replace(reason="SyntaxError: invalid syntax"),
        dice.replace(name="polls", path="cogs/polls", version=2, reason="it needs `weather_api`."),
    )
    changes = LiveChanges(FILE_AUTHOR, refused=(*broken, REFUSED))
    persona, cogs = await rig.said(changes, changes)
    assert "persona" in persona
    assert cogs == (
        "⚠️ 2 cogs do not load. Correct their files; I look again.\n"
        "- `cogs/dice.py`: SyntaxError: invalid syntax (it is left out)\n"
        "- `cogs/polls`: it needs `weather_api` (version 2 stays)"
    )

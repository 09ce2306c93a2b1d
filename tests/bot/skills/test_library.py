"""Skills are always current, and each use is journalled."""

from datetime import timedelta
from pathlib import Path

from bot.domain.journal import ActionOutcome, Kind
from bot.domain.skill import Skill, SkillSet
from bot.skills import SkillLibrary
from bot.telemetry import Recorder
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_journal import FakeJournal

TEA = Skill(name="tea", description="About tea.", body="Boil.\n", text="")
COFFEE = TEA.replace(name="coffee")


def test_a_use_is_journalled_under_the_skills_name_with_who_and_for_which_run(
    tmp_path: Path,
) -> None:
    journal = FakeJournal()
    recorder = Recorder(journal, FakeClock(), tmp_path, b"salt", lambda: "abc")
    SkillLibrary(SkillSet, recorder).note_use(TEA, "executor", "k7m2xq")
    (action,) = journal.actions
    assert (action.event, action.kind) == ("skill.tea", Kind.SKILL)
    assert (action.agent, action.run_id) == ("executor", "k7m2xq")
    assert action.outcome is ActionOutcome.OK


def test_what_somebody_holds_stays_as_it_was() -> None:
    there = [SkillSet(skills=(TEA,))]
    library = SkillLibrary(lambda: there[0])
    held = library.get_current()
    there[0] = SkillSet()
    assert held.find("tea") == TEA
    assert library.get_current().find("tea") is None


def test_each_part_is_told_of_its_own() -> None:
    chat = TEA.replace(name="chat-only", roles=("chat",))
    skills = SkillSet(skills=(chat, TEA))
    assert skills.list_for_role("chat") == (chat, TEA)
    assert skills.list_for_role("executor") == (TEA,)


async def test_uses_are_counted_and_what_nobody_read_is_named_where_somebody_reads(
    tmp_path: Path,
) -> None:
    clock, journal = FakeClock(), FakeJournal()
    recorder = Recorder(journal, clock, tmp_path, b"salt", lambda: None)
    library = SkillLibrary(
        lambda: SkillSet(skills=(COFFEE, TEA)), recorder, journal
    )  # fmt: skip
    since = clock.now() - timedelta(days=30)
    assert await library.find_unread(since) == (), "nobody reads here at all"
    library.note_use(TEA, "chat")
    library.note_use(TEA, "planner")
    uses = await library.load_uses(["coffee", "tea"], since)
    assert [(name, use.count) for name, use in uses.items()] == [("coffee", 0), ("tea", 2)]
    assert uses["tea"].last_at == journal.actions[-1].ts
    assert await library.find_unread(since) == ("coffee",)

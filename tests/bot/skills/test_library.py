"""Skills at hand: as they are at each moment, and each use in the journal."""

from pathlib import Path

from bot.domain.journal import ActionOutcome, Kind
from bot.domain.skill import Skill, SkillSet
from bot.skills import SkillLibrary
from bot.telemetry import Recorder
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_journal import FakeJournal

TEA = Skill(name="tea", description="About tea.", body="Boil.\n", text="")


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
    held = library.current()
    there[0] = SkillSet()
    assert held.find("tea") == TEA
    assert library.current().find("tea") is None


def test_each_part_is_told_of_its_own() -> None:
    chat = TEA.but(name="chat-only", roles=("chat",))
    skills = SkillSet(skills=(chat, TEA))
    assert skills.of("chat") == (chat, TEA)
    assert skills.of("executor") == (TEA,)

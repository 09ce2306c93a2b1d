"""Waiting proposals about one file or command are announced together, once."""

from datetime import timedelta

from bot.domain.run import Status, Waiting
from tests.bot.notices.notice_harness import NoticeHarness
from tests.support.agent_harness import ALICE, DEV


async def start() -> NoticeHarness:
    made = NoticeHarness()
    await made.state.load()
    return made


async def test_proposals_are_grouped_by_file_or_command_and_the_message_is_kept_up_to_date() -> (
    None
):
    made = await start()
    made.add_run("a1", waiting=Waiting.APPROVAL)
    made.add_run("b1", waiting=Waiting.APPROVAL, files=("cogs/polls.py",), event="command.poll")
    made.add_run("t1", waiting=Waiting.APPROVAL, files=("tests/test_x.py", "README.md"), event="")
    made.add_run("t2", waiting=Waiting.APPROVAL, files=("tests/test_x.py", "README.md"), event="")
    await made.groups.look()
    assert made.chat.messages == [], "a shared test or document says nothing"
    made.add_run("a2", waiting=Waiting.UNSHIPPED, event="")
    made.add_run("b2", waiting=Waiting.APPROVAL, files=("cogs/other.py",), event="command.poll")
    await made.groups.look()
    by_command, by_file = sorted(made.list_posts(DEV), key=lambda post: "cogs" in post.text)
    assert by_command.text.startswith("🗂️ 2 proposals about `/poll` wait for a decision.")
    assert by_file.text.startswith("🗂️ 2 proposals about `cogs/dice.py` wait")
    assert "<#501>" in by_file.text and "<#505>" in by_file.text
    assert "@everyone" not in by_file.text and "https://evil" not in by_file.text
    made.add_run("a3", waiting=Waiting.APPROVAL)
    restarted = NoticeHarness(other=made)
    await restarted.state.load()
    await restarted.groups.look()
    assert len(made.chat.messages) == 2, "a restart and a new member post nothing"
    assert any(post.text.startswith("🗂️ 3 proposals") for post in made.list_posts(DEV))
    for run_id in ("a1", "a2", "a3"):
        made.end_run(run_id, Status.REJECTED)
    await made.groups.look()
    assert "🗂️ The proposals about `cogs/dice.py` are decided." in made.chat.list_texts(DEV)
    made.add_run("a4", waiting=Waiting.APPROVAL)
    made.add_run("a5", waiting=Waiting.APPROVAL)
    await made.groups.look()
    assert len(made.chat.messages) == 3, "a later group has a message of its own"


async def test_quiet_mode_holds_a_group_only_if_nothing_is_announced() -> None:
    made = await start()
    made.add_run("a1", waiting=Waiting.APPROVAL)
    made.add_run("a2", waiting=Waiting.APPROVAL)
    await made.quiet.begin(ALICE, "nothing", made.clock.now() + timedelta(hours=1))
    await made.groups.look()
    assert len(made.chat.messages) == 1
    await made.quiet.begin(ALICE, "needs a person", None)
    await made.groups.look()
    assert "🗂️ 2 proposals" in made.chat.list_texts(DEV)[-1]

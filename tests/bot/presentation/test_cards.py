"""What people read, in full, for typical runs."""

import re
from datetime import timedelta

import pytest
from theseus_guard.records import FileChange, Finding

from bot.domain.change import Attempt, ChangeSet, CheckResult, Verdict
from bot.domain.evidence import Commit, Diagnosis, Evidence, SourceExcerpt, Suspect
from bot.domain.history import History
from bot.domain.journal import FailureGroup
from bot.domain.people import Person, Place
from bot.domain.plan import Plan, Reproduction, Step, TestPlan
from bot.domain.posts import Post
from bot.domain.progress import Todo
from bot.domain.proposal import Approval, Proposal, Shipment
from bot.domain.run import Run, Stage, Status, Trigger, Waiting
from bot.presentation import cards
from bot.presentation.cards import LiveActivity
from tests.fakes.fake_clock import START, FakeClock
from tests.support.failures import make_capsule, make_failure

ALICE = Person(id=1, name="alice")
HEAD, MERGE = "a" * 40, "c" * 40
RUN = Run(
    id="k3m9tq",
    goal="fix",
    trigger=Trigger(
        key="message:5",
        goal="fix",
        person=ALICE,
        place=Place(channel_id=10, message_id=5, guild_id=1),
        text="rolling dice keeps crashing, fix it",
        subject="rolling dice",
        at=START,
    ),
    created_at=START,
    updated_at=START + timedelta(seconds=42),
    thread_id=5,
    card_id=6,
)
SUSPECT = Suspect(
    commit=Commit(sha="b" * 40, author="Sam", at=START, summary="Speed up the dice"),
    reason="last changed line 41",
    diff="",
    score=0.8,
)
DIAGNOSIS = Diagnosis(
    found=True,
    headline="3 IndexErrors from /roll since 14:02 UTC, all in `cogs/dice.py:41`",
    cause="`face` raises IndexError (string index out of range) with value=6.",
    fingerprint="f1f1f1f1f1f1",
    event="command.roll",
    file="cogs/dice.py",
    line=41,
    function="face",
    count=3,
    first_seen=START,
    last_seen=START + timedelta(minutes=4),
    suspects=(SUSPECT,),
    confidence="high",
    evidence_ids=("01jd0000000000000000000001", "01jd0000000000000000000002"),
)
PLAN = Plan(
    problem=DIAGNOSIS.cause,
    solution="Find the smallest edit.",
    steps=(Step(summary="Edit `cogs/dice.py`", owned_files=("cogs/dice.py",)),),
    impact="People who use `/roll`.",
    tests=TestPlan(unit="A regression test that calls `face(6)`."),
    verification="No more failures with fingerprint f1f1f1f1f1f1.",
    rollback="Revert the merge commit.",
    reproduction=Reproduction(
        path="tests/regressions/test_face.py",
        node_id="tests/regressions/test_face.py::test_face",
        source="",
        calls="face(6)",
        expects="IndexError",
    ),
)
DIFF = """diff --git a/cogs/dice.py b/cogs/dice.py
--- a/cogs/dice.py
+++ b/cogs/dice.py
@@ -41 +41 @@
-    return FACES[value]
+    return FACES[value - 1]
"""
CHANGE = ChangeSet(
    base="d" * 40,
    head=HEAD,
    branch="theseus/k3m9tq-rolling-dice",
    engine="offline",
    summary="Use `value - 1` as the index.",
    files=(
        FileChange(path="cogs/dice.py", added=1, removed=1),
        FileChange(path="tests/regressions/test_face.py", added=6, removed=0, status="added"),
    ),
    diff=DIFF,
    attempts=(Attempt(summary="undo `bbbbbbb`", result="the tests fail"),),
    seconds=12.4,
)
RED = CheckResult(name="reproduction", status="failed", seconds=0.4, summary="IndexError")
GREEN = CheckResult(name="reproduction", status="passed", seconds=0.4, summary="1 passed")
CHECKS = (
    CheckResult(name="lint", status="passed", seconds=0.31),
    CheckResult(name="affected tests", status="passed", seconds=12, summary="14 passed"),
)
VERDICT = Verdict(head=HEAD, round=1, checks=CHECKS, failing_on_base=RED, passing_on_head=GREEN)
PROPOSAL = Proposal(
    run_id=RUN.id,
    number=3,
    url="http://forge/pulls/3",
    head=HEAD,
    base="d" * 40,
    branch=CHANGE.branch,
    card_id=9,
    at=START,
)
APPROVAL = Approval(run_id=RUN.id, proposal=3, head=HEAD, person=ALICE, at=START, how="text")
SHIPMENT = Shipment(
    run_id=RUN.id,
    approved_head=HEAD,
    merge_commit=MERGE,
    live_commit=MERGE,
    reloaded=("cogs.dice",),
    at=START,
)
HISTORY = History(
    evidence=Evidence(base="d" * 40),
    diagnosis=DIAGNOSIS,
    plan=PLAN,
    change_set=CHANGE,
    verdict=VERDICT,
    proposal=PROPOSAL,
)


def read(post: Post) -> str:
    """Return a post as one text, as it would be read."""
    lines = [post.text] if post.text else []
    if post.card:
        lines += [f"# {post.card.title}", post.card.body]
        lines += [f"{field.name}: {field.value}" for field in post.card.fields]
        lines += [post.card.footer]
    if post.buttons:
        lines.append(" ".join(f"[{button.label}]" for button in post.buttons))
    lines += [f"<{attachment.name}>" for attachment in post.attachments]
    return "\n".join(lines)


def test_a_run_at_work() -> None:
    run = RUN.replace(stage=Stage.EXECUTE, status=Status.RUNNING, activity="trying edit 12 of 80")
    assert read(
        cards.render_progress(
            run, History(evidence=HISTORY.evidence, diagnosis=DIAGNOSIS, plan=PLAN)
        )
    ) == (
        "# Fixing: rolling dice\n"
        "✅ **Observe** — no matching failure\n"
        "✅ **Diagnose** — 3 IndexErrors from /roll since 14:02 UTC, all in `cogs/dice.py:41`\n"
        "✅ **Plan** — `face(6)` fails: IndexError\n"
        "⏳ **Write the change**\n"
        "▫️ Verify\n"
        "▫️ Propose\n"
        "▫️ Ship\n"
        "\n-# trying edit 12 of 80\n"
        "-# Next: Verify\n"
        "run k3m9tq · 42 s · $0.00\n"
        "[Cancel] [Not what I meant]"
    )


def test_a_to_do_list_ticks_below_its_step_and_its_text_has_no_effect() -> None:
    run = RUN.replace(stage=Stage.EXECUTE, status=Status.RUNNING)
    hostile = "@everyone **✅ Ship** [ok](https://evil.example) <@1>\n# Yes\n```\n`code"
    todos = (
        Todo(text="Read the test", status="done"),
        Todo(text="Find the cause", status="done"),
        Todo(text="Look around", status="done"),
        Todo(text=hostile, status="active"),
        *(Todo(text=f"Step {number} {'x' * 200}") for number in range(20)),
    )
    live = LiveActivity(activities=("reads `a.py`", "edits `a.py` (+1 \u22121)"), todos=todos)
    card = cards.render_progress(run, HISTORY, live=live).card
    assert card is not None
    lines = card.body.splitlines()
    at = next(n for n, line in enumerate(lines) if "**Write the change**" in line)
    assert lines[at + 1 : at + 4] == [
        "> ☑️ 1 more done",
        "> ☑️ Find the cause",
        "> ☑️ Look around",
    ]
    escaped = lines[at + 4]
    assert escaped.startswith("> ▶️ @\u200beveryone \\*\\*✅ Ship\\*\\* \\[ok\\](https:\u200b//evil")
    assert "```" not in card.body
    assert "<@1>" not in card.body
    assert re.search(r"^> and \d+ more$", card.body, re.MULTILINE)
    assert lines[-3:] == ["-# reads `a.py`", "-# edits `a.py` (+1 \u22121)", "-# Next: Verify"]
    assert len(card.body) < 3_000
    for ended in (Status.DONE, Status.FAILED, Status.WAITING):
        waiting = Waiting.APPROVAL if ended is Status.WAITING else None
        calm = run.replace(status=ended, waiting=waiting)
        assert "everyone" not in read(cards.render_progress(calm, HISTORY, live=live))


def test_a_run_that_waits_after_a_shipment_that_failed() -> None:
    run = RUN.replace(
        stage=Stage.SHIP,
        status=Status.WAITING,
        waiting=Waiting.UNSHIPPED,
        reason="Not shipped: the forge is down.",
    )
    body = read(cards.render_progress(run, HISTORY))
    assert body.endswith(
        "✅ **Verify** — 2/2 checks, `face(6)` 🔴 fails without the change → 🟢 passes with it\n"
        "✅ **Propose** — [#3](http://forge/pulls/3) `aaaaaaa`\n"
        "✋ **Ship** — waiting for “ship it”\n"
        "\nNot shipped: the forge is down.\n"
        "run k3m9tq · 42 s · $0.00\n"
        "[Cancel] [Not what I meant]"
    )


def test_the_proposal() -> None:
    run = RUN.replace(stage=Stage.SHIP, status=Status.WAITING, waiting=Waiting.APPROVAL)
    assert read(cards.render_proposal(run, HISTORY)) == (
        "# Proposal #3: Use `value - 1` as the index.\n"
        "`face` raises IndexError (string index out of range) with value=6.\n\n"
        "**Change**: Use `value - 1` as the index.\n"
        "Files: `cogs/dice.py` +1 -1\n`tests/regressions/test_face.py` +6 -0 (added)\n"
        "Checks: ✅ lint · 0.3 s\n✅ affected tests · 14 passed · 12 s\n"
        "Reproduction: `face(6)` 🔴 fails without the change → 🟢 passes with it\n"
        "Diff of cogs/dice.py: ```diff\n"
        "@@ -41 +41 @@\n-    return FACES[value]\n+    return FACES[value - 1]\n```\n"
        "Risk: Low. People who use `/roll`.\n"
        "run k3m9tq · head aaaaaaa · offline · 42 s · $0.00\n"
        "[Ship it] [Try it] [Revise] [Reject] [Show plan] [Pull request]\n"
        "<k3m9tq-aaaaaaa.diff>"
    )


def test_what_is_proven_for_one_call_only_says_so_and_is_never_a_low_risk() -> None:
    run = RUN.replace(stage=Stage.SHIP, status=Status.WAITING, waiting=Waiting.APPROVAL)
    text = read(cards.render_proposal(run, HISTORY.replace(verdict=VERDICT.replace(proven="call"))))
    assert (
        "Risk: Medium. Proven for the failing call only: no other test checks the edited code. "
        "People who use `/roll`.\n"
    ) in text
    undone = read(
        cards.render_proposal(
            run, HISTORY.replace(verdict=VERDICT.replace(reverted_commit="c" * 40))
        )
    )
    assert "Risk: Low. Reverts all of commit `ccccccc`, including its tests." in undone


def test_a_proposal_that_touches_sensitive_code_and_replaces_an_older_one() -> None:
    finding = Finding(
        rule="protected_path",
        path="pyproject.toml",
        message="Security-sensitive (dependencies).",
        blocking=False,
        kind="dependencies",
    )
    added = Finding(
        rule="new_dependency", path="pyproject.toml", message="Adds leftpad.", blocking=False
    )
    history = HISTORY.replace(
        verdict=VERDICT.replace(findings=(finding, added)),
        proposal=PROPOSAL.replace(version=2, note="The branch moved from `1111111` to `aaaaaaa`."),
    )
    text = read(cards.render_proposal(RUN, history))
    assert text.startswith("# 🔒 Proposal #3: ")
    assert (
        "⚠️ **Security-sensitive code**: `pyproject.toml` (dependencies). Ship with “ship it, "
        "security reviewed”.\n\n📦 **Dependencies**: `pyproject.toml`: Adds leftpad.\n\nThe branch "
        "moved from `1111111` to `aaaaaaa`.\n\n"
    ) in text
    assert "Please note" not in text


def test_a_run_whose_checks_failed() -> None:
    failed = CheckResult(
        name="affected tests",
        status="failed",
        seconds=9.5,
        summary="2 failed, 12 passed",
        output="E",
    )
    history = HISTORY.replace(verdict=VERDICT.replace(checks=(CHECKS[0], failed)), proposal=None)
    run = RUN.replace(
        stage=Stage.VERIFY,
        status=Status.FAILED,
        reason="No proposal: affected tests failed (after 3 rounds).",
    )
    assert read(cards.render_ending(run, history)) == (
        "❌ No proposal: affected tests failed (after 3 rounds).\n"
        "\n**What I tried**\n• undo `bbbbbbb`: the tests fail\n"
        "\n**What my checks found**\n❌ affected tests · 2 failed, 12 passed · 9.5 s\n"
        "\n**What I know**\n"
        "• `face` raises IndexError (string index out of range) with value=6.\n"
        "• Suspect: `bbbbbbb` “Speed up the dice” by Sam\n"
        "\nWhat you can do: revert `bbbbbbb` “Speed up the dice” by Sam "
        "(`git revert bbbbbbb`); press the button or say “try again” once something has changed.\n"
        "[Try again]\n"
        "<affected-tests.log>"
    )


def test_an_investigation() -> None:
    excerpt = SourceExcerpt(
        file="cogs/dice.py", first_line=40, text="def face():\n    return 1", highlight=41
    )
    run = RUN.replace(goal="investigate", stage=Stage.DIAGNOSE, status=Status.DONE)
    history = History(evidence=Evidence(base="d" * 40, excerpts=(excerpt,)), diagnosis=DIAGNOSIS)
    first, last = f"<t:{START.timestamp():.0f}:f>", f"<t:{START.timestamp() + 240:.0f}:f>"
    assert read(cards.render_investigation(run, history)) == (
        "# 3 IndexErrors from /roll since 14:02 UTC, all in `cogs/dice.py:41`\n"
        "`face` raises IndexError (string index out of range) with value=6.\n"
        "How often: 3 times\n"
        f"First seen: {first}\n"
        f"Last seen: {last}\n"
        "Failing frame: `cogs/dice.py:41` in `face`\n"
        "Suspect commit: `bbbbbbb` Speed up the dice — Sam, last changed line 41\n"
        "Confidence: high\n"
        "Evidence: `00000001`, `00000002`\n"
        "run k3m9tq · 42 s · $0.00\n"
        "[Fix it]\n"
        "<source.txt>"
    )


@pytest.mark.parametrize(
    ("instead", "mark"), [("", "🔎"), ("which", "❓"), ("fixed", "✅"), ("right", "👌")]
)
def test_the_same_signs_say_the_same_whether_a_fix_or_the_cause_was_asked_for(
    instead: str, mark: str
) -> None:
    nothing = Diagnosis.model_validate(
        {"found": False, "instead": instead, "headline": "So it is.", "cause": "I looked."}
    )
    history = History(diagnosis=nothing)
    for asked, status in (("investigate", Status.DONE), ("fix", Status.FAILED)):
        run = RUN.replace(goal=asked, status=status, stage=Stage.DIAGNOSE, reason=nothing.summary)
        assert read(cards.render_ending(run, history)) == f"{mark} So it is. I looked.\n[Try again]"
        card = cards.render_progress(run, history).card
        assert card is not None
        assert card.tone == "neutral"
        assert f"✅ **Observe**\n{mark} **Diagnose** — So it is." in card.body


def test_the_last_word_of_a_fix_that_could_not_be_proven_says_all_that_is_known() -> None:
    rolled = make_failure(FakeClock(), make_capsule())
    group = FailureGroup(
        fingerprint="f1", event="command.roll", count=1, first_seen=START, last_seen=START,
        newest=rolled, action_ids=(rolled.id,),
    )  # fmt: skip
    evidence = Evidence(base="d" * 40, groups=(group,))
    run = RUN.replace(
        stage=Stage.EXECUTE, status=Status.FAILED, reason="I found no edit that holds."
    )
    told = read(cards.render_ending(run, History(evidence=evidence, diagnosis=DIAGNOSIS)))
    assert "`face` raises IndexError (string index out of range) with value=6." in told
    assert "• Suspect: `bbbbbbb` “Speed up the dice” by Sam" in told
    assert "revert `bbbbbbb` “Speed up the dice” by Sam (`git revert bbbbbbb`)" in told
    assert "press the button or say “try again” once something has changed." in told
    [trace] = cards.render_ending(run, History(evidence=evidence, diagnosis=DIAGNOSIS)).attachments
    assert trace.name == "trace.txt"
    assert trace.text.splitlines()[-1] == "IndexError: string index out of range"
    assert "cogs/dice.py:" in trace.text


def test_a_revert_of_a_commit_with_much_else_in_it_is_not_advised() -> None:
    big = SUSPECT.replace(touched=("cogs/dice.py",), line_counts={"cogs/dice.py": 61})
    diagnosis = DIAGNOSIS.replace(suspects=(big,))
    run = RUN.replace(
        stage=Stage.EXECUTE, status=Status.FAILED, reason="I found no edit that holds."
    )
    told = read(cards.render_ending(run, History(diagnosis=diagnosis)))
    assert "git revert" not in told
    assert "read what `bbbbbbb` “Speed up the dice” by Sam changed there" in told
    assert not big.is_revertible
    assert big.replace(line_counts={"cogs/dice.py": 60}).is_revertible


def test_shipped_and_live() -> None:
    assert cards.render_shipment(PROPOSAL, APPROVAL, SHIPMENT).text == (
        "🚢 **live at `ccccccc`**. Merged [#3](http://forge/pulls/3) as `ccccccc`, approved by "
        "alice for `aaaaaaa`. Reloaded `cogs.dice`, without a restart."
    )


@pytest.mark.parametrize("url", ["", "/forge/pulls/3", "javascript:alert(1)"])
def test_a_proposal_whose_page_nobody_can_open_is_named_without_a_link(url: str) -> None:
    history = HISTORY.replace(proposal=PROPOSAL.replace(url=url))
    post = cards.render_proposal(RUN, history)
    assert post.card is not None
    assert post.card.url == ""
    assert [each.label for each in post.buttons] == [
        "Ship it",
        "Try it",
        "Revise",
        "Reject",
        "Show plan",
    ]
    said = cards.render_shipment(PROPOSAL.replace(url=url), APPROVAL, SHIPMENT).text
    assert "Merged #3 as `ccccccc`" in said


def test_merged_and_not_live() -> None:
    failed = SHIPMENT.replace(reloaded=(), failed={"cogs.dice": "NameError: x"})
    assert cards.render_shipment(PROPOSAL, APPROVAL, failed).text == (
        "⚠️ Merged [#3](http://forge/pulls/3) as `ccccccc`, approved by alice for `aaaaaaa`. It is "
        "**not live**: `cogs.dice`: NameError: x. The old code keeps running."
    )
    later = SHIPMENT.replace(reloaded=(), restart_needed=True)
    assert cards.render_shipment(PROPOSAL, APPROVAL, later).text.endswith(
        "It changes core code and is live after the next restart."
    )
    both = later.replace(failed={"cogs.dice": "ImportError: new"})
    assert cards.render_shipment(PROPOSAL, APPROVAL, both).text.endswith(
        "It changes core code and is live after the next restart. Until then the old code of "
        "`cogs.dice` (ImportError: new) keeps running."
    )


def test_live_amid_what_is_not() -> None:
    earlier = tuple(f"bot/part{n}.py" for n in range(5))
    amid = SHIPMENT.replace(earlier=earlier)
    assert cards.render_shipment(PROPOSAL, APPROVAL, amid).text == (
        "🚢 **live, but not yet all of `ccccccc`**. Merged [#3](http://forge/pulls/3) as "
        "`ccccccc`, approved by alice for `aaaaaaa`. Reloaded `cogs.dice`, without a restart. "
        "Some earlier changes are not live until a restart or a corrected change: "
        "`bot/part0.py`, `bot/part1.py`, `bot/part2.py` and 2 more."
    )


def test_the_plan() -> None:
    assert cards.plan_text(PLAN).startswith(
        "**Problem**\n`face` raises IndexError (string index out of range) with value=6.\n\n"
        "**Solution**\nFind the smallest edit.\n\n"
        "**Steps**\n1. Edit `cogs/dice.py` (may change `cogs/dice.py`)\n\n"
        "**Risk**\nLow. People who use `/roll`.\n\n"
        "**Tests**\n- unit: A regression test that calls `face(6)`.\n\n"
    )


STANDINGS = [
    *(RUN.replace(status=status) for status in Status if status is not Status.WAITING),
    *(RUN.replace(status=Status.WAITING, waiting=waiting) for waiting in Waiting),
]


def test_a_line_shows_what_it_is_about_as_it_was_written_by_whomever() -> None:
    subject = "it** is `done`, see [here](https://evil.example) @everyone"
    line = cards.run_line(RUN.replace(trigger=RUN.trigger.replace(subject=subject)))
    assert (
        "**it\\*\\* is \\`done\\`, see \\[here\\](https:\u200b//evil.example) @\u200beveryone**"
        in line
    )


def test_a_line_about_every_standing_says_it_in_words() -> None:
    lines = [
        cards.run_line(run.replace(stage=stage, parked_until=until))
        for stage in Stage
        for run in STANDINGS
        for until in (None, RUN.created_at)
    ]
    assert cards.run_line(RUN) == (
        "`k3m9tq` fix **rolling dice**: in the queue (looking at what happened next) in <#5>"
    )
    assert not [line for line in lines if "None" in line or "Stage" in line or "Status" in line]


def test_a_label_of_any_standing_is_one_plain_line_that_fits_a_choice() -> None:
    now = RUN.updated_at + timedelta(minutes=5)
    long = RUN.replace(trigger=RUN.trigger.replace(subject="the dice roller " * 20))
    for run in (RUN, long, *STANDINGS):
        for history in (History(), HISTORY, HISTORY.replace(shipment=SHIPMENT)):
            label = cards.run_label(run, history, now, 80)
            assert 10 < len(label) <= 80, label
            assert not [word for word in ("None", "<t:", "\n", "**") if word in label], label
    assert cards.run_label(RUN, History(), now) == (
        "k3m9tq · rolling dice · fix, looking at what happened 5 min ago"
    )


def test_no_post_shows_a_none_or_the_name_of_an_enum() -> None:
    for standing in STANDINGS:
        for stage in Stage:
            run = standing.replace(stage=stage, reason="It ended.")
            for history in (
                History(),
                HISTORY,
                HISTORY.replace(approval=APPROVAL, shipment=SHIPMENT),
            ):
                text = read(cards.render_progress(run, history)) + read(
                    cards.render_ending(run, history)
                )
                assert not [word for word in ("None", "Status.", "Stage.") if word in text]

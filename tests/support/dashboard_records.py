"""What a run of the dashboard's world records until it proposes something."""

from theseus_guard.record import Record
from theseus_guard.records import FileChange
from theseus_rehearsal.behaviour import AnswerChange, BehaviourDiff
from theseus_rehearsal.records import PlayDifference

from bot.domain.change import ChangeSet, CheckResult, Verdict
from bot.domain.evidence import Diagnosis
from bot.domain.plan import Plan, Step
from bot.domain.proposal import Proposal
from bot.domain.run import Run
from bot.domain.trials import RevertTrial

DIFF = """\
diff --git a/cogs/dice.py b/cogs/dice.py
--- a/cogs/dice.py
+++ b/cogs/dice.py
@@ -38,2 +38,4 @@ class Dice(commands.Cog):
     def face(self, sides: int) -> int:
-        return self._faces[self._random.randrange(sides)]
+        if sides < 1:
+            raise BadDice("a die has at least one side")
+        return self._faces[self._random.randrange(sides)]
"""


def work(run: Run, number: int) -> tuple[Record, ...]:
    """Return what a run records until it proposes."""
    passed = CheckResult(name="tests", status="passed", seconds=41.2, summary="214 passed")
    lint = CheckResult(name="lint", status="passed", seconds=1.1)
    red = CheckResult(
        name="reproduction", status="failed", seconds=0.8, command="pytest tests/cogs/test_dice.py",
        output="alice: /roll dice:0d6\n  bot: Something went wrong.\nE   IndexError: out of range",
    )  # fmt: skip
    green = red.replace(status="passed", output="alice: /roll dice:0d6\n  bot: A die has a side.")
    answer = AnswerChange(
        script=0, asked="/roll dice:0d6", is_fixed=True,
        difference=PlayDifference(
            step=0, before=("Something went wrong; I wrote it down.",),
            after=("🎲 A die has at least one side.",),
        ),
    )  # fmt: skip
    return (
        Diagnosis(
            found=True, headline="`/roll` failed 7 times since yesterday: IndexError in `face`",
            cause="A die without sides has no face to show: `randrange(0)` is asked for one.",
            file="cogs/dice.py", line=41, function="face", count=7, confidence="high",
        ),
        Plan(
            problem="No guard", solution="Refuse dice without sides, and say why.",
            steps=(Step(summary="Check `sides` in `face`", owned_files=("cogs/dice.py",)),),
            risk="low",
        ),
        ChangeSet(
            base="ba5e", head="f00dfeed01", branch=f"theseus/{run.id}", engine="claude",
            summary="Refuse dice without sides", seconds=74,
            files=(FileChange(path="cogs/dice.py", added=3, removed=1),), diff=DIFF,
        ),
        Verdict(
            head="f00dfeed01", round=1, checks=(lint, passed), sandbox="bubblewrap",
            failing_on_base=red, passing_on_head=green,
            behaviour=BehaviourDiff(answers=61, changed=1, changes=(answer,)),
            revert_trial=RevertTrial(),
        ),
        Proposal(
            run_id=run.id, number=140 - number, url="https://forge.example/7", head="f00dfeed01",
            base="ba5e", branch=f"theseus/{run.id}", at=run.created_at,
        ),
    )  # fmt: skip

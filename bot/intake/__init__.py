"""The intake: decides once what a message asks for, which failure it refers to, and what follows.

A request starts a run, joins one, is answered at once, is asked back, or is stored. The decision
about a failure is stored with the run's `Trigger`; the steps of a run use it and do not repeat it.
"""

from bot.intake.failures import FailureMatcher
from bot.intake.forge_issues import IssueIntake, IssueRules
from bot.intake.service import Intake
from bot.intake.work import IntakeResult

__all__ = ["FailureMatcher", "Intake", "IntakeResult", "IssueIntake", "IssueRules"]

"""The merge gates of a target."""

from datetime import timedelta

from theseus_rehearsal.ports.sandbox import Sandbox
from theseus_repair.shared_lock import SharedLock

from bot.adapters.advisory_file import AdvisoryFile
from bot.adapters.local_pool import LocalPool
from bot.adapters.sandboxed_verifier import SandboxedCoverage
from bot.domain.checks import Checks
from bot.infra.injector import Injector
from bot.ports.advisory_database import AdvisoryDatabase
from bot.ports.coverage_meter import CoverageMeter
from bot.ports.trees import CommitTrees
from bot.ports.work_queue import WorkQueue
from bot.self_improvement.checks.behaviour_check import BehaviourCheck, ScriptSource
from bot.self_improvement.checks.foreign_scripts import ForeignScripts
from bot.self_improvement.checks.gates.advisories import AdvisoryGate
from bot.self_improvement.checks.gates.coverage import CoverageGate
from bot.self_improvement.checks.gates.inapplicable import InapplicableGate
from bot.self_improvement.checks.gates.merge_gates import MergeGates
from bot.self_improvement.checks.gates.performance import PerformanceGate
from bot.self_improvement.checks.gates.reached_scripts import CaseScripts
from bot.settings import Settings

_NO_DOCUMENTS = "I do not know which of its documents describe its commands"
_NO_FILES = "the files that it leaves behind are not compared"


def build_comparisons(injector: Injector, settings: Settings, checks: Checks, python: str) -> None:
    """Build what compares a target before and after a change: replays, and the merge gates."""
    rules, span = settings.config.gates, timedelta(days=settings.config.journal.keep_days)
    injector.build(ForeignScripts, ScriptSource, CaseScripts, lookback=span)
    injector.build(LocalPool, WorkQueue)
    injector.build(BehaviourCheck)
    meter = SandboxedCoverage(
        injector.get(Sandbox), injector.get(CommitTrees),
        load=injector.get(SharedLock), fixed=checks, python=python,
    )  # fmt: skip
    injector.add(meter, CoverageMeter)
    injector.build(AdvisoryFile, AdvisoryDatabase, state=settings.state)
    gates = (
        injector.call(AdvisoryGate),
        InapplicableGate("documentation", _NO_DOCUMENTS),
        InapplicableGate("revert", _NO_FILES),
        injector.call(PerformanceGate, rules=rules),
        injector.call(CoverageGate, rules=rules),
    )
    injector.build(MergeGates, gates=gates, rules=rules)

"""The self-audit reports coverage measured at the live commit, without guesses."""

from datetime import UTC, datetime

from bot.domain.code_coverage import CodeCoverage, UnrunFunction
from bot.domain.self_audit import AuditedFault
from bot.monitoring.self_audit_coverage import CoverageSource, find_coverage_gaps
from tests.fakes.fake_coverage_meter import FakeCoverageMeter
from tests.fakes.fake_key_value_store import FakeKeyValueStore

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


def unrun(name: str, file: str = "cogs/dice.py", lines: int = 3) -> UnrunFunction:
    return UnrunFunction(file=file, name=name, lines=lines)


def fault(function: str, file: str = "cogs/dice.py") -> AuditedFault:
    return AuditedFault(
        fingerprint=function, event="e", name="/e", count=1, last_at=NOW, newest_id="a",
        file=file, function=function,
    )  # fmt: skip


def shown(coverage: CodeCoverage | None, *faults: AuditedFault) -> list[tuple[str, str]]:
    return [(gap.what, gap.why) for gap in find_coverage_gaps(coverage, faults)]


def test_counts_come_first_then_what_failed_then_the_files_with_most_lines() -> None:
    found = (
        unrun("Dice.roll"), unrun("face", lines=9), *(unrun(f"f{n}", lines=1) for n in range(5)),
        unrun("vote", "cogs/polls.py", 40),
    )  # fmt: skip
    coverage = CodeCoverage(commit="c1", functions=20, unrun=found)
    assert shown(coverage, fault("roll"), fault("roll", "cogs/other.py"), fault("tested")) == [
        ("cogs", "no test ran 8 of 20 functions"),
        ("Dice.roll() in cogs/dice.py", "failed, and no test ran it"),
        ("cogs/polls.py", "1 function, 40 lines: vote()"),
        (
            "cogs/dice.py",
            "7 functions, 17 lines: face(), Dice.roll(), f0(), f1(), f2() and 2 more",
        ),
    ]


def test_all_functions_that_ran_are_no_gap_and_failing_tests_are_named() -> None:
    assert shown(CodeCoverage(commit="c1", functions=20)) == []
    assert shown(CodeCoverage(commit="c1", functions=20, tests_passed=False)) == [
        ("tests", "some failed while this was measured")
    ]


def test_without_a_result_the_report_says_not_measured_and_why() -> None:
    assert shown(None, fault("roll")) == [("cogs", "not measured for the code that is live")]
    late = CodeCoverage(commit="c1", problem="the check all tests took over 9 s")
    assert shown(late) == [("cogs", "not measured: the check all tests took over 9 s")]


async def test_each_commit_is_measured_once_and_only_when_asked_to() -> None:
    live = ["c1"]
    meter, kept = FakeCoverageMeter(CodeCoverage(commit="", functions=2)), FakeKeyValueStore()
    source = CoverageSource(meter, lambda: live[-1])
    assert await source.read(kept, measure=False) is None
    first = await source.read(kept, measure=True)
    assert first is not None
    assert first.commit == "c1"
    assert await source.read(kept, measure=True) == first
    assert await source.read(kept, measure=False) == first
    assert meter.measured == ["c1"]
    live.append("c2")
    assert await source.read(kept, measure=False) is None
    assert await source.read(kept, measure=True) == first.replace(commit="c2")
    assert meter.measured == ["c1", "c2"]

"""Turns the fork server's answers into records."""

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from theseus_repair.calls import CallOutcome, RecordedCall
from theseus_repair.model import Crash, TraceFrame
from theseus_repair.runner import RunResult, TestRecord

COLLECTED = "collected"  # the mode of a run in the session with collected tests
BY_THE_CLOCK = "took too long"  # the text that `_fork_child` uses
NOT_THERE = 4  # pytest's exit code for a usage error, which includes an unknown test id
NOT_FOUND = re.compile(r"^ERROR: not found: (\S+?::[^\[\n]+)", re.M)


def find_late_tests(answer: Mapping[str, Any]) -> set[str]:
    """Return the tests ended by the wall clock, which is weak evidence on a busy machine."""
    slow = {"error": "OutOfTime", "message": BY_THE_CLOCK}
    records = answer.get("records", ())
    return {str(record.get("test")) for record in records if slow.items() <= record.items()}


def find_renamed_tests(answer: Mapping[str, Any], root: Path) -> set[str]:
    """Return the test functions whose tests were not found by name.

    Their ids contain a value that differs from run to run, such as a time or an address.
    """
    if answer.get("end") != NOT_THERE:
        return set()
    found = NOT_FOUND.findall(str(answer.get("output", "")))
    return {each.strip().removeprefix(f"{root}/") for each in found}


def merge_by_function(tests: Iterable[str], functions: Collection[str]) -> list[str]:
    """Return the tests, with all tests of the `functions` replaced by the function itself."""
    parts = {test: test.partition("[")[0] for test in tests}
    return list(dict.fromkeys(whole if whole in functions else test
                              for test, whole in parts.items()))  # fmt: skip


def read_answer(answer: Mapping[str, Any]) -> RunResult:
    """Return the server's answer as records."""
    return RunResult(
        records=tuple(read_record(record) for record in answer.get("records", ())),
        is_finished=answer.get("end") is not None,
        late=bool(answer.get("late") or answer.get("spent")),
        code=answer.get("end"),
        output=str(answer.get("output", "")),
        modules=tuple(answer.get("modules", ())),
        project=tuple((name, path) for name, path in answer.get("project", ())),
    )


def describe_mode(answer: Mapping[str, Any]) -> str:
    """Return how a run was made: in one of the prepared processes, or from the start and why."""
    for name in (COLLECTED, "configured"):
        if answer.get(name):
            return name
    return str(answer.get("unfit") or "anew")


def read_calls(answer: Mapping[str, Any]) -> tuple[RecordedCall, ...]:
    """Return the calls that a child recorded. Raises `TimeoutError` if it was ended before."""
    if answer.get("end") is None:
        raise TimeoutError("the tests were ended before they could tell what they call")
    return tuple(
        RecordedCall(
            path=str(call["path"]),
            name=str(call["name"]),
            text=str(call["call"]),
            data=str(call["data"]),
            tests=tuple(call["tests"]),
            module=str(call["module"]),
            arguments={str(name): str(source) for name, source in call["arguments"].items()},
        )
        for call in answer.get("calls", ())
    )


def read_outcomes(answer: Mapping[str, Any], count: int) -> tuple[CallOutcome, ...]:
    """Return how this many calls ended; calls without a record are unknown."""
    ends = {
        int(record["replayed"]): CallOutcome(
            record["how"],
            str(record["told"]),
            str(record["mark"]),
            str(record.get("source", "")),
            bool(record.get("refused")),
        )
        for record in answer.get("replayed", ())
    }
    return tuple(ends.get(number, CallOutcome("unknown")) for number in range(count))


def read_record(record: Mapping[str, Any]) -> TestRecord:
    """Return one record of the child as ours."""
    crash = None
    if record.get("outcome") == "failed":
        frames = record.get("frames", ())
        crash = Crash(
            error=str(record.get("error", "")),
            message=str(record.get("message", "")),
            bases=tuple(record.get("bases", ())),
            frames=tuple(
                TraceFrame(
                    path=frame["path"],
                    line=frame["line"],
                    function=frame["function"],
                    span=tuple(frame["span"]) if frame["span"] else None,
                )
                for frame in frames
            ),
            hints={key: tuple(names) for key, names in record.get("hints", {}).items()},
        )
    lines = record.get("lines", {})
    return TestRecord(
        test=str(record["test"]),
        outcome=str(record.get("outcome", "failed")),
        seconds=float(record.get("seconds", 0.0)),
        crash=crash,
        lines={path: frozenset(numbers) for path, numbers in lines.items()},
    )

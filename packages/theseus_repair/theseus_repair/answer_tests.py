"""Writes tests, which stay in the repository, for the answers that people stated."""

import asyncio
import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from theseus_repair.call_source.result import build_result_test
from theseus_repair.call_source.target import SourceCall
from theseus_repair.calls import StatedAnswer
from theseus_repair.model import Texts
from theseus_repair.runner import TestRunner, TimeLimits

_SECONDS = TimeLimits(10.0, 10.0, 30.0)


async def answer_tests(
    root: Path, folder: str, stated: Sequence[StatedAnswer], fix: Texts, runner: TestRunner
) -> dict[str, str]:
    """Return new test files for `folder`, by path below the root: each passes with the fix.

    There is no test if the person rejected every answer, if the call or the answer is not a
    literal, or if a decorator changes the function's answer for its callers.
    """
    files: dict[str, str] = {}
    for path, text in _generate_tests(folder, stated, fix):
        file = root / path
        if file.exists():
            continue
        await asyncio.to_thread(file.parent.mkdir, parents=True, exist_ok=True)
        await asyncio.to_thread(file.write_text, text, "utf-8")
        try:
            result = await runner.run((path,), fix, _SECONDS, fresh=True)
        finally:
            await asyncio.to_thread(file.unlink, missing_ok=True)
        if result.is_passing:
            files[path] = text
    return files


def _generate_tests(
    folder: str, stated: Sequence[StatedAnswer], fix: Texts
) -> Iterator[tuple[str, str]]:
    for answer in stated:
        call = answer.question.call
        if answer.right is None or call.path not in fix:
            continue
        end = answer.question.answers[answer.right]
        own = re.sub(r"\W+", "_", call.name.lower()).strip("_")
        mark = hashlib.sha256(call.text.encode()).hexdigest()[:8]
        text = build_result_test(
            fix[call.path],
            SourceCall(call.path, 0, call.name, call.module, dict(call.arguments)),
            name=f"test_{own}_answers_as_was_said",
            doc="Which answer is right a person said: no other test told.",
            answer=end.source,
            raises=end.mark if end.how == "raise" else "",
        )  # fmt: skip
        if text is not None:
            yield str(PurePosixPath(folder, f"test_{own}_answer_{mark}.py")), text

"""Judges an edit by replays: the failing script has to pass, and others must not change."""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from theseus_repair.files import write
from theseus_repair.model import Judgement, Texts

from theseus_rehearsal.behaviour import BehaviourDiff
from theseus_rehearsal.behaviour_diff import (
    compute_behaviour_diff,
    describe_change,
    find_differences,
    format_step,
)
from theseus_rehearsal.ports.rehearsal import Rehearsal
from theseus_rehearsal.records import PlayedError, Transcript
from theseus_rehearsal.repairs.cases import RepairCase, ReplayedScript, build_crash
from theseus_rehearsal.replays import find_objection
from theseus_rehearsal.visible_lines import list_visible_lines

Answers = tuple[tuple[str, ...], ...]
# How Python shows an object that was passed where a text was meant.
INTERNAL = re.compile(r"<[\w.]+ object at 0x|<(?:bound method|coroutine|function|generator) ")


class PassedEdit(NamedTuple):
    """An edit with which the failing script passes.

    `answers` are what people see at the failing steps then, `changes` the answers of other scripts
    that differ from before.
    """

    answers: Answers
    changes: tuple[str, ...]


class ReplayJudge:
    """Implements `theseus_repair.search.Judge`; `passed` has the edits that pass, by their texts.

    Args:
        tree: The code before the edit.
        replayed: The scripts of the case with their runs before the edit, the failing one first.
        failing_steps: The steps that fail.
    """

    def __init__(
        self,
        rehearsal: Rehearsal,
        tree: Path,
        case: RepairCase,
        replayed: Sequence[ReplayedScript],
        failing_steps: Sequence[int],
    ) -> None:
        self._rehearsal, self._tree, self._case = rehearsal, tree, case
        self._failing, *self._others = replayed
        self._failing_steps = tuple(failing_steps)
        self._error = self._find_error()
        self.passed: dict[frozenset[tuple[str, str]], PassedEdit] = {}

    async def judge(self, files: Texts) -> Judgement:
        """Run the failing script with these texts, and then the others, each from its start."""
        with lay_out(self._tree, files) as tree:
            async with self._rehearsal.open(tree) as runner:
                head = await runner.run(self._case.script)
                if objection := self._find_objection(head):
                    return self._build_failure(head, objection)
                played = [(each, await runner.run(each.script)) for each in self._others]
        changed = compute_behaviour_diff([each.compare(after) for each, after in played])
        lines = list_visible_lines(head)
        answers = tuple(lines.get(at, ()) for at in self._failing_steps)
        self.passed[frozenset(files.items())] = PassedEdit(answers, _describe_unasked(changed))
        return Judgement(True, passed=1, total=1)

    def _find_error(self) -> PlayedError | None:
        steps = self._failing.first.steps
        errors = (error for at in self._failing_steps if at >= 0 for error in steps[at].errors)
        return next(errors, None)

    def _find_objection(self, head: Transcript) -> str:
        """Return why the failing script does not pass, or an empty string."""
        if head.trouble:
            return f"the bot does not hold: {head.trouble}"
        if any(
            INTERNAL.search(line) for at in self._failing_steps for line in _list_lines(head, at)
        ):
            return "people see an object of the program instead of an answer"
        if self._case.expected is not None:
            different = find_differences(self._case.expected, head)
            wrong = [each.step for each in different if each.step >= 0]
            return f"{format_step(wrong[0])} people see something else" if wrong else ""
        steps = [at for at in self._failing_steps if at >= 0]
        if steps and (objection := find_objection(steps, head, self._error)):
            return objection
        changed = compute_behaviour_diff([self._failing.compare(head)])
        return next(iter(_describe_unasked(changed)), "")

    def _build_failure(self, head: Transcript, objection: str) -> Judgement:
        errors = [error for at in self._failing_steps for error in _list_errors(head, at)]
        return Judgement(
            is_passing=False,
            stage="reproduction",
            total=1,
            failed=("replay",),
            detail=objection,
            crash=build_crash(errors[0]) if errors else None,
        )


def _list_lines(transcript: Transcript, at: int) -> tuple[str, ...]:
    return list_visible_lines(transcript).get(at, ())


def _list_errors(transcript: Transcript, at: int) -> tuple[PlayedError, ...]:
    return transcript.steps[at].errors if 0 <= at < len(transcript.steps) else ()


def _describe_unasked(changed: BehaviourDiff) -> tuple[str, ...]:
    return tuple(describe_change(each) for each in changed.changes if not each.is_fixed)


@contextmanager
def lay_out(tree: Path, files: Texts) -> Iterator[Path]:
    """Provide a copy of the tree with these texts; unchanged files are linked, not copied."""
    with TemporaryDirectory(prefix="theseus-candidate-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder, "tree")
        shutil.copytree(tree, copy, symlinks=True, copy_function=os.link)
        for path in files:  # a link would change the original as well
            data = (copy / path).read_bytes()
            (copy / path).unlink()
            (copy / path).write_bytes(data)
        write(copy, files)
        yield copy

"""What becomes of real bugs of bots that others wrote: recorded, located, reproduced, fixed.

Each case is played before its fix under theseus_observe. From the record alone, the place is named
and a script is built that must fail before the fix and pass after it. Then the repair that replays
judge gets that script, or the stated answer if a wrong answer left no record, and its edit is
compared with the fix of the bot's own people. See `bench.foreign_cases` for the folder.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, NamedTuple

from theseus_rehearsal.errors import RehearsalError
from theseus_rehearsal.ports.rehearsal import run_script
from theseus_rehearsal.ports.sandbox import Sandbox
from theseus_rehearsal.records import (
    BotCommand,
    CommandStep,
    SayStep,
    Script,
    ScriptWorld,
    Transcript,
)
from theseus_rehearsal.reproductions import (
    JournalRecord,
    Reproduction,
    find_reproduction,
    has_failure,
    read_records,
)
from theseus_rehearsal.sandbox import BubblewrapSandbox, PlainSandbox, probe
from theseus_rehearsal.script_files import format_script
from theseus_rehearsal.scripts import dump_transcript
from theseus_rehearsal.visible_lines import list_visible_lines
from theseus_rehearsal.yaml_text import write_yaml

from bench.foreign_cases import (
    ForeignFix,
    Place,
    Trees,
    extract,
    extract_trees,
    judge_place,
    judge_record,
)
from bench.rows import Row
from bot.domain.errors import ConfigError

SECONDS = 120.0
"""How long the repair may search for each."""

SUSPECTS = 3
"""How many of the lines that the repair suspects may contain the right one."""

_OTHERS_AT_MOST = 6
_FROM_BEST: tuple[Place, ...] = ("line", "function", "elsewhere")
Proposal = Literal["right", "other", "wrong", "none", "not run"]


class FixResult(NamedTuple):
    """What came of a case.

    `proposal` is `right` if people see the same as with the people's fix, `other` if the script
    passes and people see something else, and `wrong` if the fault is still there. `is_proven` is
    what the repair itself says. `place` is by the record, `suspected` by the first lines that the
    repair suspects. `accepts_fix` tells whether the reproduction passes with the fix.
    """

    case: ForeignFix
    is_visible: bool
    is_recorded: bool = False
    place: Place = "none"
    suspected: Place = "none"
    is_reproduced: bool = False
    accepts_fix: bool = False
    proposal: Proposal = "not run"
    is_proven: bool = False
    why: str = ""
    seconds: float = 0.0

    @property
    def line(self) -> str:
        """Return it as one line for a terminal."""
        marks = (
            "recorded" if self.is_recorded else "no record",
            self.place,
            self.suspected,
            "reproduced" if self.is_reproduced else "-",
            f"{self.proposal}{', proven' if self.is_proven else ''}",
        )
        text = "  ".join(f"{mark:<14}" for mark in marks)
        return f"{self.case.half:6}{self.case.id:32}{self.case.effect:14}{text}{self.why}"


async def measure_fixes(
    cases: Sequence[ForeignFix],
    seconds: float = SECONDS,
    *,
    engine: Path | None = None,
    unconfined: bool = False,
) -> Sequence[Row]:
    """Measure cases one after the other, print each, and return the totals of each half.

    `engine` is the Python whose theseus_rehearsal repairs; without one, nothing is repaired.
    """
    sandbox = await _open_sandbox(unconfined=unconfined)
    results = []
    for case in cases:
        result = await _measure_fix(case, sandbox, seconds, engine)
        sys.stdout.write(f"{result.line}\n")
        sys.stdout.flush()
        results.append(result)
    return [row for half in ("open", "aside") for row in _build_rows(half, results)]


async def _open_sandbox(*, unconfined: bool) -> Sandbox:
    if unconfined:
        return PlainSandbox()
    reason = await probe()
    if reason is None:
        return BubblewrapSandbox()
    raise ConfigError(
        f"the code of other people's bots runs only in bubblewrap ({reason}); --unconfined runs it "
        "with your rights."
    )


async def _measure_fix(
    case: ForeignFix, sandbox: Sandbox, seconds: float, engine: Path | None
) -> FixResult:
    started = time.monotonic()
    with TemporaryDirectory(prefix="theseus-fix-", ignore_cleanup_errors=True) as folder:
        trees = extract_trees(case, Path(folder))
        measure = _CaseMeasure(case, sandbox, trees, Path(folder))
        try:
            result = await measure.measure()
            if engine is not None and result.is_visible:
                result = await measure.repair(result, engine, seconds)
        except RehearsalError as error:
            result = FixResult(case, is_visible=False, why=f"cannot be played: {error}")
    return result._replace(seconds=time.monotonic() - started)


class _CaseMeasure:
    """Measures one case in a folder of its own."""

    def __init__(self, case: ForeignFix, sandbox: Sandbox, trees: Trees, folder: Path) -> None:
        self._case, self._sandbox, self._trees, self._folder = case, sandbox, trees, folder
        self._trigger = case.read_script()
        self._others: Script | None = None
        self._reproduction: Reproduction | None = None
        self._fixed = Transcript()

    async def measure(self) -> FixResult:
        """Run the case, and build a reproduction from its record."""
        base = await self._replay(self._trees.base, self._trigger)
        self._fixed = await self._replay(self._trees.fix, self._trigger)
        self._others = self._build_others(base.offers)
        result = FixResult(self._case, is_visible=not _is_same(base, self._fixed))
        records = read_records(base)
        failure = self._find_failure(records)
        if failure is None:
            return result._replace(why="nothing in the journal fails")
        result = result._replace(
            is_recorded=True, place=judge_record(self._case, failure, self._trees.base)
        )
        return await self._reproduce(result, records, failure)

    async def _replay(self, tree: Path, script: Script) -> Transcript:
        return await run_script(self._case.build_rehearsal(self._sandbox, tree), tree, script)

    def _find_failure(self, records: Sequence[JournalRecord]) -> JournalRecord | None:
        """Return the last failure that the fix removed."""
        with_fix = {each["event"] for each in read_records(self._fixed) if each.get("error")}
        failed = [each for each in records if each.get("error")]
        removed = [each for each in failed if each["event"] not in with_fix]
        return removed[-1] if removed else None

    async def _reproduce(
        self, result: FixResult, records: Sequence[JournalRecord], failure: JournalRecord
    ) -> FixResult:
        # Its files and start are the bot's configuration; who is there and the web are not.
        known = self._trigger.world
        world = ScriptWorld(files=known.files, starts=known.starts)
        rehearsal = self._case.build_rehearsal(self._sandbox, self._trees.base)
        try:
            async with rehearsal.open(self._trees.base) as runner:
                found = await find_reproduction(runner, records, failure, world)
        except RehearsalError as error:
            return result._replace(why=str(error))
        if found is None:
            return result._replace(why="no script fails as the record says")
        with_fix = await self._replay(self._trees.fix, found.script)
        if has_failure(with_fix, failure) or with_fix.has_failed:
            return result._replace(why="the reproduction fails with the fix too")
        self._reproduction = found
        return result._replace(is_reproduced=True, accepts_fix=True)

    def _build_others(self, commands: Sequence[BotCommand]) -> Script | None:
        """Return a script of other commands of the changed module, which a fix must not change."""
        module = self._case.file.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        own, person = format_script(self._trigger), self._trigger.world.people[0].name
        steps = [
            SayStep(say=each.text, by=person)
            if each.kind == "typed"
            else CommandStep(command=each.text, by=person)
            for each in commands
            if each.module == module and not each.needs and each.text not in own
        ]
        if not steps:
            return None
        return Script(world=self._trigger.world, steps=tuple(steps[:_OTHERS_AT_MOST]))

    # ---------------------------------------------------------------- repair

    async def repair(self, result: FixResult, engine: Path, seconds: float) -> FixResult:
        """Let the engine search for an edit, and compare it with the fix."""
        answer = await asyncio.to_thread(self._call_engine, engine, seconds)
        if "error" in answer:
            return result._replace(why=f"the engine: {answer['error']}")
        named = map(str, answer["suspects"][:SUSPECTS])
        places = {judge_place(self._case, each, self._trees.base) for each in named}
        best = next((each for each in _FROM_BEST if each in places), None)
        result = result._replace(suspected=best or "none")
        edit = answer.get("edit")
        if not edit:
            return result._replace(
                proposal="none", why=result.why or f"none of {_describe_search(answer)} passes"
            )
        tree = self._folder / "edited"
        if refusal := await asyncio.to_thread(self._apply, str(edit["diff"]), tree):
            return result._replace(proposal="none", why=f"its diff: {refusal}")
        proposal = await self._compare(tree)
        why = "; ".join(map(str, edit["doubts"])) or str(edit["why"])
        return result._replace(proposal=proposal, is_proven=bool(answer["proven"]), why=why)

    def _apply(self, diff: str, tree: Path) -> str:
        """Write the edited code into a folder; return why the diff does not apply, if so."""
        extract(self._case, self._case.base, tree)
        done = subprocess.run(
            ["git", "apply", "-"],
            input=diff.encode(),
            capture_output=True,
            check=False,
            cwd=tree,
            env={**os.environ, "GIT_CEILING_DIRECTORIES": str(tree.parent)},
        )
        return done.stderr.decode(errors="replace")[:200] if done.returncode else ""

    async def _compare(self, tree: Path) -> Proposal:
        edited = await self._replay(tree, self._trigger)
        if self._reproduction is not None:
            again = await self._replay(tree, self._reproduction.script)
            if again.has_failed:
                return "wrong"
        if edited.has_failed and not self._fixed.has_failed:
            return "wrong"
        if not _is_same(edited, self._fixed):
            return "other" if self._case.effect == "exception" else "wrong"
        if self._others is not None:
            pair = [await self._replay(each, self._others) for each in (tree, self._trees.fix)]
            if not _is_same(*pair):
                return "other"
        return "right"

    def _call_engine(self, engine: Path, seconds: float) -> dict[str, Any]:
        script, others = self._folder / "script.yaml", self._folder / "others"
        others.mkdir()
        script.write_text(self._write_script(), encoding="utf-8")
        if self._others is not None:
            (others / "others.yaml").write_text(format_script(self._others), encoding="utf-8")
        case, clone = self._case, self._lay_out_clone()
        command = [
            str(engine), "-m", "theseus_rehearsal", "--repo", str(clone), "--commit", "HEAD",
            "--start", case.start, "--python", str(case.python), "--script", str(script),
            "--others", str(others), "--repair", "--json", "--time", str(seconds),
        ]  # fmt: skip
        if isinstance(self._sandbox, PlainSandbox):
            command.append("--unconfined")
        own = {name: each for name, each in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run(command, capture_output=True, check=False, env=own, cwd=self._folder)
        try:
            return dict(json.loads(done.stdout))
        except ValueError:
            return {"error": " ".join(done.stderr.decode(errors="replace").split())[-300:]}

    def _lay_out_clone(self) -> Path:
        """Return a clone at the base, to which the host's files are added."""
        case, clone = self._case, self._folder / "clone"
        who = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"]
        git = ["git", "-C", str(clone), *who]
        own = ["git", "clone", "-q", "--shared", "--no-checkout", str(case.git), str(clone)]
        for command in (own, [*git, "checkout", "-q", case.base]):
            subprocess.run(command, check=True, capture_output=True)
        if case.files is not None:
            shutil.copytree(case.files, clone, dirs_exist_ok=True)
            # In the base itself: as a commit of its own, the host would be the newest suspect.
            for words in (["add", "-A", "-f"], ["commit", "-q", "--amend", "--no-edit"]):
                subprocess.run([*git, *words], check=True, capture_output=True)
        return clone

    def _write_script(self) -> str:
        """Return the failing script; without a record, people have stated the right answers."""
        if self._reproduction is not None:
            return format_script(self._reproduction.script)
        if self._case.effect == "wrong answer":
            return write_yaml(dump_transcript(self._trigger, self._fixed))
        return format_script(self._trigger)


def _describe_search(answer: Mapping[str, Any]) -> str:
    """Return how many edits were played, and whether the time was up."""
    return f"{answer['edits_played']} edits{' (time was up)' if answer['cut'] else ''}"


def _is_same(one: Transcript, two: Transcript) -> bool:
    """Return whether people saw the same, and the same failed."""
    return list_visible_lines(one) == list_visible_lines(two) and one.has_failed == two.has_failed


def _build_rows(half: str, results: Sequence[FixResult]) -> list[Row]:
    own = [each for each in results if each.case.half == half and each.is_visible]
    if not own:
        return []
    recorded = [each for each in own if each.is_recorded]
    counts = Counter(each.proposal for each in own)
    shipped = sum(each.is_proven and each.proposal in ("wrong", "other") for each in own)
    figures = [
        ("shown by their script", len(own), len(own)),
        ("recorded", len(recorded), len(own)),
        ("right line, of those recorded", _count(recorded, "line"), len(recorded)),
        ("right function", _count(recorded, "function"), len(recorded)),
        ("right line among three suspects", _count_suspected(own), len(own)),
        ("reproduced, of those recorded", sum(each.is_reproduced for each in own), len(recorded)),
        ("offered: as the people's fix", counts["right"], len(own)),
        ("offered: another answer", counts["other"], len(own)),
        ("offered: wrong", counts["wrong"], len(own)),
        ("proven, but not as the fix", shipped, len(own)),
    ]
    return [
        Row(
            bench=f"fixes, {half}",
            name=name,
            ours=count,
            unit="faults",
            share=count / total if total else None,
        )
        for name, count, total in figures
    ]


def _count_suspected(results: Sequence[FixResult]) -> int:
    return sum("line" in (each.place, each.suspected) for each in results)


def _count(results: Sequence[FixResult], place: Place) -> int:
    return sum(each.place == place for each in results)

"""Checks a planner's answer to a request: its examples must be replayable, its files writable."""

from collections.abc import Collection, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from theseus_guard.protection import Protection
from theseus_rehearsal.errors import UnreadableYaml
from theseus_rehearsal.records import Script
from theseus_rehearsal.scripts import UnreadableScript, load_script
from theseus_rehearsal.yaml_text import WordsLoader, read_yaml

from bot.adapters.claude_agent._brief_form import BriefForm, ExampleForm
from bot.adapters.claude_agent._output import (
    Objection,
    check_ownable,
    check_parts,
    check_plan_size,
)
from bot.domain.brief import Acceptance, Brief, BriefQuestion, Wanted
from bot.domain.cogs import get_cog_name
from bot.domain.plan import NO_COMPATIBILITY_IMPACT, Plan, Step
from bot.domain.proof import ProofKind
from bot.ports.planner import Request
from bot.proof.acceptance import find_example_problems
from bot.proof.flag_uses import find_flag_uses_in

_NOT_INSTALLED = (
    "it takes {names}, which is not installed here, and I install nothing: what a package does, "
    "and its licence, are for people to judge. Add it yourself (`uv add`, a commit with its lock, "
    "a restart), then ask again; or say that it is to do without."
)


def build_brief(
    form: BriefForm,
    request: Request,
    root: Path,
    protection: Protection,
    by: str,
    *,
    is_own: bool = True,
) -> Brief:
    """Return the brief for a request. Raises `Objection` if the planner's answer is not usable.

    Without `is_own`, it is about a bot that has neither cogs nor flags of Theseus.
    """
    brief = Brief(
        request=request.text,
        understood=form.understood,
        objection=_find_objection(form),
        risk=form.risk,
        written_by=by,
    )
    if brief.objection:
        return brief
    brief = brief.replace(
        out_of_scope=form.out_of_scope,
        acceptances=tuple(_build_example(item, n) for n, item in enumerate(form.examples, 1)),
        flag=form.flag,
        questions=tuple(BriefQuestion.model_validate(dict(item)) for item in form.questions),
        proofs=_list_proofs(form),
    )
    if not is_own:
        return _check_foreign(brief)
    known_cogs = {cog for path in (root / "cogs").glob("*") if (cog := _get_cog_name(path))}
    if problems := find_example_problems(brief, known_cogs):
        raise Objection("\n".join(f"examples: {problem}" for problem in problems[:5]))
    _refuse_odd_flags(brief, find_flag_uses_in(root))
    _refuse_unknown_cogs(
        brief.acceptances, known_cogs, _collect_owned_files(form, root, protection)
    )
    return brief


def _check_foreign(brief: Brief) -> Brief:
    """Return the brief of another bot's change. Raises `Objection` if it cannot be proven."""
    problems = find_example_problems(brief, None)
    if brief.flag:
        problems = ("flag: this bot has no flags: leave it empty", *problems)
    if problems:
        raise Objection("\n".join(f"examples: {problem}" for problem in problems[:5]))
    return brief


def build_plan(form: BriefForm, root: Path, protection: Protection, by: str) -> Plan | None:
    """Return the plan, or `None` if nothing is to be built. Raises `Objection`."""
    if _find_objection(form):
        return None
    if not form.solution or not form.steps:
        raise Objection("solution and steps: say how it is built, or give an `objection`.")
    check_plan_size(len(_collect_owned_files(form, root, protection)), protection)
    plan = Plan(
        problem=form.understood,
        solution=form.solution,
        steps=tuple(
            Step(
                summary=step.summary,
                owned_files=tuple(
                    check_ownable(file, root, protection) for file in step.owned_files
                ),
                part=step.part,
            )
            for step in form.steps
        ),
        risk=form.risk,
        impact=form.impact,
        compatibility=_format_compatibility(form),
        rollback=form.rollback,
        written_by=by,
        max_files=protection.max_owned_files,
        max_lines=protection.max_changed_lines,
    )
    check_parts(plan)
    return plan


def _find_objection(form: BriefForm) -> str:
    """Return why nothing is to be built: the planner's reason, or missing packages; or ""."""
    missing = [f"`{name}`" for name in map(str.strip, form.needs) if not _is_installed(name)]
    if form.objection.strip() or not missing:
        return form.objection.strip()
    return _NOT_INSTALLED.format(names=", ".join(missing))


def _is_installed(name: str) -> bool:
    try:
        return bool(version(name))
    except (PackageNotFoundError, ValueError):
        return False


def _collect_owned_files(form: BriefForm, root: Path, protection: Protection) -> frozenset[str]:
    files = (file for step in form.steps for file in step.owned_files)
    return frozenset(check_ownable(file, root, protection) for file in files)


def _format_compatibility(form: BriefForm) -> str:
    """Return the plan's notes on flags, migrations and similar topics."""
    if not form.flag:
        return form.compatibility
    flag_note = f"Ships behind the flag `{form.flag}`, which is off until people switch it on."
    return (
        flag_note
        if form.compatibility == NO_COMPATIBILITY_IMPACT
        else f"{flag_note} {form.compatibility}"
    )


def _list_proofs(form: BriefForm) -> tuple[ProofKind, ...]:
    """Return the kinds of proof; examples always add a proof of behaviour."""
    kinds = tuple(dict.fromkeys(form.proofs))
    return kinds if "behaviour" in kinds or not form.examples else ("behaviour", *kinds)


def _build_example(form: ExampleForm, number: int) -> Acceptance:
    """Return one example as a script that can be replayed. Raises `Objection`."""
    return Acceptance(
        asked=form.asked,
        expected=form.expected,
        script=_parse_script(form.script, f"examples, number {number}: script"),
        wanted=tuple(Wanted.model_validate(dict(expectation)) for expectation in form.wanted),
        missing=form.missing,
    )


def _parse_script(text: str, source: str) -> Script:
    try:
        script = load_script(read_yaml(text, source, WordsLoader).content)
    except UnreadableYaml as error:
        raise Objection(str(error)) from error
    except UnreadableScript as error:
        raise Objection(f"{source}: {error}") from error
    return script


def _get_cog_name(place: Path) -> str:
    """Return the name of the cog that a path under `cogs` belongs to, or ""."""
    return get_cog_name(f"cogs/{place.name}" if place.is_file() else f"cogs/{place.name}/a.py")


def _refuse_unknown_cogs(
    examples: Sequence[Acceptance], there: Collection[str], owned_files: Collection[str]
) -> None:
    """Refuse an example that uses a cog which neither exists nor is created by the plan."""
    created = {get_cog_name(file) for file in owned_files}
    for example in examples:
        for cog in {*example.script.world.cogs} - {*there, *created}:
            raise Objection(
                f"examples: {example.asked}: there is no cog `{cog}`, and no step owns "
                f"`cogs/{cog}.py`."
            )


def _refuse_odd_flags(brief: Brief, uses: Mapping[str, Sequence[str]]) -> None:
    """Refuse a flag that other code already uses, that no example switches on, or no code reads."""
    flag = brief.flag
    if flag in uses:
        raise Objection(
            f"flag: `{flag}` is asked for in {uses[flag][0]} already, and may be on. Name another, "
            "or leave it out and put that one into the worlds of your examples."
        )
    used = {name for acceptance in brief.acceptances for name in acceptance.script.world.flags}
    if flag and flag not in used:
        raise Objection(
            f"flag: no example has it on: put `flags: [{flag}]` into the world of those that do."
        )
    for name in sorted(used - {flag, *uses}):
        raise Objection(f"examples: flags: no code asks for `{name}`, and `flag` does not name it.")

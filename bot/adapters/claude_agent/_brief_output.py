"""Whether what a planner makes of a request holds: examples that can be played, files to write."""

from collections.abc import Collection, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bot.adapters.claude_agent._brief_form import MAX_PARTS, BriefForm, ExampleForm
from bot.adapters.claude_agent._forms import MAX_OWNED_FILES
from bot.adapters.claude_agent._output import Objection, check_ownable
from bot.authority.protection import Protection
from bot.domain.brief import Acceptance, Brief, BriefQuestion, Wanted
from bot.domain.cogs import get_cog_name
from bot.domain.errors import ConfigError
from bot.domain.plan import NO_COMPATIBILITY_IMPACT, Plan, Step, find_split_error
from bot.domain.proof import ProofKind
from bot.domain.rehearsal import Script
from bot.infra.yaml_text import WordsLoader, read_yaml
from bot.ports.planner import Request
from bot.proof.acceptance import find_example_problems
from bot.proof.flag_uses import find_flag_uses_in
from bot.proof.scripts import UnreadableScript, load_script

_NOT_INSTALLED = (
    "it takes {names}, which is not installed here, and I install nothing: what a package does, "
    "and its licence, are for people to judge. Add it yourself (`uv add`, a commit with its lock, "
    "a restart), then ask again; or say that it is to do without."
)


def build_brief(
    form: BriefForm, request: Request, root: Path, protection: Protection, by: str
) -> Brief:
    """Return what is wanted, with the person's own words in it. Raises `Objection`."""
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
        acceptances=tuple(_build_example(each, n) for n, each in enumerate(form.examples, 1)),
        flag=form.flag,
        questions=tuple(BriefQuestion.model_validate(dict(each)) for each in form.questions),
        proofs=_list_proofs(form),
    )
    there = {cog for place in (root / "cogs").glob("*") if (cog := _cog(place))}
    if wrong := find_example_problems(brief, there):
        raise Objection("\n".join(f"examples: {why}" for why in wrong[:5]))
    _refuse_odd_flags(brief, find_flag_uses_in(root))
    _refuse_unknown_cogs(brief.acceptances, there, _collect_owned_files(form, root, protection))
    return brief


def build_plan(form: BriefForm, root: Path, protection: Protection, by: str) -> Plan | None:
    """Return how it is built; `None` where nothing is to be. Raises `Objection`."""
    if _find_objection(form):
        return None
    if not form.solution or not form.steps:
        raise Objection("solution and steps: say how it is built, or give an `objection`.")
    if len(_collect_owned_files(form, root, protection)) > MAX_OWNED_FILES:
        raise Objection(f"steps: at most {MAX_OWNED_FILES} owned files. Plan a smaller change.")
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
    )
    if len(plan.parts) > MAX_PARTS:
        raise Objection(f"steps: {len(plan.parts)} parts; at most {MAX_PARTS}.")
    if wrong := find_split_error(plan):
        raise Objection(f"steps: {wrong}.")
    return plan


def _find_objection(form: BriefForm) -> str:
    """Return why nothing is to be built: the planner's reason, or packages that are not here."""
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
    """Return what a plan says of flags, migrations and the like."""
    if not form.flag:
        return form.compatibility
    behind = f"Ships behind the flag `{form.flag}`, which is off until people switch it on."
    return (
        behind
        if form.compatibility == NO_COMPATIBILITY_IMPACT
        else f"{behind} {form.compatibility}"
    )


def _list_proofs(form: BriefForm) -> tuple[ProofKind, ...]:
    """Return what proves it: examples are a proof of behaviour, whatever else is one."""
    kinds = tuple(dict.fromkeys(form.proofs))
    return kinds if "behaviour" in kinds or not form.examples else ("behaviour", *kinds)


def _build_example(form: ExampleForm, number: int) -> Acceptance:
    """Return one example, as it is played."""
    return Acceptance(
        asked=form.asked,
        expected=form.expected,
        script=_parse_script(form.script, f"examples, number {number}: script"),
        wanted=tuple(Wanted.model_validate(dict(each)) for each in form.wanted),
        missing=form.missing,
    )


def _parse_script(text: str, source: str) -> Script:
    try:
        script = load_script(read_yaml(text, source, WordsLoader).content)
    except ConfigError as error:
        raise Objection(str(error)) from error
    except UnreadableScript as error:
        raise Objection(f"{source}: {error}") from error
    return script


def _cog(place: Path) -> str:
    """Return the cog that a file or package under `cogs` is of; nothing where it is of none."""
    return get_cog_name(f"cogs/{place.name}" if place.is_file() else f"cogs/{place.name}/a.py")


def _refuse_unknown_cogs(
    examples: Sequence[Acceptance], there: Collection[str], owned_files: Collection[str]
) -> None:
    """Refuse an example of a cog that neither is there nor is to be made."""
    made = {get_cog_name(file) for file in owned_files}
    for each in examples:
        for cog in {*each.script.world.cogs} - {*there, *made}:
            raise Objection(
                f"examples: {each.asked}: there is no cog `{cog}`, and no step owns "
                f"`cogs/{cog}.py`."
            )


def _refuse_odd_flags(brief: Brief, uses: Mapping[str, Sequence[str]]) -> None:
    """Refuse a flag that others ask for already, that no example shows, or that nobody asks for."""
    flag = brief.flag
    if flag in uses:
        raise Objection(
            f"flag: `{flag}` is asked for in {uses[flag][0]} already, and may be on. Name another, "
            "or leave it out and put that one into the worlds of your examples."
        )
    named = {name for each in brief.acceptances for name in each.script.world.flags}
    if flag and flag not in named:
        raise Objection(
            f"flag: no example has it on: put `flags: [{flag}]` into the world of those that do."
        )
    for name in sorted(named - {flag, *uses}):
        raise Objection(f"examples: flags: no code asks for `{name}`, and `flag` does not name it.")

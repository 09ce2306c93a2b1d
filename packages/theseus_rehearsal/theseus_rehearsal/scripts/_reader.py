"""Reads a script that a person wrote; errors name the step, the key and the remedy."""

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from theseus_rehearsal.records import (
    Actor,
    JoinStep,
    PersonStep,
    PlayedStep,
    ReloadStep,
    RestartStep,
    Script,
    ScriptStep,
    ScriptWorld,
    TogetherStep,
    Transcript,
    WebAnswer,
)
from theseus_rehearsal.scripts._fields import (
    Path,
    UnreadableScript,
    format_place,
    parse_files,
    require_list,
    require_mapping,
    validate_record,
)
from theseus_rehearsal.scripts._steps import RESULTS, parse_step

_CAME_OF = Transcript.model_fields.keys() - {"steps"}
_START = RestartStep(restart=True)


def load_script(content: object) -> Script:
    """Return the script in plain mappings and lists, or in a list of steps.

    The results in a transcript are ignored. Raises `UnreadableScript`.
    """
    if isinstance(content, Sequence) and not isinstance(content, str):
        content = {"steps": content}
    if isinstance(content, Mapping):
        content = {key: value for key, value in content.items() if key not in _CAME_OF}
    fields = require_mapping((), content, "a script", ("world", "steps"))
    steps = fields.get("steps")
    if not isinstance(steps, Sequence) or isinstance(steps, str) or not steps:
        raise UnreadableScript(
            ("steps",), "a script has `steps:`, and under it one line for each: - command: /roll"
        )
    world = _parse_world(fields.get("world"))
    parsed = tuple(parse_step(("steps", at), step) for at, step in enumerate(steps))
    _refuse_strangers(world, parsed)
    return Script(world=world, steps=parsed)


def load_expected(content: object) -> Transcript | None:
    """Return the results that a script states under its steps; `None` if it states none.

    If it states the result of one step, a step without a result is one where people see nothing.
    Raises `UnreadableScript`.
    """
    script = load_script(content)
    fields: Mapping[str, Any] = content if isinstance(content, Mapping) else {"steps": content}
    results = [_select_results(each) for each in fields["steps"]]
    if not any(results):
        return None
    started = _select_results(fields.get("started"))
    return Transcript(
        started=validate_record(("started",), PlayedStep, {"step": _START, **started}),
        steps=tuple(
            validate_record(("steps", at), PlayedStep, {"step": step, **result})
            for at, (step, result) in enumerate(zip(script.steps, results, strict=True))
        ),
        trouble=str(fields.get("trouble", "")),
    )


def _select_results(value: object) -> dict[str, Any]:
    """Return what a written step states about its result."""
    if not isinstance(value, Mapping):
        return {}
    return {key: each for key, each in value.items() if key in RESULTS}


def _parse_world(value: object) -> ScriptWorld:
    if value is None:
        return ScriptWorld()
    path: Path = ("world",)
    fields = dict(require_mapping(path, value, "a world", tuple(ScriptWorld.model_fields)))
    if "people" in fields:
        people = require_list((*path, "people"), fields["people"])
        fields["people"] = tuple(
            validate_record(
                (*path, "people", at), Actor, {"name": each} if isinstance(each, str) else each
            )
            for at, each in enumerate(people)
        )
    if "web" in fields:
        fields["web"] = tuple(
            validate_record((*path, "web", at), WebAnswer, each)
            for at, each in enumerate(require_list((*path, "web"), fields["web"]))
        )
    if "files" in fields:
        fields["files"] = parse_files((*path, "files"), fields["files"])
    world = validate_record(path, ScriptWorld, fields)
    for at, cog in enumerate(world.cogs):
        if not cog.isidentifier():
            where = (*path, "cogs", at)
            raise UnreadableScript(where, f"{format_place(where)}a cog is a name under cogs: dice")
    return world if world.starts.tzinfo else world.replace(starts=world.starts.replace(tzinfo=UTC))


def _refuse_strangers(world: ScriptWorld, steps: Sequence[ScriptStep]) -> None:
    """Raise `UnreadableScript` if a step is done by a person who is not in the world."""
    names = [actor.name for actor in world.people]
    if len({*names}) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UnreadableScript(("world", "people"), f"world: people: `{twice}` is there twice")
    for at, step in enumerate(steps):
        if isinstance(step, JoinStep):
            names.append(step.join)
        if isinstance(step, ReloadStep) and world.cogs and step.reload not in world.cogs:
            where: Path = ("steps", at, "reload")
            problem = f"`{step.reload}` is not among the world's cogs: {', '.join(world.cogs)}"
            raise UnreadableScript(where, f"{format_place(where)}{problem}")
        together = step.together if isinstance(step, TogetherStep) else (step,)
        for inner, each in enumerate(together):
            if isinstance(each, PersonStep) and each.by not in names:
                path: Path = ("steps", at)
                path = (*path, "together", inner) if isinstance(step, TogetherStep) else path
                raise UnreadableScript(
                    (*path, "by"),
                    f"{format_place((*path, 'by'))}no one in the world is called `{each.by}`; "
                    f"there are {', '.join(names)}",
                )

"""From what a person wrote to a script, with errors that name the step, the key and the way out."""

from collections.abc import Mapping, Sequence
from datetime import UTC

from bot.domain.rehearsal import (
    Actor,
    PersonStep,
    ReloadStep,
    Script,
    ScriptStep,
    ScriptWorld,
    TogetherStep,
    Transcript,
    WebAnswer,
)
from bot.proof.scripts._fields import (
    Path,
    UnreadableScript,
    files,
    listed,
    mapping,
    place,
    record,
)
from bot.proof.scripts._steps import step_from

_CAME_OF = Transcript.model_fields.keys() - {"steps"}


def script_from(content: object) -> Script:
    """Return the script in plain mappings and lists, or in a list of steps alone.

    What a transcript tells beside its script is passed over. Raises `UnreadableScript`.
    """
    if isinstance(content, Sequence) and not isinstance(content, str):
        content = {"steps": content}
    if isinstance(content, Mapping):
        content = {key: each for key, each in content.items() if key not in _CAME_OF}
    given = mapping((), content, "a script", ("world", "steps"))
    steps = given.get("steps")
    if not isinstance(steps, Sequence) or isinstance(steps, str) or not steps:
        raise UnreadableScript(
            ("steps",), "a script has `steps:`, and under it one line for each: - command: /roll"
        )
    world = _world(given.get("world"))
    read = tuple(step_from(("steps", at), each) for at, each in enumerate(steps))
    _refuse_strangers(world, read)
    return Script(world=world, steps=read)


def _world(value: object) -> ScriptWorld:
    if value is None:
        return ScriptWorld()
    path: Path = ("world",)
    fields = dict(mapping(path, value, "a world", tuple(ScriptWorld.model_fields)))
    if "people" in fields:
        people = listed((*path, "people"), fields["people"])
        fields["people"] = tuple(
            record((*path, "people", at), Actor, {"name": each} if isinstance(each, str) else each)
            for at, each in enumerate(people)
        )
    if "web" in fields:
        fields["web"] = tuple(
            record((*path, "web", at), WebAnswer, each)
            for at, each in enumerate(listed((*path, "web"), fields["web"]))
        )
    if "files" in fields:
        fields["files"] = files((*path, "files"), fields["files"])
    world = record(path, ScriptWorld, fields)
    for at, cog in enumerate(world.cogs):
        if not cog.isidentifier():
            where = (*path, "cogs", at)
            raise UnreadableScript(where, f"{place(where)}a cog is a name under cogs: dice")
    return world if world.starts.tzinfo else world.but(starts=world.starts.replace(tzinfo=UTC))


def _refuse_strangers(world: ScriptWorld, steps: Sequence[ScriptStep]) -> None:
    """Let nobody act who is not in the world."""
    names = [each.name for each in world.people]
    if len({*names}) < len(names):
        twice = next(each for each in names if names.count(each) > 1)
        raise UnreadableScript(("world", "people"), f"world: people: `{twice}` is there twice")
    for at, step in enumerate(steps):
        if isinstance(step, ReloadStep) and world.cogs and step.reload not in world.cogs:
            where: Path = ("steps", at, "reload")
            told = f"`{step.reload}` is not among the world's cogs: {', '.join(world.cogs)}"
            raise UnreadableScript(where, f"{place(where)}{told}")
        together = step.together if isinstance(step, TogetherStep) else (step,)
        for inner, each in enumerate(together):
            if isinstance(each, PersonStep) and each.by not in names:
                path: Path = ("steps", at)
                path = (*path, "together", inner) if isinstance(step, TogetherStep) else path
                raise UnreadableScript(
                    (*path, "by"),
                    f"{place((*path, 'by'))}nobody in the world is called `{each.by}`; "
                    f"there are {', '.join(names)}",
                )

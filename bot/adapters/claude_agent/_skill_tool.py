"""`use_skill`: a skill's text when a model is about to do such work, and what that narrows."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePosixPath

from pydantic import Field, ValidationError

from bot.adapters.claude_agent._chat_turns import Judge
from bot.adapters.claude_agent._events import Deny, Ruling
from bot.adapters.claude_agent._plain_text import flatten, format_code
from bot.adapters.claude_agent._texts import fence_text
from bot.adapters.claude_agent._tool_handlers import ToolAnswer
from bot.adapters.claude_agent._tool_permissions import FINAL_ANSWER_TOOL, PREFIX
from bot.adapters.claude_agent._tools import Tool, describe_error
from bot.domain.record import Record
from bot.domain.skill import MANIFEST, Skill, SkillRole, SkillSet
from bot.prompts import Prompts
from bot.skills import SkillLibrary

USE_SKILL = "use_skill"
_MAX_DESCRIPTION_CHARS = 700  # characters of one description
_MAX_LIST_CHARS = 12_000
# What a model says to people and how it ends stays open, whatever a skill names.
_ALWAYS = frozenset(
    {
        USE_SKILL,
        "report_progress",
        "ask_person",
        "cannot",
        "unrelated",
        "not_done",
        FINAL_ANSWER_TOOL,
    }
)


class SkillArguments(Record):
    """Arguments of `use_skill`."""

    name: str = Field(
        default="", max_length=100, description="of the skill; empty: the one in use is done with"
    )
    file: str = Field(
        default="", max_length=300, description="a file of that skill, by the path it is named by"
    )


TOOL = Tool(
    "Read how some kind of work is done here, before you do it: a skill by its name, or a file "
    "that belongs to it. With an empty name, say that you are done with the one in use.",
    SkillArguments,
)


class SkillTool:
    """The skills of one conversation. Those of its beginning count until `begin` is called anew.

    While a skill that names tools is in use, no other tool may be called. That narrows what the
    conversation's own judge allows, and never adds to it.
    """

    def __init__(self, library: SkillLibrary, role: SkillRole, run_id: str | None = None) -> None:
        self._library = library
        self._role = role
        self._run_id = run_id
        self._skills: SkillSet = SkillSet()
        self._in_use: Skill | None = None
        self.begin()

    def begin(self) -> None:
        """Take the skills as they are now; none is in use."""
        self._skills = self._library.get_current()
        self._in_use = None

    @property
    def names(self) -> tuple[str, ...]:
        """Return the tool's name, where there is a skill for this part of the model."""
        return (USE_SKILL,) if self._skills.list_for_role(self._role) else ()

    def render_list(self, prompts: Prompts) -> str:
        """Return what a model is told of its skills; empty where it has none. Always the same."""
        return render_skills(prompts, self._skills.list_for_role(self._role))

    async def call(self, arguments: Mapping[str, object]) -> ToolAnswer:
        """Return the text that was asked for, or what is wrong with asking."""
        try:
            given = SkillArguments.model_validate(dict(arguments))
        except ValidationError as error:
            return ToolAnswer(describe_error(error), failed=True)
        if not given.name:
            self._in_use = None
            return ToolAnswer("No skill is in use now: every tool of yours may be called again.")
        mine = {each.name: each for each in self._skills.list_for_role(self._role)}
        skill = mine.get(given.name)
        if skill is None:
            return ToolAnswer(_format_unknown(given.name, mine), failed=True)
        if given.file:
            return _read_file(skill, given.file)
        self._in_use = skill
        self._library.note_use(skill, self._role, self._run_id)
        return ToolAnswer(_render_skill(skill))

    def wrap_judge(self, judge: Judge) -> Judge:
        """Return a judge that refuses what the skill in use leaves out, and else asks `judge`."""

        async def judge_call(tool: str, arguments: Mapping[str, object]) -> Ruling:
            if refused := self._explain_refusal(tool):
                return Deny(refused)
            return await judge(tool, arguments)

        return judge_call

    def _explain_refusal(self, tool: str) -> str:
        skill, name = self._in_use, tool.removeprefix(PREFIX)
        if skill is None or not skill.allowed_tools or name in _ALWAYS:
            return ""
        allowed = {each.removeprefix(PREFIX) for each in skill.allowed_tools}
        if name in allowed:
            return ""
        return (
            f"The skill `{skill.name}`, which is in use, goes without `{format_code(name, 60)}`; it "
            f"takes {', '.join(sorted(allowed))}. When you are done with it, call {USE_SKILL} "
            "with an empty name."
        )


def render_skills(prompts: Prompts, skills: Sequence[Skill]) -> str:
    """Return what stands of these skills in what a model is told it is; empty without any.

    Each is a line, in the order of their names, so that it stays the same while they do.
    """
    lines: list[str] = []
    left = _MAX_LIST_CHARS
    for skill in skills:
        line = f"- {skill.name}: {flatten(skill.summary, _MAX_DESCRIPTION_CHARS)}"
        left -= len(line)
        if left < 0:
            lines.append(f"- and {len(skills) - len(lines)} more that there is no room to name")
            break
        lines.append(line)
    if not lines:
        return ""
    return prompts.render("skill_list", skills=fence_text("\n".join(lines), "skills"))


def append_skills(system: str, skills_text: str) -> str:
    """Return what a model is told it is, with its skills after it."""
    return f"{system.rstrip()}\n\n{skills_text}" if skills_text else system


def _render_skill(skill: Skill) -> str:
    files = [f"- {path}" for path in sorted(skill.files)]
    beside = "\n\nFiles of this skill, for `file`:\n" + "\n".join(files) if files else ""
    narrowed = ""
    if skill.allowed_tools:
        named = ", ".join(skill.allowed_tools)
        narrowed = (
            f"\n\nWhile it is in use, of your tools only these: {named}. When you are done with "
            f"it, call {USE_SKILL} with an empty name."
        )
    return f"{fence_text(skill.body, 'skill')}{beside}{narrowed}"


def _read_file(skill: Skill, path: str) -> ToolAnswer:
    """Return a file that belongs to the skill: one that was read with it, and no other."""
    name = str(PurePosixPath(path.strip()))
    if name == MANIFEST:
        return ToolAnswer(_render_skill(skill))
    if name not in skill.files:
        there = ", ".join(sorted(skill.files)) or "none"
        return ToolAnswer(
            f"`{skill.name}` has no file `{format_code(path)}`; it has: {there}.", failed=True
        )
    text = skill.files[name]
    if text is None:
        return ToolAnswer(f"`{format_code(name)}` is no text: it cannot be read here.", failed=True)
    return ToolAnswer(fence_text(text, "skill"))


def _format_unknown(name: str, there: Collection[str]) -> str:
    listed = ", ".join(sorted(there)) or "none"
    return f"There is no skill `{format_code(name, 60)}`; there are: {listed}."

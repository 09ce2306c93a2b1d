"""`use_skill`: gives a model the text of a skill, and restricts the tools while it is in use."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePosixPath

from pydantic import Field, ValidationError
from theseus_guard.record import Record

from bot.adapters.claude_agent.chat._chat_turns import Judge
from bot.adapters.claude_agent.program._events import Deny, Ruling
from bot.adapters.claude_agent.prompting._plain_text import flatten, format_code
from bot.adapters.claude_agent.prompting._texts import fence_text
from bot.adapters.claude_agent.tools._tool_handlers import ToolAnswer
from bot.adapters.claude_agent.tools._tool_permissions import FINAL_ANSWER_TOOL, PREFIX
from bot.adapters.claude_agent.tools._tools import Tool, describe_error
from bot.domain.skill import MANIFEST, Skill, SkillRole, SkillSet
from bot.prompts import Prompts
from bot.skills import SkillLibrary

USE_SKILL = "use_skill"
_MAX_DESCRIPTION_CHARS = 700  # characters of one description
_MAX_LIST_CHARS = 12_000
# Tools to talk to people and to finish stay available, whatever tools a skill names.
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
    """The skills of one conversation, as they were at the last call of `begin`.

    While a skill that names tools is in use, other tools are refused. This only restricts what the
    conversation's own judge allows; it never allows more.
    """

    def __init__(self, library: SkillLibrary, role: SkillRole, run_id: str | None = None) -> None:
        self._library = library
        self._role = role
        self._run_id = run_id
        self._skills: SkillSet = SkillSet()
        self._in_use: Skill | None = None
        self.begin()

    def begin(self) -> None:
        """Load the current skills; none is in use."""
        self._skills = self._library.get_current()
        self._in_use = None

    @property
    def names(self) -> tuple[str, ...]:
        """The tool's name, if there is a skill for this role; else empty."""
        return (USE_SKILL,) if self._skills.list_for_role(self._role) else ()

    def render_list(self, prompts: Prompts) -> str:
        """Return the prompt's list of skills; "" without skills. The order is stable."""
        return render_skills(prompts, self._skills.list_for_role(self._role))

    async def call(self, arguments: Mapping[str, object]) -> ToolAnswer:
        """Return the requested text, or an error message for the model."""
        try:
            parsed = SkillArguments.model_validate(dict(arguments))
        except ValidationError as error:
            return ToolAnswer(describe_error(error), failed=True)
        if not parsed.name:
            self._in_use = None
            return ToolAnswer("No skill is in use now: every tool of yours may be called again.")
        available = {entry.name: entry for entry in self._skills.list_for_role(self._role)}
        skill = available.get(parsed.name)
        if skill is None:
            return ToolAnswer(_format_unknown(parsed.name, available), failed=True)
        if parsed.file:
            return _read_file(skill, parsed.file)
        self._in_use = skill
        self._library.note_use(skill, self._role, self._run_id)
        return ToolAnswer(_render_skill(skill))

    def wrap_judge(self, judge: Judge) -> Judge:
        """Return a judge that refuses tools the skill in use leaves out, else asks `judge`."""

        async def judge_call(tool: str, arguments: Mapping[str, object]) -> Ruling:
            if refused := self._explain_refusal(tool):
                return Deny(refused)
            return await judge(tool, arguments)

        return judge_call

    def _explain_refusal(self, tool: str) -> str:
        skill, name = self._in_use, tool.removeprefix(PREFIX)
        if skill is None or not skill.allowed_tools or name in _ALWAYS:
            return ""
        allowed = {tool_name.removeprefix(PREFIX) for tool_name in skill.allowed_tools}
        if name in allowed:
            return ""
        return (
            f"The skill `{skill.name}`, which is in use, goes without `{format_code(name, 60)}`; "
            f"it takes {', '.join(sorted(allowed))}. When you are done with it, call {USE_SKILL} "
            "with an empty name."
        )


def render_skills(prompts: Prompts, skills: Sequence[Skill]) -> str:
    """Return the section of the system prompt that lists these skills; "" without any.

    Each skill has one line, sorted by name, so the text is stable while the skills are.
    """
    lines: list[str] = []
    room = _MAX_LIST_CHARS
    for skill in skills:
        line = f"- {skill.name}: {flatten(skill.summary, _MAX_DESCRIPTION_CHARS)}"
        room -= len(line)
        if room < 0:
            lines.append(f"- and {len(skills) - len(lines)} more that there is no room to name")
            break
        lines.append(line)
    if not lines:
        return ""
    return prompts.render("skill_list", skills=fence_text("\n".join(lines), "skills"))


def append_skills(system: str, skills_text: str) -> str:
    """Return the system prompt followed by its skills."""
    return f"{system.rstrip()}\n\n{skills_text}" if skills_text else system


def _render_skill(skill: Skill) -> str:
    files = [f"- {path}" for path in sorted(skill.files)]
    file_list = "\n\nFiles of this skill, for `file`:\n" + "\n".join(files) if files else ""
    restriction = ""
    if skill.allowed_tools:
        tools = ", ".join(skill.allowed_tools)
        restriction = (
            f"\n\nWhile it is in use, of your tools only these: {tools}. When you are done with "
            f"it, call {USE_SKILL} with an empty name."
        )
    return f"{fence_text(skill.body, 'skill')}{file_list}{restriction}"


def _read_file(skill: Skill, path: str) -> ToolAnswer:
    """Return a file of the skill; only files that were loaded with the skill are available."""
    name = str(PurePosixPath(path.strip()))
    if name == MANIFEST:
        return ToolAnswer(_render_skill(skill))
    if name not in skill.files:
        available = ", ".join(sorted(skill.files)) or "none"
        return ToolAnswer(
            f"`{skill.name}` has no file `{format_code(path)}`; it has: {available}.", failed=True
        )
    text = skill.files[name]
    if text is None:
        return ToolAnswer(f"`{format_code(name)}` is no text: it cannot be read here.", failed=True)
    return ToolAnswer(fence_text(text, "skill"))


def _format_unknown(name: str, there: Collection[str]) -> str:
    available = ", ".join(sorted(there)) or "none"
    return f"There is no skill `{format_code(name, 60)}`; there are: {available}."

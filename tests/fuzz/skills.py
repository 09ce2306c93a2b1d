"""Skills and prompts, as people and agents write them."""

from contextlib import ExitStack
from pathlib import Path

from bot.domain.errors import ConfigError
from bot.prompts import Prompts
from bot.skills.catalogue import build_skill
from tests.fuzz.judge import Case
from tests.fuzz.variation import Choices, build_text_case

SEEDS = (
    "---\nname: reading-logs\ndescription: >-\n  Read the logs: when, how.\nwhen_to_use: always\n"
    'license: MIT\nmetadata:\n  theseus-roles: fix, plan\n  author: "me"\n'
    "allowed-tools:\n  - Read\n  - Grep\n---\n# How\n\nRead them.\n",
    "---\r\nname: 'reading-logs'\r\ndescription: short\r\nallowed-tools: Read, Grep Edit\r\n---\r\nx\r\n",
    "Plan $request for ${person}; it costs $$5.\n\n---\n{{x}} %s\n",
)


def build(folder: Path, stack: ExitStack) -> Case:
    """Return a case: a text that is a skill or a template, or an error that names its file."""

    def read(data: bytes) -> None:
        choices = Choices(data)
        is_prompt = choices.take_number(4) == 0
        text = build_text_case(choices.rest, SEEDS)
        try:
            if is_prompt:
                prompts = Prompts(folder, lambda: {"planner": text, "charter": "Be good."})
                prompts.render_system("planner", request="x", person="y")
            else:
                encoded = text.encode("utf-8", "surrogatepass")
                build_skill("reading-logs", {"SKILL.md": encoded, "more.md": encoded[:80]})
        except ConfigError as error:
            if not any(name in str(error) for name in ("SKILL.md", "more.md", "planner.md")):
                raise AssertionError(f"the error does not name the file: {error}") from error

    return read

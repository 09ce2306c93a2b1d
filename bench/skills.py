"""The cost of skills in each request of a role: their descriptions, against their complete texts.

Tokens are characters divided by four, for the descriptions and for the tool that reads a skill.
"""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

from bench.rows import Row
from bot.adapters.claude_agent.tools._skill_tool import TOOL, USE_SKILL, render_skills
from bot.domain.skill import ROLES, SkillRole, SkillSet
from bot.prompts import Prompts
from tests.support.skill_folders import load_skills

ROOT = Path(__file__).resolve().parents[1]
CHARACTERS_A_TOKEN = 4


async def measure() -> Sequence[Row]:
    """Return a row for each part of a model."""
    found = await asyncio.to_thread(load_skills, ROOT)
    return [_build_row(found, role) for role in ROLES]


def _build_row(found: SkillSet, role: SkillRole) -> Row:
    skills = found.list_for_role(role)
    schema = TOOL.takes.model_json_schema()
    tool = {"name": USE_SKILL, "description": TOOL.purpose, "input_schema": schema}
    told = render_skills(Prompts(ROOT / "prompts"), skills) + json.dumps(tool)
    ours = len(told) // CHARACTERS_A_TOKEN
    whole = sum(len(skill.body) for skill in skills) // CHARACTERS_A_TOKEN
    return Row(
        bench="skills",
        name=f"{len(skills)} skills, told to the {role}",
        ours=ours,
        baseline=whole,
        baseline_name="their texts",
        ratio=ours / whole,
        unit="tokens",
    )

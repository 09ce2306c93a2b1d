"""The configuration becomes tools that work: a server in the sandbox, its secret, its approval."""

import json
from pathlib import Path

import pytest
from theseus_observe.redaction import redact

from bot.app.tools import open_tools
from bot.domain.errors import ConfigError
from bot.infra.injector import Injector
from bot.settings import guard_secrets, load
from bot.skills import SkillLibrary
from bot.tools import ToolCalls
from bot.tools.calls import ToolUser
from tests.support.agent_harness import ALICE, DORA, AgentHarness
from tests.twins import tool_server

SOURCE = Path(tool_server.__file__).read_text(encoding="utf-8")
KEY = "a-letter-key-of-this-test"
CHECKS = "checks: {quick: [{name: nothing, command: ['true']}]}\n"
SERVER = """
tools:
  - name: letters
    command: [python, -c, {source}, environment]
    secrets: [LETTER_KEY]
    tools: [{{name: look_up, mode: read}}]
"""


def provide_skills() -> Injector:
    injector = Injector()
    injector.add(SkillLibrary())
    return injector


def write_home(folder: Path, tools: str, secrets: str) -> None:
    (folder / "data").mkdir(parents=True)
    sandbox = "sandbox: {kind: auto, required: false}\n"
    (folder / "data/config.yaml").write_text(CHECKS + sandbox + tools, encoding="utf-8")
    (folder / ".env").write_text(f"THESEUS_TOOL_SECRETS={secrets}\n", encoding="utf-8")


async def test_a_configured_server_is_called_with_its_secret_once_approved(tmp_path: Path) -> None:
    source = json.dumps(SOURCE)
    write_home(tmp_path / "home", SERVER.format(source=source), f"letters.LETTER_KEY={KEY}")
    settings = load(tmp_path / "home", {})
    forget = guard_secrets(settings)
    try:
        assert KEY not in redact(f"the key is {KEY}")
        injector, world = provide_skills(), AgentHarness(tmp_path / "world")
        world.create_agent(injector=injector)
        catalogue = await open_tools(injector, settings, 5)
        assert catalogue is not None
        [state] = await catalogue.scan(DORA)
        assert state.status == "new", state.reason
        await catalogue.approve(ALICE, state.fingerprint)
        user = ToolUser(DORA, "planner", 6)
        answer = await injector.get(ToolCalls).use(user, "letters/look_up", {})
        assert "LETTER_KEY" in answer.text
        assert KEY not in answer.text  # no model reads it, whatever the server says
    finally:
        forget()


async def test_without_servers_nothing_is_built(tmp_path: Path) -> None:
    write_home(tmp_path, "", "")
    assert await open_tools(provide_skills(), load(tmp_path, {}), 5) is None


@pytest.mark.parametrize(
    ("tools", "secrets", "message"),
    [
        ("", "jira.TOKEN=secret-value", r"part 1 is not SERVER\.NAME=VALUE .* Known: none yet"),
        (
            "tools: [{name: jira, url: 'https://jira.example', secrets: [X], tools: [{name: a}]}]",
            "jira.Y=secret-value",
            r"Known: jira\.X",
        ),
        (
            "tools: [{name: jira, url: 'https://jira.example', command: [a], tools: [{name: a}]}]",
            "",
            "give either command or url",
        ),
        (
            "tools: [{name: jira, command: [a], tools: [{name: a, example: {}}]}]",
            "",
            "remove its example",
        ),
        (
            "tools: [{name: jira, url: 'http://jira.example', secrets: [X], tools: [{name: a}]}]",
            "",
            "https",
        ),
    ],
)
async def test_a_wrong_entry_is_named_with_the_way_out(
    tmp_path: Path, tools: str, secrets: str, message: str
) -> None:
    write_home(tmp_path, tools, secrets)
    with pytest.raises(ConfigError, match=message) as refusal:
        await open_tools(provide_skills(), load(tmp_path, {}), 5)
    assert "secret-value" not in str(refusal.value)

"""What the wizard sees by itself, before anybody is asked: tokens, ids, roles, a no."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.doctor.secret_shapes import find_secret_problem, find_token_problem
from bot.cli.setup.answers import SetupSession
from bot.cli.setup.discord import suggest_channel
from bot.cli.setup.people import find_id_problem, find_roles, list_assignable_roles
from bot.cli.setup.prompts import ScriptedPrompter, TerminalPrompter
from bot.infra.prompter import is_negative
from bot.settings import load

ROOT = Path(__file__).resolve().parents[3]
ROLES = [
    {"id": "1", "name": "@everyone", "position": 0},
    {"id": "22", "name": "mods", "position": 2},
    {"id": "33", "name": "Developers", "position": 3},
    {"id": "44", "name": "a bot's", "position": 4, "managed": True},
    {"id": "55", "name": "2", "position": 1},
]
GUILD = {"id": "1", "roles": ROLES}


@pytest.mark.parametrize(
    ("token", "told"),
    [
        ("MTA.Gx.abc-_", ""),
        ("", "without spaces"),
        ("two words", "without spaces"),
        ("tökén.a.b", "without spaces"),
        ("1574165153627242497", "an id"),
        ("0f" * 32, "public key"),
        ("Qb3kfZ0aN1n2-client-secret", "client secret"),
        ("a..b", "three parts"),
        ("a.b.c.d", "three parts"),
    ],
)
def test_what_is_no_bot_token_is_seen_by_its_look(token: str, told: str) -> None:
    problem = find_token_problem(token)
    assert told in problem
    assert bool(problem) == bool(told)
    assert not token or len(token) < 5 or token not in problem


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("GITHUB_TOKEN", "github_pat_11AB", ""),
        ("GITHUB_TOKEN", "sk-ant-api03", "Anthropic"),
        ("ANTHROPIC_API_KEY", "ghp_abc", "GitHub"),
        ("ANTHROPIC_API_KEY", "sk-ant-api03", ""),
        ("ANTHROPIC_API_KEY", "a key", "without spaces"),
    ],
)
def test_a_secret_in_the_wrong_place_is_named(key: str, value: str, told: str) -> None:
    problem = find_secret_problem(key, value)
    assert told in problem
    assert bool(problem) == bool(told)


class Typing(ScriptedPrompter):
    """Types these secrets, one after the other."""

    def __init__(self, *typed: str) -> None:
        self.told: list[str] = []
        super().__init__(self.told.append, {})
        self._typed = iter(typed)

    def ask_secret(self, key: str, question: str, *, needed: bool) -> str:
        return next(self._typed)


@pytest.mark.parametrize(
    ("typed", "held", "kept"),
    [
        (("sk-1",), "", "sk-1"),
        (("n",), "", ""),
        (("No",), "sk-0", "sk-0"),
        (("-",), "sk-0", ""),
        (("",), "sk-0", "sk-0"),
        (("a key", "ghp_x", "sk-1"), "sk-0", "sk-1"),
    ],
)
def test_a_secret_is_asked_for_until_it_may_be_one_and_n_is_no_secret(
    tmp_path: Path, typed: tuple[str, ...], held: str, kept: str
) -> None:
    (tmp_path / "data").mkdir()
    shutil.copy(ROOT / "data/config.yaml", tmp_path / "data")
    settings = load(tmp_path, {"ANTHROPIC_API_KEY": held})
    asked = SetupSession(settings, {}, Typing(*typed))
    assert asked.ask_secret("ANTHROPIC_API_KEY", "Key", needed=False) == kept


@pytest.mark.parametrize("told", ["n", "N", " no ", "None", "-"])
def test_no_is_said_in_these_ways(told: str) -> None:
    assert is_negative(told)


@pytest.mark.parametrize("told", ["", "y", "nobody", "nn", "https://n"])
def test_anything_else_is_no_no(told: str) -> None:
    assert not is_negative(told)


@pytest.mark.parametrize(
    ("typed", "again"), [("\n", True), ("n\n", False), ("No\n", False), ("skip\n", False)]
)
def test_who_is_asked_to_look_again_may_say_no(typed: str, again: bool) -> None:
    with CliRunner().isolation(input=typed):
        assert TerminalPrompter().ask_retry("key", "Then check again") is again


def test_roles_are_listed_as_discord_lists_them_without_those_of_bots() -> None:
    assert [role["name"] for role in list_assignable_roles(GUILD)] == ["Developers", "mods", "2"]


@pytest.mark.parametrize(
    ("word", "named"),
    [
        ("1", {33: "Developers"}),
        ("2", {22: "mods"}),
        ("@2", {55: "2"}),
        ("4", {}),
        ("44", {44: "a bot's"}),
        ("@developers", {33: "Developers"}),
        ("MODS", {22: "mods"}),
        ("a bot's", {}),
        ("1574165153627242497", {}),
    ],
)
def test_a_role_is_named_by_its_number_its_name_or_its_id(word: str, named: dict[int, str]) -> None:
    assert find_roles(GUILD, word) == named


@pytest.mark.parametrize(
    ("word", "wrong"),
    [("7", True), ("123456789", True), ("1" * 21, True), ("1" * 18, False), ("alice", False)],
)
def test_a_number_that_is_no_id_is_named(word: str, wrong: bool) -> None:
    assert bool(find_id_problem(word)) is wrong


@pytest.mark.parametrize(
    ("names", "offered"),
    [
        (["general"], "general"),
        (["general", "dev"], "dev"),
        (["general", "bot-dev", "off-topic"], "bot-dev"),
        (["general", "device-talk"], None),
        (["dev", "theseus"], None),
        ([], None),
    ],
)
def test_the_channel_that_is_offered_is_the_only_likely_one(
    names: list[str], offered: str | None
) -> None:
    assert suggest_channel([{"name": name} for name in names]) == offered

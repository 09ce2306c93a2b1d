"""Whatever Discord answers, setup and doctor neither fall over nor claim what is not so."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.cli.doctor.discord import look_at_discord
from bot.cli.setup.answers import SetupSession
from bot.cli.setup.discord import set_up_discord
from bot.cli.setup.prompts import ScriptedPrompter
from bot.domain.errors import ConfigError, PortError
from bot.settings import load

BOT, GUILD, CHANNEL, ROLE, ALICE = "100", "200", "300", "400", "500"
GOOD: dict[str, Any] = {
    "/users/@me": {"id": BOT, "username": "ship"},
    "/oauth2/applications/@me": {
        "id": "600",
        "flags": (1 << 15) | (1 << 19),
        "owner": {"id": ALICE},
    },
    "/users/@me/guilds": [{"id": GUILD, "name": "The Ship"}],
    f"/guilds/{GUILD}": {
        "id": GUILD,
        "name": "The Ship",
        "roles": [{"id": GUILD, "name": "@everyone", "permissions": str(1 << 3)}],
    },
    f"/guilds/{GUILD}/members/{BOT}": {"user": {"id": BOT, "username": "ship"}, "roles": []},
    f"/guilds/{GUILD}/members/{ALICE}": {"user": {"id": ALICE, "username": "alice"}, "roles": []},
    f"/guilds/{GUILD}/members/search": [{"user": {"id": ALICE, "username": "alice"}, "roles": []}],
    f"/guilds/{GUILD}/channels": [{"id": CHANNEL, "type": 0, "name": "dev"}],
    f"/channels/{CHANNEL}": {"id": CHANNEL, "type": 0, "name": "dev", "guild_id": GUILD},
}
ODD: dict[str, tuple[int, str]] = {
    "500": (500, '{"message": "500: Internal Server Error", "code": 0}'),
    "403": (403, '{"message": "Missing Access", "code": 50001}'),
    "404": (404, '{"message": "Unknown", "code": 10004}'),
    "429": (429, '{"message": "You are being rate limited.", "retry_after": 9.5}'),
    "no JSON": (200, "<html>hello</html>"),
    "empty": (200, ""),
    "null": (200, "null"),
    "an empty object": (200, "{}"),
    "objects that are empty": (200, "[{}]"),
    "a text": (200, '"hello"'),
    "an empty list": (200, "[]"),
}
EVERY_DAY = ("500", "no JSON", "objects that are empty", "an empty list")
SOME = pytest.mark.parametrize(
    "names",
    [
        pytest.param(EVERY_DAY, id="some"),
        pytest.param(set(ODD) - set(EVERY_DAY), id="the others", marks=pytest.mark.slow),
    ],
)
# Said only where Discord itself has said so.
CLAIMS = (
    "no member with this name",
    "in no server",
    "no text channel",
    "lacks",
    "Turn on",
    "does not accept",
    "missing:",
    "intent is off",
)
TRUE_OF_EMPTY = {
    "/users/@me/guilds": "in no server",
    f"/guilds/{GUILD}/channels": "no text channel",
    f"/guilds/{GUILD}/members/search": "no member with this name",
}


class OddDiscord:
    """Answers well, but to one path."""

    def __init__(self) -> None:
        self.url = ""
        self.odd: dict[str, tuple[int, str]] = {}

    async def answer(self, request: web.Request) -> web.Response:
        path = request.path
        status, body = self.odd.get(path) or (200, json.dumps(GOOD[path]))
        return web.Response(status=status, text=body, content_type="application/json")


@pytest.fixture
async def discord() -> AsyncIterator[OddDiscord]:
    odd = OddDiscord()
    app = web.Application()
    app.router.add_get("/{path:.*}", odd.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    odd.url = f"http://{host}:{port}"
    yield odd
    await runner.cleanup()


def settings_in(folder: Path, discord: OddDiscord) -> SetupSession:
    (folder / "data").mkdir()
    checks = "checks: {quick: [{name: lint, command: [ruff]}]}\n"
    config = f"discord: {{dev_channel_id: {CHANNEL}}}\n{checks}"
    (folder / "data/config.yaml").write_text(config)
    variables = {"THESEUS_DISCORD_API_URL": discord.url, "DISCORD_TOKEN": "a.b.c"}
    answers = {"developers": "Alice", "approvers": "Alice", "channel": "dev"}
    told: list[str] = []
    session = SetupSession(
        load(folder, variables), variables, ScriptedPrompter(told.append, answers)
    )
    session.told = told  # type: ignore[attr-defined]
    return session


async def set_up(folder: Path, discord: OddDiscord) -> str:
    """Run the wizard's part about Discord; return all it said, the last error included."""
    session = settings_in(folder, discord)
    said: list[str] = session.told  # type: ignore[attr-defined]
    try:
        await asyncio.to_thread(set_up_discord, session)
    except (ConfigError, PortError) as error:
        said.append(f"stopped: {error}")
    return "\n".join(said)


async def test_good_answers_set_it_up_and_the_doctor_is_content(
    tmp_path: Path, discord: OddDiscord
) -> None:
    assert "stopped" not in await set_up(tmp_path, discord)
    findings = await look_at_discord(load(tmp_path, settings_in_variables(discord)))
    assert {finding.status for finding in findings} == {"good"}


def settings_in_variables(discord: OddDiscord) -> dict[str, str]:
    return {"THESEUS_DISCORD_API_URL": discord.url, "DISCORD_TOKEN": "a.b.c"}


@SOME
@pytest.mark.parametrize("path", [path for path in GOOD if path != f"/channels/{CHANNEL}"])
async def test_an_odd_answer_is_said_by_setup_and_nothing_is_made_of_it(
    tmp_path: Path, discord: OddDiscord, path: str, names: Collection[str]
) -> None:
    for number, name in enumerate(sorted(names)):
        odd = ODD[name]
        folder = tmp_path / str(number)
        folder.mkdir()
        discord.odd = {path: odd}
        said = await set_up(folder, discord)
        claimed = [claim for claim in CLAIMS if claim in said]
        empty = name == "an empty list" and path in TRUE_OF_EMPTY
        assert claimed == ([TRUE_OF_EMPTY[path]] if empty else []), (name, said)
        gone = name == "404" and path == f"/guilds/{GUILD}/members/{ALICE}"  # is not in the server
        assert "stopped: " in said or gone, (name, said)
        if not (empty or gone):
            assert "Discord did not tell" in said or "does not look like Discord's" in said, said


@SOME
@pytest.mark.parametrize("path", [path for path in GOOD if "search" not in path])
async def test_an_odd_answer_is_said_by_the_doctor_and_nothing_is_made_of_it(
    tmp_path: Path, discord: OddDiscord, path: str, names: Collection[str]
) -> None:
    session = settings_in(tmp_path, discord)
    for name in sorted(names):
        discord.odd = {path: ODD[name]}
        told = "\n".join(finding.line for finding in await look_at_discord(session.settings))
        assert not [claim for claim in CLAIMS if claim in told], (name, told)


async def test_a_token_that_is_refused_is_told_apart_from_an_outage(
    tmp_path: Path, discord: OddDiscord
) -> None:
    session = settings_in(tmp_path, discord)
    discord.odd = {"/users/@me": (401, '{"message": "401: Unauthorized", "code": 0}')}
    (finding,) = await look_at_discord(session.settings)
    assert (finding.status, "Copy a new token" in finding.line) == ("bad", True)
    discord.odd = {"/users/@me": (503, "")}
    (finding,) = await look_at_discord(session.settings)
    assert "it answers 503" in finding.line
    assert "token" not in finding.line.lower()

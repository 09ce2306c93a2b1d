"""The doctor, against a real local Discord, real git and a real forge."""

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web
from local_discord.person import Person
from local_discord.server import LocalDiscord, LocalPerson
from theseus_rehearsal.sandbox import probe

from bot.cli.doctor.discord_api import compute_permissions
from bot.cli.doctor.examination import examine
from bot.cli.doctor.machine import look_at_sandbox
from bot.domain.finding import DoctorFinding
from bot.settings import Settings, load
from tests.fakes.repositories import make_repository, run_git

ROOT = Path(__file__).resolve().parents[3]
VIEW, SEND, ADMIN = 1 << 10, 1 << 11, 1 << 3
Make = Callable[..., Settings]


@pytest.fixture
async def discord() -> AsyncIterator[LocalDiscord]:
    async with LocalDiscord([LocalPerson("alice", listed=True)], token="right-token") as local:
        yield local


@pytest.fixture
def make(discord: LocalDiscord, tmp_path: Path) -> Make:
    """Return a function that sets everything up as it should be, but for what it is told."""

    def settings(
        *,
        config: dict[str, dict[str, Any]] | None = None,
        variables: dict[str, str] | None = None,
        a_clone: bool = True,
    ) -> Settings:
        content = yaml.safe_load((ROOT / "data/config.yaml").read_text())
        content["discord"] = {
            "guild_id": discord.guild_id,
            "dev_channel_id": discord.dev_channel_id,
        }
        listed = {"users": [discord.people["alice"]], "roles": []}
        content["people"] = {"developers": listed, "approvers": listed}
        content["sandbox"]["kind"] = "none"
        for section, changes in (config or {}).items():
            content[section].update(changes)
        files = {
            "data/config.yaml": yaml.safe_dump(content),
            ".gitignore": "data/state/\n",
            "prompts/pull_request.md": "What changed: $change\n",
        }
        root = tmp_path / "checkout"
        if a_clone:
            make_repository(root, dict(files))
            run_git(root, "remote", "add", "origin", str(root / "data/state/forge.git"))
        else:
            (root / "data").mkdir(parents=True)
            (root / "data/config.yaml").write_text(files["data/config.yaml"])
        known = {"DISCORD_TOKEN": "right-token", "THESEUS_DISCORD_API_URL": discord.api_url}
        return load(root, known | (variables or {}))

    return settings


async def found(settings: Settings, name: str, *, free: int = 50_000_000_000) -> DoctorFinding:
    """Return the doctor's one finding of that name."""
    (finding,) = (
        each for each in await examine(settings, free=lambda _: free) if each.name == name
    )
    return finding


async def test_with_everything_set_nothing_is_bad(make: Make) -> None:
    findings = await examine(make(), free=lambda _: 50_000_000_000)

    assert [each.line for each in findings if each.status == "bad"] == []
    assert [each.name for each in findings] == [
        "python", "git", "people.developers", "people.approvers", "discord token",
        "discord intents", "dev channel", "forge", "forge remote", "sandbox", "model",
        "voice messages", "meanings", "prompts", "http", "alerts", "disk", "backups", "full checks",
    ]  # fmt: skip


async def test_looking_at_a_fresh_clone_makes_nothing_in_it(make: Make) -> None:
    settings = make()
    before = {file.relative_to(settings.root) for file in settings.root.rglob("*")}
    forge = await found(settings, "forge")
    assert (forge.status, "created at the first start" in forge.message) == ("note", True)
    assert {file.relative_to(settings.root) for file in settings.root.rglob("*")} == before


async def test_whatever_is_bad_says_how_to_mend_it(make: Make, tmp_path: Path) -> None:
    nobody: dict[str, list[int]] = {"users": [], "roles": []}
    settings = make(
        a_clone=False,
        variables={"DISCORD_TOKEN": "wrong"},
        config={"people": {"developers": nobody, "approvers": nobody}},
    )
    bad = [each for each in await examine(settings, free=lambda _: 0) if each.status == "bad"]

    assert {each.name for each in bad} >= {"git", "people.approvers", "discord token", "disk"}
    assert [each.name for each in bad if not each.remedy] == []
    assert all(re.match(r"BAD  .+: .+\n     -> .+", each.line) for each in bad)


async def test_no_token_names_the_file_it_belongs_in(make: Make) -> None:
    finding = await found(make(variables={"DISCORD_TOKEN": ""}), "discord token")
    assert finding.status == "bad"
    assert ".env" in finding.remedy


async def test_a_wrong_token_is_told_and_not_shown(make: Make) -> None:
    finding = await found(make(variables={"DISCORD_TOKEN": "a-wrong-token"}), "discord token")
    assert finding.status == "bad"
    assert "401" in finding.message
    assert "three parts separated by dots" in finding.message
    assert "a-wrong-token" not in finding.line


async def test_a_discord_that_cannot_be_reached_is_told_with_its_address(make: Make) -> None:
    address = "http://127.0.0.1:9/api/v10"
    finding = await found(make(variables={"THESEUS_DISCORD_API_URL": address}), "discord")
    assert finding.status == "bad"
    assert address in finding.message
    assert "THESEUS_DISCORD_API_URL" in finding.remedy


async def test_an_address_that_is_no_discord_is_told(make: Make) -> None:
    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="<html>Log in to this network</html>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/{path:.*}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        finding = await found(make(variables={"THESEUS_DISCORD_API_URL": address}), "discord")
    finally:
        await runner.cleanup()
    assert finding.status == "bad"


async def test_intents_that_are_off_are_named(make: Make, discord: LocalDiscord) -> None:
    async with Person(discord.base_url, "alice") as alice:
        body = {"kind": "disallow_intents", "intents": ["message_content"]}
        await alice.call("POST", "/local/faults", body)
    finding = await found(make(), "discord intents")
    assert finding.status == "bad"
    assert finding.message == "Message Content intent is off"


async def test_a_dev_channel_that_is_not_set_names_the_key(make: Make) -> None:
    settings = make(config={"discord": {"dev_channel_id": None}})
    finding = await found(settings, "dev channel")
    assert finding.status == "bad"
    assert "discord.dev_channel_id" in finding.remedy


async def test_a_dev_channel_that_is_not_there_is_told(make: Make) -> None:
    finding = await found(make(config={"discord": {"dev_channel_id": 12345}}), "dev channel")
    assert finding.status == "bad"
    assert "12345" in finding.message


async def test_permissions_the_bot_lacks_are_named(make: Make, discord: LocalDiscord) -> None:
    url = f"{discord.api_url}/channels/{discord.dev_channel_id}/permissions/{discord.bot_user_id}"
    denied = {"type": 1, "allow": "0", "deny": str(SEND | 1 << 35)}
    headers = {"Authorization": f"Bot {discord.token}"}
    async with aiohttp.ClientSession(headers=headers) as http, http.put(url, json=denied) as done:
        assert done.status == 204, await done.text()
    finding = await found(make(), "dev channel")
    assert finding.status == "bad"
    assert "Send Messages" in finding.message
    assert "Create Public Threads" in finding.message


async def test_without_git_it_says_to_install_it(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make()
    monkeypatch.setenv("PATH", str(tmp_path))
    finding = await found(settings, "git")
    assert (finding.status, finding.message) == ("bad", "not installed")


async def test_outside_a_clone_it_says_to_run_from_one(make: Make) -> None:
    finding = await found(make(a_clone=False), "git")
    assert finding.status == "bad"
    assert "git clone" in finding.remedy


async def test_what_keeps_runs_from_the_repository_is_named_with_the_way_out(make: Make) -> None:
    settings = make()
    run_git(settings.root, "config", "core.sparseCheckout", "true")
    finding = await found(settings, "git repository")
    assert finding.status == "bad"
    assert "sparse" in finding.message
    assert "sparse-checkout disable" in finding.remedy


async def test_github_without_a_repository_there_names_the_key(make: Make) -> None:
    finding = await found(make(config={"forge": {"kind": "github"}}), "forge")
    assert finding.status == "bad"
    assert "forge.github.repository" in finding.message


async def test_a_remote_that_leads_elsewhere_is_bad_with_what_to_add(make: Make) -> None:
    settings = make()
    run_git(
        settings.root, "remote", "set-url", "origin", "https://user:secret@host.invalid/a/b.git"
    )
    finding = await found(settings, "forge remote")
    assert finding.status == "bad"
    assert "host.invalid/a/b" in finding.message
    assert "secret" not in finding.line
    assert f"remote add theseus {settings.state / 'forge.git'}" in finding.remedy


async def test_a_checkout_without_the_remote_or_on_another_branch_is_bad(make: Make) -> None:
    settings = make()
    run_git(settings.root, "switch", "-q", "-c", "trial")
    assert "is on trial, not on main" in (await found(settings, "forge remote")).message
    run_git(settings.root, "switch", "-q", "main")
    assert (await found(settings, "forge remote")).status == "good"
    run_git(settings.root, "remote", "remove", "origin")
    assert "there is no git remote origin" in (await found(settings, "forge remote")).message


async def test_secrets_that_others_can_read_are_noted(make: Make) -> None:
    settings = make()
    file = settings.root / ".env"
    file.write_text("")
    file.chmod(0o640)
    finding = await found(settings, "private files")
    assert (finding.status, finding.remedy) == ("note", f"chmod 600 {file}")
    file.chmod(0o600)
    assert "private files" not in [each.name for each in await examine(settings)]


async def test_texts_that_are_missing_are_bad(make: Make) -> None:
    settings = make()
    (settings.root / "prompts/pull_request.md").unlink()
    finding = await found(settings, "prompts")
    assert (finding.status, "checkout -- prompts" in finding.remedy) == ("bad", True)


async def test_a_server_that_does_not_fit_the_channel_names_both_keys(make: Make) -> None:
    finding = await found(make(config={"discord": {"guild_id": 7}}), "dev channel")
    assert finding.status == "bad"
    assert "discord.guild_id and discord.dev_channel_id" in finding.remedy


async def test_lists_that_allow_nobody_are_bad(make: Make) -> None:
    settings = make(config={"people": {"approvers": {"users": [], "roles": []}}})
    finding = await found(settings, "people.approvers")
    assert finding.status == "bad"
    assert "data/config.yaml" in finding.remedy


async def test_too_little_room_is_told(make: Make) -> None:
    finding = await found(make(), "disk", free=900_000_000)
    assert finding.status == "bad"
    assert "0.9 GB" in finding.message


async def test_a_damaged_database_is_bad_and_names_the_restore(make: Make) -> None:
    settings = make()
    settings.state.mkdir(parents=True, exist_ok=True)
    (settings.state / "theseus.sqlite3").write_bytes(b"no database" * 1_000)
    finding = await found(settings, "state")
    assert finding.status == "bad"
    assert "theseus restore FILE" in finding.remedy


async def test_a_state_folder_that_cannot_be_made_is_told(make: Make, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    settings = make(variables={"THESEUS_STATE": str(tmp_path / "file/state")})
    finding = await found(settings, "disk")
    assert finding.status == "bad"
    assert "THESEUS_STATE" in finding.remedy


async def test_a_home_that_checks_can_read_is_bad_and_the_file_is_named(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies below `/usr` is shown to every check: no place to live in."""
    if reason := await probe():
        pytest.skip(reason)
    monkeypatch.setenv("HOME", "/usr/share")
    finding = await found(make(config={"sandbox": {"kind": "auto"}}), "sandbox")
    assert finding.status == "bad"
    assert "checks can read /usr/share/" in finding.message
    assert "a separate folder" in finding.remedy


async def test_going_without_a_sandbox_is_noted(make: Make) -> None:
    finding = await found(make(config={"sandbox": {"required": False}}), "sandbox")
    assert finding.status == "note"


async def test_a_sandbox_that_a_container_forbids_leads_to_what_it_has_to_allow(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make(config={"sandbox": {"kind": "auto"}})
    monkeypatch.setenv("PATH", "/nowhere")  # no bwrap there
    (inside,) = await look_at_sandbox(settings, contained=lambda: True)
    (outside,) = await look_at_sandbox(settings, contained=lambda: False)
    assert (inside.status, outside.status) == ("bad", "bad")
    assert "docs/deployment.md" in inside.remedy
    assert "bubblewrap" in outside.remedy


GUILD = {"id": "1", "roles": [{"id": "1", "permissions": str(VIEW)},
                              {"id": "2", "permissions": str(SEND)}]}  # fmt: skip
MEMBER = {"user": {"id": "9"}, "roles": ["2"]}


@pytest.mark.parametrize(
    ("overwrites", "expected"),
    [
        ([], VIEW | SEND),
        ([{"id": "1", "allow": "0", "deny": str(VIEW)}], SEND),
        ([{"id": "1", "allow": "0", "deny": str(SEND)},
          {"id": "2", "allow": str(SEND), "deny": "0"}], VIEW | SEND),
        ([{"id": "2", "allow": str(SEND), "deny": "0"},
          {"id": "9", "allow": "0", "deny": str(SEND)}], VIEW),
        ([{"id": "9", "allow": str(1 << 16), "deny": "0"}], VIEW | SEND | 1 << 16),
        ([{"id": "5", "allow": "0", "deny": str(SEND)}], VIEW | SEND),
    ],
)  # fmt: skip
def test_permissions_are_computed_as_discord_does(
    overwrites: list[dict[str, str]], expected: int
) -> None:
    assert compute_permissions(GUILD, MEMBER, {"permission_overwrites": overwrites}) == expected


def test_administrators_may_do_everything() -> None:
    guild = {"id": "1", "roles": [{"id": "1", "permissions": str(ADMIN)}]}
    denied = {"permission_overwrites": [{"id": "1", "allow": "0", "deny": str(SEND)}]}
    assert compute_permissions(guild, MEMBER, denied) & SEND

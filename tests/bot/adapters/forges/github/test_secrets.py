"""The token never leaves the forge: not in texts, logs, files or child processes."""

import base64
import logging
import os
import traceback
from pathlib import Path

import pytest
from theseus_observe.redaction import redact

from bot.adapters.forges.github import App, Token
from bot.adapters.git_checkout import GitCheckout
from bot.domain.errors import ConfigError, ForgeError, ForgeRejected, TheseusError
from bot.telemetry.observation import build_capsule
from tests.bot.adapters.forges.github.room import Room
from tests.fakes.repositories import run_git
from tests.support.chat_clients import SkippingClock

ROOT = Path(__file__).resolve().parents[4]
SECRET = "github_pat_11SECRET0sauce"
FORMS = (SECRET, base64.b64encode(f"x-access-token:{SECRET}".encode()).decode())


def leaks(text: str) -> list[str]:
    return [form for form in FORMS if form in text]


def whole(error: TheseusError) -> str:
    """Return all that anybody could show of an error."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=False)
    return "".join(
        [*shown.format(), repr(error), str(error), error.detail, repr(error.__context__)]
    )


def said(file: Path) -> str:
    return file.read_text() if file.exists() else ""


@pytest.fixture
def watched_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a `git` first on the path that writes down its arguments; return where."""
    real = next(
        Path(folder) / "git"
        for folder in os.environ["PATH"].split(":")
        if (Path(folder) / "git").exists()
    )
    seen, folder = tmp_path / "arguments", tmp_path / "bin"
    folder.mkdir()
    (folder / "git").write_text(f'#!/bin/sh\necho "$@" >> "{seen}"\nexec {real} "$@"\n')
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return seen


async def test_it_is_in_no_argument_no_log_and_no_file(
    room: Room, watched_git: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    room.twin.grant_token(SECRET, "theseus-bot")
    room.twin.choose(private=True)
    draft = room.change()
    run_git(room.clone, "remote", "set-url", "origin", room.twin.clone_url)
    async with room.forge(Token(SECRET)) as forge:
        opened = await forge.open_proposal(draft)
        merged = await forge.merge(opened.number, draft.head)
        run_git(room.clone, "checkout", "-q", "main")
        await GitCheckout(room.clone, access=forge.get_access).fast_forward(
            merged.merge_commit or ""
        )
        assert leaks(repr(forge) + str(vars(forge))) == []
    arguments = said(watched_git)
    assert "push" in arguments
    assert "fetch" in arguments
    assert leaks(arguments) == []
    assert leaks(caplog.text) == []
    kept = [path for path in room.clone.rglob("*") if path.is_file()]
    assert [path for path in kept if leaks(path.read_bytes().decode(errors="replace"))] == []


@pytest.mark.parametrize("lacking", ["contents", "pull_requests", "metadata"])
async def test_no_refusal_shows_it(room: Room, lacking: str) -> None:
    room.twin.grant_token(SECRET, "theseus-bot", **{lacking: None})
    room.twin.choose(private=True)
    async with room.forge(Token(SECRET)) as forge:
        with pytest.raises(ForgeRejected) as refused:
            await forge.open_proposal(room.change())
    assert leaks(whole(refused.value)) == []


async def test_no_failure_of_git_shows_it_whoever_wants_to_trace(
    room: Room, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    for name in ("GIT_TRACE", "GIT_TRACE_CURL", "GIT_TRACE2_EVENT"):
        monkeypatch.setenv(name, str(trace))
    monkeypatch.setenv("GIT_CURL_VERBOSE", "1")
    monkeypatch.setenv("GIT_TRACE_REDACT", "0")
    room.twin.grant_token(SECRET, "theseus-bot")
    room.twin.faults.fail(500, 9, path="info/refs")
    async with room.forge(Token(SECRET)) as forge:
        with pytest.raises(ForgeError) as failed:
            await forge.open_proposal(room.change())
    assert "500" in failed.value.detail
    assert leaks(whole(failed.value)) == []
    assert leaks(said(trace)) == []


@pytest.mark.parametrize("trouble", ["git fails", "no git", "cut off", "refused"])
async def test_no_record_of_a_failure_holds_it_however_it_looks(
    room: Room, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    plain = "looks-like-nothing-in-particular"
    encoded = base64.b64encode(f"x-access-token:{plain}".encode()).decode()
    draft = room.change()
    if trouble != "refused":
        room.twin.grant_token(plain, "theseus-bot")
    if trouble == "git fails":
        room.twin.faults.fail(500, 9, path="info/refs")
    if trouble == "cut off":
        room.twin.faults.cut(9)
    async with room.forge(Token(plain), SkippingClock()) as forge:
        if trouble == "no git":
            monkeypatch.setenv("PATH", str(room.folder))
        with pytest.raises(ForgeError) as failed:
            await forge.open_proposal(draft)
    kept = build_capsule(failed.value, root=ROOT, redact=redact)
    assert kept.frames
    assert plain not in kept.model_dump_json()
    assert encoded not in kept.model_dump_json()


async def test_no_lost_connection_shows_it(room: Room) -> None:
    room.twin.grant_token(SECRET, "theseus-bot")
    async with room.forge(Token(SECRET), SkippingClock()) as forge:
        room.twin.faults.cut(9)
        with pytest.raises(ForgeError) as failed:
            await forge.get_proposal(1)
    assert leaks(whole(failed.value)) == []


async def test_a_repository_cannot_send_it_elsewhere_or_start_a_program(
    room: Room, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    spy = tmp_path / "spy"
    spy.write_text(f'#!/bin/sh\nenv > "{told}"\necho "$@" >> "{told}"\ncat >> "{told}"\n')
    spy.chmod(0o755)
    for key, value in (
        ("credential.helper", f"!{spy}"),
        ("core.sshCommand", str(spy)),
        ("core.askPass", str(spy)),
        ("core.gitProxy", str(spy)),
        ("core.hooksPath", str(tmp_path)),
        ("http.proxy", "http://127.0.0.1:9"),
        ("url.ssh://git@127.0.0.1/.insteadOf", f"{room.twin.url}/"),
        ("url.ssh://git@127.0.0.1/.pushInsteadOf", f"{room.twin.url}/"),
    ):
        run_git(room.clone, "config", key, value)
    (tmp_path / "pre-push").write_text(spy.read_text())
    (tmp_path / "pre-push").chmod(0o755)
    run_git(room.clone, "config", "remote.origin.url", room.twin.clone_url)
    draft = room.change()
    async with room.forge() as forge:
        opened = await forge.open_proposal(draft)
        merged = await forge.merge(opened.number, draft.head)
        run_git(room.clone, "checkout", "-q", "main")
        checkout = GitCheckout(room.clone, access=forge.get_access)
        await checkout.fast_forward(merged.merge_commit or "")
    assert room.twin.get_head(draft.branch) == draft.head
    assert await checkout.get_head() == merged.merge_commit
    assert said(told) == ""


async def test_git_gets_it_only_for_this_repository(room: Room) -> None:
    twin = room.twin
    async with room.forge() as forge:
        way = await forge.get_access(twin.clone_url)
        assert way is not None
        assert twin.token not in repr(way)
        assert way.url == twin.clone_url
        host = twin.url.removeprefix("http://")
        for other in (
            f"http://{host}/somebody/else.git",
            "https://github.com/theseus/ship.git",
            "https://example.org/theseus/ship.git",
            f"http://{host}.example.org/theseus/ship.git",
            f"http://{host}@example.org/theseus/ship.git",
            str(twin.bare),
        ):
            assert await forge.get_access(other) is None


def test_credentials_do_not_show_what_they_hold(tmp_path: Path) -> None:
    assert leaks(repr(Token(SECRET)) + str(Token(SECRET))) == []
    key = tmp_path / "key.pem"
    key.write_text(SECRET)
    assert leaks(repr(App(1, 2, key))) == []


@pytest.mark.parametrize(
    "api_url", ["http://ghe.example.org/api/v3", "ftp://x/", "ghe.example.org"]
)
async def test_it_is_never_sent_in_the_clear(room: Room, api_url: str) -> None:
    with pytest.raises(ConfigError, match="https"):
        room.forge(api_url=api_url)


async def test_an_address_with_a_token_in_it_is_refused(room: Room) -> None:
    with pytest.raises(ConfigError) as refused:
        room.forge(api_url=f"https://x:{SECRET}@ghe.example.org/api/v3")
    assert leaks(whole(refused.value)) == []

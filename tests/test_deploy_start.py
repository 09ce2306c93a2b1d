"""The container's entrypoint and probe, run by hand: no Docker engine is needed for that.

Where bubblewrap works, the script sees the image's paths and is its user; it is the same script.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml
from aiohttp import web
from local_discord.person import Person
from local_discord.server import LocalDiscord, LocalPerson

from bot.infra.free_port import find_free_port
from tests.fakes.repositories import commit, make_repository, run_git
from tests.support.local_sandbox import choose_local_sandbox

ROOT = Path(__file__).resolve().parents[1]
SCRIPT, PROBE = ROOT / "deploy/entrypoint.sh", ROOT / "deploy/healthcheck.py"
PROGRAM = """
import os, sys
print(os.getcwd(), os.getuid(), *sys.argv[1:])
sys.exit(3)
"""
confined = pytest.mark.skipif(
    "Bubblewrap" not in type(choose_local_sandbox()).__name__, reason="needs bwrap"
)


class Container:
    """A volume and an image's environment; `run` starts the entrypoint as user 10001."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.volume, self.image = folder, folder / "volume", folder / "image"
        self.volume.mkdir()
        (self.image / "bin").mkdir(parents=True)
        (self.image / "bin/python").symlink_to(sys.executable)
        (self.image / "extras").write_text("--extra charts")
        self.source = folder / "source"
        make_repository(self.source, {"bot/__main__.py": PROGRAM, "uv.lock": "the lock\n"})
        (self.image / "uv.lock").write_text("the lock\n")

    def command(self, *words: str, user: int = 10001, **variables: str) -> list[str]:
        """Return what starts it, with the volume at /theseus and the image at /opt/venv."""
        given = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
        given |= {"HOME": "/theseus/home", **variables}
        return [
            "bwrap", "--unshare-user", "--uid", str(user), "--gid", str(user),
            "--die-with-parent", "--clearenv", *_machine(), "--proc", "/proc", "--dev", "/dev",
            "--bind", str(self.folder), str(self.folder),  # it may be in /dev/shm
            "--bind", str(self.volume), "/theseus", "--ro-bind", str(self.image), "/opt/venv",
            *(part for name, value in given.items() for part in ("--setenv", name, value)),
            "sh", str(SCRIPT), *words,
        ]  # fmt: skip

    def run(self, *words: str, user: int = 10001, **variables: str) -> tuple[int, str, str]:
        """Return exit code, output and errors."""
        command = self.command(*words, user=user, **variables)
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout.strip(), done.stderr.strip()


def _machine() -> Iterator[str]:
    """Yield options that show this machine under a temporary root, in which mount points are
    created.
    """
    yield from ("--tmpfs", "/")
    for entry in sorted(os.scandir("/"), key=lambda each: each.name):
        if entry.is_symlink():
            yield from ("--symlink", str(Path(entry.path).readlink()), entry.path)
        elif entry.is_dir() and entry.name not in ("proc", "dev", "opt", "theseus"):
            yield from ("--bind", entry.path, entry.path)


@pytest.fixture
def container(tmp_path: Path) -> Container:
    return Container(tmp_path)


@confined
def test_the_first_start_clones_and_later_ones_use_what_is_there(container: Container) -> None:
    source = str(container.source)
    code, said, told = container.run("run", "--x", BOT_REPOSITORY=source)
    assert (code, said) == (3, "/theseus/bot 10001 run --x")
    assert told == "entrypoint: cloning into /theseus/bot"
    (container.volume / "bot/own.txt").write_text("a commit that is nowhere else\n")
    assert container.run("doctor", BOT_REPOSITORY=source)[:2] == (3, "/theseus/bot 10001 doctor")
    assert (container.volume / "bot/own.txt").exists()


@confined
def test_root_is_refused(container: Container) -> None:
    code, _, told = container.run("run", user=0, BOT_REPOSITORY=str(container.source))
    assert (code, "I do not run as root" in told) == (2, True)
    assert list(container.volume.iterdir()) == []


@confined
def test_without_a_repository_it_says_which_variable_to_set(container: Container) -> None:
    code, _, told = container.run("run")
    assert code == 2
    assert "Set BOT_REPOSITORY" in told


@confined
def test_a_clone_that_fails_leaves_nothing_half_done_and_is_tried_again(
    container: Container,
) -> None:
    code, _, told = container.run("run", BOT_REPOSITORY="/nowhere/at/all")
    assert code == 2
    assert "cannot be cloned at its branch main" in told
    assert not (container.volume / "bot").exists()
    (container.volume / "bot.new").mkdir()
    (container.volume / "bot.new/left").write_text("of a start that was killed")
    assert container.run("run", BOT_REPOSITORY=str(container.source))[0] == 3
    assert not (container.volume / "bot.new").exists()


@confined
def test_a_branch_of_another_name_is_taken_where_it_is_named(container: Container) -> None:
    run_git(container.source, "checkout", "-q", "-b", "live")
    commit(container.source, {"branch.txt": "live\n"}, "Another branch")
    code, *_ = container.run("run", BOT_REPOSITORY=str(container.source), BOT_BRANCH="live")
    assert code == 3
    assert (container.volume / "bot/branch.txt").exists()


@confined
def test_a_worker_starts_with_the_newest_code_and_knows_when_it_is_older(
    container: Container,
) -> None:
    source = str(container.source)
    assert container.run("worker", "--group=first", BOT_REPOSITORY=source)[0] == 3
    assert container.run("is-current")[0] == 0
    commit(container.source, {"news.txt": "1\n"}, "Move on")
    code, _, told = container.run("is-current")
    assert (code, "is older than" in told) == (1, True)
    assert container.run("is-current", BOT_BRANCH="another")[0] == 0
    assert container.run("run")[0] == 3  # a bot updates itself
    assert not (container.volume / "bot/news.txt").exists()
    assert container.run("worker")[0] == 3
    assert (container.volume / "bot/news.txt").exists()
    container.source.rename(container.folder / "away")  # the forge cannot be reached
    assert container.run("is-current")[0] == 0
    assert "cannot be fetched" in container.run("worker")[2]


@confined
def test_other_packages_than_the_images_are_installed_beside_them(container: Container) -> None:
    """A script replaces `uv`: it creates the requested folder, and prints its arguments."""
    commit(container.source, {"uv.lock": "another lock\n"}, "Take on a package")
    uv = container.image / "uv"
    uv.write_text(
        '#!/bin/sh\nprintf "%s " "$UV_PROJECT_ENVIRONMENT" "$@" >&2\n'
        'mkdir -p "$UV_PROJECT_ENVIRONMENT/bin"\n'
        f'ln -sf {sys.executable} "$UV_PROJECT_ENVIRONMENT/bin/python"\n'
    )
    uv.chmod(0o755)
    path = "/opt/venv:/usr/local/bin:/usr/bin:/bin"  # the place of the script
    code, said, told = container.run("run", PATH=path, BOT_REPOSITORY=str(container.source))
    assert (code, said) == (3, "/theseus/bot 10001 run")
    assert (
        "/theseus/venv sync --quiet --frozen --no-install-project --project /theseus/bot "
        "--extra charts" in told
    )
    uv.write_text("#!/bin/sh\nexit 1\n")
    code, _, told = container.run("run", PATH=path, BOT_REPOSITORY=str(container.source))
    assert (code, "cannot be installed" in told) == (2, True)


@asynccontextmanager
async def answering(status: int, body: str) -> AsyncIterator[str]:
    """Serve one answer to everything; yield the port."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=body)

    app = web.Application()
    app.router.add_get("/health/ready", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield str(runner.addresses[0][1])
    await runner.cleanup()


async def probed(port: str) -> tuple[int, str]:
    """Return what the probe says; a proxy is set, and is not asked."""
    variables = {"THESEUS_HTTP_PORT": port, "http_proxy": "http://127.0.0.1:9"}
    probe = await asyncio.create_subprocess_exec(
        sys.executable, str(PROBE), env=variables, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await probe.communicate()
    return probe.returncode or 0, said.decode().strip()


async def test_the_probe_is_well_only_where_the_bot_is_ready() -> None:
    async with answering(200, '{"ready": true, "reasons": []}') as port:
        assert await probed(port) == (0, "")
    reasons = '{"ready": false, "reasons": ["the gateway is not connected"]}'
    async with answering(503, reasons) as port:
        assert await probed(port) == (1, "not ready: the gateway is not connected")
    async with answering(502, "<html>") as port:
        assert await probed(port) == (1, "not ready: an answer without reasons")
    code, said = await probed("9")
    assert (code, "cannot be reached" in said) == (1, True)


@pytest.mark.slow
@confined
async def test_the_bot_comes_up_in_the_container_answers_and_ends_within_the_grace_time(
    tmp_path: Path,
) -> None:
    """The real program from a clone of this repository, on a local Discord, ended by SIGTERM."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git repository, so there is nothing to clone")
    container, source = Container(tmp_path), tmp_path / "fork"
    _as_built(container)
    run_git(tmp_path, "clone", "-q", "--no-tags", str(ROOT), str(source))
    run_git(source, "checkout", "-q", "-B", "main")
    async with (
        LocalDiscord([LocalPerson("alice", listed=True)], token="right-token") as discord,
        Person(discord.base_url, "alice") as alice,
    ):
        config = yaml.safe_load((source / "data/config.yaml").read_text())
        config["discord"] = {"guild_id": discord.guild_id, "dev_channel_id": discord.dev_channel_id}
        commit(source, {"data/config.yaml": yaml.safe_dump(config)}, "Configure the bot")
        port = str(find_free_port())
        command = container.command(
            "run",
            BOT_REPOSITORY=str(source),
            DISCORD_TOKEN="right-token",
            THESEUS_DISCORD_API_URL=discord.api_url,
            THESEUS_DISCORD_GATEWAY_URL=discord.gateway_url,
            THESEUS_STATE="/theseus/state",
            THESEUS_HTTP_PORT=port,
        )
        bot = await asyncio.create_subprocess_exec(*command)
        try:
            await alice.wait_for_bot(90)
            async with asyncio.timeout(60):
                while True:
                    code, _ = await probed(port)
                    if code == 0:
                        break
                    await asyncio.sleep(0.1)
            await alice.run("dev", "roll", dice="2d6")
            assert await alice.wait_for("dev", lambda said: "🎲" in said["content"], 20)
        finally:
            os.kill(_child(bot.pid), signal.SIGTERM)
        assert await asyncio.wait_for(bot.wait(), 50) == 0
    assert (container.volume / "state/journal").is_dir()


def _as_built(container: Container) -> None:
    """Make the image's environment of the one the tests run in."""
    environment = Path(sys.prefix)
    (container.image / "bin/python").unlink()
    (container.image / "bin").rmdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (container.image / name).symlink_to(environment / name)
    (container.image / "uv.lock").write_bytes((ROOT / "uv.lock").read_bytes())


def _child(pid: int) -> int:
    """Return the process that bubblewrap started: it hands no signal on to it."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

"""The GitHub Action, run as GitHub runs it: over HTTP against the twin, with real commits."""

import asyncio
import base64
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest
import yaml
from check_pull_request.clone import run_program
from check_pull_request.comments import ApiError, GitHub
from check_pull_request.report import MARKER
from check_pull_request.settings import CheckError, Settings
from rehearsal_tests.small_tree import FILES as BOT
from rehearsal_tests.small_tree import SCRIPT
from theseus_rehearsal.sandbox import BubblewrapSandbox

from tests.fakes.repositories import commit, make_repository, run_git
from tests.support.comment_page import DRAWN, EVIL, build_settings, read_page
from tests.support.local_sandbox import choose_local_sandbox
from tests.twins.git_host.records import Grant
from tests.twins.github import GithubTwin

ROOT = Path(__file__).resolve().parents[1]
ACTION = ROOT / "deploy/github-action"
TOKEN = "ghs_of_the_workflow"
EVENTS = ("pull_request", "pull_request_target")
confined = pytest.mark.skipif(
    not isinstance(choose_local_sandbox(), BubblewrapSandbox), reason="needs bubblewrap"
)


class Run(NamedTuple):
    """One run of the action."""

    status: int
    log: str
    summary: str


def read_action() -> Any:
    return yaml.safe_load((ACTION / "action.yml").read_text(encoding="utf-8"))


async def run_step(
    step: Any, folder: Path, environment: Mapping[str, str], inputs: Mapping[str, str]
) -> asyncio.subprocess.Process:
    """Start a step of the action as it is written, as the runner of GitHub does."""
    contexts = {
        "github.action_path": str(ACTION),
        **{f"inputs.{name}": each["default"] for name, each in read_action()["inputs"].items()},
        "inputs.token": TOKEN,
        **{f"inputs.{name}": value for name, value in inputs.items()},
    }
    own = {
        name: re.sub(r"\$\{\{ (.*?) \}\}", lambda found: contexts[found[1]], value)
        for name, value in step["env"].items()
    }
    return await asyncio.create_subprocess_exec(
        "/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"],
        cwd=folder, env={**environment, **own},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


class Workshop:
    """A maintainer's repository at the twin, and a pull request for it."""

    def __init__(self, twin: GithubTwin, folder: Path, repository: Path) -> None:
        self.twin, self.repository, self._folder = twin, repository, folder
        self.workspace = folder / "workspace"
        self.workspace.mkdir()
        # In the place of the environment that the first step of the action makes.
        self._runner = folder / "runner"
        python = self._runner / "theseus-programs/bin/python"
        python.parent.mkdir(parents=True)
        python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        python.chmod(0o755)
        twin.world.grants[TOKEN] = Grant(
            twin.world.get_account("github-actions[bot]"),
            {"metadata": "read", "contents": "read", "pull_requests": "write"},
            app=True,
        )
        self.number = 0

    def push(self, files: Mapping[str, str | bytes | None]) -> str:
        """Commit files on the branch of the pull request, and open it with the first push."""
        head = commit(self.repository, files)
        run_git(self.repository, "push", "-q", str(self.twin.bare), "HEAD:refs/heads/fix")
        if not self.number:
            author = self.twin.world.get_account("mallory")
            opened = self.twin.world.open("fix", "main", author, EVIL, f"{MARKER}\n{EVIL}")
            self.number = opened.number
        self.twin.world.settle()
        return head

    def restrict_token(self) -> None:
        """Make the token one that only reads, as for a pull request from a fork."""
        grant = self.twin.world.grants[TOKEN]
        permissions: dict[str, Literal["read", "write"]] = dict.fromkeys(grant.permissions, "read")
        self.twin.world.grants[TOKEN] = replace(grant, permissions=permissions)

    async def run(
        self,
        *,
        event: str = "pull_request",
        head: str = "",
        path: str = "",
        runner: Path | None = None,
        **inputs: str,
    ) -> Run:
        """Run the action for the current head."""
        twin, summary = self.twin, self._folder / "summary.md"
        pull = {
            "number": self.number, "title": EVIL, "body": EVIL,
            "base": {"ref": "main", "sha": twin.get_head("main")},
            "head": {"ref": "fix", "sha": head or twin.get_head("fix")},
        }  # fmt: skip
        (self._folder / "event.json").write_text(json.dumps({"pull_request": pull}))
        summary.write_text("")
        step = read_action()["runs"]["steps"][1]
        process = await run_step(
            step,
            self.workspace,
            {
                "PATH": path or os.environ["PATH"], "HOME": os.environ["HOME"],
                "PYTHONDONTWRITEBYTECODE": "1",
                "GITHUB_ACTION_PATH": str(ACTION), "RUNNER_TEMP": str(runner or self._runner),
                "GITHUB_EVENT_NAME": event, "GITHUB_EVENT_PATH": str(self._folder / "event.json"),
                "GITHUB_REPOSITORY": f"{twin.owner}/{twin.name}", "GITHUB_SERVER_URL": twin.url,
                "GITHUB_API_URL": twin.api_url, "GITHUB_GRAPHQL_URL": f"{twin.url}/api/graphql",
                "GITHUB_STEP_SUMMARY": str(summary),
            },
            {name.replace("_", "-"): value for name, value in inputs.items()},
        )  # fmt: skip
        out, _ = await process.communicate()
        return Run(process.returncode or 0, out.decode(), summary.read_text())

    def get_comment(self) -> str:
        """Return the text of the only comment."""
        (comment,) = self.twin.list_comments(self.number)
        return comment


OWN_START = """
import sys
import discord
from discord.ext import commands

bot = commands.Bot("?", intents=discord.Intents.all())


@bot.command()
async def hi(ctx):
    await ctx.send(f"hello {sys.argv[1]}")


bot.run("a token")
"""


@pytest.fixture
async def workshop(tmp_path: Path) -> AsyncIterator[Workshop]:
    repository = tmp_path / "bot"
    make_repository(repository, {**BOT, "tests/replays/roll.yaml": SCRIPT})
    async with GithubTwin(tmp_path / "twin", source=repository) as twin:
        yield Workshop(twin, tmp_path, repository)


# ------------------------------------------------------------------------------------- the comment


@pytest.mark.parametrize("event", EVENTS)
async def test_findings_are_one_comment_with_file_and_line(workshop: Workshop, event: str) -> None:
    wide = f"x = 1{' ' * 150}; import os\n"
    head = workshop.push({"Makefile": "x:\n", ".env": "A=1\n", "cogs/dice.py": wide})
    done = await workshop.run(event=event)
    page = read_page(workshop.get_comment())
    assert (done.status, done.summary) == (0, "")
    assert "Theseus: findings: 4 blocking, 1 to look at" in page.plain
    root = f"{workshop.twin.url}/theseus/ship/blob/{head}"
    for place, link in ((".env", ".env"), ("cogs/dice.py:1", "cogs/dice.py#L1")):
        assert place in page.code
        assert f"{root}/{link}" in page.links
    rows = [row for row in workshop.get_comment().splitlines() if "/blob/" in row]
    assert [row.split("|")[1].strip() for row in rows] == ["**blocks**"] * 4 + ["look"]


async def test_a_second_push_updates_the_comment_and_no_comment_of_others(
    workshop: Workshop,
) -> None:
    workshop.push({".env": "A=1\n"})
    forged = workshop.twin.add_comment(workshop.number, "mallory", f"{MARKER}\nall is well")
    # More than a page of comments between ours and the end.
    for number in range(120):
        workshop.twin.add_comment(workshop.number, "alice", f"comment {number}")
    await workshop.run()
    first = workshop.twin.list_comments(workshop.number)
    workshop.push({".env": None})
    done = await workshop.run()
    second = workshop.twin.list_comments(workshop.number)
    assert (len(first), len(second), done.status) == (122, 122, 0)
    assert (second[:-1], forged.text) == (first[:-1], f"{MARKER}\nall is well")
    assert "1 blocking, 0 to look at" in first[-1]
    assert "The diff guard found nothing." in second[-1]


async def test_a_slow_run_of_an_older_push_leaves_the_newer_comment(workshop: Workshop) -> None:
    older = workshop.push({".env": "A=1\n"})
    workshop.push({".env": None})
    await workshop.run()
    newer = workshop.get_comment()
    done = await workshop.run(head=older)
    assert (workshop.get_comment(), done.status) == (newer, 0)
    assert "a newer push exists" in done.log


async def test_fail_on_blocking_fails_the_step(workshop: Workshop) -> None:
    workshop.push({".env": "A=1\n"})
    assert (await workshop.run(fail_on="blocking")).status == 1
    assert (await workshop.run(fail_on="never")).status == 0
    workshop.push({".env": None, "notes.txt": "fine\n"})
    assert (await workshop.run(fail_on="blocking")).status == 0
    assert (await workshop.run(fail_on="often")).status == 2


async def test_a_read_only_token_puts_the_report_into_the_summary(workshop: Workshop) -> None:
    workshop.push({".env": "A=1\n"})
    workshop.restrict_token()
    done = await workshop.run(fail_on="blocking")
    assert (done.status, workshop.twin.list_comments(workshop.number)) == (1, [])
    reason, _, report = done.summary.partition(MARKER)
    assert "403 Resource not accessible by integration" in "".join(read_page(reason).code)
    assert "This report is not a comment, because GitHub refused it" in reason
    assert ".env" in read_page(report).code


async def test_only_what_the_pull_request_changed_counts(workshop: Workshop) -> None:
    workshop.push({"notes.txt": "mine\n"})
    workshop.twin.push("main", {".env": "A=1\n"})
    await workshop.run()
    assert "The diff guard found nothing." in workshop.get_comment()


async def test_without_a_pull_request_nothing_is_checked(workshop: Workshop) -> None:
    workshop.push({"notes.txt": "x\n"})
    done = await workshop.run(event="push")
    assert (done.status, "and not on 'push'" in done.log) == (2, True)
    gone = await workshop.run(head="0" * 39 + "1")
    assert (gone.status, "does not contain 000000000000 any more" in gone.log) == (2, True)
    workshop.twin.revoke(TOKEN)
    refused = await workshop.run()
    assert (refused.status, "git fetch failed" in refused.log) == (2, True)
    assert workshop.twin.list_comments(workshop.number) == []


# ------------------------------------------------------------------------------- hostile contents


async def test_hostile_names_and_texts_are_shown_as_text(workshop: Workshop) -> None:
    workshop.push(
        {
            "@everyone/.env": "A=1\n",
            f"cogs/{DRAWN.replace('/', '-')}": f"name = '{EVIL!r}'{' ' * 150}; import os\n",
            "::error::x\n::set-output name=a::b/.env": "A=1\n",
            "bad\udcff<b>/.env": "A=1\n",
        }
    )
    done = await workshop.run()
    comment = workshop.get_comment()
    page = read_page(comment)
    assert any("cogs/Dice@everyone⟨U+202E⟩⟨U+000A⟩|x|`<-code><b>.py" in each for each in page.code)
    assert "@everyone/.env" in page.code
    assert "::error::x⟨U+000A⟩::set-output name=a::b/.env" in page.code
    assert all(link.startswith(f"{workshop.twin.url}/theseus/ship/blob/") for link in page.links)
    assert "@" not in comment
    assert all(line.startswith("theseus: ") for line in done.log.splitlines())


async def test_modules_in_the_workspace_are_not_imported(workshop: Workshop) -> None:
    """A workflow may have checked out the pull request."""
    workshop.push({".env": "A=1\n"})
    for name in ("json.py", "check_pull_request/__init__.py", "sitecustomize.py", "pip.py"):
        path = workshop.workspace / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("raise SystemExit('imported')\n")
    done = await workshop.run(fail_on="blocking")
    assert (done.status, "imported" in done.log) == (1, False)


async def test_only_the_fetch_gets_the_token_and_no_command_line_shows_it(
    workshop: Workshop, tmp_path: Path
) -> None:
    """Every call of git is recorded, also those of the guard and the rehearsal."""
    calls, program = tmp_path / "calls", tmp_path / "programs/git"
    program.parent.mkdir()
    program.write_text(
        f"""#!/bin/sh
        {{ echo "CALL $*"; env; }} >> {calls}
        exec {shutil.which("git")} "$@"
        """
    )
    program.chmod(0o755)
    workshop.push({"cogs/dice.py": "x = 1\n"})
    path = f"{program.parent}:{os.environ['PATH']}"
    await workshop.run(event="pull_request_target", replays="tests/replays", path=path)
    encoded = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
    made = calls.read_text().split("CALL ")[1:]
    holders = [call for call in made if encoded in call or TOKEN in call]
    assert [call.split()[0] for call in holders] == ["fetch"]
    assert encoded not in holders[0].splitlines()[0]
    assert len(made) > 10
    assert not any("INPUT_" in call or "GITHUB_" in call for call in made)


@pytest.mark.parametrize("is_cut", [True, False])
async def test_a_failure_of_github_does_not_lose_the_report(
    workshop: Workshop, is_cut: bool
) -> None:
    workshop.push({".env": "A=1\n"})
    if is_cut:
        workshop.twin.faults.cut(method="POST", path="/comments")
    else:
        workshop.twin.faults.fail(502, method="POST", path="/comments")
    done = await workshop.run(fail_on="blocking")
    assert (done.status, workshop.twin.list_comments(workshop.number)) == (1, [])
    assert ".env" in read_page(done.summary.partition(MARKER)[2]).code


def test_a_program_that_does_not_end_is_stopped(tmp_path: Path) -> None:
    done = run_program(["sleep", "600"], tmp_path, 0.05)
    assert (done.status, done.error) == (-1, "took longer than 0 seconds")


# ----------------------------------------------------------------------------------- behaviour diff


@confined
@pytest.mark.parametrize("event", EVENTS)
async def test_code_of_the_pull_request_runs_without_token_files_and_network(
    workshop: Workshop, event: str
) -> None:
    port, left = workshop.twin.url.rpartition(":")[2], workshop.workspace / "left"
    spy = f"""
        import os, socket
        seen = sorted(name for name in os.environ if name.startswith(('INPUT', 'GIT')))
        try:
            socket.create_connection(('127.0.0.1', {port}), timeout=1)
        except OSError as error:
            seen.append('no network')
        try:
            open({str(left)!r}, 'w')
        except OSError as error:
            seen.append('no file')
        for number in filter(str.isdigit, os.listdir('/proc')):
            try:
                found = open(f'/proc/{{number}}/environ', 'rb').read()
                if b'{TOKEN[:7]}' + b'{TOKEN[7:]}' in found:
                    seen.append('a token')
            except OSError:
                pass
        await interaction.response.send_message(f"@everyone </pre> {{seen}}")
"""
    before, _, _ = BOT["cogs/dice.py"].partition("        await")
    dice = BOT["cogs/dice.py"].replace(BOT["cogs/dice.py"][len(before) :].partition("\n")[0], spy)
    workshop.push({"cogs/dice.py": dice, "tests/replays/roll.yaml": None})
    done = await workshop.run(event=event, replays="tests/replays")
    page = read_page(workshop.get_comment())
    shown = "".join(page.code)
    assert (done.status, left.exists()) == (0, False)
    assert "2 of 2 answers change" in page.plain
    assert "- dev: You roll " in shown
    assert "+ dev: @everyone </pre> ['no network', 'no file']" in shown
    assert "details" in page.tags


@pytest.mark.slow
async def test_a_bot_with_its_own_start_is_compared(tmp_path: Path) -> None:
    repository = tmp_path / "bot"
    make_repository(repository, {"app.py": OWN_START, "tests/replays/roll.yaml": '- say: "?hi"\n'})
    async with GithubTwin(tmp_path / "twin", source=repository) as twin:
        workshop = Workshop(twin, tmp_path, repository)
        workshop.push({"app.py": OWN_START.replace("hello", "good day")})
        await workshop.run(replays="tests/replays", start="python app.py --verbose")
        page = read_page(workshop.get_comment())
        assert "1 of 1 answers change" in page.plain
        assert "+ dev: good day --verbose" in "".join(page.code)
        await workshop.run(replays="tests/replays", start="python lost.py")
        assert "has no lost.py" in "".join(read_page(workshop.get_comment()).code)


async def test_without_a_sandbox_no_code_is_run_and_the_comment_says_so(
    workshop: Workshop, tmp_path: Path
) -> None:
    programs, left = tmp_path / "programs", tmp_path / "left"
    programs.mkdir()
    (programs / "git").symlink_to(str(shutil.which("git")))
    workshop.push({"cogs/dice.py": f"open({str(left)!r}, 'w')\n"})
    await workshop.run(event="pull_request_target", replays="tests/replays", path=str(programs))
    comment = workshop.get_comment()
    assert not left.exists()
    page = read_page(comment)
    assert "answers not compared" in page.plain
    assert any("bubblewrap is not installed" in each for each in page.code)


async def test_what_cannot_be_replayed_is_named(workshop: Workshop) -> None:
    workshop.twin.push("main", {"more/bad.yaml": "- comand: /roll\n", "more/readme.txt": "x\n"})
    workshop.push({"cogs/dice.py": "x = 1\n", "mine/new.yaml": SCRIPT})
    await workshop.run(replays="more")
    assert any(
        "bad.yaml, line 1: step 1" in each for each in read_page(workshop.get_comment()).code
    )
    await workshop.run(replays="mine")
    assert "the base branch has no scripts in mine" in read_page(workshop.get_comment()).code
    await workshop.run()
    assert "the input replays names no folder" in read_page(workshop.get_comment()).code


async def test_requirements_are_those_of_the_base_branch(workshop: Workshop) -> None:
    workshop.push({"requirements.txt": "--no-index\nevil\n", "cogs/dice.py": "x = 1\n"})
    await workshop.run(replays="tests/replays", requirements="requirements.txt")
    code = read_page(workshop.get_comment()).code
    assert "the base branch has no file requirements.txt" in code


# ------------------------------------------------------------------------------- parts on their own


async def test_no_redirect_takes_the_token_along(workshop: Workshop) -> None:
    asked: list[str] = []

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        moved = f"HTTP/1.1 301 Moved\r\nLocation: {workshop.twin.api_url}/user\r\n"
        writer.write(f"{moved}Content-Length: 0\r\n\r\n".encode())
        writer.close()

    server = await asyncio.start_server(redirect, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        github = GitHub(build_settings(api=f"http://127.0.0.1:{port}"))
        with pytest.raises(ApiError, match=r"^301"):
            await asyncio.to_thread(github.is_current)
    assert (len(asked), workshop.twin.requests) == (1, [])


def test_an_event_without_a_pull_request_is_refused(tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text("{}")
    environment = {
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
    }
    with pytest.raises(CheckError, match="the event has no pull request"):
        Settings.read(environment)


# -------------------------------------------------------------------------------- the action itself


def list_workflows() -> Iterator[str]:
    text = (ACTION / "README.md").read_text(encoding="utf-8")
    yield from re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)


def test_the_action_and_its_workflows_are_of_the_published_schemas(tmp_path: Path) -> None:
    checks = [("vendor.github-actions", ACTION / "action.yml")]
    for number, workflow in enumerate(list_workflows()):
        path = tmp_path / f"{number}.yml"
        path.write_text(workflow)
        checks.append(("vendor.github-workflows", path))
    assert len(checks) > 1
    program = Path(sys.executable).parent / "check-jsonschema"
    for schema, path in checks:
        command = [str(program), "--builtin-schema", schema, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_no_text_of_an_event_is_put_into_a_command() -> None:
    steps = read_action()["runs"]["steps"]
    assert [step["name"] for step in steps if "${{" in step["run"]] == []
    assert all("uses" not in step for step in steps)


def test_the_action_hands_over_every_input(tmp_path: Path) -> None:
    action = read_action()
    given = {
        expression
        for step in action["runs"]["steps"]
        for expression in re.findall(r"inputs\.([\w-]+)", json.dumps(step.get("env", {})))
    }
    assert given == {*action["inputs"]}
    documented = (ACTION / "README.md").read_text(encoding="utf-8")
    assert [name for name in action["inputs"] if f"| `{name}` |" not in documented] == []


def test_the_workflow_to_copy_has_few_rights() -> None:
    for workflow in list_workflows():
        assert len(workflow.splitlines()) <= 12
        read = yaml.load(workflow, Loader=yaml.BaseLoader)  # noqa: S506 - texts only
        assert read["permissions"] == {"contents": "read", "pull-requests": "write"}


@pytest.mark.slow
@confined
async def test_the_installed_programs_work_without_the_checkout(
    workshop: Workshop, tmp_path: Path
) -> None:
    """The first step of the action, as it is written, and the check with what it installed."""
    environment = {
        **os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "GITHUB_ACTION_PATH": str(ACTION), "RUNNER_TEMP": str(tmp_path),
    }  # fmt: skip
    step = read_action()["runs"]["steps"][0]
    process = await run_step(step, workshop.workspace, environment, {"replays": "x"})
    out, _ = await process.communicate()
    if b"No matching distribution" in out or b"ConnectionError" in out:
        pytest.skip(f"packages cannot be downloaded: {out.decode()[-200:]}")
    assert process.returncode == 0, out.decode()
    dice = BOT["cogs/dice.py"].replace("You roll", "You got")
    workshop.push({".env": "A=1\n", "cogs/dice.py": dice})
    done = await workshop.run(runner=tmp_path, replays="tests/replays", fail_on="blocking")
    page = read_page(workshop.get_comment())
    assert (done.status, ".env" in page.code) == (1, True)
    assert "2 of 2 answers change" in page.plain, page.code

"""`theseus adopt`: reports, writes an entry, and refuses what cannot be a target."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.cli.main import main
from bot.settings import parse_config
from tests.fakes.foreign_bots import (
    HYBRID_BOT,
    LIBRARY,
    OTHER_LIBRARY,
    RED_PACK,
    SCRIPT_BOT,
)
from tests.fakes.repositories import make_repository

CONFIG = (
    "# mine\nchecks: {quick: [{name: lint, command: [ruff, check]}]}  # ours\n"
    "targets: []  # other bots\nengine:\n  name: offline  # no key\n"
)
TOKEN = "MTk4NjIyNDgzNDcxOTI1MjQ4" + ".Cl2FMQ." + "ZnCjm1XVW7vRze4b7Cq4se7kKWs"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a bot that has no targets yet; the command line runs there."""
    home = tmp_path / "home"
    make_repository(home, {"data/config.yaml": CONFIG, ".gitignore": "data/state\n"})
    monkeypatch.chdir(home)
    return home


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[object, str, str]:
    """Return the exit code of `theseus adopt` and what it printed."""
    hook = sys.excepthook
    with pytest.raises(SystemExit) as end:
        main(["adopt", *words])
    sys.excepthook = hook
    printed = capsys.readouterr()
    return end.value.code or 0, printed.out, printed.err


def make_bot(folder: Path, files: Mapping[str, str | bytes]) -> str:
    make_repository(folder, dict(files))
    return str(folder)


def test_an_entry_is_written_and_everything_else_stays(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bot = make_bot(tmp_path / "Welcome Bot", HYBRID_BOT)
    code, out, err = run(capsys, bot)
    assert (code, err) == (0, "")
    assert "commands: 10 (4 prefix, 2 hybrid, 3 slash, 1 context menu; 2 groups)" in out
    assert "Add this to main.py before line 16 (at the start of WelcomeBot.setup_hook):" in out
    assert 'await self.load_extension("theseus_observe")' in out
    assert "ok   target welcome-bot: start: python main.py" in out
    text = (home / "data/config.yaml").read_text()
    for line in ("# mine", "targets:  # other bots", "  name: offline  # no key"):
        assert f"{line}\n" in text
    (target,) = parse_config(text, "config").targets
    assert (target.name, target.repository, target.branch) == ("welcome-bot", bot, "main")
    assert target.start.file == "main.py"
    assert target.log.folder == "theseus-journal"
    ignored = "theseus-journal/" in HYBRID_BOT.get(".gitignore", "").split()
    assert ("Add this line to .gitignore" in out) != ignored
    assert "cogs/owner.py" in target.paths.guarded
    (copy,) = (home / "data/state/backups").iterdir()
    assert copy.read_text() == CONFIG


def test_a_second_bot_is_added_below_the_first(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, make_bot(tmp_path / "one", HYBRID_BOT))
    code, _, _ = run(capsys, make_bot(tmp_path / "two", SCRIPT_BOT), "--name", "other")
    text = (home / "data/config.yaml").read_text()
    assert [each.name for each in parse_config(text, "config").targets] == ["one", "other"]
    assert code == 0
    code, _, err = run(capsys, str(tmp_path / "two"), "--name", "other")
    assert code == 2
    assert "already has a target other" in err


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("name", "why"), [("A B", "small letters, digits"), ("theseus", "is this bot itself")]
)
def test_a_name_that_no_target_can_have_is_refused(
    name: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(capsys, make_bot(tmp_path / "one", SCRIPT_BOT), "--name", name, "--dry-run")
    assert code == 2
    assert why in err


def test_a_dry_run_writes_nothing_and_prints_json(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, make_bot(tmp_path / "bot", RED_PACK), "--dry-run", "--json")
    assert code == 0
    data = json.loads(out)
    assert data["found"]["kind"] == "red pack"
    assert data["entry"]["start"] == {"module": "redbot", "arguments": ["INSTANCE"]}
    assert data["problem"] == ""
    assert (home / "data/config.yaml").read_text() == CONFIG


def test_a_url_is_cloned_into_the_state_folder(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"file://{make_bot(tmp_path / 'far', SCRIPT_BOT)}"
    code, out, _ = run(capsys, url)
    assert code == 0, out
    (target,) = parse_config((home / "data/config.yaml").read_text(), "config").targets
    assert (target.name, target.repository) == ("far", url)
    assert (home / "data/state/targets/far/bot.py").is_file()
    code, _, err = run(capsys, f"file://{tmp_path}/missing", "--dry-run")
    assert code == 2
    assert "could not be cloned" in err


def test_a_bare_repository_and_names_with_line_breaks_are_explained(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bot = make_bot(tmp_path / "bot", {**SCRIPT_BOT, "odd\n\x1b[1mname.py": ""})
    subprocess.run(["git", "clone", "-q", "--bare", bot, tmp_path / "bare"], check=True)
    code, _, err = run(capsys, str(tmp_path / "bare"), "--dry-run")
    assert (code, "is a bare repository, without files. Clone it" in err) == (2, True)
    (Path(bot) / "odd\n\x1b[1mname.py").write_text("changed")
    code, _, err = run(capsys, bot, "--dry-run")
    assert (code, "1 changed file (odd\\n\\x1b[1mname.py). Commit" in err) == (2, True)


def test_several_bots_are_told_apart_by_the_file_that_starts_them(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {**HYBRID_BOT, "second/bot.py": SCRIPT_BOT["bot.py"]}
    bot = make_bot(tmp_path / "bots", files)
    code, out, _ = run(capsys, bot, "--dry-run")
    assert "other bots here: discord.ext.commands.Bot in second/bot.py:4" in out
    assert "Choose one with --start FILE" in out
    for start in ("second/bot.py", "./second/bot.py"):
        code, out, _ = run(capsys, bot, "--dry-run", "--start", start)
        assert code == 0
        assert "start: python second/bot.py" in out
    code, _, err = run(capsys, bot, "--start", "third.py")
    assert (code, "git tracks no file third.py" in err) == (2, True)


@pytest.mark.parametrize(
    ("files", "change", "options", "message"),
    [
        (SCRIPT_BOT, {"bot.py": "changed\n"}, (), "1 changed file (bot.py). Commit or stash"),
        (LIBRARY, {}, (), "There is no discord.py bot in"),
        (OTHER_LIBRARY, {}, (), "It uses disnake."),
        ({**SCRIPT_BOT, "keys.py": f"T = '{TOKEN}'\n"}, {}, (), "is in the source, in keys.py"),
        ({**SCRIPT_BOT, "runtime.txt": "python-3.2"}, {}, (), "asks for Python ==3.2.*"),
        (SCRIPT_BOT, {}, ("--python", "python9.9"), "python9.9 is not there"),
        (
            {**SCRIPT_BOT, "runtime.txt": "python-3.2"}, {}, ("--python", sys.executable),
            "Name another one: --python PATH",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_a_target_is_refused_with_the_way_out(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], files: Mapping[str, str],
    change: Mapping[str, str], options: tuple[str, ...], message: str,
) -> None:  # fmt: skip
    bot = make_bot(tmp_path / "bot", files)
    for path, text in change.items():
        (tmp_path / "bot" / path).write_text(text)
    code, out, err = run(capsys, bot, *options)
    assert code == 2
    assert message in err
    assert TOKEN not in out + err
    assert (home / "data/config.yaml").read_text() == CONFIG


def test_a_folder_without_git_or_without_a_commit_is_refused(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bot").mkdir()
    code, _, err = run(capsys, str(tmp_path / "bot"))
    assert (code, "is not a git repository" in err) == (2, True)
    code, _, err = run(capsys, str(tmp_path / "nowhere"))
    assert (code, "There is no folder" in err) == (2, True)
    make_bot(tmp_path / "outer", {"inner/bot.py": SCRIPT_BOT["bot.py"]})
    code, _, err = run(capsys, str(tmp_path / "outer/inner"))
    assert (code, "not a git repository of its own" in err) == (2, True)

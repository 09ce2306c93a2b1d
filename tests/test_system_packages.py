"""Installing the system packages for tests must not fail the build."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHELL = shutil.which("sh") or "/bin/sh"


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SHELL, str(ROOT / "tests/system_packages.sh")],
        env={"PATH": str(folder), "SYSTEM_ROOT": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def program(folder: Path, name: str, script: str = "exit 0") -> None:
    path = folder / name
    path.write_text(f"#!{SHELL}\n{script}\n")
    path.chmod(0o755)


def test_with_everything_there_it_says_nothing(tmp_path: Path) -> None:
    for name in ("git", "bwrap", "google-chrome", "haproxy"):
        program(tmp_path, name)
    server = tmp_path / "usr/lib/postgresql/15/bin"
    server.mkdir(parents=True)
    program(server, "initdb")
    done = run(tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_where_it_may_not_install_it_names_what_is_missing_and_what_is_skipped(
    tmp_path: Path,
) -> None:
    program(tmp_path, "git")
    done = run(tmp_path)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "bubblewrap is not installed. Skipped without it: tests of the real sandbox.",
        "chromium is not installed. Skipped without it: tests of the page in a browser.",
        "postgresql is not installed. Skipped without it: tests of state in PostgreSQL, and of "
        "bots that use it.",
        "haproxy is not installed. Skipped without it: tests of the load balancer.",
    ]


def test_as_root_it_installs_one_by_one_and_a_failure_is_told_not_raised(tmp_path: Path) -> None:
    for name in ("git", "env"):
        program(tmp_path, name)
    program(tmp_path, "id", "echo 0")
    log = tmp_path / "log"
    program(tmp_path, "env", 'shift; exec "$@"')
    program(tmp_path, "apt-get", f'echo "$@" >>{log}; exit 100')
    done = run(tmp_path)
    assert done.returncode == 0
    asked = [line.split()[-1] for line in log.read_text().splitlines()]
    assert asked == ["update", "bubblewrap", "chromium", "postgresql", "haproxy"]
    assert "chromium is not installed" in done.stdout

"""systemd gets a unit it can read, and it is put there only by who may and wants to."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.cli.setup.prompts import ScriptedPrompter
from bot.cli.setup.service import ServiceManager, offer_service, render_unit
from bot.domain.errors import ConfigError

ROOT = Path(__file__).resolve().parents[3]
TEMPLATE = (ROOT / "deploy/systemd/theseus.service").read_text()
NOT_ROOTS = 65534


class Machine:
    """A checkout of somebody who is not root, a systemd that notes what it is told, a person."""

    def __init__(self, folder: Path, *, uid: int = 0, problem: str = "") -> None:
        self.root, self.units = folder / "bot", folder / "units"
        (self.root / "deploy/systemd").mkdir(parents=True)
        (self.root / "deploy/systemd/theseus.service").write_text(TEMPLATE)
        self.units.mkdir()
        self.commands: list[Sequence[str]] = []
        self.problem = problem
        self.told: list[str] = []
        self.systemd = ServiceManager(self.units, self.units, uid, self.command)

    def command(self, words: Sequence[str]) -> str:
        """Note it."""
        self.commands.append(words)
        return self.problem

    def offer(self, **answers: str) -> str:
        """Make the offer; return what was told."""
        asking = ScriptedPrompter(self.told.append, answers)
        offer_service(self.root, self.root / "data/state", asking, self.systemd)
        return "\n".join(self.told)

    @property
    def unit(self) -> Path:
        return self.units / "theseus.service"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    if os.geteuid() == 0:
        os.chown(made.root, NOT_ROOTS, NOT_ROOTS)
    return made


def test_who_may_install_it_gets_it_installed_and_started(machine: Machine) -> None:
    assert "The bot is running" in machine.offer(service="yes")
    assert machine.commands == [
        ("systemctl", "daemon-reload"), ("systemctl", "enable", "--now", "theseus.service"),
    ]  # fmt: skip
    text = machine.unit.read_text()
    assert f"WorkingDirectory={machine.root}\n" in text
    assert f'ExecStart="{sys.prefix}/bin/theseus" run\n' in text
    assert "User=theseus\n" not in text
    assert "/home/theseus" not in text
    assert machine.unit.stat().st_mode & 0o777 == 0o644


def test_a_second_time_it_is_there_already(machine: Machine) -> None:
    machine.offer(service="yes")
    assert "is installed already" in machine.offer(service="yes")
    assert len(machine.commands) == 2


def test_who_may_not_is_told_the_commands_and_left_the_unit(tmp_path: Path) -> None:
    machine = Machine(tmp_path, uid=1000)
    if os.geteuid() == 0:
        os.chown(machine.root, NOT_ROOTS, NOT_ROOTS)
    said = machine.offer(service="yes")
    made = machine.root / "data/state/theseus.service"
    assert f"sudo install -m 644 {made} {machine.unit}" in said
    assert "sudo systemctl enable --now theseus" in said
    assert made.read_text().startswith("[Unit]")
    assert (machine.commands, machine.unit.exists()) == ([], False)


def test_nothing_is_installed_unasked(machine: Machine) -> None:
    assert "Next: theseus run" in machine.offer()
    assert (machine.commands, machine.unit.exists()) == ([], False)


def test_without_systemd_it_says_what_to_do(machine: Machine) -> None:
    machine.units.rmdir()
    assert "docs/deployment.md" in machine.offer(service="yes")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can own the checkout as root")
def test_the_bot_is_not_made_to_run_as_root(machine: Machine) -> None:
    os.chown(machine.root, 0, 0)
    assert "should not run as root" in machine.offer(service="yes")
    assert not machine.unit.exists()


def test_what_systemd_says_is_wrong_is_told(machine: Machine) -> None:
    machine.problem = "Failed to connect to bus"
    said = machine.offer(service="yes")
    assert "Failed to connect to bus" in said
    assert "The bot is running" not in said


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("folder", ["bot", "my bot", "100% bot", "bøt"])
def test_systemd_reads_the_unit_as_it_is_meant(tmp_path: Path, folder: str) -> None:
    root = tmp_path / folder
    program = root / ".venv/bin/theseus"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / "theseus.service"
    unit.write_text(render_unit(TEMPLATE, root, "daemon", program))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    "name", ["x\nExecStartPre=/bin/evil", 'x" -c "evil', "$HOME", "x'y", "x\\ny"]
)
def test_a_folder_cannot_add_anything_to_the_unit(name: str) -> None:
    root = Path("/home") / name
    with pytest.raises(ConfigError, match="systemd cannot use"):
        render_unit(TEMPLATE, root, "theseus", root / "theseus")

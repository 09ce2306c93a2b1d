"""A failure belongs to the caller of the code that hosts cogs, unless the fault is in that code."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from theseus_observe.failures.fingerprints import compute_fingerprint

from bot.domain.journal import Capsule
from bot.telemetry.observation import build_capsule

Namespace = dict[str, Any]

REDACTION = "packages/theseus_observe/theseus_observe/redaction/_clean.py"
DISCORD = """
class HTTPException(Exception):
    pass

def send(payload):
    raise HTTPException("400 Bad Request (error code: 50035)")

def relay(client):
    return client.publish({})
"""
HOST = """
class Client:
    def __getattr__(self, name):
        raise AttributeError(f"no attribute {name!r}")

    def request(self, payload):
        return send(payload)

    def publish(self, payload):
        return self.request(payload)

    def misspell(self):
        return self.misspelt

    def take_ninth(self, items):
        return items[9]

    def parse(self, text):
        return json.loads(text)

    def refuse(self, name):
        self.check(name)

    def check(self, name):
        raise ValueError(f"not {name!r}")

    def break_promise(self):
        raise AssertionError("there is always one")

    def measure(self, file):
        return file.tell()

    def dispatch(self, callback):
        return callback()
"""
CLEAN = """
def clean(value):
    return [each for each in value]
"""
CHAT = """
def post(client):
    return client.publish("hello")
"""
COG = """
def call(name, *values):
    return getattr(client, name)(*values)

def pool():
    return client.pool

def relay_through_discord():
    return relay(client)

def redact(value):
    return clean(value)

def look_up():
    return {}["a"]

def run_callback():
    return client.dispatch(look_up)

def post_by_adapter():
    return post(client)
"""


class Project:
    """A project's folder with our client, an adapter and a cog in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        library = run(DISCORD, "discord.http", root.parent / "site-packages" / "http.py")
        host = self._run("bot/client/_host.py", HOST, send=library["send"], json=json)
        clean = self._run(REDACTION, CLEAN)["clean"]
        client, post = host["Client"](), self._run("bot/adapters/chat.py", CHAT)["post"]
        self.cog = self._run(
            "cogs/scores.py", COG, client=client, clean=clean, post=post, relay=library["relay"]
        )
        self.client = client

    def _run(self, file: str, source: str, **names: object) -> Namespace:
        module = file.removesuffix(".py").replace("/", ".")
        return run(source, module, self.root / file, **names)

    def record(self, function: str, *values: object) -> Capsule:
        """Return the capsule of what a function of the cog raises."""
        return self.record_call(self.cog[function], *values)

    def record_call(self, function: Callable[..., object], *values: object) -> Capsule:
        """Return the capsule of what a call raises."""
        try:
            function(*values)
        except Exception as error:  # noqa: BLE001  # any of them is recorded
            return build_capsule(error, root=self.root, redact=str)
        raise AssertionError("nothing was raised")


def run(source: str, module: str, file: Path, **names: object) -> Namespace:
    """Run a module's source in a namespace that has these names already."""
    namespace: Namespace = {"__name__": module, **names}
    exec(compile(source, str(file), "exec"), namespace)  # noqa: S102  # sources of this file
    return namespace


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return the project."""
    return Project(tmp_path / "project")


def place(found: Capsule) -> tuple[str, str]:
    """Return where a failure is attributed to."""
    assert found.innermost is not None
    return found.innermost.file, found.innermost.function


def test_a_request_that_discord_refuses_belongs_to_the_cog_that_made_it(project: Project) -> None:
    found = project.record("call", "publish", {})
    assert [frame.file for frame in found.frames] == ["cogs/scores.py"]
    assert found.libraries == ("discord.http",)


def test_how_the_client_came_to_call_a_cog_is_no_part_of_the_fingerprint(project: Project) -> None:
    direct = project.record("look_up")
    dispatched = project.record_call(project.client.dispatch, project.cog["look_up"])
    assert direct.frames == dispatched.frames
    assert direct.fingerprint == dispatched.fingerprint


def test_so_it_does_where_discords_library_lies_between(project: Project) -> None:
    assert place(project.record("relay_through_discord")) == (
        "cogs/scores.py",
        "relay_through_discord",
    )


def test_it_belongs_to_an_adapter_of_ours_that_made_it(project: Project) -> None:
    assert place(project.record("post_by_adapter")) == ("bot/adapters/chat.py", "post")


def test_an_attribute_that_the_client_lacks_belongs_to_the_cog(project: Project) -> None:
    found = project.record("pool")
    assert [frame.file for frame in found.frames] == ["cogs/scores.py"]
    assert not found.deliberate
    assert found.libraries == ()


@pytest.mark.parametrize(
    ("method", "values"), [("refuse", ("x",)), ("check", ("x",)), ("measure", (io.BytesIO(),))]
)
def test_what_the_client_refuses_belongs_to_who_passed_it(
    project: Project, method: str, values: tuple[io.BytesIO | str, ...]
) -> None:
    for each in values:
        if isinstance(each, io.BytesIO):
            each.close()
    assert place(project.record("call", method, *values)) == ("cogs/scores.py", "call")


@pytest.mark.parametrize(
    ("method", "values"),
    [
        ("misspell", ()),
        ("take_ninth", ([],)),
        ("parse", (None,)),
        ("break_promise", ()),
    ],
)
def test_a_mistake_in_the_client_itself_stays_there(
    project: Project, method: str, values: tuple[object, ...]
) -> None:
    assert place(project.record("call", method, *values)) == (
        "bot/client/_host.py",
        f"Client.{method}",
    )


def test_a_mistake_in_the_redaction_stays_there(project: Project) -> None:
    assert place(project.record("redact", 7)) == (
        REDACTION,
        "clean",
    )


def test_a_cog_that_the_client_calls_fails_without_the_client(project: Project) -> None:
    found = project.record("run_callback")
    assert [(frame.file, frame.function) for frame in found.frames] == [
        ("cogs/scores.py", "run_callback"),
        ("cogs/scores.py", "look_up"),
    ]


def test_the_client_alone_on_the_way_is_named(project: Project) -> None:
    assert place(project.record_call(project.client.publish, {})) == (
        "bot/client/_host.py",
        "Client.request",
    )


def test_the_fingerprint_is_what_it_was_with_the_clients_frames(project: Project) -> None:
    found = project.record("call", "publish", {})
    places = (
        "cogs/scores.py:call",
        "bot/client/_host.py:Client.publish",
        "bot/client/_host.py:Client.request",
    )
    assert found.fingerprint == compute_fingerprint(found.exception, places, found.message)


def test_a_file_that_cannot_be_parsed_is_where_the_fault_is(project: Project) -> None:
    broken = project.root / "cogs" / "broken.py"

    def load() -> None:
        compile("one = 1\ntwo = = 2\n", str(broken), "exec")

    found = project.record_call(project.client.dispatch, load)
    assert place(found) == ("cogs/broken.py", "<module>")
    assert [frame.line for frame in found.frames] == [2]
    typed = project.record_call(project.client.dispatch, lambda: compile("1 +", "<typed>", "eval"))
    assert place(typed) == ("bot/client/_host.py", "Client.dispatch")

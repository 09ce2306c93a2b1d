"""Whose fault a failure is: a table of real ones, the misleading among them."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.journal import Action, ActionOutcome, Capsule, FailureGroup, Frame, Kind
from bot.triage import Origin, Triage, triage

NOW = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)
AIOHTTP = ("aiohttp.client", "aiohttp.connector")
DISCORD = ("discord.abc", "discord.http")
HOSTILE = (
    "HTTP 503 Service Unavailable: connection to discord.com timed out, this is not your fault"
)
_numbers = count(1)


class Case(NamedTuple):
    """One failure as its capsule tells it. `args` and `inputs` are literals."""

    origin: Origin
    exception: str
    message: str = ""
    kinds: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    status: int | None = None
    code: str = ""
    deliberate: bool = False
    file: str = "cogs/weather.py"
    function: str = "Weather.fetch"
    args: tuple[tuple[str, str], ...] = ()
    inputs: tuple[tuple[str, str], ...] = ()
    kind: Kind = Kind.COMMAND
    works: bool = False  # the same action goes well with other input

    @property
    def capsule(self) -> Capsule:
        """Return the capsule, redaction and bounds aside."""
        frame = Frame(
            file=self.file,
            line=12,
            function=self.function,
            module=self.file.removesuffix(".py").replace("/", "."),
            arguments=dict(self.args),
        )
        return Capsule(
            exception=self.exception,
            message=self.message,
            fingerprint=f"print{next(_numbers)}",
            frames=(frame,) if self.file else (),
            inputs=dict(self.inputs),
            kinds=self.kinds,
            causes=self.causes,
            libraries=self.libraries,
            status=self.status,
            code=self.code,
            deliberate=self.deliberate,
        )


def group(
    capsule: Capsule | None,
    *,
    times: int = 1,
    kind: Kind = Kind.COMMAND,
    name: str = "weather",
    at: datetime = NOW,
    outcome: ActionOutcome = ActionOutcome.ERROR,
) -> FailureGroup:
    """Return failures that began at `at`, a minute apart."""
    last = at + timedelta(minutes=times - 1)
    newest = action(last, outcome, kind=kind, name=name).replace(error=capsule)
    return FailureGroup(
        fingerprint=capsule.fingerprint if capsule else "none",
        event=newest.event,
        count=times,
        first_seen=at,
        last_seen=last,
        newest=newest,
        action_ids=(newest.id,),
    )


def action(
    at: datetime, outcome: ActionOutcome, *, kind: Kind = Kind.COMMAND, name: str = "weather"
) -> Action:
    """Return one journal record."""
    return Action(
        ts=at,
        id=f"{next(_numbers):026}",
        event=f"{kind}.{name}",
        kind=kind,
        name=name,
        outcome=outcome,
    )


OUT, IN, CODE = Origin.OUTSIDE, Origin.INPUT, Origin.CODE
DATA, ENV, UNKNOWN = Origin.DATA, Origin.ENVIRONMENT, Origin.UNKNOWN
_CLIENT = "aiohttp.client_exceptions"
_SERVER = ("discord.errors.HTTPException", "discord.errors.DiscordException")
_OS = ("OSError",)
_APP = "discord.app_commands.errors"
_TEXT = "discord.ext.commands.errors"

CASES: dict[str, Case] = {
    # ---------------------------------------------------------------------------- somebody else's
    "connection refused by an api": Case(
        OUT,
        f"{_CLIENT}.ClientConnectorError",
        "Cannot connect to host api.weather.example:443 ssl:default [Connect call failed]",
        kinds=(f"{_CLIENT}.ClientOSError", f"{_CLIENT}.ClientConnectionError", *_OS),
        libraries=AIOHTTP,
        code="ECONNREFUSED",
    ),
    "name not found": Case(
        OUT, f"{_CLIENT}.ClientConnectorDNSError", "Cannot connect to host api.x:443 ssl:default"
    ),
    "name not found by the socket": Case(
        OUT, "socket.gaierror", "[Errno -3] Temporary failure", _OS, libraries=("socket",)
    ),
    "certificate ran out": Case(
        OUT, "ssl.SSLCertVerificationError", "certificate has expired", ("ssl.SSLError", *_OS)
    ),
    "server hung up": Case(OUT, f"{_CLIENT}.ServerDisconnectedError", "Server disconnected"),
    "answer broke off": Case(OUT, f"{_CLIENT}.ClientPayloadError", "Response payload is not done"),
    "api answers 503": Case(
        OUT, f"{_CLIENT}.ClientResponseError", "503, message='x', url='https://a.example/x'",
        libraries=AIOHTTP, status=503,
    ),
    "api answers 429": Case(OUT, f"{_CLIENT}.ClientResponseError", "", status=429),
    "api answers 502, an old record": Case(
        OUT, f"{_CLIENT}.ClientResponseError", "502, message='Bad Gateway', url='https://a.b/c'"
    ),
    "discord answers 503": Case(
        OUT, "discord.errors.DiscordServerError", "503 Service Unavailable (error code: 0)",
        _SERVER, libraries=DISCORD, status=503,
    ),
    "discord answers 500, an old record": Case(
        OUT, "discord.errors.DiscordServerError", "500 Internal Server Error (error code: 0): x"
    ),
    "discord answers 503 without a line of ours": Case(
        OUT, "discord.errors.DiscordServerError", "", _SERVER, status=503, file=""
    ),
    "discord closed the gateway": Case(
        OUT, "discord.errors.ConnectionClosed", "Shard ID None WebSocket closed with 1006", file=""
    ),
    "timeout inside aiohttp": Case(
        OUT, "TimeoutError", "", _OS, causes=("asyncio.exceptions.CancelledError",),
        libraries=("aiohttp.client", "aiohttp.helpers"),
    ),
    "our time limit around somebody else's answer": Case(
        OUT, "TimeoutError", "", _OS, causes=("asyncio.exceptions.CancelledError",),
        libraries=("aiohttp.client", "aiohttp.client_reqrep", "asyncio.streams"),
    ),
    "timeout of the system": Case(OUT, "TimeoutError", "[Errno 110]", _OS, code="ETIMEDOUT"),
    "urllib timed out": Case(
        OUT, "TimeoutError", "timed out", _OS, libraries=("urllib.request", "http.client", "socket")
    ),
    "httpx could not connect": Case(
        OUT, "httpx.ConnectError", "All connection attempts failed",
        ("httpx.NetworkError", "httpx.TransportError", "httpx.RequestError"),
    ),
    "httpx read timeout": Case(
        OUT, "httpx.ReadTimeout", "", ("httpx.TimeoutException", "httpx.TransportError")
    ),
    "httpx answers 504": Case(OUT, "httpx.HTTPStatusError", "", status=504),
    "requests lost the connection": Case(
        OUT, "requests.exceptions.ConnectionError", "('Connection aborted.',)"
    ),
    "urllib cannot reach it": Case(OUT, "urllib.error.URLError", "<urlopen error timed out>", _OS),
    "urllib answers 500, an old record": Case(
        OUT, "urllib.error.HTTPError", "HTTP Error 500: Internal Server Error"
    ),
    "model provider overloaded": Case(OUT, "anthropic.APIStatusError", "Overloaded", status=529),
    "model provider's limit": Case(
        OUT, "bot.domain.errors.AgentLimited", "5-hour limit reached",
        ("bot.domain.errors.AgentError", "bot.domain.errors.PortError"), file="bot/adapters/x.py",
    ),
    "forge out of reach": Case(
        OUT, "bot.domain.errors.ForgeUnavailable", "GitHub cannot be reached", deliberate=True
    ),
    "redis went away": Case(OUT, "redis.exceptions.ConnectionError", "Error 111 connecting"),
    "connection reset in a stream": Case(
        OUT, "ConnectionResetError", "", ("ConnectionError", *_OS), libraries=("asyncio.streams",)
    ),
    "our own word for a lost connection": Case(
        OUT, "ConnectionError", "lost", _OS, deliberate=True, kind=Kind.TASK
    ),
    "mail server hung up": Case(OUT, "smtplib.SMTPServerDisconnected", "", _OS),
    # ------------------------------------------------------------------------------- this machine
    "disk full": Case(ENV, "OSError", "[Errno 28] No space left on device", code="ENOSPC"),
    "too many files": Case(ENV, "OSError", "[Errno 24]", code="EMFILE", libraries=AIOHTTP),
    "no permission for a folder": Case(
        ENV, "PermissionError", "[Errno 13] Permission denied: '/var/lib/x'", _OS, code="EACCES"
    ),
    "no permission, an old record": Case(ENV, "PermissionError", "[Errno 13] Permission denied"),
    "read-only disk": Case(ENV, "OSError", "[Errno 30]", code="EROFS", kind=Kind.TASK),
    "memory used up": Case(ENV, "MemoryError", ""),
    "missing program": Case(
        ENV, "FileNotFoundError", "[Errno 2] No such file or directory: 'ffmpeg'", _OS,
        libraries=("asyncio.subprocess", "asyncio.base_events", "subprocess"), code="ENOENT",
    ),
    "missing package": Case(
        ENV, "ModuleNotFoundError", "No module named 'numpy'", ("ImportError",)
    ),
    "missing part of a package": Case(
        ENV, "ModuleNotFoundError", "No module named 'aiohttp.speedups'", ("ImportError",)
    ),
    "database's disk full": Case(
        ENV, "sqlite3.OperationalError", "database or disk is full", code="SQLITE_FULL",
    ),
    "database cannot be opened": Case(
        ENV, "sqlite3.OperationalError", "unable to open database file",
        code="SQLITE_CANTOPEN_ISDIR",
    ),
    "discord forbids it": Case(
        ENV, "discord.errors.Forbidden", "403 Forbidden (error code: 50013): Missing Permissions",
        _SERVER, libraries=DISCORD, status=403,
    ),
    "key not accepted": Case(ENV, "anthropic.AuthenticationError", "", status=401),
    "engine not installed": Case(ENV, "bot.domain.errors.AgentMissing", "claude is not there"),
    # ------------------------------------------------------------------------------- what we keep
    "damaged database": Case(
        DATA, "sqlite3.DatabaseError", "database disk image is malformed", code="SQLITE_CORRUPT"
    ),
    "damaged database, an old record": Case(
        DATA, "sqlite3.DatabaseError", "database disk image is malformed"
    ),
    "no database at all": Case(
        DATA, "sqlite3.DatabaseError", "file is not a database", code="SQLITE_NOTADB"
    ),
    "missing table": Case(
        DATA, "sqlite3.OperationalError", "no such table: polls", code="SQLITE_ERROR"
    ),
    "row there twice": Case(
        DATA, "sqlite3.IntegrityError", "UNIQUE constraint failed: polls.id",
        code="SQLITE_CONSTRAINT_UNIQUE",
    ),
    "own file cut off": Case(
        DATA, "json.decoder.JSONDecodeError", "Expecting value: line 1 column 1", ("ValueError",),
        libraries=("json", "json.decoder"), function="Reminders.load", kind=Kind.TASK,
    ),
    "own file with strange bytes": Case(
        DATA, "UnicodeDecodeError", "'utf-8' codec can't decode byte 0xff", ("ValueError",),
        args=(("path", "'data/state/polls.json'"),), function="read_all",
    ),
    "own file missing": Case(
        DATA, "FileNotFoundError", "[Errno 2] No such file: 'data/names.txt'", code="ENOENT"
    ),
    "row lacks a column": Case(
        DATA, "KeyError", "'owner'", ("LookupError",), args=(("row", "{'id': 3}"),),
        function="_poll_of", kind=Kind.TASK,
    ),
    # ------------------------------------------------------------------------------ what was typed
    "converter says no": Case(
        IN, f"{_APP}.TransformerError", "Failed to convert abc to Duration",
        (f"{_APP}.AppCommandError",), inputs=(("in", "'abc'"),),
    ),
    "converter's own complaint": Case(
        IN, "ValueError", "abc is no duration", causes=(f"{_APP}.TransformerError",),
        deliberate=True, inputs=(("in", "'abc'"),), function="Duration.transform",
    ),
    "bad argument of a typed command": Case(
        IN, f"{_TEXT}.BadArgument", "Converting to int failed", (f"{_TEXT}.UserInputError",)
    ),
    "missing argument": Case(
        IN, f"{_TEXT}.MissingRequiredArgument", "sides", (f"{_TEXT}.UserInputError",), file=""
    ),
    "not allowed to": Case(
        IN, f"{_APP}.MissingPermissions", "", (f"{_APP}.CheckFailure",), file=""
    ),
    "refusal of our own": Case(
        IN, "bot.domain.errors.WrongStage", "Run x has ended", ("bot.domain.errors.RunError",),
        deliberate=True,
    ),
    "our check refuses what was typed": Case(
        IN, "ValueError", "a die has 2 to 1000 sides, not 0", deliberate=True, works=True,
        inputs=(("dice", "'1d0'"),), args=(("text", "'1d0'"),), function="parse_notation",
    ),
    "our check refuses it with an error of its own": Case(
        IN, "cogs.dice.NotationError", "`1d0` is no roll", deliberate=True, works=True,
        inputs=(("dice", "'1d0'"),), args=(("text", "'1d0'"),), file="cogs/dice.py",
    ),
    "exactly what was typed is no number": Case(
        IN, "ValueError", "invalid literal for int() with base 10: 'abc'", works=True,
        inputs=(("count", "'abc'"),), args=(("count", "'abc'"),),
    ),
    # ------------------------------------------------------------------------------------- our code
    "index out of range": Case(
        CODE, "IndexError", "list index out of range", ("LookupError",),
        inputs=(("dice", "'2d6'"),), works=True, file="cogs/dice.py",
    ),
    "nobody checked for zero": Case(
        CODE, "ZeroDivisionError", "division by zero", inputs=(("parts", "0"),), works=True
    ),
    "none where a thing was expected": Case(
        CODE, "AttributeError", "'NoneType' object has no attribute 'id'", kind=Kind.LISTENER
    ),
    "wrong call of a library": Case(
        CODE, "TypeError", "ClientSession.get() got an unexpected keyword", libraries=AIOHTTP
    ),
    "variable never set": Case(CODE, "UnboundLocalError", "phrase", ("NameError",)),
    "a third party's answer changed shape": Case(
        CODE, "KeyError", "'temperature'", ("LookupError",), libraries=AIOHTTP,
        args=(("answer", "{'temp': 3}"),),
    ),
    "a third party's answer is no json": Case(
        CODE, "json.decoder.JSONDecodeError", "Expecting value", ("ValueError",),
        libraries=("aiohttp.client_reqrep", "json", "json.decoder"),
    ),
    "a third party answers html with 200": Case(
        CODE, f"{_CLIENT}.ContentTypeError", "200, message='Attempt to decode JSON'",
        (f"{_CLIENT}.ClientResponseError",), libraries=AIOHTTP, status=200,
    ),
    "what was typed is parsed as json unchecked": Case(
        CODE, "json.decoder.JSONDecodeError", "Expecting value", ("ValueError",),
        libraries=("json", "json.decoder"), inputs=(("text", "'{'"),), args=(("text", "'{'"),),
        function="load_options",
    ),
    "a piece of what was typed is no number": Case(
        CODE, "ValueError", "invalid literal for int() with base 10: '%'", works=True,
        inputs=(("dice", "'d%'"),), args=(("text", "'d%'"),), file="cogs/dice.py",
    ),
    "a converter trips over a piece of what was typed": Case(
        CODE, "ValueError", "invalid literal for int() with base 10: '%'", works=True,
        causes=(f"{_APP}.TransformerError",), inputs=(("dice", "'d%'"),), file="cogs/dice.py",
    ),
    "a converter crashes": Case(
        CODE, "IndexError", "list index out of range", ("LookupError",), works=True,
        causes=(f"{_APP}.TransformerError",), inputs=(("dice", "'d'"),), file="cogs/dice.py",
    ),
    "no number, and nothing else works either": Case(
        CODE, "ValueError", "invalid literal for int() with base 10: '20'",
        inputs=(("count", "'20'"),), args=(("count", "'20'"),),
    ),
    "our time limit around our own code": Case(
        CODE, "TimeoutError", "", _OS, causes=("asyncio.exceptions.CancelledError",),
        libraries=("asyncio.tasks",), function="Reports.render",
    ),
    "a person who did not answer in time": Case(
        CODE, "TimeoutError", "", _OS, causes=("asyncio.exceptions.CancelledError",),
        libraries=("discord.client", "asyncio.tasks"),
    ),
    "discord refuses what we sent": Case(
        CODE, "discord.errors.HTTPException", "400 Bad Request (error code: 50035): Invalid Form",
        ("discord.errors.DiscordException",), libraries=DISCORD, status=400,
    ),
    "we answered too late": Case(
        ENV, "discord.errors.NotFound",
        "404 Not Found (error code: 10062): Unknown interaction",
        _SERVER, libraries=DISCORD, status=404,
    ),
    "we asked for an address that is none": Case(
        CODE, f"{_CLIENT}.InvalidURL", "htp://x", (f"{_CLIENT}.ClientError", "ValueError"),
        libraries=AIOHTTP,
    ),
    "connection to our own database": Case(
        CODE, "ConnectionError", "connection is closed", _OS, libraries=("aiosqlite.core",)
    ),
    "our own word for a lost database": Case(
        CODE, "ConnectionError", "not open", _OS, deliberate=True, function="PollStore.add",
        args=(("database", "'polls'"),),
    ),
    "our own database is closed": Case(
        CODE, "sqlite3.ProgrammingError", "Cannot operate on a closed database.",
        ("sqlite3.DatabaseError", "sqlite3.Error"), libraries=("aiosqlite.core",),
    ),
    "two of us write at once": Case(
        CODE, "sqlite3.OperationalError", "database is locked", code="SQLITE_BUSY"
    ),
    "module of ours renamed": Case(
        CODE, "ModuleNotFoundError", "No module named 'cogs.weather_old'", ("ImportError",)
    ),
    "name gone from a module": Case(
        CODE, "ImportError", "cannot import name 'Dice' from 'cogs.dice'"
    ),
    "our own word for it": Case(
        CODE, "RuntimeError", "no reminder is due", deliberate=True, kind=Kind.TASK
    ),
    # ------------------------------------------------------------------------------ text that lies
    "a hostile text in a crash": Case(
        CODE, "KeyError", repr(HOSTILE), ("LookupError",), inputs=(("city", repr(HOSTILE)),)
    ),
    "a hostile text that we raise ourselves": Case(
        CODE, "ValueError", HOSTILE, deliberate=True, inputs=(("city", repr(HOSTILE)),)
    ),
    "a hostile text in an error of ours that looks like discord's": Case(
        CODE, "cogs.weather.HTTPException", "503 Service Unavailable", deliberate=True
    ),
    "a hostile text about a full disk": Case(
        CODE, "RuntimeError", "[Errno 28] No space left on device", deliberate=True
    ),
    "a hostile text about a missing package": Case(
        CODE, "ImportError", "No module named 'numpy'", deliberate=True
    ),
    "a status of our own making": Case(
        CODE, "cogs.weather.WeatherError", "", status=503, deliberate=True
    ),
    "a 400 whose text begins like a 503": Case(
        CODE, "discord.errors.HTTPException", "503 times too long", libraries=DISCORD, status=400
    ),
    # -------------------------------------------------------------------------------------- unknown
    "a crash without a line of ours": Case(UNKNOWN, "TypeError", "x", file=""),
    "an unknown type without a line of ours": Case(UNKNOWN, "somelib.OddError", "x", file=""),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_types_codes_and_frames_tell_whose_it_is(case: Case) -> None:
    good = [action(NOW - timedelta(minutes=5), ActionOutcome.OK)] if case.works else []
    found = triage(group(case.capsule, kind=case.kind), timeline=good, users=1)
    assert found.origin is case.origin, found
    assert found.reasons
    assert found.ours is (case.origin in (CODE, DATA, UNKNOWN))
    assert ("nothing of ours to change" in found.summary) is not (
        found.ours or bool(found.remedies)
    )


def test_the_table_is_large_enough() -> None:
    assert len(CASES) >= 60
    assert {case.origin for case in CASES.values()} == set(Origin)


# ------------------------------------------------------------------------- what happened around it

_DISCORD_DOWN = CASES["discord answers 503"].capsule
_OWN_LIMIT = CASES["our time limit around our own code"].capsule


def test_the_reasons_say_who_and_how_often() -> None:
    found = triage(group(_DISCORD_DOWN, times=14), users=6)
    assert (found.whose, found.confidence) == ("Discord", "high")
    assert found.summary == (
        "That is Discord's, not ours: 14 times Discord answered (HTTP 503); it happened to 6 "
        "people. There is nothing of ours to change."
    )


def test_the_host_is_named_where_the_type_spells_it() -> None:
    found = triage(group(CASES["connection refused by an api"].capsule))
    assert "`api.weather.example`'s" in found.summary


@pytest.mark.parametrize(
    ("named", "remedy"),
    [
        ("httpx answers 504", "ask once more after a moment"),
        ("connection refused by an api", "ask once more after a moment"),
        ("timeout of the system", "ask once more, with a limit people would wait for"),
    ],
)
def test_what_is_ours_to_do_about_somebody_elses_failure_is_told(named: str, remedy: str) -> None:
    found = triage(group(CASES[named].capsule))
    assert found.remedies[0] == remedy
    assert f"What is ours to do about it: {remedy}; say it to people in words" in found.summary


def test_a_refusal_that_people_met_as_an_error_may_be_said_better() -> None:
    rightly = [case for case in CASES.values() if case.origin is IN and case.works]
    good = [action(NOW - timedelta(minutes=5), ActionOutcome.OK)]
    told = [triage(group(case.capsule, kind=case.kind), timeline=good) for case in rightly]
    unsure = [each for each in told if each.confidence == "medium"]
    assert unsure
    assert all("say it to people in words" in each.summary for each in unsure)
    assert not any(each.remedies for each in told if each.confidence == "high")


def test_a_service_that_has_us_wait_is_to_be_waited_for() -> None:
    limited = Case(
        OUT, "aiohttp.client_exceptions.ClientResponseError", status=429, libraries=("aiohttp",)
    )
    assert "`Retry-After`" in triage(group(limited.capsule)).remedies[0]


def test_nothing_is_ours_where_discord_fails_or_our_own_adapters_say_so() -> None:
    ours = Case(OUT, "bot.domain.errors.ForgeUnavailable", "no answer", deliberate=True)
    for capsule in (_DISCORD_DOWN, ours.capsule):
        assert triage(group(capsule)).remedies == ()


def test_others_that_fail_for_the_same_reason_make_it_surer() -> None:
    alone = triage(group(_DISCORD_DOWN))
    other = group(CASES["discord answers 500, an old record"].capsule, name="poll")
    together = triage(group(_DISCORD_DOWN), nearby=[other])
    assert (alone.confidence, together.confidence) == ("medium", "high")
    assert "`command.poll` fails at the same time" in together.summary


def test_what_failed_an_hour_ago_or_elsewhere_says_nothing() -> None:
    other = CASES["discord answers 500, an old record"].capsule
    hours_ago = group(other, name="poll", at=NOW - timedelta(hours=1))
    another = group(CASES["httpx answers 504"].capsule, name="poll")
    for nearby in (hours_ago, another):
        assert triage(group(_DISCORD_DOWN), nearby=[nearby]).confidence == "medium"


def test_a_time_limit_of_ours_is_not_ours_while_something_outside_fails() -> None:
    assert triage(group(_OWN_LIMIT)).origin is CODE
    found = triage(group(_OWN_LIMIT), nearby=[group(_DISCORD_DOWN, name="poll")])
    assert (found.origin, found.confidence, found.whose) == (OUT, "low", "Discord")


def test_a_crash_stays_ours_whatever_else_fails() -> None:
    crash = CASES["index out of range"].capsule
    others = [group(_DISCORD_DOWN, name=name) for name in ("poll", "remind")]
    assert triage(group(crash), nearby=others).origin is CODE


def test_it_works_again_since() -> None:
    later = action(NOW + timedelta(minutes=9), ActionOutcome.OK)
    found = triage(group(_DISCORD_DOWN, times=3), timeline=[later])
    assert "it has worked again since" in found.reasons


def test_an_answer_that_came_too_late_is_slowness_and_says_whose() -> None:
    late = group(CASES["we answered too late"].capsule)
    found = {
        took: triage(late.replace(newest=late.newest.replace(duration_ms=took)))
        for took in (120.0, 4_200.0)
    }
    assert found[120.0].origin is ENV
    assert "too slow, not broken: Discord waits 3 s" in found[120.0].summary
    assert "the time went by before it began: the network" in found[120.0].summary
    assert found[4_200.0].origin is CODE
    assert "it took 4.2 s to answer, and Discord waits 3 s" in found[4_200.0].summary


def test_what_lately_worked_and_was_changed_since_is_ours_to_look_at() -> None:
    late = group(CASES["we answered too late"].capsule)
    slow = late.replace(newest=late.newest.replace(duration_ms=4_200.0))
    refusal = group(CASES["exactly what was typed is no number"].capsule)
    good = [action(NOW - timedelta(minutes=5), ActionOutcome.OK)]
    assert not triage(refusal, timeline=good, users=1).ours
    for failure, why in ((slow, "it took 4.2 s to answer"), (refusal, "people met an error")):
        ours = triage(failure, timeline=good, users=1, since_worked=("abc1234def",))
        assert ours.origin is CODE
        assert why in ours.summary
        assert "`abc1234` changed that code since it last worked" in ours.summary
    before = triage(late, since_worked=("abc1234def",))
    assert before.origin is ENV  # the time went by before it began


def test_input_that_fails_for_many_is_not_the_input() -> None:
    case = CASES["exactly what was typed is no number"]
    good = [action(NOW - timedelta(minutes=5), ActionOutcome.OK)]
    few = triage(group(case.capsule), timeline=good, users=1)
    many = triage(group(case.capsule), timeline=good, users=5)
    assert (few.origin, many.origin) == (IN, CODE)


def test_what_nobody_typed_is_no_input() -> None:
    case = CASES["bad argument of a typed command"]
    assert triage(group(case.capsule, kind=Kind.TASK)).origin is CODE


def test_a_suspect_commit_and_a_time_when_it_worked_are_named() -> None:
    good = action(NOW - timedelta(minutes=5), ActionOutcome.OK)
    crash = CASES["nobody checked for zero"].capsule
    found = triage(group(crash), timeline=[good], changed=["abc1234def", "0" * 40])
    assert found.reasons[1:] == ("it had worked before", "`abc1234` lately changed that code")
    assert (found.confidence, "cogs/weather.py:12" in found.summary) == ("high", True)


_LIES = st.text(max_size=80) | st.sampled_from(
    [HOSTILE, "503 x", "503, message='x'", "HTTP Error 503: x", "No module named 'numpy'",
     "database disk image is malformed", "Cannot connect to host discord.com:443"]
)  # fmt: skip


@given(
    _LIES,
    st.sampled_from(["ValueError", "RuntimeError", "KeyError", "Exception", "cogs.dice.OddError"]),
)
def test_no_text_makes_a_failure_of_ours_somebody_elses(message: str, exception: str) -> None:
    for deliberate in (False, True):
        case = Case(CODE, exception, message, deliberate=deliberate, inputs=(("x", repr(message)),))
        found = triage(group(case.capsule), users=1)
        assert found.origin is CODE, found


@pytest.mark.parametrize("outcome", [ActionOutcome.TIMEOUT, ActionOutcome.ERROR])
def test_without_an_exception_nobody_knows(outcome: ActionOutcome) -> None:
    found = triage(group(None, outcome=outcome))
    assert (found.origin, found.confidence, found.ours) == (UNKNOWN, "low", True)
    assert triage(None).origin is UNKNOWN


def test_the_same_evidence_gives_the_same_judgement() -> None:
    def judged() -> list[Triage]:
        return [triage(group(case.capsule), users=2) for case in CASES.values()]

    assert judged() == judged()

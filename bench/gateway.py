"""The cost of the model gateway: requests through it, against direct requests to the model.

The model is the scripted one, in a separate process; it answers at once, or after half a second
like a quick real model. The gateway redacts, asks the budget and writes every request into the
ledger, as in the running bot. `a long talk` is 200,000 characters of code and text, sent again with
a little more each time, as the program does.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import aiohttp
from theseus_observe.redaction import redact

from bench.rows import Row, measure_pairs
from bot.adapters.model_gateway import HttpModelGateway, Upstream
from bot.adapters.sqlite_ledger import SqliteLedger
from bot.adapters.system_clock import SystemClock
from bot.budget.enforcement import BudgetEnforcer
from bot.domain.account import Account
from bot.domain.budget import BudgetRules, Cap

ROOT = Path(__file__).resolve().parents[1]
PAIRS = 15
MANY = 200
AT_ONCE = 8
MODEL_SECONDS = 0.5
LONG_ANSWER = "The face is counted from one, and the list from zero. " * 400  # some 550 events
STORY = [
    {"when": "At length", "story": [{"forever": {"says": LONG_ANSWER}}]},
    {
        "when": "Take your time",
        "story": [{"forever": {"slow": MODEL_SECONDS, "turn": {"says": "Hm."}}}],
    },
    {"when": "", "story": [{"forever": {"says": "Yes."}}]},
]
FREE = BudgetRules(run=Cap(), person_day=Cap(), day=Cap(), week=Cap())
ACCOUNT = Account(purpose="execute", person_id=1, run_id="k7m2xq")


@dataclass(frozen=True)
class Route:
    """One way to the model: where it is asked, and with which key."""

    base_url: str
    key: str


async def measure(pairs: int = PAIRS, many: int = MANY) -> Sequence[Row]:
    """Return a row for each way a request can be felt."""
    async with _open_routes() as (ours, direct), aiohttp.ClientSession() as client:

        async def measure_row(name: str, seconds: "TimedRequest", of_each: int = 1) -> Row:
            async def measure_ours() -> float:
                return await seconds(client, ours) / of_each

            async def measure_direct() -> float:
                return await seconds(client, direct) / of_each

            took, baseline, ratio = await measure_pairs(measure_ours, measure_direct, pairs=pairs)
            return Row(
                bench="gateway", name=name, ours=took, baseline=baseline,
                baseline_name="the model directly", ratio=ratio, pairs=pairs,
            )  # fmt: skip

        return [
            await measure_row("first byte", FirstByte("Hello.")),
            await measure_row(
                "first byte, a long talk", FirstByte("Hello.", talk=_build_long_talk())
            ),
            await measure_row("first byte, model takes 0.5 s", FirstByte("Take your time.")),
            await measure_row("a long answer, whole", FullAnswer("At length.")),
            await measure_row(f"one of {many}, {AT_ONCE} at a time", ManyRequests(many), many),
        ]


class TimedRequest:
    """A request that is timed, through the gateway or directly."""

    async def __call__(self, client: aiohttp.ClientSession, way: Route) -> float:
        """Send it, and return the seconds it took."""
        start = perf_counter()
        await self.send(client, way)
        return perf_counter() - start

    async def send(self, client: aiohttp.ClientSession, way: Route) -> None:
        """Send it once."""
        raise NotImplementedError


class FirstByte(TimedRequest):
    """A request, up to the first byte of its answer."""

    def __init__(self, text: str, talk: Sequence[Mapping[str, object]] = ()) -> None:
        self._text = text
        self._talk = talk
        self._sent = 0

    async def __call__(self, client: aiohttp.ClientSession, way: Route) -> float:
        """Return the seconds to the first byte, then read the rest."""
        self._sent += 1
        said = {"role": "user", "content": f"{self._text} ({self._sent})"}
        start = perf_counter()
        async with _open_request(client, way, [*self._talk, said]) as answer:
            await answer.content.readany()
            seconds = perf_counter() - start
            await answer.read()
        return seconds


class FullAnswer(TimedRequest):
    """A streamed answer, to its end."""

    def __init__(self, text: str) -> None:
        self._messages = [{"role": "user", "content": text}]

    async def send(self, client: aiohttp.ClientSession, way: Route) -> None:
        """Ask and read it all."""
        async with _open_request(client, way, self._messages) as answer:
            await answer.read()


class ManyRequests(TimedRequest):
    """Many small requests, some at a time."""

    def __init__(self, count: int) -> None:
        self._count = count

    async def send(self, client: aiohttp.ClientSession, way: Route) -> None:
        """Ask them all."""
        numbers = iter(range(self._count))

        async def send_some() -> None:
            for _ in numbers:
                await FullAnswer("Hello.").send(client, way)

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(send_some())


@asynccontextmanager
async def _open_request(
    client: aiohttp.ClientSession, way: Route, messages: Sequence[Mapping[str, object]]
) -> AsyncIterator[aiohttp.ClientResponse]:
    body = {
        "model": "claude-sonnet-5-5",
        "max_tokens": 1_000,
        "stream": True,
        "messages": list(messages),
    }
    headers = {"x-api-key": way.key, "content-type": "application/json"}
    url = f"{way.base_url}/v1/messages"
    async with client.post(url, data=json.dumps(body), headers=headers) as answer:
        answer.raise_for_status()
        yield answer


def _build_long_talk() -> Sequence[Mapping[str, object]]:
    """Return turns with code and texts about it."""
    source = (ROOT / "bot/adapters/model_gateway/_gateway.py").read_text(encoding="utf-8")
    turns = list[Mapping[str, object]]()
    while sum(len(str(turn["content"])) for turn in turns) < 200_000:
        read = f"Part {len(turns)}\n{source}"
        turns += [
            {"role": "user", "content": [{"type": "text", "text": read}]},
            {"role": "assistant", "content": "I see what it does."},
        ]
    return turns


@asynccontextmanager
async def _open_routes() -> AsyncIterator[tuple[Route, Route]]:
    """Start the model and the gateway; yield the way through the gateway, and the direct one."""
    with tempfile.TemporaryDirectory(prefix="theseus-bench-") as name:
        folder = Path(name)
        async with (
            _run_model(folder) as url,
            SqliteLedger(folder / "ledger.sqlite3") as ledger,
            _create_gateway(url, ledger, folder) as gateway,
            gateway.open_lease(ACCOUNT) as lent,
        ):
            yield Route(lent.base_url, lent.token), Route(url, "nobody's")


def _create_gateway(url: str, ledger: SqliteLedger, folder: Path) -> HttpModelGateway:
    clock = SystemClock()
    spend_guard = BudgetEnforcer(ledger, clock, FREE)
    return HttpModelGateway(Upstream("nobody's", url), spend_guard, clock, folder, redact=redact)


@asynccontextmanager
async def _run_model(folder: Path) -> AsyncIterator[str]:
    """Start the model in a separate process; yield its address."""
    story = folder / "story.json"
    story.write_text(json.dumps(STORY), encoding="utf-8")
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.twins.model", str(story), "--port", "0"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert child.stdout is not None
    reading: asyncio.Task[bytes] | None = None
    try:
        line = (await child.stdout.readline()).decode()
        reading = asyncio.create_task(child.stdout.read())  # its output must not fill a pipe
        yield line.strip().partition("=")[2]
    finally:
        child.terminate()
        await child.wait()
        if reading is not None:
            await reading

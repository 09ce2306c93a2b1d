"""What the model gateway costs: requests through it, against asking the model directly.

The model is the scripted one, in a process of its own; it answers at once, or after half a second,
as a quick one might. The gateway redacts, asks the budget and writes every request into the
ledger, as in the running bot. `a long talk` is 200,000 characters of code and words, sent again
with a little more each time, as the program does.
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

from bench.rows import Row, in_turns
from bot.adapters.model_gateway import HttpModelGateway, Upstream
from bot.adapters.sqlite_ledger import SqliteLedger
from bot.adapters.system_clock import SystemClock
from bot.budget.enforcement import BudgetEnforcer
from bot.domain.account import Account
from bot.domain.budget import BudgetRules, Cap
from bot.redaction import redact

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
class Way:
    """One way to the model: where it is asked, and with which key."""

    base_url: str
    key: str


async def measure(pairs: int = PAIRS, many: int = MANY) -> Sequence[Row]:
    """Return a row for each way a request can be felt."""
    async with _ways() as (ours, direct), aiohttp.ClientSession() as client:

        async def row(name: str, seconds: "Seconds", of_each: int = 1) -> Row:
            async def mine() -> float:
                return await seconds(client, ours) / of_each

            async def theirs() -> float:
                return await seconds(client, direct) / of_each

            took, baseline, ratio = await in_turns(mine, theirs, pairs=pairs)
            return Row(
                bench="gateway", name=name, ours=took, baseline=baseline,
                baseline_name="the model directly", ratio=ratio, pairs=pairs,
            )  # fmt: skip

        return [
            await row("first byte", FirstByte("Hello.")),
            await row("first byte, a long talk", FirstByte("Hello.", talk=_talk())),
            await row("first byte, model takes 0.5 s", FirstByte("Take your time.")),
            await row("a long answer, whole", Whole("At length.")),
            await row(f"one of {many}, {AT_ONCE} at a time", Many(many), many),
        ]


class Seconds:
    """Something that is timed, on either way."""

    async def __call__(self, client: aiohttp.ClientSession, way: Way) -> float:
        """Do it, and return how long it took."""
        start = perf_counter()
        await self.do(client, way)
        return perf_counter() - start

    async def do(self, client: aiohttp.ClientSession, way: Way) -> None:
        """Do it once."""
        raise NotImplementedError


class FirstByte(Seconds):
    """A request, up to the first byte of its answer."""

    def __init__(self, words: str, talk: Sequence[Mapping[str, object]] = ()) -> None:
        self._words = words
        self._talk = talk
        self._told = 0

    async def __call__(self, client: aiohttp.ClientSession, way: Way) -> float:
        """Time it to the first byte, and read the rest."""
        self._told += 1
        said = {"role": "user", "content": f"{self._words} ({self._told})"}
        start = perf_counter()
        async with _asking(client, way, [*self._talk, said]) as answer:
            await answer.content.readany()
            taken = perf_counter() - start
            await answer.read()
        return taken


class Whole(Seconds):
    """A streamed answer, to its end."""

    def __init__(self, words: str) -> None:
        self._said = [{"role": "user", "content": words}]

    async def do(self, client: aiohttp.ClientSession, way: Way) -> None:
        """Ask and read it all."""
        async with _asking(client, way, self._said) as answer:
            await answer.read()


class Many(Seconds):
    """Many small requests, some at a time."""

    def __init__(self, count: int) -> None:
        self._count = count

    async def do(self, client: aiohttp.ClientSession, way: Way) -> None:
        """Ask them all."""
        numbers = iter(range(self._count))

        async def some() -> None:
            for _ in numbers:
                await Whole("Hello.").do(client, way)

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(some())


@asynccontextmanager
async def _asking(
    client: aiohttp.ClientSession, way: Way, messages: Sequence[Mapping[str, object]]
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


def _talk() -> Sequence[Mapping[str, object]]:
    """Return turns of code that was read, and words about it."""
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
async def _ways() -> AsyncIterator[tuple[Way, Way]]:
    """Start the model and the gateway; yield the way through the gateway, and the direct one."""
    with tempfile.TemporaryDirectory(prefix="theseus-bench-") as name:
        folder = Path(name)
        async with (
            _model(folder) as url,
            SqliteLedger(folder / "ledger.sqlite3") as ledger,
            _gateway(url, ledger, folder) as gateway,
            gateway.lend(ACCOUNT) as lent,
        ):
            yield Way(lent.base_url, lent.token), Way(url, "nobody's")


def _gateway(url: str, ledger: SqliteLedger, folder: Path) -> HttpModelGateway:
    clock = SystemClock()
    spend_guard = BudgetEnforcer(ledger, clock, FREE)
    return HttpModelGateway(Upstream("nobody's", url), spend_guard, clock, folder, redact=redact)


@asynccontextmanager
async def _model(folder: Path) -> AsyncIterator[str]:
    """Start the model in a process of its own; yield its address."""
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
        reading = asyncio.create_task(child.stdout.read())  # what it tells fills no pipe
        yield line.strip().partition("=")[2]
    finally:
        child.terminate()
        await child.wait()
        if reading is not None:
            await reading

"""From a feature request to its contract card and its proposal, against the bare SDK.

Both ask the same scripted model, which answers at once, for the same command. The baseline holds
the same three conversations in a prepared folder, and stops there: it has no agreement, no replays
and no checks. So the ratio is the cost of asking first and of verification.
"""

import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.bare import KEY, BareRequest, run_bare
from bench.rows import Row
from bench.script_data import extract_tree
from bot.adapters.sqlite_store import SqliteStore
from bot.demo.faults import choose
from bot.domain.run import Run
from tests.support.coinflip_request import REQUEST, STORY
from tests.support.demo_playground import open_playground
from tests.twins.model import ScriptedModel

SECONDS = 400.0
ROLES = ("planner", "executor", "reviewer")


async def measure() -> Sequence[Row]:
    """Return a row up to the contract card, one up to the proposal, and the tokens of both."""
    with tempfile.TemporaryDirectory(prefix="theseus-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        asked, understood, written, runs = await _measure_ours(folder)
        planned, done = await _measure_direct(folder, asked)
    card, proposal = map(_count_tokens, runs)
    return [
        _build_row("words to contract card", understood, planned),
        _build_row("go-ahead to proposal", written, done),
        Row(bench="wanted", name="  tokens to the contract card", unit="tokens", ours=card),
        Row(bench="wanted", name="  tokens to the proposal", unit="tokens", ours=proposal),
    ]


def _build_row(name: str, ours: float, baseline: float) -> Row:
    return Row(
        bench="wanted", name=name, ours=ours, baseline=baseline,
        baseline_name="claude-agent-sdk, nothing proven", ratio=ours / baseline,
    )  # fmt: skip


async def _measure_ours(
    folder: Path,
) -> tuple[Mapping[str, BareRequest], float, float, tuple[Run, Run]]:
    """Return what was asked of the model, the seconds of both parts, and the run after each."""
    home = folder / "home"
    home.mkdir()
    async with ScriptedModel(STORY) as model:
        with _use_model(model.base_url):
            async with open_playground(home, choose("dice-top-face", None)) as play:
                database = play.demo.workspace.state / "theseus.sqlite3"
                start = time.perf_counter()
                thread = await play.alice.ask(REQUEST)
                await play.alice.wait_for_text(thread, "This is what I understand", timeout=SECONDS)
                understood = time.perf_counter() - start
                card = await _load_newest(database)
                start = time.perf_counter()
                await play.alice.person.say(thread, "go ahead")
                await play.alice.wait_for_proposal(thread, timeout=SECONDS)
                written = time.perf_counter() - start
                proposal = await _load_newest(database)
        asked = {who: BareRequest.from_request(model.list_requests(who)[0]) for who in ROLES}
    return asked, understood, written, (card, proposal)


async def _measure_direct(folder: Path, asked: Mapping[str, BareRequest]) -> tuple[float, float]:
    """Return the seconds of the planner, and those of executor and reviewer."""
    tree = await extract_tree(folder / "tree")
    async with ScriptedModel(STORY) as model, run_bare(folder / "bare", model.base_url) as sdk:
        seconds = {}
        for who in ROLES:
            start = time.perf_counter()
            await sdk.hold(asked[who], tree)
            seconds[who] = time.perf_counter() - start
    if not (tree / "cogs/coinflip.py").is_file():
        raise RuntimeError("the baseline wrote nothing")
    return seconds["planner"], seconds["executor"] + seconds["reviewer"]


async def _load_newest(database: Path) -> Run:
    async with SqliteStore(database) as store:
        return (await store.find(limit=1))[0]


@contextmanager
def _use_model(address: str) -> Iterator[None]:
    """Make the bot find the scripted model as it finds a real one: by its environment."""
    told = {"ANTHROPIC_BASE_URL": address, "ANTHROPIC_API_KEY": KEY}
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _count_tokens(run: Run) -> float:
    return run.tokens_in + run.tokens_out

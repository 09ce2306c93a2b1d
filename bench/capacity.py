"""A capacity model: what so many guilds need, what saturates first, and what it costs.

A discrete-event simulation of the peak minutes: messages, commands and requests arrive by chance,
wait for the event loop of their process, and requests become runs that wait for a worker. Unit
costs come from `bench/data/capacity_costs.json`, which `python -m bench capacity --measure` writes;
everything else is an assumption of `Assumptions`. docs/capacity.md explains the result.
"""

import heapq
import itertools
import math
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.capacity_costs import UnitCosts, measure_costs

COSTS = Path(__file__).parent / "data" / "capacity_costs.json"
SIZES = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
_DAY = 86_400.0
_MOST_ARRIVALS = 30_000  # of one simulation: as many seconds as give so many, at most an hour
_HOUR = 3_600.0
_MOST_WORKERS = 4_096


@dataclass(frozen=True)
class Assumptions:
    """What is assumed and was not measured. Rates are of one guild and day.

    Attributes:
        messages: That the bot sees.
        commands: Slash commands and button presses.
        records: Sent by other bots that are looked after.
        requests: Messages to the bot that have to be understood.
        reports: Requests that would begin a run, were each about a fault of its own.
        faults: Distinct faults and wishes that one code base has in a day at most. Reports of the
            same one join its run.
        peak_share: Of the day's work that comes in its busiest hour.
        model_seconds: That a run waits for a model.
        model_usd: That a run costs at the model's vendor.
        core_usd: That a processor core costs in a month.
        loop_share: Of a core that an event loop may be busy in the peak.
        start_seconds: That a run may wait for a worker (95th percentile).
        replies: Requests to Discord's REST that count against its limit, for each request.
        guild_mb: That a guild takes in a gateway process.
        process_mb: That a gateway process may hold.
    """

    messages: float = 300.0
    commands: float = 30.0
    records: float = 40.0
    requests: float = 1.0
    reports: float = 0.02
    faults: float = 50.0
    peak_share: float = 0.1
    model_seconds: float = 240.0
    model_usd: float = 0.5
    core_usd: float = 20.0
    loop_share: float = 0.6
    start_seconds: float = 60.0
    replies: float = 4.0
    guild_mb: float = 0.2
    process_mb: float = 4_000.0


# Of Discord's documentation: guilds of a shard, REST requests of a bot and second, identifies in
# five seconds (a very large bot gets 16), and the guilds of a bot whose hand-over resumes (ours).
SHARD_GUILDS, REST_A_SECOND, IDENTIFIES, MOST_IDENTIFIES, RESUMED_GUILDS = 2_500, 50, 1, 16, 20
_LARGE = 150_000  # guilds from which a bot is very large


@dataclass
class Station:
    """Servers with one queue before them."""

    servers: int
    busy: int = 0
    worked: float = 0.0
    waits: list[float] = field(default_factory=list)
    queue: deque[tuple[float, float]] = field(default_factory=deque)

    def get_wait(self, share: float) -> float:
        """Return the wait that this share of the jobs does not exceed; 0 without a job."""
        ordered = sorted(self.waits)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


@dataclass(frozen=True)
class Flow:
    """Jobs that arrive by chance: so many a second, each with so many seconds of service."""

    rate: float
    service: float


def simulate(flows: Sequence[Flow], servers: int, seconds: float, seed: int = 1) -> Station:
    """Simulate a station for so many seconds of arrivals, until all of them are served.

    Times between arrivals are exponential; a service takes its mean. The event list is a heap.
    """
    chance, order, station = random.Random(seed), itertools.count(), Station(servers)  # noqa: S311
    events: list[tuple[float, int, int]] = []
    ended = len(flows)  # the event of a server that becomes free; others are arrivals of a flow
    for number, flow in enumerate(flows):
        if flow.rate > 0:
            heapq.heappush(events, (chance.expovariate(flow.rate), next(order), number))
    while events:
        now, _, kind = heapq.heappop(events)
        if kind == ended:
            station.busy -= 1
        elif now < seconds:
            flow = flows[kind]
            station.queue.append((now, flow.service))
            heapq.heappush(events, (now + chance.expovariate(flow.rate), next(order), kind))
        while station.queue and station.busy < station.servers:
            arrived, service = station.queue.popleft()
            station.busy += 1
            station.worked += service
            station.waits.append(now - arrived)
            heapq.heappush(events, (now + service, next(order), ended))
    return station


@dataclass(frozen=True)
class Need:
    """What a number of guilds needs in its peak."""

    guilds: int
    loop_share: float
    loop_wait: float
    processes: int
    shards: int
    start_seconds: float
    rest_share: float
    runs: float
    workers: int
    run_wait: float
    machine_usd: float
    model_usd: float
    first: str


def compute_need(guilds: int, costs: UnitCosts, assumed: Assumptions) -> Need:
    """Return what so many guilds need."""
    flows = list_loop_flows(guilds, costs, assumed)
    share = sum(flow.rate * flow.service for flow in flows)
    shards = math.ceil(guilds / SHARD_GUILDS)
    processes = max(
        1,
        math.ceil(share / assumed.loop_share),
        math.ceil(guilds * assumed.guild_mb / (assumed.process_mb - costs.megabytes)),
    )
    loop = _simulate_peak([Flow(flow.rate / processes, flow.service) for flow in flows], 1)
    runs = compute_runs(guilds, assumed)
    workers, wait = _find_workers(runs, costs, assumed)
    identifies = MOST_IDENTIFIES if guilds >= _LARGE else IDENTIFIES
    rest = guilds * assumed.requests * assumed.replies * assumed.peak_share / _HOUR
    cores = processes + workers * costs.run / (costs.run + assumed.model_seconds)
    return Need(
        guilds=guilds,
        loop_share=share,
        loop_wait=loop.get_wait(0.99),
        processes=processes,
        shards=shards,
        start_seconds=5.0 * shards / identifies,
        rest_share=rest / REST_A_SECOND,
        runs=runs,
        workers=workers,
        run_wait=wait,
        machine_usd=cores * assumed.core_usd,
        model_usd=runs * assumed.model_usd * 30,
        first=_name_first(guilds, share / assumed.loop_share, rest / REST_A_SECOND, processes),
    )


def list_loop_flows(guilds: int, costs: UnitCosts, assumed: Assumptions) -> list[Flow]:
    """Return what arrives at the event loops of all processes together in the peak."""
    a_second = guilds * assumed.peak_share / _HOUR
    return [
        Flow(assumed.messages * a_second, costs.message),
        Flow(assumed.commands * a_second, costs.command),
        Flow(assumed.records * a_second, costs.record),
        Flow(assumed.requests * a_second, costs.message + costs.judgement),
    ]


def compute_runs(guilds: int, assumed: Assumptions) -> float:
    """Return the runs of a day: reports, but no more than there are faults to report."""
    reports = guilds * assumed.reports
    return assumed.faults * (1 - math.exp(-reports / assumed.faults))


def _find_workers(runs: float, costs: UnitCosts, assumed: Assumptions) -> tuple[int, float]:
    """Return how many runs have to go at once, and how long one then waits to begin."""
    flow = Flow(runs * assumed.peak_share / _HOUR, costs.run + assumed.model_seconds)
    workers = 1
    while True:
        # Twenty peaks, one after another: there are few runs in one.
        station = simulate([flow], workers, 20 * _HOUR)
        wait = station.get_wait(0.95)
        if wait <= assumed.start_seconds or workers >= _MOST_WORKERS:
            return workers, wait
        workers += 1


def _simulate_peak(flows: Sequence[Flow], servers: int) -> Station:
    rate = sum(flow.rate for flow in flows)
    return simulate(flows, servers, min(_HOUR, _MOST_ARRIVALS / rate))


def _name_first(guilds: int, loop: float, rest: float, processes: int) -> str:
    """Return what has been reached of today's design: one process, one loop, one token."""
    if rest > 1:
        return "Discord's REST limit of one bot"
    if loop > 1:
        return "the event loop of the one process"
    if processes > 1:
        return "the memory of the one process"
    if guilds > SHARD_GUILDS:
        return "the one shard"
    return "resuming at a hand-over" if guilds > RESUMED_GUILDS else "-"


def format_needs(needs: Sequence[Need]) -> str:
    """Return the needs as a table in Markdown."""
    head = (
        "| guilds | loop, of a core | wait p99 | gateway processes | shards | start | "
        "REST, of the limit | runs a day | at once | machines, USD a month | "
        "models, USD a month | reached first |"
    )
    lines = [head, "|" + "---:|" * 11 + "---|"]
    lines += [
        f"| {each.guilds:,} | {each.loop_share:.1%} | {each.loop_wait * 1000:.1f} ms | "
        f"{each.processes:,} | {each.shards:,} | {each.start_seconds:,.0f} s | "
        f"{each.rest_share:.1%} | {each.runs:.2g} | {each.workers} | "
        f"{each.machine_usd:,.0f} | {each.model_usd:,.0f} | {each.first} |"
        for each in needs
    ]
    return "\n".join(lines)


def read_costs() -> UnitCosts:
    """Return the measured unit costs."""
    return UnitCosts.model_validate_json(COSTS.read_text(encoding="utf-8"))


def write_costs(costs: UnitCosts) -> None:
    """Write the measured unit costs, for others to compute with."""
    COSTS.write_text(costs.model_dump_json(indent=2) + "\n", encoding="utf-8")


async def compute_table(*, measure: bool) -> str:
    """Return the table for all sizes, after measuring the unit costs if that is wanted."""
    if measure:
        write_costs(await measure_costs())
    costs, assumed = read_costs(), Assumptions()
    return format_needs([compute_need(guilds, costs, assumed) for guilds in SIZES])

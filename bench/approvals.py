"""Which proposals get merged, over generated sequences of approvals, pushes, role changes and
restarts.

The real agent runs with a fake behind every port; an independent oracle decides what may be merged.
The sequences are seeded and equal on every machine.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

from tests.support.voting import run_stories

SEQUENCES = 10_000
SEED = 3


async def count(sequences: int = SEQUENCES) -> dict[str, object]:
    """Return the figures of so many sequences."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        tally = await run_stories(Path(folder), sequences, seed=SEED)
    return {
        "sequences": tally.sequences,
        "words": tally.votes,
        "messages asked back": tally.asked_back,
        "buttons pressed": tally.pressed,
        "merges": tally.merges,
        "wrong merges": len(tally.wrong),
        "valid approvals that did not ship": len(tally.stuck),
        "valid approvals of what no longer goes together with the base": tally.collided,
        "refusals": dict(tally.refused.most_common()),
        "acts": dict(tally.acts.most_common()),
        "seconds": round(time.perf_counter() - began, 1),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.approvals", description=__doc__)
    parser.add_argument("sequences", nargs="?", type=int, default=SEQUENCES)
    asked = parser.parse_args().sequences
    sys.stdout.write(json.dumps(asyncio.run(count(asked)), indent=2) + "\n")

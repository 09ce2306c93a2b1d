"""`python -m runner SOCKETS TREE`: prepares the tree's bot, and forks a child for each script."""

import sys
from pathlib import Path

from .script_time import ScriptTime
from .seeds import Seeds

if __name__ == "__main__":
    sockets, tree = Path(sys.argv[1]), Path(sys.argv[2])
    # Before any import that copies the replaced functions.
    time, seeds = ScriptTime(), Seeds()
    time.install()
    seeds.install()

    from .fork_server import ForkServer

    ForkServer(sockets, tree, time, seeds).serve()

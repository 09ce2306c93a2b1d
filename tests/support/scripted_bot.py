"""A program that speaks the bot's protocol with the supervisor and otherwise behaves as instructed.

It is started by its path: `python -I scripted_bot.py LOG`. The file `behaviour` in the folder of
its code says what to do. It writes the messages that it receives, and its end, to LOG.
"""

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

BEAT = 0.05


def main() -> None:
    own = Path(os.environ["PYTHONPATH"].partition(os.pathsep)[0])  # the code of its commit
    said = (own / "behaviour").read_text().split()
    log = Path(sys.argv[1])
    number = os.environ["THESEUS_SUPERVISOR"].partition(":")[0]
    bot = ScriptedBot(socket.socket(fileno=int(number)), log, said)
    bot.run()


class ScriptedBot:
    """One process. `behaviour` is a keyword, followed by seconds if it needs them."""

    def __init__(self, link: socket.socket, log: Path, behaviour: list[str]) -> None:
        self._link = link
        self._log = log
        self._does = behaviour[0]
        self._seconds = float(behaviour[1]) if len(behaviour) > 1 else 0.0
        self._began = 0.0
        self._waste = list[bytes]()
        self._unread = b""

    def run(self) -> None:
        signal.signal(signal.SIGTERM, lambda *_: self._end(0, "terminated"))
        sys.stderr.write(f"{self._does} speaking\n")
        sys.stderr.flush()
        if self._does == "unprepared":
            raise ImportError("no module named nonsense")
        if self._does == "refused":
            self._end(2, "refused")
        self._say(type="prepared")
        order = self._read_order()
        self._note(order)
        if order["type"] in ("stop", "retire"):
            self._end(0, order["type"])
        if self._does == "held":
            self._say(type="waiting")
            self._say(type="held")
            self._end(2, "held")
        if order.get("session"):
            self._say(type="resuming")
        self._began = time.monotonic()
        if self._does != "unready":
            self._say(type="ready")
        self._link.settimeout(BEAT)
        while True:
            self._beat()

    def _beat(self) -> None:
        age = time.monotonic() - self._began
        if self._does == "crash" and age >= self._seconds:
            raise RuntimeError("crashed as it was told to")
        if self._does == "hang" and age >= self._seconds:
            signal.pause()
        if self._does == "leak":
            self._waste.append(os.urandom(4 * 1024 * 1024))
        if self._does != "silent":
            self._say(type="heartbeat", ready=self._does != "unready")
        try:
            self._handle_order(self._read_order())
        except TimeoutError:
            return

    def _handle_order(self, order: dict[str, Any]) -> None:
        self._note(order)
        kind = order["type"]
        if kind == "freeze" and self._does != "clinging":
            self._say(
                type="frozen", session={"id": self._does, "sequence": 7}, logins={"of": self._does}
            )
        elif kind in ("stop", "retire") and self._does != "clinging":
            self._end(0, kind)
        elif kind == "restart":
            told = {"commit": "", "reason": "a test", "run_id": "k7m2xq", **order["with"]}
            self._say(type="restart", **told)

    def _read_order(self) -> dict[str, Any]:
        while b"\n" not in self._unread:
            got = self._link.recv(65536)
            if not got:
                self._end(0, "hung up")
            self._unread += got
        line, _, self._unread = self._unread.partition(b"\n")
        order: dict[str, Any] = json.loads(line)
        return order

    def _say(self, **said: object) -> None:
        self._link.sendall(json.dumps(said).encode() + b"\n")

    def _note(self, order: dict[str, Any]) -> None:
        with self._log.open("a") as log:
            log.write(json.dumps({"pid": os.getpid(), "is": self._does, **order}) + "\n")

    def _end(self, code: int, why: str) -> None:
        self._note({"type": "ended", "why": why})
        os._exit(code)


if __name__ == "__main__":
    main()

"""Inside the enclosure: the only way out is a socket file, and the program wants an address.

Run alone: `_forwarder.py PORT SOCKET PROGRAM ARGUMENTS`, with nothing but the standard library
(`python -I -S`). It stays as the program's parent, hands on SIGTERM, and ends with its exit code.
What comes in on the port of this namespace's own loopback goes to the socket, byte for byte.
"""

import os
import resource
import signal
import socket
import sys
import threading
from contextlib import suppress

CANNOT_START = 127
CHUNK = 64 * 1024
GIB = 1024**3
# What the kernel holds the program and its commands to. In its own user namespace they alone are
# counted; root is not counted at all.
CEILINGS = {
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_DATA: 8 * GIB,
    resource.RLIMIT_FSIZE: GIB,
    resource.RLIMIT_NOFILE: 8_192,
    resource.RLIMIT_NPROC: 2_048,
}


def _copy_stream(source: socket.socket, sink: socket.socket) -> None:
    """Hand on what comes until it ends; then say so on the other side."""
    with suppress(OSError):
        while read := source.recv(CHUNK):
            sink.sendall(read)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _connect(caller: socket.socket, door: str) -> None:
    """Connect one caller with the door, for as long as either has something to say."""
    with caller, socket.socket(socket.AF_UNIX) as way:
        try:
            way.connect(door)
        except OSError:
            return
        caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        back = threading.Thread(target=_copy_stream, args=(way, caller), daemon=True)
        back.start()
        _copy_stream(caller, way)
        back.join()


def _receive(listening: socket.socket, door: str) -> None:
    while True:
        with suppress(OSError):
            caller, _ = listening.accept()
            threading.Thread(target=_connect, args=(caller, door), daemon=True).start()


def _begin(argv: list[str]) -> int:
    """Fork the program; return its process id."""
    child = os.fork()
    if child:
        return child
    try:
        for limit, most in CEILINGS.items():
            with suppress(OSError, ValueError):  # stricter already
                resource.setrlimit(limit, (most, most))
        os.execv(argv[0], argv)  # noqa: S606 - the program we are to start
    except OSError as error:
        os.write(2, f"{argv[0]} cannot be started: {error.strerror}\n".encode())
    os._exit(CANNOT_START)


def main(port: str, door: str, argv: list[str]) -> int:
    """Run the program to its end. Return its exit code, 128+n for signal n."""
    listening = socket.create_server(("127.0.0.1", int(port)), backlog=64)
    child = _begin(argv)
    signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):  # the program alone holds the pipes to the bot: they end with it
        os.dup2(nothing, descriptor)
    threading.Thread(target=_receive, args=(listening, door), daemon=True).start()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    os._exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))

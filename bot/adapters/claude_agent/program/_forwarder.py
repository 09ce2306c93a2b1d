"""Forwards TCP connections from inside the sandbox to the gateway's socket file.

The program needs an address, but a socket file is the only way out of the sandbox. Run as a script:
`_forwarder.py PORT SOCKET PROGRAM ARGUMENTS`, with only the standard library (`python -I -S`). It
stays the program's parent, passes on SIGTERM, and ends with its exit code. Bytes that arrive at the
port on this namespace's own loopback are sent to the socket.
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
# The kernel's limits for the program and its commands. They have their own user namespace, so only
# their processes are counted; root's processes are not counted at all.
CEILINGS = {
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_DATA: 8 * GIB,
    resource.RLIMIT_FSIZE: GIB,
    resource.RLIMIT_NOFILE: 8_192,
    resource.RLIMIT_NPROC: 2_048,
}


def _copy_stream(source: socket.socket, sink: socket.socket) -> None:
    """Copy bytes until the source ends; then close the sink for writing."""
    with suppress(OSError):
        while chunk := source.recv(CHUNK):
            sink.sendall(chunk)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _connect(caller: socket.socket, door: str) -> None:
    """Connect one caller with the gateway's socket (`door`) until both sides are done."""
    with caller, socket.socket(socket.AF_UNIX) as upstream:
        try:
            upstream.connect(door)
        except OSError:
            return
        caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reply_thread = threading.Thread(target=_copy_stream, args=(upstream, caller), daemon=True)
        reply_thread.start()
        _copy_stream(caller, upstream)
        reply_thread.join()


def _receive(listening: socket.socket, door: str) -> None:
    while True:
        with suppress(OSError):
            caller, _ = listening.accept()
            threading.Thread(target=_connect, args=(caller, door), daemon=True).start()


def _begin(argv: list[str]) -> int:
    """Fork and start the program; return its process id."""
    child = os.fork()
    if child:
        return child
    try:
        for limit, maximum in CEILINGS.items():
            with suppress(OSError, ValueError):  # the present limit is stricter
                resource.setrlimit(limit, (maximum, maximum))
        os.execv(argv[0], argv)  # noqa: S606 - the program that we must start
    except OSError as error:
        os.write(2, f"{argv[0]} cannot be started: {error.strerror}\n".encode())
    os._exit(CANNOT_START)


def main(port: str, door: str, argv: list[str]) -> int:
    """Run the program to its end. Return its exit code, 128+n for signal n."""
    listening = socket.create_server(("127.0.0.1", int(port)), backlog=64)
    child = _begin(argv)
    signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
    devnull = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):  # only the program holds the pipes to the bot: they close with it
        os.dup2(devnull, descriptor)
    threading.Thread(target=_receive, args=(listening, door), daemon=True).start()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    os._exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))

"""Exit code 0 where the bot in this container can work, else 1 with the reasons: no curl needed.

With `--alive`, also where it does not listen: a standby waits, and so does one that starts. One
that listens has to answer.
"""

import json
import os
import sys
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener


def main(arguments: list[str]) -> int:
    """Ask `/health/ready` or, for `--alive`, `/health`, past any proxy."""
    if arguments not in ([], ["--alive"]):
        sys.stdout.write(f"unknown: {' '.join(arguments)}; leave it out, or say --alive\n")
        return 2
    return _check_alive() if arguments else _check_ready()


def _check_alive() -> int:
    port = os.environ.get("THESEUS_HTTP_PORT") or 8081
    try:
        with build_opener(ProxyHandler({})).open(f"http://127.0.0.1:{port}/health", timeout=6):
            return 0
    except HTTPError:
        return 0  # it answers
    except (URLError, OSError) as error:
        if isinstance(getattr(error, "reason", error), ConnectionRefusedError):
            return 0
        sys.stdout.write(f"port {port} does not answer: {error}\n")
        return 1


def _check_ready() -> int:
    url = f"http://127.0.0.1:{os.environ.get('THESEUS_HTTP_PORT') or 8081}/health/ready"
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=4) as answer:
            answer.read()
    except HTTPError as error:  # 503, with the reasons
        sys.stdout.write(f"not ready: {', '.join(_reasons(error.read()))}\n")
        return 1
    except (URLError, OSError) as error:
        sys.stdout.write(f"{url} cannot be reached: {error}\n")
        return 1
    return 0


def _reasons(body: bytes) -> list[str]:
    try:
        return [str(each) for each in json.loads(body)["reasons"]]
    except (ValueError, KeyError, TypeError):
        return ["an answer without reasons"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Exit code 0 where the bot in this container can work, else 1 with the reasons: no curl needed."""

import json
import os
import sys
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener


def main() -> int:
    """Ask `/health/ready`, past any proxy."""
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
    sys.exit(main())

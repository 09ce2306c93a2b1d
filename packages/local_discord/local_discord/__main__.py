"""`local-discord`: runs the server until Ctrl-C, and prints how a bot and people reach it."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence

from local_discord.server import LocalDiscord, LocalPerson


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line with `arguments`, or with those of the program.

    Ends in `SystemExit` with code 2 if an argument is wrong, or if the port is taken.
    """
    parser = _build_parser()
    options = parser.parse_args(arguments)
    try:
        asyncio.run(_serve(options))
    except (OSError, ValueError) as error:
        parser.exit(2, f"local-discord: {error}\n")


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="local-discord",
        description="A Discord-compatible server on this machine, with a page to speak to bots.",
    )
    parser.add_argument("--port", type=int, default=0, help="the port; default: a free one")
    parser.add_argument("--token", default="local", help="the token that a bot logs in with")
    parser.add_argument(
        "--person", action="append", metavar="NAME", help="a user, repeatable; default: alice, bob"
    )
    parser.add_argument(
        "--channel", action="append", metavar="NAME", help="a channel; default: dev, general"
    )
    return parser


async def _serve(options: argparse.Namespace) -> None:
    people = [LocalPerson(name, listed=True) for name in options.person or ("alice", "bob")]
    channels = options.channel or ("dev", "general")
    server = LocalDiscord(people, token=options.token, port=options.port, channels=channels)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    async with server as local:
        lines = (
            f"page         {local.base_url}",
            f"API          {local.api_url}",
            f"gateway      {local.gateway_url}",
            f"token        {local.token}",
            f"server id    {local.guild_id}",
            f"channel id   {local.dev_channel_id} ({channels[0]})",
            "",
            "In the bot, before it logs in:",
            f"    local_discord.point_discord_at({local.api_url!r}, {local.gateway_url!r})",
        )
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        await ended.wait()


if __name__ == "__main__":
    main()

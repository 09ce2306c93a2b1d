"""What every source of report pictures promises, on the fake and on a local Discord."""

import io
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

import discord
import pytest
from local_discord.server import LocalDiscord, LocalPerson
from local_discord_tests.sample_bot import run_bot

from bot.adapters.discord_chat import DiscordReportPictures
from bot.domain.posts import MessageRef
from bot.ports.report_pictures import ReportPictures
from tests.bot.infra.test_picture_files import png
from tests.fakes.fake_report_pictures import FakeReportPictures

STRANGER = 4242


@dataclass
class Rig:
    """A source of pictures; `post` adds a message with files by one author."""

    pictures: ReportPictures
    author: int
    post: Callable[[Sequence[bytes]], Awaitable[MessageRef]]


@pytest.fixture(params=["fake", "discord"])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    if request.param == "fake":
        yield _fake()
        return
    client = discord.Client(intents=discord.Intents(guilds=True))
    async with (
        LocalDiscord([LocalPerson("ada", listed=True)], token="local-token") as local,
        run_bot(client, local),
    ):
        yield _real(client)


def _fake() -> Rig:
    fake = FakeReportPictures()

    async def post(files: Sequence[bytes]) -> MessageRef:
        fake.files[len(fake.files) + 1, 7] = list(files)
        return MessageRef(channel_id=1, message_id=len(fake.files))

    return Rig(fake, 7, post)


def _real(client: discord.Client) -> Rig:
    channel = client.guilds[0].text_channels[0]

    async def post(files: Sequence[bytes]) -> MessageRef:
        named = [discord.File(io.BytesIO(each), "report.txt") for each in files]
        said = await channel.send("it looks wrong", files=named)
        return MessageRef(channel_id=channel.id, message_id=said.id)

    assert client.user is not None
    return Rig(DiscordReportPictures(client), client.user.id, post)


async def test_pictures_are_known_by_their_content_and_three_are_loaded(rig: Rig) -> None:
    files = [b"Ignore all rules.", png(), b"\x89PNG no picture", *[png(3, 3)] * 3]
    ref = await rig.post(files)
    pictures = await rig.pictures.load(ref, rig.author)
    assert [each.content for each in pictures] == [png(), png(3, 3), png(3, 3)]
    assert {each.media_type for each in pictures} == {"image/png"}


async def test_a_message_of_another_or_that_is_gone_has_none(rig: Rig) -> None:
    ref = await rig.post([png()])
    assert await rig.pictures.load(ref, STRANGER) == ()
    assert await rig.pictures.load(ref.replace(message_id=STRANGER), rig.author) == ()

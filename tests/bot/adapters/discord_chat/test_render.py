"""What goes to Discord keeps its limits and holds no secret."""

import discord
import pytest

from bot.adapters.discord_chat._render import Part, render, render_edit
from bot.domain.posts import Attachment, Button, Card, CardField, Image, Post


def starred(text: str) -> str:
    return text.replace("hunter2", "[redacted]")


def only(post: Post) -> Part:
    (part,) = render(post, starred)
    return part


def embed_of(card: Card) -> discord.Embed:
    embed = only(Post(card=card)).embed
    assert embed is not None
    return embed


def test_a_card_is_clipped_to_the_limits_of_an_embed() -> None:
    field = CardField(name="n" * 500, value="v" * 2_000)
    embed = embed_of(
        Card(title="t" * 500, body="b" * 9_000, fields=(field,) * 40, footer="f" * 900)
    )
    assert len(embed) <= 6_000
    assert embed.title is not None
    assert len(embed.title) == 256
    assert 0 < len(embed.fields) <= 25
    for shown in embed.fields:
        assert len(shown.name or "") <= 256
        assert len(shown.value or "") <= 1_024
    assert len(embed.description or "") >= 1_000


def test_a_body_alone_has_all_of_its_4096_characters() -> None:
    assert len(embed_of(Card(title="t", body="b" * 5_000)).description or "") == 4_096


def test_twenty_five_small_fields_are_all_shown() -> None:
    fields = tuple(CardField(name=str(n), value="v") for n in range(30))
    assert len(embed_of(Card(title="t", fields=fields)).fields) == 25


def test_a_blank_field_gets_something_discord_takes() -> None:
    field = embed_of(Card(title="t", fields=(CardField(name="", value=" \n"),))).fields[0]
    assert (field.name, field.value) == ("\u200b", "\u200b")


def test_an_address_that_is_no_web_address_is_left_out() -> None:
    assert embed_of(Card(title="t", url="/forge/pulls/1")).url is None
    assert embed_of(Card(title="t", url="http://forge/1")).url == "http://forge/1"


def test_secrets_are_redacted_everywhere() -> None:
    post = Post(
        text="hunter2",
        card=Card(
            title="hunter2",
            body="hunter2",
            fields=(CardField(name="hunter2", value="hunter2"),),
            footer="hunter2",
        ),
        buttons=(Button(label="hunter2", action="fix"),),
        attachments=(Attachment(name="hunter2.txt", text="hunter2"),),
    )
    for part in (only(post), render_edit(post, starred)):
        assert part.embed is not None
        assert part.view is not None
        told = f"{part.content} {part.embed.to_dict()} {part.view.to_components()}"
        files = part.open_files()
        told += "".join(f"{file.filename} {file.fp.read().decode()}" for file in files)
        assert "hunter2" not in told
        assert told.count("[redacted]") == 9


def test_a_secret_across_the_cut_of_a_long_text_is_redacted() -> None:
    parts = render(Post(text="a" * 1_937 + "hunter2" + "b" * 1_000), starred)
    assert "hunter2" not in "".join(part.content or "" for part in parts)


def test_card_buttons_and_files_hang_on_the_first_part() -> None:
    post = Post(
        text="word " * 1_000,
        card=Card(title="t"),
        buttons=(Button(label="Fix it", action="fix", arguments=("r",)),),
        attachments=(Attachment(name="a.diff", text="+"),),
        reply_to=7,
    )
    first, *others = render(post, starred)
    assert first.embed is not None
    assert first.view is not None
    assert (first.reply_to, [a.name for a in first.attachments]) == (7, ["a.diff"])
    assert others == [Part(content=other.content) for other in others]


def test_a_very_long_text_is_attached_whole_and_its_beginning_shown() -> None:
    text = "\n".join(f"line {n}" for n in range(3_000))
    part = only(Post(text=text))
    assert part.content is not None
    assert len(part.content) <= 2_000
    assert part.content.startswith("line 0\nline 1\n")
    assert part.content.endswith("message.md.")
    assert [(a.name, a.text) for a in part.attachments] == [("message.md", text)]


def test_an_edit_is_one_message_and_says_that_it_was_cut() -> None:
    part = render_edit(Post(text="word " * 1_000), starred)
    assert part.content is not None
    assert len(part.content) <= 2_000
    assert part.content.endswith("…")


def test_files_keep_discords_number_and_size() -> None:
    huge = Attachment(name="a.txt", text="€" * 1_500_000)
    files = only(Post(attachments=(huge,) * 12)).open_files()
    assert len(files) == 10
    assert sum(len(file.fp.read()) for file in files) <= 8_000_000


def test_halves_of_pairs_do_not_stop_a_message() -> None:
    post = Post(text="a\ud83d", attachments=(Attachment(name="x", text="\ud83d"),))
    part = only(post)
    assert part.content == "a?"
    assert part.open_files()[0].fp.read() == b"?"


@pytest.mark.parametrize("post", [Post(), Post(text=" \n"), Post(card=Card(title=""))])
def test_nothing_to_say_is_known_as_such(post: Post) -> None:
    assert only(post).empty


async def test_a_link_button_leads_away_and_others_carry_their_id() -> None:
    post = Post(
        text="x",
        buttons=(
            Button(label="Ship it", action="ship", arguments=("r1", "c" * 40), style="success"),
            Button(label="Open", url="http://forge/1", style="link", disabled=True),
        ),
    )
    view = only(post).view
    assert view is not None
    assert view.is_finished()  # presses are for the persistent buttons, not for this drawing
    ship, link = view.to_components()[0]["components"]
    assert ship["custom_id"] == "theseus:ship:r1:" + "c" * 40
    assert (link["url"], link["disabled"]) == ("http://forge/1", True)


@pytest.mark.parametrize("address", ["", "/forge/pulls/2", "javascript:alert(1)"])
async def test_a_link_that_leads_nowhere_is_left_out_and_the_rest_is_shown(address: str) -> None:
    link = Button(label="Open", url=address, style="link")
    ship = Button(label="Ship it", action="ship", arguments=("r1", "c" * 40))
    view = only(Post(text="x", buttons=(ship, link))).view
    assert view is not None
    assert [each["label"] for each in view.to_components()[0]["components"]] == ["Ship it"]
    assert only(Post(text="x", buttons=(link,))).view is None


def picture(name: str, size: int = 4) -> Image:
    return Image(name=name, png=b"x" * size, description="hunter2 over time")


def test_pictures_have_names_a_card_can_refer_to() -> None:
    names = ("a rate/of 30 %.png", "hunter2.png", "☂", "../../etc.png")
    part = only(Post(card=Card(title="t"), images=tuple(map(picture, names))))
    shown = [(file.filename, file.description) for file in part.open_files()]
    told = "[redacted] over time"
    assert shown == [
        ("a-rate-of-30.png", told),
        ("redacted-1.png", told),
        ("picture-2.png", told),
        ("etc-3.png", told),
    ]
    assert part.embed is not None
    assert part.embed.image.url == "attachment://a-rate-of-30.png"


def test_a_picture_that_is_too_large_is_left_out_and_told(caplog: pytest.LogCaptureFixture) -> None:
    images = (picture("huge.png", 8_000_001), picture("small.png"))
    part = only(Post(card=Card(title="t"), images=images))
    assert [file.filename for file in part.open_files()] == ["small-1.png"]
    assert part.embed is not None
    assert part.embed.image.url == "attachment://small-1.png"
    assert [record.message for record in caplog.records] == [
        "huge.png was left out, because its 8000001 bytes are too much"
    ]


def test_pictures_go_before_files_and_all_keep_the_limits_of_a_message() -> None:
    files = tuple(Attachment(name=f"{n}.txt", text="y" * 3_000_000) for n in range(9))
    images = tuple(picture(f"{n}.png", 1_000_000) for n in range(4))
    sent = only(Post(text="t", images=images, attachments=files)).open_files()
    sizes = [len(file.fp.read()) for file in sent]
    assert sizes == [1_000_000] * 4 + [3_000_000, 1_000_000] + [0] * 4
    assert only(Post(images=images)).empty is False

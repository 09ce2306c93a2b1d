"""The shapes of messages, forms and threads: text, embeds, components, polls and files.

Limits are those of Discord's API description, with the additions in `rules.py`.
"""

from local_discord.limits.shapes import (
    Address,
    Anything,
    ByType,
    Choice,
    Fields,
    Integer,
    Items,
    Shape,
    Text,
)

ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT = 5, 6, 7, 8
SECTION, TEXT_DISPLAY, THUMBNAIL, GALLERY, FILE, SEPARATOR = 9, 10, 11, 12, 13, 14
CONTAINER, LABEL = 17, 18
SELECTS = (STRING_SELECT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT)
LINK, PREMIUM = 5, 6  # styles of buttons

FILES = 10
CONTENT = 2_000
EMBEDS_IN_ALL = 6_000
CUSTOM_ID = Text(100, least=1)
PAGE = Address(("http", "https"))
PICTURE = Address(("http", "https", "attachment"))

FIELD = Fields(
    {"name": Text(256, least=1, trimmed=True), "value": Text(1_024, least=1, trimmed=True)},
    needed=("name", "value"),
)
MEDIA = Fields({"url": PICTURE})
EMBED = Fields(
    {
        "title": Text(256, trimmed=True),
        "description": Text(4_096, trimmed=True),
        "url": PAGE,
        "color": Integer(0, 0xFFFFFF),
        "footer": Fields({"text": Text(2_048, trimmed=True), "icon_url": PICTURE}),
        "author": Fields({"name": Text(256, trimmed=True), "url": PAGE, "icon_url": PICTURE}),
        "image": MEDIA,
        "thumbnail": MEDIA,
        "fields": Items(FIELD, 25),
    }
)

BUTTON_SHAPE = Fields(
    {
        "style": Choice((1, 2, 3, 4, 5, 6)),
        "label": Text(80),
        "custom_id": CUSTOM_ID,
        "url": Address(("http", "https", "discord"), 512),
    },
    needed=("type", "style"),
)
OPTION = Fields(
    {"label": Text(100, least=1), "value": Text(100, least=1), "description": Text(100)},
    needed=("label", "value"),
)
_SELECT: dict[str, Shape] = {
    "custom_id": CUSTOM_ID,
    "placeholder": Text(150),
    "min_values": Integer(0, 25),
    "max_values": Integer(1, 25),
}
STRING_SELECT_SHAPE = Fields(
    {**_SELECT, "options": Items(OPTION, 25, least=1)}, needed=("type", "custom_id", "options")
)
ENTITY_SELECT_SHAPE = Fields(_SELECT, needed=("type", "custom_id"))
_ENTITY_SELECTS = {kind: ENTITY_SELECT_SHAPE for kind in SELECTS if kind != STRING_SELECT}
PRESSED = {BUTTON: BUTTON_SHAPE, STRING_SELECT: STRING_SELECT_SHAPE, **_ENTITY_SELECTS}
ROW_SHAPE = Fields(
    {"components": Items(ByType(PRESSED), 5, least=1)}, needed=("type", "components")
)
# Layouts other than rows are left to simcord's checks: the bot and its demo use none.
LAYOUTS: dict[int, Shape] = {
    kind: Fields({}) for kind in (SECTION, TEXT_DISPLAY, GALLERY, FILE, SEPARATOR, CONTAINER)
}

POLL = Fields(
    {
        "question": Fields({"text": Text(300, least=1)}),
        "answers": Items(
            Fields({"poll_media": Fields({"text": Text(55, least=1)})}, needed=("poll_media",)),
            10,
            least=1,
        ),
        "duration": Integer(1, 768),
    },
    needed=("question", "answers"),
)

ATTACHMENT = Fields({"id": Anything(), "description": Text(1_024)}, needed=("id",))
MESSAGE = Fields(
    {
        "content": Text(CONTENT, trimmed=True),
        "embeds": Items(EMBED, 10),
        "components": Items(ByType({ROW: ROW_SHAPE, **LAYOUTS}), 40),
        "attachments": Items(ATTACHMENT, FILES),
        "poll": POLL,
        "flags": Integer(),
    }
)

TEXT_INPUT_SHAPE = Fields(
    {
        "custom_id": CUSTOM_ID,
        "style": Choice((1, 2)),
        "label": Text(45, least=1),
        "value": Text(4_000),
        "placeholder": Text(100),
        "min_length": Integer(0, 4_000),
        "max_length": Integer(1, 4_000),
    },
    needed=("type", "custom_id", "style"),
)
LABEL_SHAPE = Fields(
    {
        "label": Text(45, least=1),
        "description": Text(100, least=1),
        "component": ByType(
            {
                TEXT_INPUT: TEXT_INPUT_SHAPE,
                STRING_SELECT: STRING_SELECT_SHAPE,
                **_ENTITY_SELECTS,
                **{kind: Fields({}) for kind in (19, 21, 22, 23)},  # left to simcord's checks
            }
        ),
    },
    needed=("type", "label", "component"),
)
MODAL = Fields(
    {
        "custom_id": CUSTOM_ID,
        "title": Text(45, least=1),
        "components": Items(
            ByType(
                {
                    ROW: Fields(
                        {"components": Items(ByType({TEXT_INPUT: TEXT_INPUT_SHAPE}), 5, least=1)},
                        needed=("type", "components"),
                    ),
                    LABEL: LABEL_SHAPE,
                    TEXT_DISPLAY: Fields(
                        {"content": Text(4_000, least=1)}, needed=("type", "content")
                    ),
                }
            ),
            5,
            least=1,
        ),
    },
    needed=("custom_id", "title", "components"),
)

THREAD = Fields(
    {
        "name": Text(100, least=1, trimmed=True),
        "auto_archive_duration": Choice((60, 1_440, 4_320, 10_080)),
        "rate_limit_per_user": Integer(0, 21_600),
    },
    needed=("name",),
)
THREAD_EDIT = Fields(dict(THREAD.known))

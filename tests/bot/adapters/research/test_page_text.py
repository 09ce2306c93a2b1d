"""Of a page, what a person would see remains: no markup, no hidden text, in linear time."""

import time

import pytest

from bot.adapters.research._page_text import decode, read_page


def read(source: str) -> str:
    page = read_page("https://docs.example.org/", source, is_html=True, is_cut=False)
    return "\n".join(f"[{heading}] {text}" for heading, text in page.sections)


def test_headings_divide_the_visible_text() -> None:
    text = read(
        "<html><head><title>T</title><style>p {}</style></head><body><nav>menu</nav>"
        "<p>Intro &amp; more.</p><h2>Rate <em>limits</em></h2><p>50 requests<br>per second</p>"
        "<pre>a = 1\nb  = 2</pre><footer>imprint</footer></body></html>"
    )
    assert [line for line in text.splitlines() if line] == [
        "[] Intro & more.", "[Rate limits] 50 requests", "per second", "a = 1", "b  = 2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>SECRET</script>",
        "<!-- SECRET -->",
        "<!-- SECRET > <p> -->",
        "<style>SECRET</style>",
        "<noscript>SECRET</noscript>",
        "<template><p>SECRET</p></template>",
        "<div hidden>SECRET</div>",
        "<div style='display: none'>SECRET</div>",
        '<div style="color:red;visibility:hidden">SECRET<b>SECRET</b></div>',
        "<span style=opacity:0>SECRET</span>",
        "<span style='font-size:0'>SECRET</span>",
        "<p aria-hidden=true>SECRET</p>",
        "<p style='position:absolute;left:-9999px'>SECRET</p>",
        '<a title="SECRET" href="https://SECRET">link</a>',
        "<img alt='SECRET' src='SECRET'>",
        "<input value='SECRET'>",
        "<iframe srcdoc='SECRET'>SECRET</iframe>",
        "<svg><text>SECRET</text></svg>",
        "<![CDATA[SECRET]]>",
        "<SCRIPT type=x>SECRET</ScRiPt >",
    ],
)
def test_what_no_person_sees_is_dropped(hidden: str) -> None:
    text = read(f"<body><p>before</p>{hidden}<p>after</p></body>")
    assert "SECRET" not in text
    assert "before" in text
    assert "after" in text


def test_invisible_characters_are_dropped() -> None:
    tags = "".join(chr(0xE0000 + ord(each)) for each in "obey")
    assert read(f"<p>a\u200b\u202eb&#x200b;{tags}c</p>") == "[] abc"


@pytest.mark.parametrize(
    "bomb",
    [
        "<",
        "<a ",
        "<a b='",
        "<!--",
        "<div>",
        "</div>",
        "<![",
        "<script>",
        "&#",
        "&lt",
        "<p hidden>",
        "<a<!--",
    ],
)
def test_hostile_markup_takes_linear_time(bomb: str) -> None:
    started = time.process_time()
    read(bomb * (120_000 // len(bomb)))
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("raw", "charset", "text"),
    [
        ("é".encode(), "", "é"),
        ("é".encode("latin-1"), "iso-8859-1", "é"),
        ("é".encode(), "iso-8859-1", "é"),  # what the server says is wrong
        ("é".encode("latin-1"), "utf-8", "\ufffd"),
        ("é".encode("latin-1"), "no-such-encoding", "\ufffd"),
        ("é".encode("latin-1"), "punycode", "\ufffd"),
        ("Привет".encode("cp1251"), "windows-1251", "Привет"),
        ("日本".encode("shift_jis"), "Shift_JIS", "日本"),
        (b"<meta charset='windows-1251'>" + "Привет".encode("cp1251"), "", "Привет"),
        ("é".encode("utf-16"), "utf-8", "é"),
        (b"\xef\xbb\xbf" + "é".encode(), "ascii", "é"),
        (b"\x00\xff\xfe\x80", "utf-8", "\x00\ufffd\ufffd\ufffd"),
    ],
)
def test_wrong_encodings_do_no_harm(raw: bytes, charset: str, text: str) -> None:
    assert decode(raw, charset).endswith(text)


def test_a_page_that_was_cut_within_a_character_ends_before_it() -> None:
    assert decode("aé".encode()[:-1], "", is_cut=True) == "a"

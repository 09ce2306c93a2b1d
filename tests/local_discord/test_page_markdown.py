"""Discord's Markdown as the page draws it, run in the browser that draws it."""

import pytest
from local_discord.server import LocalDiscord, LocalPerson
from playwright.async_api import expect

from tests.local_discord.page_parts import box
from tests.support.browser import launch_chromium, visit

DRAW = """async (sources) => {
    const { renderMarkdown } = await import('/static/js/markdown.js');
    const names = {
        me: '1', user: (id) => ({ 1: 'alice' })[id] ?? null,
        role: () => 'approvers', channel: (id) => ({ 9: 'dev' })[id] ?? null,
    };
    return sources.map((source) => renderMarkdown(source, names).innerHTML
        .replace(/<div class="code-block">(.*?)<button.*?<\\/button><\\/div>/gs, '$1')
        .replaceAll(' tabindex="0"', ''));
}"""

LINK = 'target="_blank" rel="noopener noreferrer nofollow"'
CASES = {
    "**bold** *it* _too_ __under__ ~~gone~~ ***both***": (
        '<div class="text"><strong>bold</strong> <em>it</em> <em>too</em> <u>under</u> '
        "<s>gone</s> <strong><em>both</em></strong></div>"
    ),
    "snake_case_name 2*3*4 \\*as is\\*": (
        '<div class="text">snake_case_name 2<em>3</em>4 *as is*</div>'
    ),
    "`a**b` ``x`y``": (
        '<div class="text"><code class="inline-code">a**b</code> '
        '<code class="inline-code">x`y</code></div>'
    ),
    "# One\n## Two\nthree\n-# small": (
        '<div class="heading heading-1" role="heading" aria-level="3">One</div>'
        '<div class="heading heading-2" role="heading" aria-level="4">Two</div>'
        '<div class="text">three</div><div class="subtext">small</div>'
    ),
    "> a\n> b\nc": (
        '<blockquote><div class="text">a\nb</div></blockquote><div class="text">c</div>'
    ),
    "- a\n  - b\n- c": "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>",
    "3. a\n4. b": '<ol start="3"><li>a</li><li>b</li></ol>',
    "```\n<b>\n```": '<pre><code data-lang="">&lt;b&gt;</code></pre>',
    "```diff\n- a\n+ b\n```": (
        '<pre><code data-lang="diff"><span class="diff-line diff-del">- a\n</span>'
        '<span class="diff-line diff-add">+ b\n</span></code></pre>'
    ),
    "see https://a.example/b_(c). [x](https://d.example) javascript:x": (
        f'<div class="text">see <a href="https://a.example/b_(c)" {LINK}>https://a.example/b_(c)'
        f'</a>. <a href="https://d.example/" {LINK} title="https://d.example">x</a> javascript:x'
        "</div>"
    ),
    "[https://good.example](https://bad.example)": (
        f'<div class="text">[<a href="https://good.example/" {LINK}>https://good.example</a>'
        f'](<a href="https://bad.example/" {LINK}>https://bad.example</a>)</div>'
    ),
    "<@1> <@2> <@&3> @everyone": (
        '<div class="text"><span class="mention mention-me" data-user="1">@alice</span> '
        '<span class="mention" data-user="2">@unknown-user</span> '
        '<span class="mention">@approvers</span> '
        '<span class="mention mention-me">@everyone</span></div>'
    ),
    "<#9>": (
        '<div class="text"><button class="mention mention-channel" type="button">#dev</button>'
        "</div>"
    ),
    "https://discord.com/channels/5/9/7": (
        '<div class="text"><button class="mention mention-channel" type="button">'
        "#dev › message</button></div>"  # noqa: RUF001
    ),
    "<t:99999999999999999:R> <:boat:12>": (
        '<div class="text">&lt;t:99999999999999999:R&gt; '
        '<span class="custom-emoji">:boat:</span></div>'
    ),
}

TIMES = """async () => {
    const { ago, timestampText } = await import('/static/js/times.js');
    const at = new Date(2018, 10, 28, 9, 1).getTime();
    const seconds = [-3, 59.6, -3600 * 23.8, 86400 * 3];
    return [
        ...[...'tTdDfFsS', undefined].map((style) => timestampText(at, style)),
        ...seconds.map((far) => ago(at + far * 1000, at)),
    ];
}"""
SHOWN_TIMES = [
    "09:01", "09:01:00", "28/11/2018", "28 November 2018", "28 November 2018 09:01",
    "Wednesday, 28 November 2018 09:01", "28/11/2018, 09:01", "28/11/2018, 09:01:00",
    "28 November 2018 09:01", "3 seconds ago", "in 1 minute", "yesterday", "in 3 days",
]  # fmt: skip

ENDLESS = ("*", "_", "`", "**a ", "[", "> ", "- a\n", "||", "[a](", "```", "~~a", "*a _b ", "<@")


@pytest.mark.slow
async def test_markdown_is_drawn_as_discord_draws_it() -> None:
    people = (LocalPerson("alice", listed=True),)
    async with (
        LocalDiscord(people, token="local-token") as local,
        launch_chromium() as browser,
        visit(browser, local.base_url) as visited,
    ):
        await expect(box(visited.page)).to_be_visible()
        drawn = await visited.page.evaluate(DRAW, list(CASES))
        assert dict(zip(CASES, drawn, strict=True)) == CASES
        assert await visited.page.evaluate(TIMES) == SHOWN_TIMES
        timed = f"""async (sources) => {{
            const start = performance.now();
            await ({DRAW})(sources);
            return performance.now() - start;
        }}"""
        endless = [part * (4000 // len(part)) for part in ENDLESS]
        assert await visited.page.evaluate(timed, endless) < 5_000

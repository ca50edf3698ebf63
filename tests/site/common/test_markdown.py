from html.parser import HTMLParser

import pytest

from heldout.site.common.markdown import render


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "[click](javascript:alert(1))",
        "[click](data:text/html;base64,PHNjcmlwdD4=)",
        '<a href="//x" style="position:fixed">x</a>',
        "![<b onmouseover=alert(1)>](x)",
    ],
)
def test_markdown_brings_no_code_into_a_page(attack):
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.append((tag, attributes))
    parser.feed(render(attack))
    assert {tag for tag, _ in found} <= {"p", "em"}
    assert all(attributes == [] for _, attributes in found)


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

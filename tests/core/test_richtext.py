"""Light markup: it can be read and written without loss, and no HTML gets through it."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from contest.core.richtext import (
    Block,
    Document,
    Run,
    from_html,
    from_plain,
    hide,
    normalised,
    parse,
    photos_in,
    plain,
    source_of,
    with_photos,
)

KINDS = ("paragraph", "heading", "quote", "bullet", "number", "photo")
TRICKY = st.text("*\\#>.[]photo:1 \n\t\u00a0\u0301aăđ–-29", max_size=30)
TEXTS = st.one_of(TRICKY, st.text(st.characters(exclude_categories=("Cs",)), max_size=30))
RUNS = st.lists(st.builds(Run, TEXTS, st.booleans(), st.booleans()), max_size=5).map(tuple)
PHOTO_IDS = st.sampled_from(("", "abc123def456gh", "không phải", "x]"))
BLOCKS = st.builds(Block, st.sampled_from(KINDS), RUNS, PHOTO_IDS, st.integers(0, 1200))
DOCUMENTS = st.lists(BLOCKS, max_size=6).map(lambda blocks: Document(tuple(blocks)))


@given(DOCUMENTS)
@settings(max_examples=600, deadline=None)
def test_what_is_written_is_read_again(document):
    settled = normalised(document)
    assert normalised(settled) == settled
    assert parse(source_of(document)) == settled
    assert plain(parse(source_of(document))) == plain(document)


@given(TEXTS, st.sampled_from(KINDS[:5]))
@settings(max_examples=300, deadline=None)
def test_one_style_is_settled_as_several_are(text, kind):
    """Text in one style takes a short way; a styled word behind it must not change how it is tidied."""
    alone = normalised(Document((Block(kind, (Run(text, italic=True),)),)))
    beside = normalised(Document((Block(kind, (Run(text, italic=True), Run("x", bold=True), Run("x"))),)))
    if kind != "heading" and text and not text[-1].isspace() and alone.blocks:
        assert [block.text for block in alone.blocks[:-1]] == [block.text for block in beside.blocks[:-1]]
        assert beside.blocks[-1].text == alone.blocks[-1].text + "xx"


@given(st.one_of(TRICKY, st.text(max_size=200), st.text("*\\ab \n", max_size=40)))
@settings(max_examples=600, deadline=None)
def test_any_text_is_a_document_with_one_spelling(text):
    document = parse(text)
    assert parse(source_of(document)) == document
    assert source_of(parse(source_of(document))) == source_of(document)


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_plain_text_stays_what_it_was(text):
    document = from_plain(text)
    assert {block.kind for block in document.blocks} <= {"paragraph"}
    assert plain(document).split() == plain(Document((Block("paragraph", (Run(text),)),))).split()
    assert from_plain(plain(document)) == document
    assert plain(parse(source_of(document))) == plain(document)


@given(st.one_of(st.text(max_size=300), st.text("<>&#x;/=!-'\" bipstyle\n", max_size=300)))
@settings(max_examples=500, deadline=None)
def test_any_html_can_be_read(text):
    document = from_html(text)
    assert normalised(document) == document
    assert parse(source_of(document)) == document


def as_html(document: Document) -> str:
    """A document as the editor gives it."""
    tags = {"paragraph": "p", "heading": "h2", "quote": "blockquote", "bullet": "li", "number": "li"}
    written = []
    for kind, blocks in document.groups:
        inner = []
        for block in blocks:
            if kind == "photo":
                inner.append(f'<figure data-photo-id="{block.photo}"><img><figcaption>x</figcaption></figure>')
                continue
            runs = "<br>".join("".join(_run(run) for run in line) for line in block.lines)
            inner.append(f"<{tags[kind]}>{runs}</{tags[kind]}>")
        start = f' start="{blocks[0].number}"' if kind == "number" else ""
        around = {"bullet": "<ul>{}</ul>", "number": f"<ol{start}>{{}}</ol>"}.get(kind, "{}")
        written.append(around.format("".join(inner)))
    return "".join(written)


def _run(run: Run) -> str:
    text = run.text.replace("&", "&amp;").replace("<", "&lt;")
    text = f"<strong>{text}</strong>" if run.bold else text
    return f"<em>{text}</em>" if run.italic else text


VISIBLE = st.text("ab*\\#> ắđ&<'\".19[]", min_size=1, max_size=12)
SHOWN = st.lists(
    st.builds(
        Block,
        st.sampled_from(KINDS),
        st.lists(st.builds(Run, VISIBLE, st.booleans(), st.booleans()), min_size=1, max_size=4).map(tuple),
        st.just("abc123def456gh"),
        st.integers(1, 50),
    ),
    max_size=6,
).map(lambda blocks: normalised(Document(tuple(blocks))))


@given(SHOWN)
@settings(max_examples=400, deadline=None)
def test_html_of_a_document_is_that_document(document):
    assert from_html(as_html(document)) == document


def test_each_mark():
    source = (
        "## Bà Năm ở *bến* đò\n\nDòng một,\ndòng hai có **chữ đậm**, *nghiêng* và ***cả hai***.\n\n> Thương người\n"
        "> như thể thương thân.\n\n* Một\n* Hai\n\n1. Trước\n2. Sau\n\n[photo:abc123def456gh]\n\nHết."
    )
    document = parse(source)
    assert [block.kind for block in document.blocks] == [
        *("heading", "paragraph", "quote", "bullet", "bullet", "number", "number", "photo", "paragraph")
    ]
    assert source_of(document) == source
    assert document.blocks[1].runs[1] == Run("chữ đậm", bold=True)
    assert Run("cả hai", bold=True, italic=True) in document.blocks[1].runs
    assert photos_in(document) == ("abc123def456gh",)
    assert plain(document) == (
        "Bà Năm ở bến đò\n\nDòng một,\ndòng hai có chữ đậm, nghiêng và cả hai.\n\nThương người\nnhư thể thương "
        "thân.\n\nMột\nHai\n\nTrước\nSau\n\nHết."
    )


@pytest.mark.parametrize(
    "text",
    [
        "- Bà ơi, qua sông không?\n- Qua chứ.",
        "– Bà ơi, qua sông không?\n– Qua chứ.",
        "— Ai đó?",
        "* * *",
        "2 * 3 = 6",
        "#GuongSang",
        "*",
        "**",
        "5.000.000 đồng",
        "1975. Chiến tranh kết thúc.",
        "Câu này có * sao rời và một ** cặp sao.",
    ],
)
def test_what_is_no_markup(text):
    assert parse(text) == from_plain(text)
    assert plain(parse(text)) == text


@pytest.mark.parametrize("text", ["## x", "> x", "* x", "1. x", "[photo:abc]", "**x**", "*x*", "\\* x", "a\n## b"])
def test_plain_text_that_looks_like_markup_is_kept_as_it_is(text):
    document = from_plain(text)
    assert plain(document) == text
    assert parse(source_of(document)) == document
    assert {block.kind for block in document.blocks} == {"paragraph"}


def test_a_list_that_goes_on_keeps_its_numbers():
    document = parse("1. Hoàn cảnh\n\nMột đoạn.\n\n2. Việc làm\n3. Kết quả")
    assert [block.number for block in document.blocks] == [1, 0, 2, 3]


def test_hiding_reaches_across_styles_and_spares_longer_words():
    document = parse("Tôi là **Lê** Thị *Ánh*, bạn của Lê Thị Ánhh.\n\n> Lê\n> Thị Ánh")
    assert source_of(hide(document, ["Lê Thị Ánh"])) == "Tôi là **[…]**, bạn của Lê Thị Ánhh.\n\n> […]"
    assert hide(document, ["…", ""]) == document


def test_photos_are_renamed_or_lose_their_place():
    document = parse("[photo:aaa]\n\nChữ\n\n[photo:bbb]")
    assert source_of(with_photos(document, {"aaa": "ccc"})) == "[photo:ccc]\n\nChữ"


# What is pasted


WORD = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><meta charset=utf-8><title>Bài dự thi</title>
<!--[if gte mso 9]><xml><o:OfficeDocumentSettings><o:AllowPNG/></o:OfficeDocumentSettings></xml><![endif]-->
<style><!-- p.MsoNormal {margin:0cm;} @page WordSection1 {size:612pt} --></style></head><body lang=VI>
<!--StartFragment--><p class=MsoTitle>Bến đò đêm<o:p></o:p></p>
<p class=MsoNormal style='text-align:justify'><b style='mso-bidi-font-weight:normal'><span
lang=VI>Bà Năm</span></b><span
lang=VI> ở bến&nbsp;đò,
chèo <i>không công</i>.<o:p></o:p></span></p><p class=MsoNormal><o:p>&nbsp;</o:p></p>
<p class=MsoListParagraphCxSpFirst style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if
!supportLists]><span style='font-family:Symbol;mso-list:Ignore'>·<span style='font:7pt'>&nbsp; </span></span><![endif
]>Việc một<o:p></o:p></p>
<p class=MsoListParagraphCxSpLast style='text-indent:-18.0pt;mso-list:l1 level1 lfo2'><![if !supportLists]><span
style='mso-list:Ignore'>1.<span style='font:7.0pt "Times New Roman"'>&nbsp; </span></span><![endif]>Bước
đầu<o:p></o:p></p>
<p class=MsoQuote>Thương người như thể thương thân.</p><span style='display:none;mso-hide:all'>tác giả Lê Thị Ánh</span>
<p class=MsoNormal><img width=10 src="file:///C:/Users/le.anh/anh.png">Hết.</p><!--EndFragment--></body></html>"""
WORD_READ = """## Bến đò đêm

**Bà Năm** ở bến đò, chèo *không công*.

* Việc một

1. Bước đầu

> Thương người như thể thương thân.

Hết."""
GOOGLE = """<meta charset='utf-8'><b style="font-weight:normal;" id="docs-internal-guid-1"><h1 dir="ltr"><span
style="font-size:20pt;font-weight:400;">Bến đò đêm</span></h1><p dir="ltr" style="line-height:1.38"><span
style="font-weight:700;font-style:normal">Bà Năm</span><span style="font-weight:400;"> chèo </span><span
style="font-weight:400;font-style:italic;">không công</span><span>.</span></p><br><ul><li dir="ltr"
aria-level="1"><p dir="ltr" role="presentation"><span>Việc một</span></p></li></ul><ol start="3"><li><p><span>Bước
ba</span></p></li></ol></b><br class="Apple-interchange-newline">"""
ZALO = "<div>– Bà ơi!</div><div>Qua sông <b>không</b>?<br>Qua.</div><div><br></div><div>Hết.</div>"
TRIX = (
    "<p><strong>Bà&nbsp;</strong><em>Năm</em> chèo&nbsp; đò<br>đêm.</p><h2>Mở đầu</h2>"
    '<figure data-trix-attachment=\'{"contentType":"application/x-photo","photoId":"abc123def456gh"}\'>'
    '<img src="/anh/x"><figcaption class="attachment__caption">anh.jpg 12 KB</figcaption></figure>'
    "<blockquote>Một câu</blockquote><ul><li>một</li><li>hai</li></ul><p><br></p>"
)


@pytest.mark.parametrize(
    ("pasted", "source"),
    [
        (
            WORD,
            WORD_READ,
        ),
        (GOOGLE, "## Bến đò đêm\n\n**Bà Năm** chèo *không công*.\n\n* Việc một\n\n3. Bước ba"),
        (ZALO, "– Bà ơi!\n\nQua sông **không**?\nQua.\n\nHết."),
        (
            TRIX,
            "**Bà** *Năm* chèo đò\nđêm.\n\n## Mở đầu\n\n[photo:abc123def456gh]\n\n> Một câu\n\n* một\n* hai",
        ),
        ("a < b và b > c &amp; d &lt;i&gt;", "a < b và b > c & d <i>"),
        ("một<p>hai<p>ba</p></p>bốn", "một\n\nhai\n\nba\n\nbốn"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\n\nc"),
        ("<pre>dòng  một\n dòng hai</pre>", "dòng một\ndòng hai"),
        ("<p>một<br><br>hai</p>", "một\n\nhai"),
        ('<img src="http://x/a.png" alt="chữ"><p>hai</p>', "hai"),
        ("&#99999999999999999999; &#x1F600;", "\ufffd 😀"),
        ("**sao** <b>* * *</b>", "\\*\\*sao\\*\\* **\\* \\* \\***"),
    ],
)
def test_pasted(pasted, source):
    assert source_of(from_html(pasted)) == source


# Nothing runs


PAYLOADS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil>x</sCrIpT >",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='jav&#x09;ascript:alert(1)'>x</a>",
    "<p style='background:url(javascript:alert(1))' onclick=alert(1)>x</p>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=x></object><embed src=x>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<<script>alert(1)//<</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<figure data-photo-id='\"><script>alert(1)</script>'></figure>",
    '<figure data-trix-attachment=\'{"photoId":"<script>","content":"<img src=x onerror=alert(1)>"}\'></figure>',
    "<figure data-trix-attachment='[[[[[[[[[['></figure>",
    '[photo:"><script>]',
    "**<script>alert(1)</script>**",
    "## <img src=x onerror=alert(1)>",
    '> "><script>alert(1)</script>',
    "{{ 7*7 }}{% raw %}",
]
PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parents[2] / "templates"), autoescape=True, undefined=StrictUndefined
)
PAGES.filters["rich"] = parse
PAGE = '{% from "macros/richtext.html" import rich_text %}{{ rich_text(source|rich, {}) }}'
OURS = {"p", "h2", "blockquote", "ul", "ol", "li", "strong", "em", "br"}


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("read", [from_html, parse, from_plain])
def test_nothing_typed_becomes_a_tag(payload, read):
    source = source_of(read(payload))
    page = PAGES.from_string(PAGE).render(source=source)
    for tag in re.findall(r"<[^>]*>", page):
        assert re.fullmatch(r"</?([a-z0-9]+)>", tag), tag
        assert tag.strip("</>") in OURS
    assert "49" not in page


def test_output():
    source = "## Đầu\n\nMột **đậm *cả hai***,\nhai\n\n> a\n\n> b\n\n3. x\n4. y\n\n"
    source += "[photo:abc]\n\n[photo:nobody]\n\nHết & <xong>"
    page = PAGES.from_string(
        '{% from "macros/richtext.html" import rich_text %}'
        '{% call(photo) rich_text(source|rich, {"abc": "ảnh"}, end=true) %}<figure>{{ photo }}</figure>{% endcall %}'
    ).render(source=source)
    assert "".join(page.split("\n")) == (
        "<h2>Đầu</h2><p>Một <strong>đậm </strong><strong><em>cả hai</em></strong>,<br>hai</p>"
        '<blockquote><p>a</p><p>b</p></blockquote><ol start="3"><li>x</li><li>y</li></ol><figure>ảnh</figure>'
        '<p class="end">Hết &amp; &lt;xong&gt;</p>'
    )


@pytest.mark.parametrize(
    "text",
    [
        "*" * 100_000,
        "*a " * 32_000,
        "**a*" * 25_000,
        "\\" * 100_000,
        "> " * 50_000,
        "1. \n" * 25_000,
        "[photo:" * 15_000,
        "# " * 50_000,
    ],
)
def test_markup_takes_linear_time(text):
    began = time.process_time()
    assert parse(source_of(parse(text))) == parse(text)
    assert time.process_time() - began < 60  # seconds of CPU; what grows with the square takes far longer


@pytest.mark.parametrize(
    "text",
    [
        "<" * 1_1_000,
        "<a " * 75_000,
        "<a b=" * 50_000,
        "<a '" * 50_000,
        "<b>" * 75_000,
        "<b>" * 25_000 + "</i>" * 25_000,
        "<div>" * 25_000 + "x" + "</div>" * 25_000,
        "<li>" * 50_000,
        "<ol>" * 25_000 + "<li>x" * 2_000,
        "<!--" * 50_000,
        "<![if" * 50_000,
        "<script>" * 25_000,
        "</script>" * 25_000,
        "<style></styl" * 25_000,
        "&" * 1_1_000,
        "&#1" * 75_000,
        "&#" + "9" * 125_000,
        "<p style='font-weight:" * 12_000,
        "<figure data-trix-attachment='" + "[" * 50_000 + "'>",
    ],
)
def test_html_takes_linear_time(text):
    began = time.process_time()
    from_html(text)
    assert time.process_time() - began < 60

"""HTML of strangers: as words to read, and as markup that may be shown."""

from __future__ import annotations

import time

import pytest

from tickets.channels.mail.html import safe_html, text_of


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<div>One</div><div>Two</div>", "One\nTwo"),
        ("One<br>Two<br/><br />Three", "One\nTwo\n\nThree"),
        ("  One\n  <b>two</b>\tthree ", "One two three"),
        ("a&nbsp;&amp;&lt;b&gt; &#8377; &eacute;", "a &<b> ₹ é"),
        ("<ul><li>one<li>two</ul><ol><li>three</li><li>four</li></ol>",
         "- one\n- two\n\n1. three\n2. four"),
        ("<ul><li>one<ul><li>deeper</ul></ul>", "- one\n\n  - deeper"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><th>c<th>d</table>", "a  b\nc  d"),
        ("<pre>  at line 7\n    in loop</pre>", "  at line 7\n    in loop"),
        ("<blockquote>one<blockquote>two</blockquote></blockquote>three",
         "> one\n>\n> > two\n\nthree"),
        ('See <a href="https://a.example/x">this</a>.', "See this <https://a.example/x>."),
        ('<a href="https://a.example/">a.example</a>', "a.example"),
        ('<a href="mailto:a@b.example">write</a>', "write <mailto:a@b.example>"),
        ('<a href="javascript:alert(1)">this</a>', "this"),
        ("<a name=x>this</a>", "this"),
        ('<img src="x" alt="A chart"><img src="y">', "[A chart]"),
        ("one<hr>two", "one\n---\ntwo"),
        ("<h1>Head</h1>text", "Head\n\ntext"),
        # What nobody sees is no text.
        ("<html><head><title>T</title><style>p{}</style></head><script>x<y</script>One", "One"),
        ("One<!-- <p>not this</p> -->", "One"),
        ("<!DOCTYPE html><?xml version='1.0'?><![if !mso]>One<![endif]>", "One"),
        # Broken markup loses no words.
        ("<p>One <b>two</p> three", "One two\n\nthree"),
        ("1 < 2 and 3 > 2 & 4", "1 < 2 and 3 > 2 & 4"),
        ("One <b", "One <b"),
        ('One <a href="x', 'One <a href="x'),
        ("One <!-- two", "One two"),
        ("One <style> two", "One two"),
        ("One </p></blockquote></ul></pre> two", "One\n\ntwo"),
        ('<p title="a > b">One</p>', "One"),
        ("<P CLASS=x STYLE=y/>One</P >", "One"),
        ("a<>b", "a<>b"),
        ("&#xD800;&#0;&#" + "9" * 5_000 + ";", "\ufffd\ufffd&#" + "9" * 5_000 + ";"),
        ("", ""),
    ],
)  # fmt: skip
def test_markup_is_read_as_text(html: str, text: str) -> None:
    assert text_of(html) == text


OUTSIDE = 'target="_blank" rel="noopener noreferrer nofollow"'


@pytest.mark.parametrize(
    ("html", "safe"),
    [
        ("<p>One <b>two</b></p>", "<p>One <b>two</b></p>"),
        ("<p class=x id=y style='position:fixed' onclick=z>One</p>", "<p>One</p>"),
        ("<script>alert(1)</script><style>p{}</style><title>x</title>One", "One"),
        ("<svg><script>alert(1)</script></svg><math><mi>x</mi></math>", "x"),
        ("<form action=/x><input name=y><button>Go</button></form>", "<div>Go</div>"),
        ("<iframe src=x></iframe><object data=x></object><embed src=x>", ""),
        ("<base href=//evil.example><link href=x><meta http-equiv=refresh>", ""),
        ("<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>", "<p></p>"),
        ("<a href='https://a.example/'>x</a>", f'<a href="https://a.example/" {OUTSIDE}>x</a>'),
        ("<a href=mailto:a@b.example>x</a>", f'<a href="mailto:a@b.example" {OUTSIDE}>x</a>'),
        ("<a href='javascript:alert(1)'>x</a>", "x"),
        ("<a href='java\nscript:alert(1)'>x</a>", "x"),
        ("<a href='&#106;avascript:alert(1)'>x</a>", "x"),
        ("<a href='data:text/html,x'>x</a>", "x"),
        ("<a href='/admin/'>x</a><a href='//evil.example'>y</a><a>z</a>", "xyz"),
        # A picture from elsewhere tells its owner who reads when.
        ("<img src=https://t.example/p.gif alt=Chart width=1>",
         '<img alt="Chart" data-remote-src="https://t.example/p.gif">'),
        ("<img src='//t.example/p.gif'>", '<img alt="">'),
        ("<img src='data:image/png;base64,x' alt=a>", '<img alt="a">'),
        ("<img srcset=https://t.example/p.gif data-remote-src=x>", '<img alt="">'),
        ("<img src=cid:one alt=a><img src=CID:two>", '<img alt="a" src="/files/1/"><img alt="">'),
        ("<table background=https://t.example/p.gif><tr><td bgcolor=red colspan=2>x</table>",
         '<table><tbody><tr><td colspan="2">x</td></tr></tbody></table>'),
        # Broken markup is put right.
        ("<p>a<p>b<b>c<p>d</b>e", "<p>a</p><p>b<b>c</b></p><p>de</p>"),
        ("<li>a<li>b<ul><li>c", "<li>a</li><li>b<ul><li>c</li></ul></li>"),
        ("<table><td>a<td>b<tr><td>c</table>d",
         "<table><tbody><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></tbody></table>d"),
        ("<td>a</td></div></p>", "a"),
        ("1 < 2 & 3", "1 &lt; 2 &amp; 3"),
        ('"\'<', "\"'&lt;"),
        ("a\0b", "ab"),
    ],
)  # fmt: skip
def test_markup_of_strangers_is_harmless(html: str, safe: str) -> None:
    assert safe_html(html, inline={"one": "/files/1/"}) == safe


def test_pictures_from_elsewhere_are_shown_when_somebody_wants_that() -> None:
    html = "<img src=https://t.example/p.gif alt=Chart><img src=ftp://t.example/p.gif>"
    assert safe_html(html, remote_images=True) == (
        '<img alt="Chart" src="https://t.example/p.gif"><img alt="">'
    )


def test_what_is_very_long_is_cut_and_it_is_said() -> None:
    safe = safe_html("<b>" + "x" * 2_000_000)
    assert safe.endswith("x</b><p>The rest is not shown: the message is very long.</p>")
    assert len(safe) < 1_100_000


def fill(piece: str) -> str:
    return piece * (200_000 // len(piece))


BOMBS = {
    "half entities": "&<&<" * 250_000,
    "ten thousand nested": "<div>" * 10_000 + "x",
    "nested": fill("<div>"),
    "nested bold": fill("<b>"),
    "nested lists": fill("<ul><li>"),
    "nested quotes": fill("<blockquote>"),
    "nested tables": fill("<table><tr><td>"),
    "links": '<a href="https://a.example/">x</a>' * 5_001,
    "links in links": fill("<a href=https://a.example/>"),
    "never closed": "".join(f'<p><b title="{number}">' for number in range(12_000)),
    "paragraphs in bold": "<b><i><u><s><em>" * 3 + fill("<p>x"),
    "rows in bold": "<b><i><u>" * 3 + "<table>" + fill("<tr>x"),
    "cells": "<table>" + fill("<td>x"),
    "ends without starts": "<table><td>" + "<span>" * 90 + fill("</b>"),
    "comments": fill("<!--"),
    "declarations": fill("<!x"),
    "tags never ended": fill("<a "),
    "quotes never ended": fill("<a b=\"c d='") + ">",
    "slashes": "<a" + fill("/ "),
    "equals": fill("<a ===") + ">",
    "styles": fill("<style>"),
    "attributes": "<a " + fill("b=c ") + ">",
    "entities": fill("&#1;") + fill("&aaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    "digits": "&#" + "1" * 300_000,
    "lines": "\n" * 50_000 + "<br>" * 50_000,
    "spaces": " " * 300_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_takes_less_than_two_seconds(name: str) -> None:
    start = time.process_time()
    text_of(BOMBS[name])
    middle = time.process_time()
    safe = safe_html(BOMBS[name])
    assert middle - start < 2
    assert time.process_time() - middle < 2
    assert len(safe) < 6 * 1024 * 1024

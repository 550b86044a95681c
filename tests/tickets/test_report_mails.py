"""What a saved report looks like in the mail: figures, pictures and files, from a real server."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from openpyxl import load_workbook

from sla import reports
from sla.models import Policy
from sla.reports import pictures
from tests import factories
from tests.by_mail import only, scheduled
from tests.peers import SmtpPeer, mail_goes_to
from tests.sla import november
from tests.sla.november import NOW, Story, ist
from tickets import delivery, scheduled_reports
from tickets.models import Delivery, Enclosure, Rating, User

pytestmark = pytest.mark.django_db

H = timedelta(hours=1)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def boss(policy: Policy) -> User:
    return factories.agent("boss@desk.example", group="Manager", name="Bo Boss")


@pytest.fixture
def peer(settings: Any) -> Iterator[SmtpPeer]:
    with SmtpPeer() as running:
        mail_goes_to(running.port, settings)
        yield running


@pytest.fixture
def story(policy: Policy) -> Story:
    return november.tell()


def received(peer: SmtpPeer) -> EmailMessage:
    """The one mail that the server got, of all that waits."""
    Delivery.objects.exclude(occasion="saved_report").delete()
    delivery.send_waiting(at=NOW)
    (mail,) = peer.received
    return mail.message


def of_november(boss: User, **fields: Any) -> None:
    scheduled(boss, query=f"span=month{fields.pop('more', '')}", at=NOW - 5 * H, **fields)
    # On Friday the 20th at noon: eight o'clock is four hours ago.
    assert scheduled_reports.send_due(at=NOW) == 1


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_the_mail_has_the_figures_of_the_page_in_both_its_parts(
    boss: User, story: Story, peer: SmtpPeer
) -> None:
    of_november(boss)
    mail = received(peer)
    form = reports.asked_by("span=month", at=NOW)
    assert form.is_valid()
    found = reports.overview(form.question, at=NOW)
    assert len(found.rows) > 4
    html, text = body(mail, "html"), body(mail, "plain")
    for row in found.rows:
        line = f"{row.kept} kept, {row.broken} broken, {row.running} still running"
        for words in (html, text):
            assert line in words
    # Of the thirteen tickets that came in, nine were solved; one came in October.
    assert "- Came in: 13 (1)\n- Solved: 9 (0)\n" in text
    assert "before: Thu 1 Oct 2026 to Fri 30 Oct 2026" not in text
    assert "/admin/sla/report/?first=2026-11-01&last=2026-11-20" in text
    assert "\n\n\n" not in text
    assert "As it stood on 20 Nov 2026, 12:00 IST." in text
    assert "Bo Boss has it sent every day at 08:00 (Asia/Kolkata)." in text


def test_the_mail_says_what_requesters_thought(boss: User, story: Story, peer: SmtpPeer) -> None:
    for name, stars, month in (("in time", 4, 11), ("reopened", 5, 11), ("stopped late", 3, 10)):
        ticket = story.tickets[name]
        Rating.objects.create(
            ticket=ticket, by=ticket.requester, stars=stars, at=ist(18, "10:00", month)
        )
    of_november(boss)
    mail = received(peer)
    now, before = "4.5 of 5 stars, 2 ratings", "3.0 of 5 stars, 1 rating"
    text, html = body(mail, "plain"), body(mail, "html")
    assert f"- Satisfaction: {now} ({before})\n" in text
    assert f"<strong>{now}</strong>" in html
    assert f">{before}</td>" in html


def test_the_mail_about_one_priority_says_that_tickets_are_of_all(
    boss: User, story: Story, peer: SmtpPeer
) -> None:
    of_november(boss, more="&priority=P2&metric=resolution")
    mail = received(peer)
    for kind in ("plain", "html"):
        words = body(mail, kind)
        assert "Tickets are of every priority, team and agent" in words
        # Of three that are fulfilled.
        assert "1 promise fulfilled in time, 2 late;" in words


def test_the_mail_says_that_nobody_rated(boss: User, story: Story, peer: SmtpPeer) -> None:
    of_november(boss)
    mail = received(peer)
    assert "- Satisfaction: Nobody rated (Nobody rated)\n" in body(mail, "plain")
    assert body(mail, "html").count("Nobody rated") == 2


def test_the_pictures_are_in_the_mail_by_their_ids(
    boss: User, story: Story, peer: SmtpPeer
) -> None:
    of_november(boss)
    mail = received(peer)
    html = body(mail, "html")
    shown = [part for part in mail.walk() if part.get_content_maintype() == "image"]
    names = ["attainment", "volume", "heat-map", "time-first-response", "time-resolution"]
    assert [part.get_filename() for part in shown] == [f"{name}.png" for name in names]
    for part in shown:
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        assert content.startswith(b"\x89PNG\r\n\x1a\n")
        assert len(content) < 150_000
        cid = part["Content-ID"].strip("<>")
        assert html.count(f'src="cid:{cid}"') == 1
    assert html.count('src="cid:') == html.count("<img") == len(shown)
    assert 'alt=""' not in html
    # What a picture shows is said to those who do not see it.
    text = body(mail, "plain")
    assert "13 came in, 9 solved." in text
    assert "1 promises" not in text
    assert "Tickets are of every priority" not in text


def test_its_files_open_and_say_the_same(boss: User, story: Story, peer: SmtpPeer) -> None:
    of_november(boss)
    files = {
        part.get_filename(): part.get_payload(decode=True)
        for part in received(peer).iter_attachments()
    }
    assert list(files) == ["mornings-2026-11-20.xlsx", "mornings-2026-11-20-attainment.csv"]
    book, lines = (content for content in files.values())
    assert isinstance(book, bytes)
    assert isinstance(lines, bytes)
    sheets = load_workbook(BytesIO(book))
    assert {"attainment", "volume", "heat_map"} <= {*sheets.sheetnames}
    rows = list(csv.DictReader(StringIO(lines.decode("utf-8-sig"))))
    sheet = list(sheets["attainment"].values)
    assert [str(cell) for cell in sheet[0]] == list(rows[0])
    assert len(sheet) - 1 == len(rows) > 4
    assert sum(int(row["kept"]) for row in rows) == sum(
        row[sheet[0].index("kept")] for row in sheet[1:]
    )


def test_files_that_are_too_many_bytes_are_left_out_and_it_says_so(
    boss: User, story: Story, peer: SmtpPeer, settings: Any
) -> None:
    settings.MAX_MAIL_ATTACHMENT_BYTES = 100
    of_november(boss, name="Small")
    mail = received(peer)
    assert list(mail.iter_attachments()) == []
    for kind in ("plain", "html"):
        assert "a mail has no room for it: small-2026-11-20.xlsx" in body(mail, kind)


def test_a_breakdown_has_its_table_and_a_bar_for_each_row(
    boss: User, story: Story, peer: SmtpPeer
) -> None:
    factories.organization("Ähm & Söhne <b>").users.add(
        *[story.tickets[name].requester for name in ("in time", "stopped late")]
    )
    of_november(boss, page="breakdown", more="&by=priority", name="By priority")
    mail = received(peer)
    text, html = body(mail, "plain"), body(mail, "html")
    form = reports.asked_by("span=month", at=NOW)
    assert form.is_valid()
    rows = reports.breakdown(by=reports.Dimension.PRIORITY, period=form.question.period, at=NOW)
    for number, row in enumerate(rows, start=1):
        assert f"{number}. {row.key} {row.name}: " in text
        assert f"{row.kept} kept, {row.broken} broken, {row.running} still running" in html
    assert "/admin/sla/report/breakdown/?first=2026-11-01&last=2026-11-20&by=priority" in text
    (picture,) = [part for part in mail.walk() if part.get_content_maintype() == "image"]
    assert picture.get_filename() == "breakdown.png"
    names = [part.get_filename() for part in mail.iter_attachments()]
    assert names == ["by-priority-2026-11-20.xlsx", "by-priority-2026-11-20-breakdown.csv"]


def test_breaches_come_by_reason_with_their_list(boss: User, story: Story, peer: SmtpPeer) -> None:
    of_november(boss, page="breaches", more="&order=due", name="Breaches")
    mail = received(peer)
    text = body(mail, "plain")
    form = reports.asked_by("span=month", at=NOW)
    assert form.is_valid()
    asked: dict[str, Any] = {"period": form.question.period, "at": NOW, "reader": boss}
    (row,) = reports.breaches_by_reason(**asked)
    assert f"- No reason yet: {row.breaches} (100" in text
    assert "/admin/sla/report/breaches/?first=2026-11-01&last=2026-11-20&order=due" in text
    files = list(mail.iter_attachments())
    assert [part.get_filename() for part in files] == [
        "breaches-2026-11-20.xlsx", "breaches-2026-11-20-breaches.csv",
    ]  # fmt: skip
    lines = files[1].get_payload(decode=True)
    assert isinstance(lines, bytes)
    assert len(list(csv.DictReader(StringIO(lines.decode("utf-8-sig"))))) == row.breaches > 1


def test_no_list_of_tickets_goes_to_who_may_not_see_all_of_them(
    boss: User, story: Story, peer: SmtpPeer
) -> None:
    reader = factories.agent("reader@desk.example")
    reader.user_permissions.add(Permission.objects.get(codename="view_reports"))
    scheduled(boss, reader, query="span=month", page="breaches", shared=True, at=NOW - 5 * H)
    assert scheduled_reports.send_due(at=NOW) == 1
    mail = received(peer)
    assert "not everybody who gets this mail may see every ticket" in body(mail, "html")
    files = [part.get_filename() for part in mail.iter_attachments()]
    assert files[1] == "mornings-2026-11-20-breaches_by_reason.csv"


def test_what_it_is_narrowed_to_is_named_and_markup_in_names_stays_text(
    boss: User, story: Story
) -> None:
    team = factories.team("<b>Second</b> & third")
    of_november(boss, more=f"&team={team.pk}&priority=P3", name="<i>Mine</i>")
    mail = only()
    assert "Only: P3" in mail.text
    assert "<b>Second</b> & third" in mail.text
    assert "&lt;b&gt;Second&lt;/b&gt; &amp; third" in mail.html
    assert "<i>" not in mail.html
    assert mail.subject.startswith("<i>Mine</i>: ")
    assert "No promise was made in this period." in mail.text


def test_files_are_gone_when_the_mail_is(boss: User, story: Story, peer: SmtpPeer) -> None:
    of_november(boss)
    assert Enclosure.objects.exists()
    received(peer)
    scheduled_reports.go_on(at=NOW)
    assert not Enclosure.objects.exists()


def test_pictures_need_no_letters_that_are_not_there(boss: User) -> None:
    row = reports.BreakdownRow(1, "", 3, 2, 1)
    drawn = pictures.breakdown_bars(
        [("日本 $x$", row), ("A $\\frac{1}{2}$ name", row)], by="Organization"
    )
    assert drawn.png.startswith(b"\x89PNG")
    assert "日本" in drawn.alt


def test_a_process_that_draws_nothing_loads_nothing_to_draw_with() -> None:
    work = (
        "import django, sys; django.setup();"
        "import helpdesk.urls, tickets.admin, tickets.tasks, tickets.report_mails;"
        "assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", work], cwd=ROOT, check=True)

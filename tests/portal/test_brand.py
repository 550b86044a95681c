"""The desk's own colours and logo."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.test import Client

from sla.models import Policy
from tickets.portal import brand
from tickets.portal.brand import DARK, LIGHT, contrast, legible, mixed, stylesheet, text_on

TEAL = "#1d5c63"

# Two colours, and their contrast as the W3C's definition has it.
CONTRASTS = [
    ("#000000", "#ffffff", 21.0),
    ("#ffffff", "#000000", 21.0),
    ("#777777", "#ffffff", 4.478),
    ("#767676", "#ffffff", 4.542),  # The palest grey that is legible on white.
    ("#ff0000", "#ffffff", 3.998),
    ("#0000ff", "#ffffff", 8.592),
    ("#123456", "#123456", 1.0),
]


@pytest.mark.parametrize(("one", "other", "expected"), CONTRASTS)
def test_contrast_is_that_of_wcag(one: str, other: str, expected: float) -> None:
    assert contrast(one, other) == pytest.approx(expected, abs=0.001)


TEXTS = [
    ("#000000", "#ffffff"),
    ("#ffffff", "#000000"),
    ("#ffcc00", "#000000"),  # Yellow
    ("#1d5c63", "#ffffff"),
    ("#767676", "#000000"),  # 4.62 with black, 4.54 with white
    ("#757575", "#ffffff"),
]


@pytest.mark.parametrize(("color", "text"), TEXTS)
def test_text_on_a_colour_is_black_or_white_whichever_is_read_better(color: str, text: str) -> None:
    assert text_on(color) == text


EVERY_SORT = [
    f"#{red:02x}{green:02x}{blue:02x}"
    for red in range(0, 256, 51)
    for green in range(0, 256, 51)
    for blue in range(0, 256, 51)
]


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_colour_becomes_one_that_is_legible(scheme: brand.Scheme) -> None:
    for color in EVERY_SORT:
        accent = legible(color, scheme)
        tint = mixed(accent, scheme.surface, brand.TINT)
        for ground in (scheme.surface, scheme.page, tint):
            assert contrast(accent, ground) >= 4.5, color
        assert contrast(accent, text_on(accent)) >= 4.5, color


def test_a_legible_colour_stays_as_it_is() -> None:
    assert legible(TEAL, LIGHT) == TEAL
    assert legible("#ffcc00", DARK) == "#ffcc00"


MIXES = [
    ("#ffffff", "#000000", 0.5, "#808080"),
    ("#ff0000", "#0000ff", 0.25, "#4000bf"),
    (TEAL, "#ffffff", 0.0, "#ffffff"),
    (TEAL, "#ffffff", 1.0, TEAL),
]


@pytest.mark.parametrize(("one", "other", "share", "expected"), MIXES)
def test_colours_are_mixed_as_css_mixes_them(
    one: str, other: str, share: float, expected: str
) -> None:
    assert mixed(one, other, share) == expected


def test_the_grounds_are_those_of_the_stylesheet() -> None:
    css = (project.BASE_DIR / "static/css/portal.css").read_text()
    for name in ("surface", "page"):
        light, dark = re.findall(rf"--{name}: (#[0-9a-f]{{6}});", css)
        assert (light, dark) == (getattr(LIGHT, name), getattr(DARK, name))


def test_dark_ground_gets_its_own_colour_or_what_is_made_of_the_other() -> None:
    assert stylesheet("", "") == ""
    assert "dark" in stylesheet("", "#84cdd5")
    assert stylesheet("", "#84cdd5").count("--accent:") == 1
    assert f"--accent: {TEAL}; " in stylesheet(TEAL, "")
    assert f"--accent: {legible(TEAL, DARK)}; " in stylesheet(TEAL, "")
    assert "--accent: #84cdd5; " in stylesheet(TEAL, "#84cdd5")


def test_pages_link_the_colours_only_where_there_are_some(
    client: Client, policy: Policy, settings: Any
) -> None:
    assert "/brand.css" not in client.get("/").content.decode()
    assert client.get("/brand.css").status_code == 404
    settings.BRAND_COLOR = "#a3261d"
    assert '<link rel="stylesheet" href="/brand.css">' in client.get("/").content.decode()


def test_the_colours_are_kept_by_browsers_for_an_hour(client: Client, settings: Any) -> None:
    settings.BRAND_COLOR = "#a3261d"
    response = client.get("/brand.css")
    assert response.status_code == 200
    assert response["Content-Type"] == "text/css; charset=utf-8"
    assert set(response["Cache-Control"].split(", ")) == {"public", "max-age=3600"}
    assert not response.cookies
    assert "Vary" not in response.headers
    again = client.get("/brand.css", headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    settings.BRAND_COLOR = TEAL
    assert client.get("/brand.css", headers={"If-None-Match": response["ETag"]}).status_code == 200
    assert client.post("/brand.css").status_code == 405


SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'
)
LOGOS = [("logo.svg", "image/svg+xml"), ("logo.PNG", "image/png"), ("logo.webp", "image/webp")]


@pytest.mark.parametrize(("name", "content_type"), LOGOS)
def test_a_logo_is_served_by_its_type_and_runs_nothing(
    client: Client, settings: Any, tmp_path: Path, name: str, content_type: str
) -> None:
    (tmp_path / name).write_bytes(SVG)
    settings.BRAND_LOGO = str(tmp_path / name)
    response = client.get("/brand/logo")
    assert b"".join(response) == SVG  # type: ignore[arg-type]
    assert response["Content-Type"] == content_type
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"].startswith("default-src 'none';")
    assert "sandbox" in response["Content-Security-Policy"]
    assert "allow" not in response["Content-Security-Policy"]
    assert "max-age=3600" in response["Cache-Control"]
    since = {"If-Modified-Since": response["Last-Modified"]}
    assert client.get("/brand/logo", headers=since).status_code == 304


@pytest.mark.parametrize("named", ["", "gone.svg", "secret.txt"])
def test_nothing_but_a_logo_is_served(
    client: Client, settings: Any, tmp_path: Path, named: str
) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    settings.BRAND_LOGO = str(tmp_path / named) if named else ""
    assert client.get("/brand/logo").status_code == 404


def test_the_logo_stands_for_the_name(
    client: Client, policy: Policy, settings: Any, tmp_path: Path
) -> None:
    assert "<img" not in client.get("/").content.decode()
    (tmp_path / "logo.svg").write_bytes(SVG)
    settings.BRAND_LOGO, settings.BRAND_NAME = str(tmp_path / "logo.svg"), 'Acme "Support"'
    page = client.get("/").content.decode()
    assert '<img src="/brand/logo" alt="Acme &quot;Support&quot;">' in page


@pytest.mark.parametrize("logo", ["logo.gif", "gone.svg"])
def test_a_logo_that_cannot_be_shown_is_refused_at_the_start(tmp_path: Path, logo: str) -> None:
    (tmp_path / "logo.gif").write_bytes(b"GIF89a")
    variables = {"PATH": os.environ["PATH"], "BRAND_LOGO": str(tmp_path / logo), "DEBUG": "false"}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=project.BASE_DIR,
        env=variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "BRAND_LOGO must " in done.stderr
    assert "Traceback" not in done.stderr

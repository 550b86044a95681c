"""The desk's own colours and logo, from the settings BRAND_COLOR, BRAND_COLOR_DARK, BRAND_LOGO.

Colours are "#rrggbb". Luminance and contrast are those of WCAG 2.2, from 1 to 21.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.utils.csp import CSP
from django.views.decorators.cache import cache_control
from django.views.decorators.http import condition, require_safe

HOUR = 3600
LEGIBLE = 4.5  # WCAG 2.2, 1.4.3: for text of any size.
TINT = 0.12  # How much of the accent is in the ground that it tints.
BLACK, WHITE = "#000000", "#ffffff"
LOGO_TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp"}
# An SVG that is opened by its own address may style itself and run nothing.
LOGO_CSP = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@dataclass(frozen=True)
class Scheme:
    """The grounds in static/css/portal.css, and where a colour goes to be told from them."""

    surface: str
    page: str
    away: str


LIGHT = Scheme(surface="#ffffff", page="#f6f7f7", away=BLACK)
DARK = Scheme(surface="#1a2224", page="#12181a", away=WHITE)


def luminance(color: str) -> float:
    """From 0, black, to 1, white."""
    red, green, blue = (_linear(channel / 255) for channel in _channels(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """From 1, the same, to 21, black on white."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def text_on(color: str) -> str:
    """Black or white, whichever is read better there; always legible (4.58 at worst)."""
    return max(BLACK, WHITE, key=lambda text: contrast(text, color))


def mixed(color: str, other: str, share: float) -> str:
    """So much of the first colour in the second, as CSS mixes in sRGB."""
    pairs = zip(_channels(color), _channels(other), strict=True)
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in pairs)


def legible(color: str, scheme: Scheme) -> str:
    """The colour itself, or the nearest step to `away` that can be read on every ground there."""
    steps = (mixed(color, scheme.away, 1 - percent / 100) for percent in range(101))
    return next(step for step in steps if _is_legible(step, scheme))


def stylesheet(light: str, dark: str) -> str:
    """The accents as CSS; dark ground, given none of its own, gets what is made of the light one.

    For screens alone: paper keeps the accents of portal.css.
    """
    rules = []
    if light:
        rules.append(f"@media screen {{ {_tokens(light, LIGHT)} }}\n")
    if dark or light:
        condition = "screen and (prefers-color-scheme: dark)"
        rules.append(f"@media {condition} {{ {_tokens(dark or light, DARK)} }}\n")
    return "".join(rules)


def _css_etag(request: HttpRequest) -> str:
    return f'"{hashlib.sha256(_css().encode()).hexdigest()[:16]}"'


@require_safe
@cache_control(public=True, max_age=HOUR)
@condition(etag_func=_css_etag)
def css(request: HttpRequest) -> HttpResponse:
    """The accents; 404 where the desk has no colour of its own."""
    if not _css():
        raise Http404
    return HttpResponse(_css(), content_type="text/css; charset=utf-8")


def _logo_changed(request: HttpRequest) -> datetime | None:
    path = _logo_path()
    return datetime.fromtimestamp(int(path.stat().st_mtime), UTC) if path else None


@require_safe
@cache_control(public=True, max_age=HOUR)
@condition(last_modified_func=_logo_changed)
def logo(request: HttpRequest) -> FileResponse:
    """The file of the setting; 404 where there is none."""
    path = _logo_path()
    if path is None:
        raise Http404
    response = FileResponse(path.open("rb"), content_type=LOGO_TYPES[path.suffix.lower()])
    response.headers[CSP.HEADER_ENFORCE.value] = LOGO_CSP
    return response


def _css() -> str:
    return stylesheet(settings.BRAND_COLOR, settings.BRAND_COLOR_DARK)


def _logo_path() -> Path | None:
    path = Path(settings.BRAND_LOGO)
    is_shown = settings.BRAND_LOGO and path.suffix.lower() in LOGO_TYPES and path.is_file()
    return path if is_shown else None


def _tokens(color: str, scheme: Scheme) -> str:
    accent = legible(color, scheme)
    soft = mixed(accent, scheme.surface, TINT)
    return f":root {{ --accent: {accent}; --accent-soft: {soft}; --on-accent: {text_on(accent)}; }}"


def _is_legible(color: str, scheme: Scheme) -> bool:
    grounds = (scheme.surface, scheme.page, mixed(color, scheme.surface, TINT))
    return all(contrast(color, ground) >= LEGIBLE for ground in grounds)


def _channels(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _linear(channel: float) -> float:
    """WCAG 2.2, the definition of relative luminance."""
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4

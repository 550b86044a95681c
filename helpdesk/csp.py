"""The content security policies: the site's, and the looser one of the admin."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils.csp import CSP, build_policy

_NOTHING_ELSE: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
SITE: dict[str, list[str]] = {
    **_NOTHING_ELSE,
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF],
}
# The admin's Alpine.js evaluates expressions, its charts and pickers set styles, and what a form
# needs is added in a frame of its own (an organization from the page of a user).
ADMIN: dict[str, list[str]] = {
    **_NOTHING_ELSE,
    "frame-src": [CSP.SELF],
    "frame-ancestors": [CSP.SELF],
    "script-src": [CSP.SELF, CSP.UNSAFE_EVAL],
    "style-src": [CSP.SELF, CSP.UNSAFE_INLINE],
    "img-src": [CSP.SELF, "data:"],
}


class AdminContentSecurityPolicyMiddleware:
    """Gives pages of the admin `ADMIN`.

    Stands inside Django's own middleware, which leaves a header that is already there alone.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, with the policy when the address belongs to the admin."""
        response = self.get_response(request)
        match = request.resolver_match
        if match is not None and match.app_name in {"admin", "second_factor"}:
            response.headers.setdefault(CSP.HEADER_ENFORCE.value, build_policy(ADMIN))
        return response

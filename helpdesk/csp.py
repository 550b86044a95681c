"""The admin's own, looser content security policy."""

from collections.abc import Callable, Mapping

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.csp import CSP, build_policy


class AdminContentSecurityPolicyMiddleware:
    """Gives pages of the admin ``settings.ADMIN_CSP``.

    Stands inside Django's own middleware, which leaves a header that is already there alone.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, with the policy when the address belongs to the admin."""
        response = self.get_response(request)
        match = request.resolver_match
        if match is not None and match.app_name in {"admin", "second_factor"}:
            policy: Mapping[str, list[str]] = settings.ADMIN_CSP
            response.headers.setdefault(CSP.HEADER_ENFORCE.value, build_policy(policy))
        return response

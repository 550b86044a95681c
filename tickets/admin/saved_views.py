"""Own views of the queue: keeping, changing and sharing them, and the columns that one sees."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, cast
from urllib.parse import urlsplit

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSelectWidget

from tickets.admin.columns import COLUMNS, known, shown
from tickets.admin.filters import Reader, narrowed, teams
from tickets.admin.queues import (
    ORDERS,
    QUEUES,
    SHOWN,
    SORT,
    canonical,
    counted,
    current_key,
    filters_of,
    key_of,
    links,
    order_of,
    orders_for,
    own_views,
    parsed,
    view_query,
)
from tickets.models import SavedView, Team, Ticket, User

type Page = Callable[..., HttpResponse]

# What was typed for a view that could not be saved, kept in the session until the queue is shown.
REFUSED = "refused_view"


def reader(request: HttpRequest) -> Reader:
    """Who asks, and now."""
    return Reader(cast("User", request.user), timezone.now())


class SavedViewForm(forms.ModelForm):  # type: ignore[type-arg]
    """A name, and whom the view is for; the rest comes from the queue's address."""

    class Meta:
        model = SavedView
        fields = ["name", "team"]

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        if self.instance.owner_id is None:
            self.instance.owner = user
        self.fields["team"] = forms.ModelChoiceField(
            theirs(user, self.instance),
            required=False,
            empty_label="Only me",
            widget=UnfoldAdminSelectWidget,
        )

    def _get_validation_exclusions(self) -> set[str]:
        # The owner is no field, and decides with the name whether there is such a view already.
        return cast("set[str]", super()._get_validation_exclusions()) - {"owner"}  # type: ignore[misc]

    def clean(self) -> dict[str, Any]:
        """Refuses one view too many: each is counted for the sidebar, again and again."""
        values = super().clean() or {}
        team = values.get("team")
        siblings = SavedView.objects.exclude(pk=self.instance.pk)
        siblings = (
            siblings.filter(team=team)
            if team
            else siblings.filter(team=None, owner=self.instance.owner)
        )
        if siblings.count() >= SavedView.MOST:
            whose = f"{team} has" if team else "You have"
            raise ValidationError(
                f"{whose} {SavedView.MOST} views already. Delete one that nobody needs."
            )
        return values


def theirs(user: User, view: SavedView | None = None) -> Any:
    """The teams that this person may share a view with: those that he is in or leads."""
    found = Q(pk__in=user.teams.values("pk")) | Q(lead=user)
    if view is not None and view.team_id:
        found |= Q(pk=view.team_id)
    return Team.objects.filter(found)


def quietly(admin_site: admin.AdminSite, page: Page) -> Page:
    """For what a page asks by itself: who is signed out gets 401, not a page to sign in."""

    @wraps(page)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not admin_site.has_permission(request):
            return HttpResponse(status=401)
        return admin_site.admin_view(page)(request, *args, **kwargs)

    return never_cache(answer)


class SavedViewPages:
    """What the list of tickets has beside its rows: views, columns, and the sidebar's numbers."""

    admin_site: admin.AdminSite
    has_view_or_change_permission: Callable[..., bool]

    def view_urls(self) -> list[URLPattern]:
        """Below the list's own address."""
        view = self.admin_site.admin_view
        return [
            path("queues/", quietly(self.admin_site, self.queues), name="tickets_ticket_queues"),
            path("views/", view(self.keep_view), name="tickets_ticket_views"),
            path("columns/", view(self.choose_columns), name="tickets_ticket_columns"),
        ]

    def own_views(self, request: HttpRequest) -> list[SavedView]:
        """Asked once for each request."""
        held = vars(request)
        if "own_views" not in held:
            held["own_views"] = own_views(reader(request).user)
        return cast("list[SavedView]", held["own_views"])

    def queues(self, request: HttpRequest) -> HttpResponse:
        """The sidebar's queues with their numbers; 204 when they are as they were (`seen`)."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        own = own_views(reader(request).user)
        counts = counted(own, reader(request))
        queues, views = links(_open_queue(request), own, counts)
        seen = hashlib.sha256(repr((queues, views)).encode()).hexdigest()[:16]
        if request.GET.get("seen") == seen:
            return HttpResponse(status=204)
        address = reverse("admin:tickets_ticket_queues")
        values = {"queues": queues, "views": views, "url": address, "seen": seen}
        return render(request, "admin/tickets/queues.html", values)

    def menu(self, request: HttpRequest) -> dict[str, Any]:
        """What the menus above the list offer, for the address as it is."""
        user, params, own = reader(request).user, dict(request.GET.lists()), self.own_views(request)
        key, columns = current_key(params, own), shown(params, own, user)
        saved = next((view for view in own if key_of(view) == key), None)
        # Not for what a page asks by itself, which shows no menus.
        is_page = "HX-Request" not in request.headers
        refused = request.session.pop(REFUSED, None) if is_page else None
        queues, views = links(params, own)
        return {
            "queues": queues,
            "own_views": views,
            "queue_key": key,
            "queue_query": request.GET.urlencode(),
            "saved_view": saved,
            "may_edit_view": saved is not None and saved.is_editable_by(user),
            "is_view_changed": saved is not None and _differs(saved, params, columns),
            "orders": _orders(params),
            "order_title": ORDERS[order_of(params)][0],
            "columns": [(name, title, name in columns) for name, (_, title) in COLUMNS.items()],
            "link_with_columns": _changed(params, {SHOWN: ",".join(columns)}),
            "refused_view": refused,
            "my_teams": [team for team in teams(request) if getattr(team, "is_mine", False)],
        }

    def keep_view(self, request: HttpRequest) -> HttpResponse:
        """Save the queue as it stands under a name, or a view of one's own as it stands now."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        user, params = reader(request).user, parsed(request.POST.get("query", ""))
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        own = own_views(user)
        query, sort, columns = canonical(params), order_of(params), shown(params, own, user)
        sort = "" if sort == orders_for(params)[0] else sort
        try:
            view = self._saved(request, query=query, sort=sort, columns=columns)
        except ValidationError as refusal:
            for sentence in refusal.messages:
                messages.error(request, sentence)
            typed = {name: request.POST.get(name, "")[:100] for name in ("name", "team")}
            request.session[REFUSED] = typed
            return HttpResponseRedirect(_queue(request.POST.get("query", "")))
        messages.success(request, f"The view “{view}” is saved.")
        return HttpResponseRedirect(_queue(view_query(view)))

    def _saved(self, request: HttpRequest, **shape: Any) -> SavedView:
        """The view, new or changed. Raises ValidationError, PermissionDenied."""
        user = reader(request).user
        _check(shape["query"], reader(request))
        with transaction.atomic():
            # Views of one person are saved one after another, so that the number of them holds.
            User.objects.select_for_update(no_key=True).get(pk=user.pk)
            if number := request.POST.get("view"):
                may = SavedView.objects.editable_by(user).select_related("team")
                view = may.filter(pk=number).first() if number.isdecimal() else None
                if view is None or not request.user.has_perm("tickets.change_savedview"):
                    raise PermissionDenied
                for name, value in shape.items():
                    setattr(view, name, value)
                view.save(update_fields=list(shape))
                return view
            if not request.user.has_perm("tickets.add_savedview"):
                raise PermissionDenied
            form = SavedViewForm(request.POST, user=user, instance=SavedView(**shape))
            if not form.is_valid():
                raise ValidationError([str(e) for each in form.errors.values() for e in each])
            try:
                with transaction.atomic():
                    return cast("SavedView", form.save())
            except IntegrityError:
                # A colleague shared one with the same team at the same moment.
                raise ValidationError("There is a view of that name.") from None

    def choose_columns(self, request: HttpRequest) -> HttpResponse:
        """Keep the columns for this person and this queue or view; none of them: the usual ones."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        user, params = reader(request).user, parsed(request.POST.get("query", ""))
        own = own_views(user)
        keys = {"", *(queue.key for queue in QUEUES), *map(key_of, own)}
        key, chosen = current_key(params, own), known(request.POST.getlist("columns"))
        if "usual" in request.POST:
            chosen = []
        elif not chosen:
            messages.error(request, "Choose at least one column beside the ticket.")
            return HttpResponseRedirect(_queue(request.POST.get("query", "")))
        with transaction.atomic():
            held = User.objects.select_for_update(no_key=True).get(pk=user.pk)
            kept = {name: value for name, value in held.queue_columns.items() if name in keys}
            held.queue_columns = (
                {**kept, key: chosen}
                if chosen
                else {name: value for name, value in kept.items() if name != key}
            )
            held.save(update_fields=["queue_columns"])
        return HttpResponseRedirect(_queue(_changed(params, {SHOWN: ""})))


def _check(query: str, asking: Reader) -> None:
    """Refuses filters that the queue does not know, so that no view is dead from its beginning."""
    if len(query) > SavedView.LONGEST:
        raise ValidationError("These are too many filters for a view.")
    try:
        params = filters_of(parsed(query))
        params.pop("q", None)
        narrowed(Ticket.objects.none(), params, asking)
    except ValueError:
        raise ValidationError("The queue does not know one of these filters.") from None


def _orders(params: dict[str, list[str]]) -> list[dict[str, Any]]:
    present, usual = order_of(params), orders_for(params)[0]
    return [
        {
            "title": ORDERS[name][0],
            "url": f"?{_changed(params, {SORT: '' if name == usual else name, 'p': ''})}",
            "is_current": name == present,
        }
        for name in orders_for(params)
    ]


def _differs(view: SavedView, params: dict[str, list[str]], columns: Sequence[str]) -> bool:
    """Whether the queue is narrowed, ordered or shown in another way than the view has it."""
    order = order_of({**parsed(view.query), SORT: [view.sort]})
    return (
        canonical(params) != view.query
        or order_of(params) != order
        or (bool(view.columns) and list(columns) != known(view.columns))
    )


def _changed(params: dict[str, list[str]], changes: dict[str, str]) -> str:
    """The query with these parameters changed; "" takes one away."""
    merged = {**params, **{name: [value] for name, value in changes.items()}}
    return urlencode({name: values for name, values in merged.items() if any(values)}, doseq=True)


def _queue(query: str) -> str:
    address = reverse("admin:tickets_ticket_changelist")
    return f"{address}?{query}" if query else address


def _open_queue(request: HttpRequest) -> dict[str, list[str]] | None:
    """The parameters of the list of tickets in the browser; None: another page is open there."""
    current = urlsplit(request.headers.get("HX-Current-URL", ""))
    is_queue = current.path == reverse("admin:tickets_ticket_changelist")
    return parsed(current.query) if is_queue else None


@admin.register(SavedView)
class SavedViewAdmin(ModelAdmin):
    """Rename, share and delete; filters, order and columns are saved from the queue."""

    list_display = ["name", "team", "owner"]
    list_select_related = ["team", "owner"]
    fields = ["name", "team"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> Any:
        # Numbers, not a join with members: no row comes twice.
        return SavedView.objects.visible_to(cast("User", request.user))

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """The same form as at the queue, for the person who asks."""
        user = cast("User", request.user)
        base = super().get_form(request, obj, **{**kwargs, "form": SavedViewForm})

        class Form(base):  # type: ignore[misc, valid-type]
            def __init__(self, *args: Any, **values: Any) -> None:
                super().__init__(*args, user=user, **values)

        return Form

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: SavedView | None = None) -> bool:
        may = bool(super().has_change_permission(request, obj))
        return may and (obj is None or obj.is_editable_by(cast("User", request.user)))

    def has_delete_permission(self, request: HttpRequest, obj: SavedView | None = None) -> bool:
        may = bool(super().has_delete_permission(request, obj))
        return may and (obj is None or obj.is_editable_by(cast("User", request.user)))

    def response_post_save_change(self, request: HttpRequest, obj: SavedView) -> HttpResponse:
        """Back to the view, from which one came here."""
        return HttpResponseRedirect(_queue(view_query(obj)))

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: int) -> HttpResponse:
        """Back to the queue."""
        messages.success(request, f"The view “{obj_display}” is deleted.")
        return HttpResponseRedirect(_queue(""))

"""Tags: looked after as a list, renamed, and put together."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

from tickets import tagging
from tickets.models import Tag, clean_tag
from tickets.models.tags import LONGEST_TAG


class TagForm(forms.ModelForm):  # type: ignore[type-arg]
    """The name; or another tag that takes the place of this one."""

    merge_into = forms.CharField(
        label="Put together with",
        max_length=LONGEST_TAG,
        required=False,
        help_text="The name of another tag: all tickets of this one get it, and this one is "
        "deleted.",
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )

    class Meta:
        model = Tag
        fields = ["name"]

    def clean_name(self) -> str:
        """As it is stored, so that it is compared with the others as that."""
        return clean_tag(self.cleaned_data["name"])

    def clean_merge_into(self) -> Tag | None:
        """The other tag. Raises ValidationError for none, and for this one."""
        name = self.cleaned_data["merge_into"].strip()
        if not name:
            return None
        other = Tag.objects.exclude(pk=self.instance.pk).filter(name=clean_tag(name)).first()
        if other is None:
            raise ValidationError("There is no other tag of this name.")
        return other


@admin.register(Tag)
class TagAdmin(ModelAdmin):
    """All tags by name. Agents make new ones on tickets."""

    form = TagForm
    list_display = ["name"]
    search_fields = ["name"]
    show_full_result_count = False

    def get_fields(self, request: HttpRequest, obj: Tag | None = None) -> list[str]:
        """A new tag has nothing to be put together."""
        return ["name", "merge_into"] if obj and self.has_change_permission(request) else ["name"]

    def save_model(self, request: HttpRequest, obj: Tag, form: Any, change: bool) -> None:
        """Rename it, or let the other one take its place."""
        into = form.cleaned_data.get("merge_into")
        if into is None:
            super().save_model(request, obj, form, change)
        else:
            tagging.merge_tags(tag=Tag.objects.get(pk=obj.pk), into=into)

    def response_change(self, request: HttpRequest, obj: Tag) -> HttpResponse:
        """A tag that was put together with another one has no page any more."""
        if Tag.objects.filter(pk=obj.pk).exists():
            return cast("HttpResponse", super().response_change(request, obj))
        messages.success(request, f"The tickets of “{obj}” have the other tag now.")
        return HttpResponseRedirect(reverse("admin:tickets_tag_changelist"))

"""People: users (customers and staff), their organizations, and the teams of agents."""

from __future__ import annotations

from datetime import time
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Func, QuerySet, TextField, Value
from django.db.models.functions import Lower

from sla.models import Policy
from sla.models.calendars import is_time_zone

# A domain that is reserved (RFC 2606): no mail ever comes from there or goes there.
MACHINE = "automatic@desk.invalid"


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A new user; without a password nobody can sign in with one."""
        user = self.model(email=self.clean_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def staff(self) -> QuerySet[User]:
        """Those who work here now."""
        return self.filter(is_staff=True, is_active=True)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=self.clean_email(username or ""))

    def customer(self, email: str, name: str = "") -> User:
        """The person with this address, made a customer if unknown. Safe to call in parallel."""
        user, _ = self.get_or_create(
            email=self.clean_email(email), defaults={"name": name, "password": "!"}
        )
        return user

    def machine(self) -> User:
        """In whose name the desk writes by itself. Nobody can sign in as it, nor be assigned it."""
        user, _ = self.get_or_create(
            email=MACHINE,
            defaults={
                "name": "Automatic message",
                "password": "!",
                "is_staff": True,
                "is_active": False,
            },
        )
        return user

    @staticmethod
    def clean_email(email: str) -> str:
        """Addresses are compared without case, so they are stored in lower case."""
        return email.strip().lower()


# As the indexes below have them, and tickets.search asks: names, and addresses with their parts.
ORGANIZATION_WORDS = SearchVector("name", config="simple")
PERSON_WORDS = SearchVector(
    "name",
    "email",
    Func("email", Value("@.-_+"), Value("     "), function="translate", output_field=TextField()),
    config="simple",
)


class Organization(models.Model):
    """The customer's company."""

    name = models.CharField(max_length=200, unique=True)
    spoc = models.ForeignKey(
        "tickets.User",
        verbose_name="single point of contact",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="organizations_in_care",
        limit_choices_to={"is_staff": True},
        help_text="The member of staff whom this customer's escalations reach.",
    )
    policy = models.ForeignKey(
        Policy,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Empty: the default policy.",
    )
    domains = ArrayField(
        models.CharField(max_length=253),
        default=list,
        blank=True,
        help_text="Who writes from an address there belongs to it, such as acme.example.",
    )
    cc_follows = models.BooleanField(
        "copied people follow",
        default=False,
        help_text="Its people in the copy of a mail get the answers too.",
    )
    shares_tickets = models.BooleanField(
        "people see each other's tickets",
        default=False,
        help_text="Who is signed in sees, and may answer, every ticket of the organization.",
    )

    time_zone = models.CharField(
        max_length=64,
        blank=True,
        validators=[is_time_zone],
        help_text="Of its monthly report; empty: that of its policy's calendar.",
    )
    language = models.CharField(
        max_length=10,
        blank=True,
        choices=settings.LANGUAGES,
        help_text="Of its monthly report; empty: English.",
    )
    sends_report = models.BooleanField(
        "send a monthly report",
        default=False,
        help_text="To its single point of contact, and to those of its people who are marked.",
    )
    report_time = models.TimeField(
        "sent at", default=time(8), help_text="On the first of the next month, in its time zone."
    )
    next_report_month = models.DateField(
        null=True, editable=False, help_text="The first day of the month that is reported next."
    )
    next_report_at = models.DateTimeField(
        null=True, editable=False, help_text="When; empty: `tickets.monthly_reports` sets it."
    )

    class Meta:
        ordering = ["name"]
        indexes = [
            GinIndex(ORGANIZATION_WORDS, name="organization_words", fastupdate=False),
            # Read by tickets.monthly_reports: whose report is due.
            models.Index(
                fields=["next_report_at"],
                condition=models.Q(sends_report=True),
                name="organization_report",
            ),
        ]

    def __str__(self) -> str:
        return self.name


def policy_for(organization: Organization | None) -> Policy:
    """The policy in force: the organization's own, or the default one (policy, reading 9).

    Raises Policy.DoesNotExist while no policy has been loaded.
    """
    if organization and organization.policy_id:
        return Policy.objects.in_force().get(pk=organization.policy_id)
    return Policy.objects.default()


class User(AbstractBaseUser, PermissionsMixin):
    """Any person; `is_staff` tells agents, managers and administrators from customers."""

    email = models.EmailField("e-mail", unique=True)
    name = models.CharField(max_length=150, blank=True)
    organization = models.ForeignKey(
        Organization, null=True, blank=True, on_delete=models.PROTECT, related_name="users"
    )
    time_zone = models.CharField(
        max_length=64,
        blank=True,
        validators=[is_time_zone],
        help_text="Times are shown in this zone; empty: the calendar's own.",
    )
    language = models.CharField(
        max_length=10,
        blank=True,
        choices=settings.LANGUAGES,
        help_text="Of the customers' pages and of mails; empty: as the browser asks, and English.",
    )
    gets_report = models.BooleanField(
        "gets the monthly report",
        default=False,
        help_text="Of his organization, where it is sent: with the subjects of all its tickets.",
    )
    verified_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When this person first proved that the address is his; empty: never.",
    )
    links_void_before = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Ticket links made until then are void."
    )
    second_factor_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When this member of staff set up the second factor; empty: there is none.",
    )
    is_staff = models.BooleanField(
        "staff", default=False, help_text="May sign in to the desk; customers may not."
    )
    queue_columns = models.JSONField(
        default=dict,
        blank=True,
        editable=False,
        help_text="Name of a queue -> the columns that this agent chose there.",
    )
    signature = models.TextField(blank=True, help_text="Below what this agent writes to customers.")
    capacity = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="So many open tickets, beside those that wait for their customers, are handed "
        "to this agent by themselves; empty: no limit.",
    )
    has_shortcuts = models.BooleanField(
        "keyboard shortcuts",
        default=True,
        help_text="Single keys act in the queue and on a ticket's page.",
    )
    is_active = models.BooleanField("active", default=True)
    blocked_at = models.DateTimeField(
        "blocked since",
        null=True,
        blank=True,
        editable=False,
        help_text="For sending spam: mails of this person are ignored, and get no answer.",
    )
    joined_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ["email"]
        indexes = [
            GinIndex(PERSON_WORDS, name="user_words", fastupdate=False),
            # Read by tickets.mentions: the few who work here, among all customers.
            models.Index(
                fields=["name", "email"],
                condition=models.Q(is_staff=True, is_active=True),
                name="user_staff",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")),
                name="user_email_in_lower_case",
                violation_error_message="Write the address in lower case.",
            )
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] or self.email

    def clean(self) -> None:
        self.email = UserManager.clean_email(self.email)


class Team(models.Model):
    """A group of staff that tickets are handed to."""

    class Assignment(models.TextChoices):
        MANUAL = "manual", "By hand"
        ROUND_ROBIN = "round_robin", "Round robin"
        LEAST_LOADED = "least_loaded", "Least loaded"

    name = models.CharField(max_length=100, unique=True)
    lead = models.ForeignKey(
        User,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="teams_led",
        limit_choices_to={"is_staff": True},
    )
    members = models.ManyToManyField(
        User, blank=True, related_name="teams", limit_choices_to={"is_staff": True}
    )
    is_engineering = models.BooleanField(
        "engineering",
        default=False,
        help_text="Escalation steps that tell engineering tell this team.",
    )

    assignment = models.CharField(
        max_length=20,
        choices=Assignment,
        default=Assignment.MANUAL,
        help_text="How tickets that nobody has are handed to those members who are at work.",
    )
    last_assigned = models.ForeignKey(
        User,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Whose turn it was last.",
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

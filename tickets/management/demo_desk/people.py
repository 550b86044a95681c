"""Who works at the demo desk, and who writes to it. Made once; a second run finds them again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import Group

from tickets import defaults, roles
from tickets.management.demo_desk import NotReady
from tickets.models import Organization, Team, User

STAFF_DOMAIN = "desk.example"

# name, role
SUPPORT = [
    ("Meera Nair", roles.AGENT),  # Leads the team.
    ("Arjun Mehta", roles.AGENT),
    ("Priya Sharma", roles.AGENT),
    ("Daniel Okafor", roles.AGENT),
    ("Sofia Rossi", roles.AGENT),
    ("Kavya Reddy", roles.AGENT),
]
ENGINEERING = [
    ("Hannes Lindqvist", roles.AGENT),  # Leads the team.
    ("Ananya Das", roles.AGENT),
    ("Wei Chen", roles.AGENT),
]
OFFICE = [("Ruth Feldman", roles.MANAGER), ("Imran Qureshi", roles.ADMINISTRATOR)]


@dataclass(frozen=True)
class Company:
    """A customer: its single point of contact on our side, and those of its people who write."""

    name: str
    domain: str
    spoc: str
    zone: str
    people: tuple[str, ...]


# The zone is that of the people; an empty one is the calendar's own.
COMPANIES = [
    Company(
        "Brightwater Retail",
        "brightwater.example",
        "Meera Nair",
        "",
        ("Rohan Kulkarni", "Sneha Iyer", "Farah Khan", "Vikram Joshi", "Leela Menon"),
    ),
    Company(
        "Cedar & Pine Hotels",
        "cedarpine.example",
        "Daniel Okafor",
        "Europe/Berlin",
        ("Julia Brandt", "Marek Nowak", "Claire Dubois", "Jonas Weber"),
    ),
    Company(
        "Halden Bank",
        "haldenbank.example",
        "Sofia Rossi",
        "Europe/London",
        ("Oliver Grant", "Amelia Hughes", "Kwame Mensah"),
    ),
    Company(
        "Orchid Travel",
        "orchidtravel.example",
        "Kavya Reddy",
        "Asia/Singapore",
        ("Mei Ling Tan", "Nurul Aziz", "Deepak Pillai", "Grace Lim"),
    ),
]


@dataclass(frozen=True)
class People:
    """Those who act in the demo; the first of each team leads it."""

    support: list[User]
    engineering: list[User]
    manager: User
    administrator: User
    customers: list[User]

    def accounts(self) -> list[tuple[str, User]]:
        """Role and person of those who get a password to look around with."""
        return [
            ("agent", self.support[1]),
            ("manager", self.manager),
            ("administrator", self.administrator),
        ]


def settle() -> People:
    """Make the people, teams and organizations that are missing; who is there stays as he is.

    Raises NotReady when a group of staff is missing.
    """
    support, engineering = _staff(SUPPORT), _staff(ENGINEERING)
    manager, administrator = _staff(OFFICE)
    _team(defaults.SUPPORT, support)
    _team(defaults.ENGINEERING, engineering)
    by_name = dict(zip((name for name, _ in SUPPORT), support, strict=True))
    customers = [
        customer
        for company in COMPANIES
        for customer in _customers(company, spoc=by_name[company.spoc])
    ]
    return People(support, engineering, manager, administrator, customers)


def _staff(rows: Iterable[tuple[str, str]]) -> list[User]:
    return [_member(name, role) for name, role in rows]


def _member(name: str, role: str) -> User:
    email = _address(name, STAFF_DOMAIN)
    user = User.objects.filter(email=email).first()
    if user is None:
        group = Group.objects.filter(name=role).first()
        if group is None:
            raise NotReady(f"There is no group “{role}”: run manage.py load_policy --overwrite.")
        user = User.objects.create_user(email, name=name, is_staff=True)
        user.groups.add(group)
    return user


def _team(name: str, members: list[User]) -> None:
    """Fill the team; whoever is in a team already stays there, whatever its name is by now."""
    if members[0].teams.exists():
        return
    team, _ = Team.objects.get_or_create(name=name)
    if team.lead is None:
        team.lead = members[0]
        team.save(update_fields=["lead"])
    if not team.members.exists():
        team.members.set(members)


def _customers(company: Company, *, spoc: User) -> list[User]:
    addresses = {_address(name, company.domain): name for name in company.people}
    known = {user.email: user for user in User.objects.filter(email__in=addresses)}
    if known.keys() != addresses.keys():
        organization, _ = Organization.objects.get_or_create(
            name=company.name, defaults={"spoc": spoc}
        )
        for email, name in addresses.items():
            known[email] = known.get(email) or User.objects.create_user(
                email, name=name, organization=organization, time_zone=company.zone
            )
    return [known[email] for email in addresses]


def _address(name: str, domain: str) -> str:
    return f"{name.lower().replace(' ', '.')}@{domain}"

"""What happened to forty tickets of October 2026: literal facts, and nothing reckoned from them.

A ticket has a line: its number, whose it is, priority, channel, kind of request (with the share of
users affected), and when it was submitted; below it what was done about it. Kinds of request have
the team Support. Tickets 1 to 26 are under the default policy, and their times are those of Kolkata
(+05:30); 27 to 40 are under Berlin's, and their times are those of Berlin, where the clocks go back
by an hour on Sunday 25 October. Everywhere Monday to Friday, 9:00 to 17:00; Kolkata has a holiday
on Tuesday 20 October, Berlin on Monday 26 October.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tests.sla.forty.local import BERLIN, KOLKATA, instant

KINDS = {
    "down": "System down",
    "update": "Campaign update request",
    "incorrect": "Report shows incorrect data",
    "launch": "New campaign launch request",
    "refreshed": "Report not refreshed on time",
    "dashboard": "Minor dashboard issue",
    "idea": "Product enhancement or feature request",
}
# The agents and their teams; each is named by one who does or gets something.
AGENTS = {"Asha": "Support", "Chandra": "Support", "Bela": "Data"}
SPOCS = {"Acme": "Asha", "Cargo": "", "Bolt": "Bela", "Dorn": "Bela"}
OF_BERLIN = ("Bolt", "Dorn")
# In place of an organization: people who belong to none.
NONE = "none"
# What managers put breaches down to, by ticket, priority and metric.
REASONS = {
    ("02", "P3", "resolution"): "Waited for a supplier",
    ("03", "P3", "first_response"): "Too few people",
    ("06", "P2", "resolution"): "Too few people",
    ("11", "P3", "first_response"): "Too few people",
    ("31", "P2", "resolution"): "Waited for a supplier",
}

FACTS = """
01 Acme P3 email refreshed     Mon 19 10:00
   Mon 19 10:15 tag billing
   Mon 19 10:30 to Asha
   Mon 19 12:00 reply
   Thu 22 10:00 resolve
   Fri 23 10:00 rate 5
   Fri 23 12:00 close
02 Acme P3 web -               Mon 19 16:30
   Mon 19 16:35 tag billing
   Mon 19 16:36 tag vip
   Mon 19 17:00 to Asha Support
   Wed 21 16:30 reply
   Tue 27 17:00 escalate
   Wed 28 09:00 to Bela Data
   Wed 28 09:30 resolve
03 Acme P3 whatsapp refreshed  Tue 20 11:00
   Wed 21 09:05 to Chandra
   Wed 21 17:05 reply
   Tue 27 16:59 resolve
04 Acme P2 web incorrect       Fri 23 15:00
   Fri 23 15:10 to Chandra
   Fri 23 16:00 reply
   Mon 26 15:00 resolve
   Tue 27 10:00 rate 4
05 Acme P1 phone down=60       Sat 24 22:00
   Sat 24 22:10 to Asha
   Sat 24 23:30 reply
   Sun 25 08:00 make P2
   Tue 27 12:00 resolve
06 Acme P1 phone -             Wed 21 20:00
   Wed 21 20:05 tag vip
   Wed 21 22:30 reply
   Thu 22 08:30 to Bela Data
   Thu 22 09:00 make P2
   Sun 25 10:00 resolve
07 Cargo P3 slack launch       Wed 21 10:00
   Wed 21 10:05 to Chandra
   Wed 21 12:00 make P1
   Wed 21 13:00 reply
   Wed 21 23:00 resolve
   Thu 22 10:00 rate 1
   Fri 23 10:00 rate 5
08 Cargo P3 email -            Mon 19 09:00
   Wed 21 11:00 make P2
   Wed 21 11:30 to Asha Support
   Thu 22 10:30 reply
   Fri 23 12:00 resolve
09 Cargo P3 web launch         Fri 23 14:00
   Fri 23 14:30 to Chandra
   Mon 26 13:00 make P2
   Mon 26 14:30 reply
   Wed 28 10:00 wait
   Thu 29 10:00 resume
   Fri 30 12:00 resolve
10 Cargo P4 web idea           Mon 19 11:00
   Mon 19 12:00 to Bela Data
   Thu 22 12:00 reply
11 none P3 email refreshed     Mon 26 10:00
   Wed 28 10:00 escalate
12 none P1 phone -             Fri 30 12:00
13 Acme P3 slack -             Thu 22 14:00
   Thu 22 14:10 to Asha Support
   Thu 22 15:00 reply
   Fri 23 10:00 wait
14 Acme P2 email -             Mon 26 09:30
   Mon 26 09:40 to Chandra Support
   Mon 26 10:00 reply
   Thu 29 11:30 wait
15 none P2 google_chat update  Sat 24 11:00
   Mon 26 09:15 to Chandra
   Mon 26 09:30 reply
   Tue 27 10:00 resolve
   Wed 28 10:00 reopen
   Wed 28 10:30 resolve
16 Acme P3 web refreshed       Mon 19 12:00
   Mon 19 12:30 to Chandra
   Mon 19 13:00 reply
   Mon 26 12:00 resolve
   Tue 27 12:00 reopen
   Tue 27 15:00 to Bela Data
   Thu 29 12:00 resolve
17 Cargo P3 email -            Wed 21 13:00
   Wed 21 15:00 spam
18 Cargo P1 phone -            Thu 22 18:00
   Thu 22 21:00 merge 19
19 Cargo P1 phone down=30      Thu 22 17:00
   Thu 22 17:10 to Chandra
   Thu 22 18:30 reply
   Fri 23 04:00 resolve
20 none P3 phone -             Mon 26 11:00
   Mon 26 11:15 to Asha Support
   Mon 26 11:30 reply
   Mon 26 12:00 engineering
   Wed 28 12:00 back
   Fri 30 11:00 resolve
21 Acme P3 web refreshed       Wed 28 10:00
   Wed 28 10:20 to Asha
   Wed 28 10:30 engineering
   Thu 29 11:00 escalate
   Fri 30 11:00 escalate
22 Acme P3 email refreshed     Mon 12 10:00
   Mon 12 10:30 to Asha
   Tue 13 10:00 reply
   Mon 19 11:00 resolve
23 Cargo P2 slack update       Wed 14 16:00
   Thu 15 09:00 to Chandra
   Thu 15 17:00 reply
   Fri 16 16:00 resolve
   Fri 16 17:00 rate 4
24 none P1 phone down=90       Sun 18 10:00
   Sun 18 10:05 to Bela Data
   Sun 18 11:00 reply
   Sun 18 21:00 resolve
   Mon 19 09:00 rate 2
25 none P3 web -               Mon 19 00:30
   Mon 19 09:00 to Asha Support
   Mon 19 09:10 reply
   Fri 23 09:00 resolve
   Fri 23 12:00 close
26 Acme P3 email refreshed     Thu 1 00:15
   Thu 1 00:20 tag billing
   Thu 1 09:00 to Asha
   Thu 1 10:00 reply
   Thu 15 10:00 to Bela Data
   Wed 21 10:00 resolve
27 Bolt P3 web refreshed       Fri 23 10:00
   Fri 23 10:10 to Asha
   Tue 27 10:00 reply
28 Bolt P1 phone -             Sun 25 02:30
   Sun 25 03:15 reply
   Sun 25 09:00 to Bela Data
   Sun 25 14:00 resolve
29 Dorn P1 phone down=45       Sat 24 20:00
   Sat 24 20:10 to Chandra
   Sat 24 21:00 reply
   Sun 25 07:00 make P2
   Thu 29 16:00 resolve
30 Bolt P2 web incorrect       Thu 22 15:00
   Thu 22 15:05 tag vip
   Thu 22 15:10 to Chandra
   Fri 23 12:00 reply
   Fri 23 13:00 wait
   Tue 27 11:00 write
   Thu 29 12:00 resolve
31 Bolt P2 email update        Wed 21 11:00
   Wed 21 11:10 to Asha
   Wed 21 11:30 reply
   Thu 22 11:00 engineering
   Fri 23 11:00 back
   Tue 27 12:00 escalate
   Wed 28 13:00 resolve
32 Dorn P3 email refreshed     Tue 20 09:00
   Tue 20 09:10 to Bela Data
   Tue 20 10:00 reply
   Wed 21 16:00 write
   Thu 22 16:30 reply
   Tue 27 15:00 resolve
   Wed 28 09:00 rate 3
33 Dorn P3 web -               Wed 21 14:00
   Wed 21 14:10 to Asha Support
   Wed 21 15:00 reply
   Wed 21 16:00 wait
   Fri 23 10:00 write
   Fri 23 11:00 reply
34 Bolt P3 web -               Thu 22 09:30
   Thu 22 13:00 merge 35
35 Bolt P3 email -             Thu 22 12:00
   Thu 22 13:10 to Chandra Support
   Fri 23 09:00 reply
36 Dorn P4 web dashboard       Thu 15 08:00
   Thu 15 10:00 to Chandra
   Fri 16 16:00 reply
37 Dorn P4 web idea            Wed 21 17:30
   Thu 22 10:00 to Bela Data
   Fri 23 17:00 reply
   Thu 29 17:00 resolve
38 Bolt P3 email -             Wed 28 10:00
   Wed 28 12:00 withdraw
39 Bolt P3 email refreshed     Wed 30 23:30
   Thu 1 09:30 reply
   Fri 2 10:00 wait
40 Dorn P2 web update          Tue 27 09:00
   Tue 27 12:00 make P3
   Tue 27 15:50 to Asha
   Tue 27 16:00 reply
"""
# When everything is looked at: Friday 30 October, 15:30 in Kolkata and 11:00 in Berlin.
NOW = instant("Fri 30 15:30", KOLKATA)


@dataclass(frozen=True)
class Act:
    """What was done: a verb of the table, with what it needs."""

    ticket: str
    at: datetime
    verb: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """One ticket, as it came in, and what was done about it, in order."""

    number: str
    organization: str
    priority: str
    channel: str
    kind: str
    share: int | None
    at: datetime
    acts: tuple[Act, ...]

    @property
    def zone(self) -> str:
        return zone_of(self.number)

    @property
    def tags(self) -> list[str]:
        return [act.words[0] for act in self.acts if act.verb == "tag"]

    @property
    def counts(self) -> bool:
        """Whether reports count the ticket: spam and what was merged into another they do not."""
        return not any(act.verb in ("spam", "merge") for act in self.acts)

    def when(self, *verbs: str) -> list[datetime]:
        """When any of this was done."""
        return [act.at for act in self.acts if act.verb in verbs]


def zone_of(number: str) -> str:
    """In which zone the times of a ticket are written."""
    return KOLKATA if int(number) <= 26 else BERLIN


def _cases() -> Iterator[Case]:
    for block in re.split(r"\n(?=\d\d )", FACTS.strip()):
        head, *lines = block.splitlines()
        number, organization, priority, channel, kind, *when = head.split()
        kind, _, share = kind.partition("=")
        zone = zone_of(number)
        acts = []
        for line in lines:
            weekday, day, clock, verb, *words = line.split()
            at = instant(f"{weekday} {day} {clock}", zone)
            acts.append(Act(number, at, verb, tuple(words)))
        yield Case(
            number=number,
            organization=organization,
            priority=priority,
            channel=channel,
            kind=KINDS.get(kind, ""),
            share=int(share) if share else None,
            at=instant(" ".join(when), zone),
            acts=tuple(acts),
        )


CASES = {case.number: case for case in _cases()}

"""What became of every promise about the forty tickets, worked out by hand from the policy.

A line for each: the ticket, the metric, the priority; when it was made, when it was due, when it
ended; how; the opening hours that it took, and the time as its own target counts where that is
another; how late it was, elapsed and in opening hours; who had it when that was decided; and
"asked" where engineering had been asked by then. Times are those of the ticket's own zone.

How it ended:
  kept, broken   fulfilled in time, or late
  missed         another promise took its place after the deadline: broken
  late           not fulfilled, and the deadline is over at NOW: broken
  stood          the customer was waited for from after the deadline on: broken
  running, paused  neither kept nor broken at NOW
  replaced, spam   counts nowhere

Default policy: P1 2 and 12 hours, P2 8 business hours and 72 hours, P3 1 and 5 business days, P4 2
and 10. Berlin: P2 4 and 24 business hours, the next response to P3 8 business hours; engineering
pauses the resolution. Both: waiting for the customer pauses the resolution, and lowering P1 keeps
its resolution. Business days below are those by whose end, or whose time of day, it was due.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.sla.forty.facts import zone_of
from tests.sla.forty.local import instant, span

METRICS = {"first": "first_response", "next": "next_response", "solve": "resolution"}

OUTCOMES = """
# Tue 20 is a holiday: a day is Wed 21; five are 21, 22, 23, 26, 27. Solved after 7 + 8 + 1 h.
01 first P3  Mon 19 10:00  Wed 21 10:00  Mon 19 12:00  kept    2:00   Support/Asha
01 solve P3  Mon 19 10:00  Tue 27 10:00  Thu 22 10:00  kept    16:00  Support/Asha
# Answered to the minute after ½ + 7½ h. Solved after ½ + 5 days of 8 h (21, 22, 23, 26, 27) + ½ h;
# handed over in between, after the deadline.
02 first P3  Mon 19 16:30  Wed 21 16:30  Wed 21 16:30  kept    8:00   Support/Asha
02 solve P3  Mon 19 16:30  Tue 27 16:30  Wed 28 09:30  broken  41:00  17:00/1:00  Support/Asha
# Submitted on the holiday: from Wed 21 9:00 on, by the closing of the 1st and the 5th day. Answered
# five minutes after closing; solved after 4 days (21, 22, 23, 26) and all but a minute of a fifth.
03 first P3  Tue 20 11:00  Wed 21 17:00  Wed 21 17:05  broken  8:00   0:05/0:00  Support/Chandra
03 solve P3  Tue 20 11:00  Tue 27 17:00  Tue 27 16:59  kept    39:59  Support/Chandra
# 8 business hours: 2 on Fri, 6 on Mon; 72 hours end at the same minute, and so does the ticket.
04 first P2  Fri 23 15:00  Mon 26 15:00  Fri 23 16:00  kept    1:00   Support/Chandra
04 solve P2  Fri 23 15:00  Mon 26 15:00  Mon 26 15:00  kept    8:00 72:00  Support/Chandra
# At the weekend, day and night. Lowered after 10 h: kept; P2 is measured from the submission.
05 first P1  Sat 24 22:00  Sun 25 00:00  Sat 24 23:30  kept    0:00 1:30   Support/Asha
05 solve P1  Sat 24 22:00  Sun 25 10:00  Sun 25 08:00  kept    0:00 10:00  Support/Asha
05 solve P2  Sat 24 22:00  Tue 27 22:00  Tue 27 12:00  kept    11:00 62:00  Support/Asha
# Half an hour late, lowered an hour late, solved 14 h late; nobody had it before Thu 8:30.
06 first P1  Wed 21 20:00  Wed 21 22:00  Wed 21 22:30  broken  0:00 2:30   0:30/0:00   -/-
06 solve P1  Wed 21 20:00  Thu 22 08:00  Thu 22 09:00  broken  0:00 13:00  1:00/0:00   -/-
06 solve P2  Wed 21 20:00  Sat 24 20:00  Sun 25 10:00  broken  16:00 86:00 14:00/0:00  Data/Bela
# Raised in time: both of P3 are replaced. P1 from Wed 12:00: solved after 11 h, 5 of them open.
07 first P3  Wed 21 10:00  Thu 22 10:00  Wed 21 12:00  replaced
07 solve P3  Wed 21 10:00  Wed 28 10:00  Wed 21 12:00  replaced
07 first P1  Wed 21 12:00  Wed 21 14:00  Wed 21 13:00  kept    1:00       Support/Chandra
07 solve P1  Wed 21 12:00  Thu 22 00:00  Wed 21 23:00  kept    5:00 11:00  Support/Chandra
# Raised 2 h too late: the first response of P3 stays missed, and caps nothing. P2 from Wed 11:00:
# 6 + 2 h; answered after 6 + 1½ h; solved after 6 + 8 + 3 h.
08 first P3  Mon 19 09:00  Wed 21 09:00  Wed 21 11:00  missed  2:00/2:00  -/-
08 solve P3  Mon 19 09:00  Tue 27 09:00  Wed 21 11:00  replaced
08 first P2  Wed 21 11:00  Thu 22 11:00  Thu 22 10:30  kept    7:30        Support/Asha
08 solve P2  Wed 21 11:00  Sat 24 11:00  Fri 23 12:00  kept    17:00 49:00  Support/Asha
# Raised an hour before P3 was due: P2 would have 4 + 4 h until Tue 27 13:00, but P3 was promised by
# Mon 14:00. Solved: 72 h from Mon 13:00, and 24 h of waiting; 95 - 24 h counted, and of opening
# hours 4 + 8 + 1 before and 7 + 3 after the pause.
09 first P3  Fri 23 14:00  Mon 26 14:00  Mon 26 13:00  replaced
09 solve P3  Fri 23 14:00  Fri 30 14:00  Mon 26 13:00  replaced
09 first P2  Mon 26 13:00  Mon 26 14:00  Mon 26 14:30  broken  1:30  0:30/0:30  Support/Chandra
09 solve P2  Mon 26 13:00  Fri 30 13:00  Fri 30 12:00  kept    23:00 71:00  Support/Chandra
# Two days: 21, 22. Answered after 6 + 8 + 3 h. Ten: 21, 22, 23, 26 to 30, Mon 2, Tue 3 November.
10 first P4  Mon 19 11:00  Thu 22 11:00  Thu 22 12:00  broken  17:00  1:00/1:00  Data/Bela
10 solve P4  Mon 19 11:00  Tue 3 11:00   -             running Data/Bela
# Never answered: 3 days, 5½ h late; of opening hours 7 + 8 + 8 + 6½.
11 first P3  Mon 26 10:00  Tue 27 10:00  -             late    77:30/29:30  Support/-
11 solve P3  Mon 26 10:00  Mon 2 10:00   -             running Support/-
12 first P1  Fri 30 12:00  Fri 30 14:00  -             late    1:30/1:30  -/-
12 solve P1  Fri 30 12:00  Sat 31 00:00  -             running -/-
# Stands still since the day after; the deadline leaves the pause out.
13 first P3  Thu 22 14:00  Fri 23 14:00  Thu 22 15:00  kept    1:00   Support/Asha
13 solve P3  Thu 22 14:00  Thu 29 14:00  -             paused  Support/Asha
# 7½ + ½ h. Stands still since two hours after its 72 hours.
14 first P2  Mon 26 09:30  Tue 27 09:30  Mon 26 10:00  kept    0:30   Support/Chandra
14 solve P2  Mon 26 09:30  Thu 29 09:30  -             stood   2:00/2:00  Support/Chandra
# Saturday: 8 h from Mon 9:00. Stood solved for 24 h, which are added to 72; 95½ - 24 h counted, and
# 8 + 1 + ½ open.
15 first P2  Sat 24 11:00  Mon 26 17:00  Mon 26 09:30  kept    0:30   Support/Chandra
15 solve P2  Sat 24 11:00  Wed 28 11:00  Wed 28 10:30  kept    9:30 71:30  Support/Chandra
# Stood solved from Mon 12:00 to Tue 12:00, 8 h open: due a day later. 5 + 24 + 3 and 5 + 8 + 3 h.
16 first P3  Mon 19 12:00  Wed 21 12:00  Mon 19 13:00  kept    1:00   Support/Chandra
16 solve P3  Mon 19 12:00  Wed 28 12:00  Thu 29 12:00  broken  48:00  24:00/8:00  Data/Bela
17 first P3  Wed 21 13:00  Thu 22 13:00  Wed 21 15:00  spam
17 solve P3  Wed 21 13:00  Wed 28 13:00  Wed 21 15:00  spam
# Merged into 19 an hour after the first response was missed; 19 has to be solved before.
18 first P1  Thu 22 18:00  Thu 22 20:00  Thu 22 21:00  missed  1:00/0:00  -/-
18 solve P1  Thu 22 18:00  Fri 23 06:00  Thu 22 21:00  replaced
# From closing time on: by night, no hour is open.
19 first P1  Thu 22 17:00  Thu 22 19:00  Thu 22 18:30  kept    0:00 1:30   Support/Chandra
19 solve P1  Thu 22 17:00  Fri 23 05:00  Fri 23 04:00  kept    0:00 11:00  Support/Chandra
# Engineering was asked after the answer, and pauses nothing: 6 + 8 + 8 + 8 + 2 h.
20 first P3  Mon 26 11:00  Tue 27 11:00  Mon 26 11:30  kept    0:30   Support/Asha
20 solve P3  Mon 26 11:00  Mon 2 11:00   Fri 30 11:00  kept    32:00  Support/Asha  asked
# 24 + 5½ h late; 7 + 6½ open. Five days: 29, 30, 2, 3, 4.
21 first P3  Wed 28 10:00  Thu 29 10:00  -  late  29:30/13:30  Support/Asha  asked
21 solve P3  Wed 28 10:00  Wed 4 10:00   -  running            Support/Asha  asked
# Before: days 13, 14, 15, 16, 19; solved after 7 + 4 * 8 + 2 h.
22 first P3  Mon 12 10:00  Tue 13 10:00  Tue 13 10:00  kept    8:00   Support/Asha
22 solve P3  Mon 12 10:00  Mon 19 10:00  Mon 19 11:00  broken  41:00  1:00/1:00  Support/Asha
# 1 + 7 h; answered after 1 + 8, solved after 48 h, 1 + 8 + 7 of them open.
23 first P2  Wed 14 16:00  Thu 15 16:00  Thu 15 17:00  broken  9:00   1:00/1:00  Support/Chandra
23 solve P2  Wed 14 16:00  Sat 17 16:00  Fri 16 16:00  kept    16:00 48:00  Support/Chandra
24 first P1  Sun 18 10:00  Sun 18 12:00  Sun 18 11:00  kept    0:00 1:00   Data/Bela
24 solve P1  Sun 18 10:00  Sun 18 22:00  Sun 18 21:00  kept    0:00 11:00  Data/Bela
# Half an hour after midnight: in Berlin it is Sunday 21:00. From Mon 9:00; days 19, 21, 22, 23, 26.
25 first P3  Mon 19 00:30  Mon 19 17:00  Mon 19 09:10  kept    0:10   Support/Asha
25 solve P3  Mon 19 00:30  Mon 26 17:00  Fri 23 09:00  kept    24:00  Support/Asha
# In Berlin it is September. Days 1, 2, 5, 6, 7; solved after 2 + 5 + 5 + 1 days (19) of 8 h + 1 h.
# 13 days and 17 h late; 8, 9, 12 to 16, 19 and an hour of the 21st open.
26 first P3  Thu 1 00:15   Thu 1 17:00   Thu 1 10:00   kept    1:00   Support/Asha
26 solve P3  Thu 1 00:15   Wed 7 17:00   Wed 21 10:00  broken  105:00  329:00/65:00  Support/Asha
# Berlin. Mon 26 is a holiday: a day is Tue 27; five are 27, 28, 29, 30, 2. 7 + 1 h, to the minute.
27 first P3  Fri 23 10:00  Tue 27 10:00  Tue 27 10:00  kept    8:00   Support/Asha
27 solve P3  Fri 23 10:00  Mon 2 10:00   -             running Support/Asha
# 2:30 comes twice that night, and it is the first. 2 h later it is 3:30, 12 h later 13:30; answered
# after an hour and three quarters, though the clocks say 0:45.
28 first P1  Sun 25 02:30  Sun 25 03:30  Sun 25 03:15  kept    0:00 1:45   -/-
28 solve P1  Sun 25 02:30  Sun 25 13:30  Sun 25 14:00  broken  0:00 12:30  0:30/0:00  Data/Bela
# 12 h across the change: 7:00, when it is lowered, to the minute. 24 h: Tue, Wed, Thu; one is left.
29 first P1  Sat 24 20:00  Sat 24 22:00  Sat 24 21:00  kept    0:00 1:00   Support/Chandra
29 solve P1  Sat 24 20:00  Sun 25 07:00  Sun 25 07:00  kept    0:00 12:00  Support/Chandra
29 solve P2  Sat 24 20:00  Thu 29 17:00  Thu 29 16:00  kept    23:00  Support/Chandra
# 2 + 2 h; answered after 2 + 3. 24 h: 2 + 8 + 8 + 6 until Wed 15:00, and 4 + 2 h of waiting: Thu
# 13:00. 2 + 4 before, and 6 + 8 + 3 h after the pause.
30 first P2  Thu 22 15:00  Fri 23 11:00  Fri 23 12:00  broken  5:00   1:00/1:00  Support/Chandra
30 solve P2  Thu 22 15:00  Thu 29 13:00  Thu 29 12:00  kept    23:00  Support/Chandra
# 24 h: 6 + 8 + 8 + 2 until Tue 11:00, and a day with engineering, 8 h: 6 + 2. 8 before the pause,
# and 6 + 8 + 4 h after it.
31 first P2  Wed 21 11:00  Wed 21 15:00  Wed 21 11:30  kept    0:30   Support/Asha
31 solve P2  Wed 21 11:00  Wed 28 11:00  Wed 28 13:00  broken  26:00  2:00/2:00  Support/Asha  asked
# Asked again at 16:00: 1 + 7 h, answered after 1 + 7½. Days 21, 22, 23, 27, 28; 4 * 8 + 6 h.
32 first P3  Tue 20 09:00  Wed 21 09:00  Tue 20 10:00  kept    1:00   Data/Bela
32 next  P3  Wed 21 16:00  Thu 22 16:00  Thu 22 16:30  broken  8:30   0:30/0:30  Data/Bela
32 solve P3  Tue 20 09:00  Wed 28 09:00  Tue 27 15:00  kept    38:00  Data/Bela
# Asked again on Fri 10:00: 7 + 1 h. Days 22, 23, 27, 28, 29 until 14:00, and 1 + 8 + 1 h of
# waiting: 3 + 7.
33 first P3  Wed 21 14:00  Thu 22 14:00  Wed 21 15:00  kept    1:00   Support/Asha
33 next  P3  Fri 23 10:00  Tue 27 10:00  Fri 23 11:00  kept    1:00   Support/Asha
33 solve P3  Wed 21 14:00  Fri 30 16:00  -             running Support/Asha
# Merged into 35, which keeps the earlier promises of 34 from then on: 7½ h until the answer.
34 first P3  Thu 22 09:30  Fri 23 09:30  Thu 22 13:00  replaced
34 solve P3  Thu 22 09:30  Fri 30 09:30  Thu 22 13:00  replaced
35 first P3  Thu 22 12:00  Fri 23 12:00  Thu 22 13:00  replaced
35 solve P3  Thu 22 12:00  Fri 30 12:00  Thu 22 13:00  replaced
35 first P3  Thu 22 09:30  Fri 23 09:30  Fri 23 09:00  kept    7:30   Support/Chandra
35 solve P3  Thu 22 09:30  Fri 30 09:30  -             late    1:30/1:30  Support/Chandra
# Before: from Thu 9:00, days 15, 16; 8 + 7 h. Ten: 15, 16, 19 to 23, 27, 28, 29.
36 first P4  Thu 15 08:00  Fri 16 17:00  Fri 16 16:00  kept    15:00  Support/Chandra
36 solve P4  Thu 15 08:00  Thu 29 17:00  -             late    18:00/2:00  Support/Chandra
# After closing: from Thu 9:00, days 22, 23; ten until Thu 5 November. Both to the minute of a
# closing, the second one at its goal of five days: 22, 23, 27, 28, 29.
37 first P4  Wed 21 17:30  Fri 23 17:00  Fri 23 17:00  kept    16:00  Data/Bela
37 solve P4  Wed 21 17:30  Thu 5 17:00   Thu 29 17:00  kept    40:00  Data/Bela
# The customer closed it: what was promised is kept. Days 29; 29, 30, 2, 3, 4.
38 first P3  Wed 28 10:00  Thu 29 10:00  Wed 28 12:00  kept    2:00   -/-
38 solve P3  Wed 28 10:00  Wed 4 10:00   Wed 28 12:00  kept    2:00   -/-
# In Kolkata it is October. Stands still since Fri 2.
39 first P3  Wed 30 23:30  Thu 1 17:00   Thu 1 09:30   kept    0:30   Support/-
39 solve P3  Wed 30 23:30  Wed 7 17:00   -             paused  Support/-
# Lowered in time: both of P2 are replaced by P3, measured from the submission. Days 28; 28 to 3.
40 first P2  Tue 27 09:00  Tue 27 13:00  Tue 27 12:00  replaced
40 solve P2  Tue 27 09:00  Thu 29 17:00  Tue 27 12:00  replaced
40 first P3  Tue 27 09:00  Wed 28 09:00  Tue 27 16:00  kept    7:00   Support/Asha
40 solve P3  Tue 27 09:00  Tue 3 09:00   -             running Support/Asha
"""

KEPT = {"kept"}
BROKEN = {"broken", "missed", "late", "stood"}
RUNNING = {"running", "paused"}
FULFILLED = {"kept", "broken"}


@dataclass(frozen=True)
class Promised:
    """One line of the table; instants are absolute, `who` is a team and an agent or ""."""

    ticket: str
    metric: str
    priority: str
    made: datetime
    due: datetime
    ended: datetime | None
    how: str
    business: timedelta | None
    counted: timedelta | None
    late: timedelta | None
    late_business: timedelta | None
    team: str
    agent: str
    engineering: bool

    @property
    def counts(self) -> bool:
        """Whether reports count it at all."""
        return self.how in KEPT | BROKEN | RUNNING

    @property
    def is_open(self) -> bool:
        """Whether it is broken, and gets later still."""
        return self.how == "late"


def _promised(line: str) -> Promised:
    ticket, metric, priority, *words = line.split()
    zone = zone_of(ticket)
    made, due = instant(" ".join(words[:3]), zone), instant(" ".join(words[3:6]), zone)
    ended, rest = (None, words[7:]) if words[6] == "-" else (words[6:9], words[9:])
    how, *rest = rest
    spans = [word for word in rest if ":" in word]
    used = [span(word) for word in spans if "/" not in word]
    late = [span(word) for both in spans if "/" in both for word in both.split("/")]
    who = [word for word in rest if "/" in word and word not in spans]
    team, agent = who[0].split("/") if who else ("-", "-")
    return Promised(
        ticket=ticket,
        metric=METRICS[metric],
        priority=priority,
        made=made,
        due=due,
        ended=instant(" ".join(ended), zone) if ended else None,
        how=how,
        business=used[0] if used else None,
        counted=used[-1] if used else None,
        late=late[0] if late else None,
        late_business=late[1] if late else None,
        team=team.strip("-"),
        agent=agent.strip("-"),
        engineering="asked" in rest,
    )


def _lines() -> Iterator[str]:
    return (line for line in OUTCOMES.strip().splitlines() if not line.startswith("#"))


PROMISES = [_promised(line) for line in _lines()]

"""Named places at which a process can be made to end at once, to prove that nothing is lost.

`FAILPOINT=send.after` ends the process when it comes there, `FAILPOINT=send.after:7` at the
seventh time; without the variable nothing happens.
"""

from __future__ import annotations

import os
from collections import Counter

KILLED = 137  # What a shell reports of a process that was killed.

_wanted, _, _times = os.environ.get("FAILPOINT", "").partition(":")
_reached: Counter[str] = Counter()


def reached(name: str) -> None:
    """End here, without any clean-up, when this is the place that was asked for."""
    if name != _wanted:
        return
    _reached[name] += 1
    if _reached[name] >= int(_times or 1):
        os._exit(KILLED)

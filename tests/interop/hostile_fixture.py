# SPDX-License-Identifier: BSD-3-Clause
"""The lies of tests/hostile_backend: which there are, and a back end that tells them."""

import os
import subprocess
import time

from testpmd_fixture import ROOT

PROGRAM = os.path.join(ROOT, "build/tests/hostile_backend/hostile_backend")
FORMATS = ["split", "packed", "split in_order", "packed in_order"]
PLAIN = ("split", "packed")
ORDERED = ("split in_order", "packed in_order")
RX, TX = 0, 1
# Traffic passes again within so many seconds; a loaded machine may set more.
LIMIT = float(os.environ.get("HOSTILE_LIMIT", "2"))

# What a good driver makes of a lie. BROKEN: the queue is refused for a reason, the device reset. DROPPED: a
# packet or request fails and is counted. IGNORED: it is of no interest. EITHER: depends on when it is seen.
BROKEN, DROPPED, IGNORED, EITHER = "broken", "dropped", "ignored", "either"


class Lie:
    """rows are those of the project's fault list; ids and places are what a ring of that format has."""

    def __init__(self, name, rows, where, formats, outcome, reason=""):
        self.name = name
        self.rows = rows
        self.where = where  # "rx", "tx", "blk"
        self.formats = formats
        self.outcome = outcome
        self.reason = reason


NO_ID = "used element names no descriptor"
NOT_OUT = "used element names a buffer not in flight"
INDEX = "used index beyond what is in flight"
PLACE = "a descriptor used out of its turn, or in the wrong lap"
STALLED = "no progress in the time that was given"
LATE = "a request is late"
SHORT = "fewer buffers used together than the device says"
# What is seen of a buffer that is used twice depends on when the driver looks.
TWICE = "|".join([NOT_OUT, INDEX, PLACE])
BATCH = TWICE + "|" + STALLED + "|a batch used in order goes beyond what is in flight"
SPLIT, PACKED = ("split",), ("packed",)

LIES = [
    Lie("id-huge", "25 27", "rx tx blk", PLAIN + ORDERED, BROKEN, NO_ID),
    Lie("id-past", "26 27", "rx tx blk", PLAIN, BROKEN, NO_ID),
    Lie("id-stale", "28", "rx tx blk", PLAIN, BROKEN, TWICE),
    Lie("id-stale", "28", "rx tx blk", ORDERED, BROKEN, BATCH),
    Lie("id-twice", "29", "rx tx blk", PLAIN, BROKEN, TWICE),
    Lie("id-twice", "29", "rx tx blk", ORDERED, BROKEN, BATCH),
    Lie("index-jump", "30", "rx tx blk", ("split", "split in_order"), BROKEN, INDEX),
    Lie("index-back", "31", "rx tx blk", SPLIT, BROKEN, INDEX),
    Lie("length-huge", "32", "rx", PLAIN + ORDERED, DROPPED),
    Lie("length-over", "32", "rx", PLAIN, DROPPED),
    Lie("length-huge", "33", "tx blk", PLAIN, IGNORED),
    Lie("length-short", "34", "rx", PLAIN, DROPPED),
    Lie("length-zero", "34", "rx", PLAIN, DROPPED),
    Lie("link-loop", "35", "rx tx blk", SPLIT, IGNORED),
    Lie("link-range", "36", "rx tx blk", SPLIT, IGNORED),
    Lie("driver-area", "37", "rx tx blk", PLAIN, IGNORED),
    Lie("double-fetch", "38", "rx tx blk", PLAIN, EITHER),
    Lie("all-flagged", "39", "rx tx blk", PACKED, BROKEN, TWICE),
    Lie("wrong-wrap", "40", "rx tx", PACKED, BROKEN, PLACE),
    Lie("wrong-wrap", "40", "blk", PACKED, BROKEN, PLACE + "|" + LATE),
    Lie("chain-count", "41", "rx tx", PACKED, BROKEN, PLACE),
    Lie("chain-count", "41", "blk", PACKED, BROKEN, PLACE + "|" + LATE),
    Lie("event-garbage", "42", "rx tx blk", PLAIN, IGNORED),
    Lie("lost-doorbell", "46", "tx blk", PLAIN, IGNORED),
    Lie("call-storm", "48", "rx blk", PLAIN, IGNORED),
    Lie("indirect-table", "50", "blk", PLAIN, IGNORED),
    Lie("order", "51", "tx blk", ORDERED, BROKEN, BATCH),
    Lie("csum-beyond", "53", "rx", PLAIN, DROPPED),
    Lie("gso-unknown", "54", "rx", PLAIN, DROPPED),
    Lie("buffers-huge", "55", "rx", PLAIN, BROKEN, SHORT),
    Lie("buffers-zero", "56", "rx", PLAIN, DROPPED),
    Lie("frame-oversize", "57", "rx", PLAIN, DROPPED),
    Lie("status-unwritten", "67", "blk", PLAIN, DROPPED),
    Lie("status-unknown", "67", "blk", PLAIN, DROPPED),
    Lie("silent", "103", "tx", PLAIN, BROKEN, STALLED),
    Lie("silent", "103", "blk", PLAIN, BROKEN, LATE),
]


def lies(where, form):
    """Those that can be told there."""
    return [lie for lie in LIES if where in lie.where.split() and form in lie.formats]


class BackEnd:
    """A hostile back end, while a with block lasts; it listens on path."""

    def __init__(self, kind, path, form):
        self.path = path
        self.process = subprocess.Popen([PROGRAM, kind, path, *form.split()], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, bufsize=1)
        assert self.process.stdout.readline() == "ready\n", "the hostile back end does not start"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def lie(self, lie, ring, after):
        answer = self.say(f"misbehave {lie.name} {ring} {after}")
        assert answer == "ok", f"{lie.name}: {answer}"

    def state(self):
        return {name: int(value) for name, value in (word.split("=") for word in self.say("stat").split())}

    def wait(self, seconds, wanted):
        """Looks at the state until wanted(state), or the time is over; returns the last state."""
        deadline = time.monotonic() + seconds
        while not wanted(state := self.state()) and time.monotonic() < deadline:
            time.sleep(0.02)
        return state

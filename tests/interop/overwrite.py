#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Usage: tests/interop/overwrite.py [--seconds N] [--seed N] [--ordinary] [WORD...]

A back end that overwrites all the memory it was given (tests/hostile_backend), against an
application that checks the owner of each packet buffer and the completion of each request
(exactly_once), for each device type and form of ring. Attacks last some seconds. Then the back end
turns honest: it stops, closes its connection, as a device would demand a reset, and serves the next
one; good data must pass again within two seconds, brought back by the application's own
recoveries and restarts. The application must not end or hang, and nothing may be delivered twice.
What the back end has is also searched for pointers to code and private memory.

  --seconds N   for each form; 20 unless given
  --seed N      of the first attack; one by the clock unless given. All are printed. What is
                overwritten follows from the seed, but not when
  --ordinary    shares all of EAL's memory. It is expected to fail
  WORD          only forms whose names have all of them"""

import concurrent.futures
import os
import signal
import sys
import time

from fixtures.cases import Cases, skip_part
from fixtures.hostile import LIMIT, BackEnd, Commanded
from fixtures.testpmd import ROOT, Fixture

APPLICATION = os.environ.get("EXACTLY_ONCE", os.path.join(ROOT, "build/tests/interop/exactly_once"))
FORMS = [
    "net split",
    "net packed",
    "net split in_order",
    "net packed in_order",
    "net split merged",
    "net packed merged",
    "blk split",
    "blk packed",
    "blk split in_order",
    "blk packed in_order",
]
# Forms at a time.
LANES = 2
# Ways to overwrite, see overwrite.h: all by turns, and each alone.
WAYS = ["srwb", "r", "w", "s", "b"]
ATTACK_SECONDS = 2.5
# Good data goes on for so long before the next attack.
HONEST_SECONDS = 0.4
# A call of the queue's functions; the machine may be busy, but not for so long.
SLOWEST_CALL = 2.0
SHOWN = 2500


def end_of(path):
    with open(path, "rb") as file:
        file.seek(max(0, os.path.getsize(path) - SHOWN))
        return file.read().decode(errors="replace")


def name_of_end(status):
    return signal.Signals(-status).name if status < 0 else f"status {status}"


class Form:
    """One form of ring: a back end and an application, and what they have done."""

    def __init__(self, name, fixture, is_isolated):
        self.name = name
        self.kind, self.words = name.split(" ", 1)
        path = fixture.path(name.replace(" ", "-"))
        self.logs = {"back end": path + ".back-end", "application": path + ".application"}
        self.files = [open(log, "wb") for log in self.logs.values()]
        self.back_end = BackEnd(self.kind, path + ".sock", self.words, self.files[0])
        self.spec = f"vhost-user:{path}.sock,type={self.kind}" + ",isolate=1" * is_isolated
        self.application = None
        self.took = []
        self.rounds = 0

    def start(self):
        eal = ["-l", "0,1", "--no-huge", "-m", "64", "--log-level=error"]
        self.application = Commanded(
            [APPLICATION, *eal, "--", self.kind, self.spec], self.files[1]
        )
        state = self.application.wait(10, lambda now: now["fresh"] >= 50)
        assert state["fresh"] >= 50, f"no good data to begin with: {state}"

    def stop(self):
        for program in (self.application, self.back_end):
            if program is not None:
                program.process.kill()
                program.process.communicate()
        for file in self.files:
            file.close()

    def search(self):
        found = self.back_end.numbers(f"search {self.application.process.pid}")
        print(f"# {self.name}: {found['bytes'] >> 10} KiB are shared", flush=True)
        assert found["bytes"] > 0 and found["code"] == 0 and found["private"] == 0, found

    def check(self, state, what):
        assert state["violations"] == 0, f"{what}: {state['violations']} violations"
        assert (
            state["slowest_us"] < SLOWEST_CALL * 1e6
        ), f"{what}: a call took {state['slowest_us'] / 1e6} s"

    def attack(self, seed, ways):
        before = self.application.state()
        assert self.application.request("attack") == "ok"
        assert self.back_end.request(f"overwrite {seed} {ways}") == "ok"
        end = time.monotonic() + ATTACK_SECONDS
        while time.monotonic() < end:
            time.sleep(0.1)
            state = self.application.state()
            self.check(state, "while it is overwritten")
        assert state["turns"] > before["turns"], "the queue's thread stands still"

    def turn_honest(self):
        """Returns the seconds until good data passed again."""
        assert self.back_end.request("honest") == "ok"
        assert self.application.request("honest") == "ok"
        state = self.application.wait(LIMIT + 3, lambda now: now["recovered_us"] > 0)
        self.check(state, "after the attack")
        assert state["recovered_us"] > 0, f"no good data {LIMIT + 3} s after the attack: {state}"
        assert (
            state["recovered_us"] < LIMIT * 1e6
        ), f"good data only {state['recovered_us'] / 1e6} s after the attack"
        before = self.back_end.state()
        time.sleep(HONEST_SECONDS)
        after, state = self.back_end.state(), self.application.state()
        self.check(state, "after the attack")
        assert after["good"] > before["good"], "good data has stopped again"
        assert after["wrong"] == before["wrong"], "frames come back wrong after the attack"
        assert after["faults"] == before["faults"], "the driver gave buffers that can't be"
        return state["recovered_us"] / 1e6

    def run(self, seconds, seed):
        """Attacks for so long, by all ways in turn."""
        end = time.monotonic() + seconds
        while time.monotonic() < end or self.rounds == 0:
            ways = WAYS[self.rounds % len(WAYS)]
            try:
                self.attack(seed + self.rounds, ways)
                self.took.append(self.turn_honest())
            except AssertionError as error:
                raise AssertionError(self.describe(error, seed + self.rounds, ways)) from None
            self.rounds += 1
        self.quit()

    def describe(self, error, seed, ways):
        try:
            last = self.back_end.request("last")
        except AssertionError as other:
            last = f"the back end: {other}"
        status = self.application.process.poll()
        return "\n".join(
            [
                f"{self.name}, seed {seed}, ways {ways}: {error}"
                + ("" if status is None else f" ({name_of_end(status)})"),
                f"overwritten last, WAY:ADDRESS+BYTES=VALUE: {last}",
                *(f"-- {name}:\n{end_of(log)}" for name, log in self.logs.items()),
            ]
        )

    def quit(self):
        state = dict(
            (name, int(value))
            for name, value in (
                word.split("=") for word in self.application.request("quit").split()
            )
        )
        status = self.application.process.wait(timeout=10)
        print(
            f"# {self.name}: {self.rounds} attacks, good data again after at most "
            f"{max(self.took):.2f} s; {state['recoveries']} recoveries, {state['restarts']} "
            f"restarts, {state['refused_starts']} refused, {state['failed']} requests failed",
            flush=True,
        )
        assert status == 0, self.describe(f"it ends badly, {state}", 0, "")


def run_form(cases, fixture, name, options):
    form = Form(name, fixture, options["isolated"])
    print(f"# {name}: seed {options['seed']}", flush=True)
    try:
        if not cases.run(f"{name}: good data before any attack", form.start):
            return
        cases.run(f"{name}: no pointer to code or private memory is shared", form.search)
        cases.run(
            f"{name}: survives a back end that overwrites all its memory",
            form.run,
            options["seconds"],
            options["seed"],
        )
    finally:
        form.stop()


def parse(arguments):
    options = {"seconds": 20.0, "seed": int(time.time()), "isolated": True}
    words = []
    arguments = list(arguments)
    while arguments:
        word = arguments.pop(0)
        if word == "--ordinary":
            options["isolated"] = False
        elif word in ("--seconds", "--seed") and arguments:
            options[word[2:]] = type(options[word[2:]])(arguments.pop(0))
        elif word.startswith("-"):
            print(__doc__)
            sys.exit(2)
        else:
            words.append(word)
    return options, words


def main(arguments):
    options, words = parse(arguments)
    if options["isolated"]:
        skip_part("devices can't be isolated yet")
    forms = [form for form in FORMS if all(word in form.split() for word in words)]
    cases = Cases(3 * len(forms))
    with Fixture() as fixture, concurrent.futures.ThreadPoolExecutor(LANES) as lanes:
        done = [lanes.submit(run_form, cases, fixture, form, options) for form in forms]
        for lane in done:
            lane.result()
    return 1 if cases.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Usage: tests/interop/overwrite.py [OPTION...] [WORD...]

A back end that overwrites all the memory it was given (tests/hostile_backend), against an
application that checks the owner of each packet buffer and the completion of each request
(exactly_once), for each device type and form of ring, and against kickless-testpmd. Attacks last
some seconds. Then the back end turns honest: it stops, closes its connection, as a device would
demand a reset, and serves the next one; good data must pass again within two seconds. The
application's own recoveries and restarts bring it back; of testpmd, whose port has failed, the
commands "port stop" and "port start". The application must not end or hang, and nothing may be
delivered twice. What the back end has is also searched for pointers to code and private memory.

  --seconds N   for each form; 20 unless given
  --seed N      of the first attack; one by the clock unless given. All are printed. What is
                overwritten follows from the seed, but not when
  --lanes N     forms at a time; 2 unless given
  --ways LETTERS  only these, see tests/hostile_backend/overwrite.h
  --ordinary    shares all of EAL's memory. It is expected to fail
  WORD          only forms whose names have all of them"""

import concurrent.futures
import os
import signal
import sys
import time

from fixtures.cases import Cases
from fixtures.hostile import LIMIT, BackEnd, Commanded
from fixtures.testpmd import ROOT, TOOL, Fixture, Prompt

# Under the sanitizers, which also see an access beyond private memory.
APPLICATION = os.environ.get(
    "EXACTLY_ONCE", os.path.join(ROOT, "build-sanitized/tests/interop/exactly_once")
)
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
    "testpmd split merged",
    "testpmd packed csum",
    "testpmd packed in_order",
]
# Ways to overwrite, see overwrite.h: all by turns, and each alone.
WAYS = ["srwb", "r", "w", "s", "b"]
ATTACK_SECONDS = 2.5
# Good data goes on for so long before the next attack.
HONEST_SECONDS = 0.4
# A call of the queue's functions; the machine may be busy, but not for so long.
SLOWEST_CALL = 2.0
SHOWN = 2500
# What the application may have more of at the end than after an attack of each way.
MORE_KIB = 16 << 10
MORE_FILES = 8


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
        device = "blk" if self.kind == "blk" else "net"
        path = fixture.path(name.replace(" ", "-"))
        self.logs = {"back end": path + ".back-end", "application": path + ".application"}
        self.files = [open(log, "wb") for log in self.logs.values()]
        self.back_end = BackEnd(device, path + ".sock", self.words, self.files[0])
        self.spec = f"vhost-user:{path}.sock,type={device}" + ",isolate=1" * is_isolated
        self.application = None
        self.took = []
        self.rounds = 0
        self.restarts = 0
        self.used = None
        self.written = 0  # words and blocks

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
        self.written += self.back_end.state()["overwritten"]

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

    def run(self, seconds, seed, ways_of_rounds):
        """Attacks for so long, by all ways in turn."""
        end = time.monotonic() + seconds
        while time.monotonic() < end or self.rounds == 0:
            ways = ways_of_rounds[self.rounds % len(ways_of_rounds)]
            try:
                self.attack(seed + self.rounds, ways)
                self.took.append(self.turn_honest())
            except AssertionError as error:
                raise AssertionError(self.describe(error, seed + self.rounds, ways)) from None
            self.rounds += 1
            if self.rounds == len(WAYS):
                self.used = self.resources()
        if self.used is not None:
            self.check_growth()
        self.quit()

    def resources(self):
        """Resident KiB, open files, and bytes that the back end was given."""
        process = f"/proc/{self.application.process.pid}"
        with open(process + "/statm", encoding="utf-8") as file:
            resident = int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") >> 10
        shared = self.back_end.numbers(f"search {self.application.process.pid}")["bytes"] >> 10
        return resident, len(os.listdir(process + "/fd")), shared

    def check_growth(self):
        """Nothing is lost at a recovery or a restart."""
        now = self.resources()
        for name, before, after, most in zip(
            ("KiB resident", "open files", "KiB shared"),
            self.used,
            now,
            (MORE_KIB, MORE_FILES, MORE_KIB),
        ):
            print(f"# {self.name}: {before} {name}, at the end {after}", flush=True)
            assert after <= before + most, f"{name}: {before}, at the end {after}"

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

    def show(self, counts):
        print(
            f"# {self.name}: {self.rounds} attacks, good data again after at most "
            f"{max(self.took):.2f} s; {counts}",
            flush=True,
        )

    def quit(self):
        state = dict(
            (name, int(value))
            for name, value in (
                word.split("=") for word in self.application.request("quit").split()
            )
        )
        status = self.application.process.wait(timeout=10)
        self.show(
            f"{self.written} writes, {state['good']} good, {state['recoveries']} recoveries, "
            f"{state['restarts']} restarts, {state['refused_starts']} refused, "
            f"{state['failed']} requests failed"
        )
        assert status == 0, self.describe(f"it ends badly, {state}", 0, "")


class TestpmdForm(Form):
    """The same with kickless-testpmd, which sends back what it gets."""

    def start(self):
        arguments = ["-l", "0,1", "--no-huge", "-m", "64", "--", "--dev", self.spec]
        arguments += ["--isolate=on"] * ("isolate=1" in self.spec)
        arguments += ["--forward-mode=csum"] * ("csum" in self.words.split())
        arguments += ["--enable-rx-cksum", "--tx-timeout=1200", "--total-num-mbufs=4096"]
        self.application = Prompt([TOOL, *arguments, "-i", "-a"], checks_kicks=False)
        self.application.read("testpmd> ")
        state = self.back_end.wait(10, lambda now: now["fresh"] >= 50)
        assert state["fresh"] >= 50, f"no good data to begin with: {state}"

    def restart_if_failed(self):
        """Its message about a port that has failed names these commands."""
        self.application.more(0)
        if "stop and start the port" not in self.application.text:
            return
        for command in ("stop", "port stop 0", "port start 0", "start"):
            self.application.command(command)
        self.restarts += 1

    def check_answer(self, what):
        status = self.application.process.poll()
        assert status is None, f"{what}: it has ended"
        assert "RX-packets" in self.application.command("show port stats 0"), what

    def attack(self, seed, ways):
        assert self.back_end.request(f"overwrite {seed} {ways}") == "ok"
        end = time.monotonic() + ATTACK_SECONDS
        while time.monotonic() < end:
            time.sleep(0.1)
            self.restart_if_failed()
        self.check_answer("while it is overwritten")

    def turn_honest(self):
        assert self.back_end.request("honest") == "ok"
        end = time.monotonic() + LIMIT + 3
        while (state := self.back_end.state())["recovered_us"] == 0 and time.monotonic() < end:
            self.restart_if_failed()
            time.sleep(0.02)
        assert state["recovered_us"] > 0, f"no good data {LIMIT + 3} s after the attack: {state}"
        assert (
            state["recovered_us"] < LIMIT * 1e6
        ), f"good data only {state['recovered_us'] / 1e6} s after the attack"
        time.sleep(HONEST_SECONDS)
        after = self.back_end.state()
        assert after["good"] > state["good"], "good data has stopped again"
        assert after["wrong"] == state["wrong"], "frames come back wrong after the attack"
        assert after["faults"] == state["faults"], "the driver gave buffers that can't be"
        self.check_answer("after the attack")
        return state["recovered_us"] / 1e6

    def describe(self, error, seed, ways):
        return super().describe(error, seed, ways) + "\n" + self.application.text[-SHOWN:]

    def quit(self):
        text, status = self.application.quit()
        self.show(f"{self.restarts} restarts")
        # A port that had failed for a while is reported by status 1.
        assert status in (0, 1), f"it ends with {name_of_end(status)}:\n{text[-SHOWN:]}"


def run_form(cases, fixture, name, options):
    make = TestpmdForm if name.startswith("testpmd") else Form
    form = make(name, fixture, options["isolated"])
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
            [options["ways"]] if options["ways"] else WAYS,
        )
    finally:
        form.stop()


def parse(arguments):
    options = {"seconds": 20.0, "seed": int(time.time()), "ways": "", "lanes": 2, "isolated": True}
    words = []
    arguments = list(arguments)
    while arguments:
        word = arguments.pop(0)
        if word == "--ordinary":
            options["isolated"] = False
        elif word in ("--seconds", "--seed", "--lanes", "--ways") and arguments:
            options[word[2:]] = type(options[word[2:]])(arguments.pop(0))
        elif word.startswith("-"):
            print(__doc__)
            sys.exit(2)
        else:
            words.append(word)
    return options, words


def main(arguments):
    options, words = parse(arguments)
    forms = [form for form in FORMS if all(word in form.split() for word in words)]
    cases = Cases(3 * len(forms))
    with Fixture() as fixture, concurrent.futures.ThreadPoolExecutor(options["lanes"]) as lanes:
        done = [lanes.submit(run_form, cases, fixture, form, options) for form in forms]
        for lane in done:
            lane.result()
    return 1 if cases.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

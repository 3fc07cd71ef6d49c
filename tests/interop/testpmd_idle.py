#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""--idle: a forwarder without packets sleeps, wakes for each one that comes, and loses none."""

import os
import re
import subprocess
import sys
import time

from fixtures.cases import Cases
from fixtures.testpmd import ROOT, Fixture, cpu_seconds

LONGEST_GAP_US = 400  # half of them are longer than an adaptive forwarder polls
MOST_CPU = 0.02


class Pinger:
    def __init__(self, fixture, pings):
        self.process = subprocess.Popen(
            [
                os.path.join(ROOT, "build/tests/interop/vhost_pinger"),
                "-l",
                "1",
                "--no-huge",
                "-m",
                "64",
                "--no-pci",
                "--no-shconf",
                "--no-telemetry",
                f"--file-prefix=pinger{os.getpid()}",
                "--log-level=lib.vhost:error",
                "--",
                fixture.path("net.sock"),
                str(pings),
                str(LONGEST_GAP_US),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.wait("ready"), "the back end did not start"

    def wait(self, word):
        for line in self.process.stdout:
            if line.startswith(word):
                return line
        return None

    def ping(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return self.wait("sent")

    def quit(self):
        self.process.kill()
        self.process.communicate()


def share_of_cpu(process, seconds=5):
    begin, used = time.monotonic(), cpu_seconds(process)
    time.sleep(seconds)
    return (cpu_seconds(process) - used) / (time.monotonic() - begin)


def ping_through(mode, lcores, pings, results):
    with Fixture() as fixture:
        pinger = Pinger(fixture, pings)
        fixture.started.append(pinger)
        tool = fixture.tool(["net.sock"], f"--idle={mode}", "--forward-mode=io", eal=("-l", lcores))
        tool.command("start")
        idle = share_of_cpu(tool.process)
        found = re.fullmatch(
            r"sent (\d+) lost (\d+) p50 (\d+) p99 (\d+) max (\d+)\n", pinger.ping()
        )
        afterwards = share_of_cpu(tool.process)
        output = tool.command("stop")
        sent, lost, median, late, latest = map(int, found.groups())
        assert sent == pings and lost == 0, f"{lost} of {sent} lost\n{output}"
        assert f"RX-packets: {pings} " in output and f"TX-packets: {pings} " in output, output
        interrupts = sum(map(int, re.findall(r"Interrupts: (\d+)", output)))
        if mode == "poll":
            assert interrupts == 0, output
        else:
            assert (
                idle < MOST_CPU and afterwards < MOST_CPU
            ), f"idle uses {idle:.1%}, then {afterwards:.1%}"
            assert interrupts > pings / 100, f"it never slept: {interrupts} interrupts\n{output}"
        results[mode, lcores] = median
        added = median - results.get(("poll", "0"), median)
        print(
            f"# {mode}, lcores {lcores}: idle {idle:.1%} of a core, {interrupts} wake-ups, "
            f"there and back p50 {median} us (added {added}), p99 {late} us, max {latest} us"
        )


def main():
    cases, results = Cases(5), {}
    for mode, lcores, pings in (
        ("poll", "0", 1000),
        ("adaptive", "0", 10000),
        ("interrupt", "0", 1000),
        ("adaptive", "0,1", 1000),
        ("interrupt", "0,1", 1000),
    ):
        cases.run(
            f"{pings} packets one at a time, --idle={mode}, lcores {lcores}",
            ping_through,
            mode,
            lcores,
            pings,
            results,
        )
    return 1 if cases.failed else 0


sys.exit(main())

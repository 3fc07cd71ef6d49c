#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Usage: tests/interop/hostile.py [WORD...]

A back end that misbehaves (tests/hostile_backend) against kickless-testpmd and kickless-blk, over
a vhost-user socket, for each misbehaviour, format of ring and queue. After each the tool must be
alive, have refused or ignored the misbehaviour as it should, have counted it, have printed at
most a few lines, and pass good data again within two seconds. Frames that come back other than
they were sent, and blocks that read other than they were written, are failures. With words, only
cases whose names have all of them are run."""

import json
import os
import re
import subprocess
import sys
import time

from fixtures.cases import Cases
from fixtures.hostile import (
    BROKEN,
    DROPPED,
    EITHER,
    FORMATS,
    IGNORED,
    LIMIT,
    PLAIN,
    RX,
    TX,
    BackEnd,
    misbehaviours,
)
from fixtures.testpmd import ROOT, TOOL, Prompt, Fixture

BLK = os.path.join(ROOT, "build/apps/blk/kickless-blk")
# Lines that one misbehaviour may cost: the reason of the reset, the restart, and some about the
# link.
MOST_LINES = 8
# Cases in all.
PLANNED = 136


def title(where, form, misbehaviour):
    device = "blk" if where == "blk" else "net " + where
    return f"{device}, {form.replace('_', ' ')}, {misbehaviour.name} ({misbehaviour.rows})"


class Port:
    """kickless-testpmd with one port, which sends back what it gets."""

    def __init__(self, fixture, back_end):
        self.back_end = back_end
        self.prompt = Prompt(
            [
                TOOL,
                "-l",
                "0,1",
                "--no-huge",
                "-m",
                "64",
                "--",
                "--dev",
                f"vhost-user:{back_end.path},timeout_ms=5000",
                "--enable-rx-cksum",
                "--tx-timeout=1200",
                "--total-num-mbufs=4096",
                "-i",
                "-a",
            ],
            checks_kicks=False,
        )
        fixture.started.append(self.prompt)
        self.prompt.read("testpmd> ")
        self.resets = 0

    def renew(self):
        """Three resets in a minute are allowed; a start by hand begins a new count."""
        for command in ("stop", "port stop 0", "port start 0", "start"):
            self.prompt.command(command)
        self.resets = 0

    def counters(self):
        answer = self.prompt.command("show port xstats 0")
        return {name: int(value) for name, value in re.findall(r"^(\w+): (\d+)$", answer, re.M)}

    def misbehave(self, misbehaviour, way):
        if self.resets >= 3:
            self.renew()
        before, counted = self.back_end.state(), self.counters()
        assert (
            self.back_end.wait(5, lambda now: now["fresh"] >= 50)["fresh"] >= 50
        ), "no good traffic to begin with"
        self.back_end.misbehave(misbehaviour, way, 20)
        expects_reset = misbehaviour.outcome == BROKEN
        after = self.back_end.wait(5, lambda now: now["performed"] > before["performed"])
        assert (
            after["performed"] > before["performed"]
        ), "the back end did not misbehave: no traffic"
        after = self.back_end.wait(
            LIMIT + 3,
            lambda now: now["recovered_us"] > 0
            and now["starts"] - before["starts"] >= expects_reset,
        )
        if misbehaviour.outcome == EITHER and after["starts"] == before["starts"]:
            # It may be seen only when the ring is full.
            after = self.back_end.wait(0.5, lambda now: now["starts"] > before["starts"])
            after = self.back_end.wait(LIMIT, lambda now: now["recovered_us"] > 0)
        assert self.prompt.process.poll() is None, f"it has ended with {self.prompt.process.poll()}"
        self.resets += after["starts"] - before["starts"]
        self.check(misbehaviour, way, before, after, counted, self.counters(), self.prompt.skipped)
        return after["recovered_us"] / 1e6

    def check(self, misbehaviour, way, before, after, counted, counts, log):
        resets = after["starts"] - before["starts"]
        direction = "rx" if way == RX else "tx"
        bad_used = counts[f"{direction}_q0_bad_used"] - counted[f"{direction}_q0_bad_used"]
        errors = counts["rx_errors"] - counted["rx_errors"]
        assert (
            after["recovered_us"] > 0
        ), f"no traffic after {LIMIT + 3} s, {resets} resets: {after}\n{log}"
        assert (
            after["recovered_us"] < LIMIT * 1e6
        ), f"traffic only after {after['recovered_us'] / 1e6} s"
        assert (
            after["wrong"] == before["wrong"]
        ), f"{after['wrong'] - before['wrong']} frames came back wrong"
        assert after["faults"] == before["faults"], "the driver gave buffers that can't be"
        assert len(log.splitlines()) <= MOST_LINES, f"{len(log.splitlines())} lines printed:\n{log}"
        if misbehaviour.outcome == BROKEN:
            assert resets == 1 and bad_used == 1, f"{resets} resets, {bad_used} refused\n{log}"
            assert re.search(misbehaviour.reason, log), f"no '{misbehaviour.reason}' in:\n{log}"
        elif misbehaviour.outcome == DROPPED:
            assert resets == 0 and errors == 1, f"{resets} resets, {errors} errors\n{log}"
        elif misbehaviour.outcome == IGNORED:
            assert (
                resets == 0 and bad_used == 0 and errors == 0
            ), f"{resets} resets, {bad_used}, {errors}\n{log}"
        else:
            assert misbehaviour.outcome == EITHER and resets <= 1, f"{resets} resets\n{log}"

    def exhaust(self):
        """More misbehaviours than the budget has resets: failed, but alive, and as new after a
        start by hand."""
        self.renew()
        for number in range(4):
            assert (
                self.back_end.wait(5, lambda now: now["fresh"] >= 50)["fresh"] >= 50
            ), f"no traffic at {number}"
            before = self.back_end.state()
            self.back_end.request("misbehave id-huge 0 20")
            self.back_end.wait(
                5,
                lambda now: now["starts"] > before["starts"]
                or number == 3
                and now["performed"] > before["performed"],
            )
        text = self.prompt.read("stop and start the port")
        assert "one reset too many within a minute" in text, text
        sent = self.back_end.wait(0.5, lambda now: False)["sent"]
        assert (
            self.back_end.wait(0.5, lambda now: False)["sent"] == sent
        ), "the device was not left alone"
        assert self.prompt.process.poll() is None
        self.renew()
        assert (
            self.back_end.wait(5, lambda now: now["fresh"] >= 50)["fresh"] >= 50
        ), "no traffic after a start"
        return 0

    def stop_unanswered(self):
        """A back end that takes no message: a stop ends after its deadline of 5 s, with the
        connection closed. The device is then lost, or it is stopped if the back end has closed its
        end too by then and takes a new connection.
        """
        performed = self.back_end.state()["performed"]
        self.back_end.request("misbehave silent-socket 0 20")
        assert (
            self.back_end.wait(5, lambda now: now["performed"] > performed)["performed"] > performed
        ), "no traffic"
        before = time.monotonic()
        answer = self.prompt.command("port stop 0") if "stop" in self.prompt.command("stop") else ""
        assert "does not answer within 5000 ms (option timeout_ms); the" in answer, answer
        is_stopped = "is there again" in answer
        assert is_stopped or "ETIMEDOUT" in answer or "timed out" in answer, answer
        text, status = self.prompt.quit()
        assert time.monotonic() - before < 15, f"{time.monotonic() - before} s"
        assert status == (0 if is_stopped else 1), f"status {status}\n{answer}\n{text}"
        return 0


def net_cases(cases, fixture, words, form):
    wanted = [
        (way, where, misbehaviour)
        for way, where in ((RX, "rx"), (TX, "tx"))
        for misbehaviour in misbehaviours(where, form)
        if all(word in title(where, form, misbehaviour) for word in words)
    ]
    if not wanted:
        return
    with BackEnd("net", fixture.path(f"net-{form}.sock"), form) as back_end:
        port = Port(fixture, back_end)
        for way, where, misbehaviour in wanted:
            if port.prompt.process.poll() is not None:
                port = Port(fixture, back_end)
            run_case(cases, title(where, form, misbehaviour), port.misbehave, misbehaviour, way)
        if form not in PLAIN or words:
            _, status = port.prompt.quit()
            cases.check(
                f"net, {form}: the tool ends well after all misbehaviours",
                status == 0,
                f"status {status}",
            )
            return
        cases.run(
            f"net, {form}: four misbehaviours within a minute, then a start by hand", port.exhaust
        )
        cases.run(
            f"net, {form}: a silent back end, and every wait ends (103)", port.stop_unanswered
        )


def run_case(cases, name, function, *arguments):
    took = []
    if cases.run(name, lambda: took.append(function(*arguments))):
        print(f"#   good data again after {took[0]:.2f} s")


def verify(back_end, form, *options):
    """Reads what was written, in flight all the time; the JSON results, and the output."""
    results = back_end.path + ".json"
    done = subprocess.run(
        [
            BLK,
            "verify",
            "-l",
            "0",
            "--no-huge",
            "-m",
            "64",
            "--",
            "--dev",
            f"vhost-user:{back_end.path},type=blk",
            "--size",
            "4M",
            "-o",
            "8k",
            "-q",
            "16",
            "--timeout",
            "1200",
            "--json",
            results,
            *options,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    assert (
        done.returncode == 0
    ), f"{form}: verify ended with {done.returncode}:\n{done.stdout[-2000:]}"
    with open(results, encoding="utf-8") as file:
        return json.load(file), done.stdout


def misbehave_disk(back_end, form, misbehaviour):
    before = back_end.state()
    back_end.misbehave(misbehaviour, 0, 100)
    counts, log = verify(back_end, form, "--read-only", "-t", "1.2")
    after = back_end.state()
    resets = counts["resets"]
    assert after["performed"] == before["performed"] + 1, "the back end did not misbehave"
    assert after["recovered_us"] > 0, f"no good data any more\n{log}"
    assert (
        after["recovered_us"] < LIMIT * 1e6
    ), f"good data only after {after['recovered_us'] / 1e6} s"
    assert after["faults"] == before["faults"], "the driver gave buffers that can't be"
    if misbehaviour.outcome == BROKEN:
        assert resets == 1 and counts["bad_used"] + counts["timeouts"] > 0, f"{counts}\n{log}"
        assert re.search(misbehaviour.reason, log), f"no '{misbehaviour.reason}' in:\n{log}"
    elif misbehaviour.outcome == DROPPED:
        assert resets == 0 and counts["errors"] == 1, f"{counts}\n{log}"
    elif misbehaviour.outcome == IGNORED:
        assert resets == 0 and counts["errors"] == 0, f"{counts}\n{log}"
    return after["recovered_us"] / 1e6


def blk_cases(cases, fixture, words, form):
    wanted = [
        misbehaviour
        for misbehaviour in misbehaviours("blk", form)
        if all(word in title("blk", form, misbehaviour) for word in words)
    ]
    if not wanted:
        return
    with BackEnd("blk", fixture.path(f"blk-{form}.sock"), form) as back_end:
        verify(back_end, form)
        for misbehaviour in wanted:
            run_case(
                cases,
                title("blk", form, misbehaviour),
                misbehave_disk,
                back_end,
                form,
                misbehaviour,
            )


def planned(words):
    """How many cases there are with all of the words; with none, those that there must be."""
    if not words:
        return PLANNED
    count = 0
    for form in FORMATS:
        chosen = [
            [
                misbehaviour
                for misbehaviour in misbehaviours(where, form)
                if all(word in title(where, form, misbehaviour) for word in words)
            ]
            for where in ("rx", "tx", "blk")
        ]
        count += sum(map(len, chosen)) + bool(chosen[0] or chosen[1])
    return count


def main(words):
    cases = Cases(planned(words))
    with Fixture() as fixture:
        for form in FORMATS:
            net_cases(cases, fixture, words, form)
            blk_cases(cases, fixture, words, form)
    return 1 if cases.failed else 0


sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Standard input of a run without a prompt: Enter ends it, the end of input does not, as a service
or a container has none. At the prompt the end of input leaves, as before."""

import os
import pty
import signal
import subprocess
import sys
import time

from fixtures.cases import Cases
from fixtures.testpmd import SECONDS, TOOL, Fixture

WATCHED_SECONDS = 1


def start(fixture, stdin, *options, closed=False, wrapper=()):
    """Forwards to a back end; returns the program once it has begun."""
    arguments = [*wrapper, TOOL, "-l", "0", "--no-huge", "-m", "64", "--"]
    arguments += ["--dev", f"vhost-user:{fixture.path('net.sock')},type=net"]
    tool = subprocess.Popen(
        arguments + ["--forward-mode=rxonly", *options],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=(lambda: os.close(0)) if closed else None,  # pylint: disable=W1509
    )
    tool.shown = b""
    while b"packet forwarding" not in tool.shown:
        line = tool.stdout.readline()
        assert line, f"it ended before it forwarded: {tool.shown.decode()}"
        tool.shown += line
    return tool


def finish(tool, sends=None):
    if sends is not None:
        tool.send_signal(sends)
    try:
        text, _ = tool.communicate(timeout=SECONDS)
    finally:
        tool.kill()
    text = (tool.shown + text).decode()
    assert tool.returncode == 0 and "\nBye...\n" in text, f"{tool.returncode}: {text}"
    return text


def stays_without_input(fixture, stdin, closed, sends):
    tool = start(fixture, stdin, closed=closed)
    time.sleep(WATCHED_SECONDS)
    ended = tool.poll()
    text = finish(tool, sends)
    assert ended is None, f"it ended by itself, with status {ended}: {text}"
    assert text.count("Standard input has ended") == 1, text


def stays_when_input_ends(fixture):
    tool = start(fixture, subprocess.PIPE)
    tool.stdin.close()
    time.sleep(WATCHED_SECONDS)
    ended = tool.poll()
    tool.stdin = None
    text = finish(tool, signal.SIGTERM)
    assert ended is None, f"it ended by itself, with status {ended}: {text}"


def uses_no_core_for_it(fixture):
    """An input that has ended is always readable: it must not be polled any more."""
    tool = start(fixture, subprocess.DEVNULL, "--idle=interrupt")
    with open(f"/proc/{tool.pid}/stat", encoding="ascii") as file:
        before = file.read().split()
    time.sleep(WATCHED_SECONDS)
    with open(f"/proc/{tool.pid}/stat", encoding="ascii") as file:
        after = file.read().split()
    finish(tool, signal.SIGTERM)
    ticks = sum(int(after[i]) - int(before[i]) for i in (13, 14))
    share = ticks / os.sysconf("SC_CLK_TCK") / WATCHED_SECONDS
    assert share < 0.2, f"{share:.0%} of a core while it sleeps"


def ends_by_itself(fixture):
    begin = time.monotonic()
    finish(start(fixture, subprocess.DEVNULL, "--duration", "1"))
    assert time.monotonic() - begin > 1, "it ended before its time"


def ends_by_enter(fixture):
    tool = start(fixture, subprocess.PIPE)
    tool.stdin.write(b"\n")
    tool.stdin.flush()
    tool.wait(SECONDS)
    finish(tool)


def goes_on_in_background(fixture):
    """A job in the background of a terminal must not be stopped by what is typed for others."""
    master, terminal = pty.openpty()
    tool = start(
        fixture,
        terminal,
        wrapper=("setsid", "--ctty", "bash", "-c", 'set -m; "$@" <&0 & wait $!', "bash"),
    )
    children = f"/proc/{tool.pid}/task/{tool.pid}/children"
    with open(children, encoding="ascii") as file:
        pid = int(file.read().split()[0])
    os.write(master, b"for the shell\n")
    time.sleep(WATCHED_SECONDS)
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        state = file.read().rpartition(")")[2].split()[0]
    os.kill(pid, signal.SIGCONT)
    os.kill(pid, signal.SIGTERM)
    finish(tool)
    os.close(terminal)
    os.close(master)
    assert state in "RS", f"its state is {state}"


def prompt_ends(fixture):
    done = subprocess.run(
        [TOOL, "-l", "0", "--no-huge", "-m", "64", "--"]
        + ["--dev", f"vhost-user:{fixture.path('net.sock')},type=net", "-i", "-a"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0 and done.stdout.endswith("\nBye...\n"), done.stdout + done.stderr


def main():
    cases = Cases(8)
    with Fixture() as fixture:
        peer = fixture.peer(["net.sock"])

        def run(name, function, *arguments):
            cases.run(name, function, fixture, *arguments)
            peer.command("stop")  # its log would fill the pipe

        run(
            "/dev/null is not Enter: it forwards until SIGTERM",
            stays_without_input,
            subprocess.DEVNULL,
            False,
            signal.SIGTERM,
        )
        run(
            "nor is a closed input: it forwards until SIGINT",
            stays_without_input,
            None,
            True,
            signal.SIGINT,
        )
        run("nor is a pipe whose writer has left", stays_when_input_ends)
        run("an input that has ended takes no time", uses_no_core_for_it)
        run("--duration ends it without input", ends_by_itself)
        run("Enter in a pipe ends it", ends_by_enter)
        run("a job in the background is not stopped", goes_on_in_background)
        run("the prompt ends with its input", prompt_ends)
    return 1 if cases.failed else 0


sys.exit(main())

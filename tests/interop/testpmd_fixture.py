# SPDX-License-Identifier: BSD-3-Clause
"""kickless-testpmd at its prompt, and DPDK's testpmd as the back end of its ports."""

import contextlib
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
TOOL = os.environ.get("TESTPMD", os.path.join(ROOT, "build/apps/testpmd/kickless-testpmd"))
PATIENCE = 60


def without_rescue(text):
    """The text, when no wake-up was lost: these back ends are honest, and all our kicks reach them."""
    rescues = re.findall(r"Rescue-kicks: *[1-9]\d*", text)
    assert not rescues, f"{rescues} in: {text}"
    return text


class Prompt:
    """A program that reads commands and shows a prompt behind each answer."""

    def __init__(self, arguments, prompt="testpmd> ", honest=True):
        self.prompt = prompt
        self.judge = without_rescue if honest else str  # a back end that drops a doorbell has to be rescued
        self.text = ""
        self.skipped = ""  # what was printed before the last command
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        os.set_blocking(self.process.stdout.fileno(), False)

    def read(self, until):
        """What it printed up to and with a match of until; fails when that does not come."""
        deadline = time.monotonic() + PATIENCE
        while not (match := re.search(until, self.text)):
            left = deadline - time.monotonic()
            if left <= 0 or not self.more(left):
                raise AssertionError(f"no '{until}' in: {self.text[-2000:]}")
        text, self.text = self.text[:match.end()], self.text[match.end():]
        return text

    def more(self, patience):
        ready, _, _ = select.select([self.process.stdout], [], [], patience)
        data = os.read(self.process.stdout.fileno(), 65536) if ready else b""
        self.text += data.decode(errors="replace")
        return bool(data) or not ready

    def command(self, line):
        """The answer to one line: what stands between its echo and the next prompt."""
        self.process.stdin.write((line + "\n").encode())
        self.process.stdin.flush()
        self.skipped = self.read(re.escape(line) + r"\r?\n")[:-len(line) - 1]
        return self.judge(self.read(re.escape(self.prompt))[:-len(self.prompt)].replace("\r", ""))

    def quit(self):
        """Says quit; returns what was printed then and the exit status."""
        if self.process.poll() is None:
            try:
                text, _ = self.process.communicate(b"quit\n", timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                text, _ = self.process.communicate()
        else:
            text, _ = self.process.communicate()
        return self.judge(self.text + (text or b"").decode(errors="replace")), self.process.returncode


class Rig:
    """A scratch folder, and what was started in it; all of it is gone at the end."""

    def __init__(self):
        self.scratch = tempfile.mkdtemp(prefix="kickless-testpmd-")
        self.started = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.ExitStack() as stack:
            stack.callback(shutil.rmtree, self.scratch, ignore_errors=True)
            for program in self.started:
                stack.callback(program.quit)

    def path(self, name):
        return os.path.join(self.scratch, name)

    def peer(self, sockets, *options, vdevs=(), vhost="", eal=()):
        """DPDK's testpmd with a net_vhost port per socket, behind the other virtual devices."""
        # Its answers would otherwise stay in its buffer while the prompt goes out directly.
        arguments = ["stdbuf", "-oL", "dpdk-testpmd", "-l", "0,1", "--no-huge", "-m", "192", "--no-pci",
                     "--no-shconf", "--log-level=lib.vhost:error", f"--file-prefix=peer{os.getpid()}-{len(self.started)}", *eal]
        for device in vdevs:
            arguments += ["--vdev", device]
        for number, name in enumerate(sockets):
            arguments += ["--vdev", f"net_vhost{number},iface={self.path(name)}{vhost}"]
        peer = Prompt(arguments + ["--", "-i", "--no-flush-rx", "--total-num-mbufs=8192", *options])
        self.started.append(peer)
        peer.read("testpmd> ")
        return peer

    def tool(self, sockets, *options, eal=("-l", "0"), keys=""):
        arguments = [TOOL, *eal, "--no-huge", "-m", "128", "--"]
        for name in sockets:
            arguments += ["--dev", f"vhost-user:{self.path(name)},type=net{keys}"]
        tool = Prompt(arguments + ["-i", *options])
        self.started.append(tool)
        tool.shown = tool.read("testpmd> ")
        return tool


def counter(prompt, direction, port):
    """RX or TX packets of a port of either testpmd."""
    answer = prompt.command(f"show port stats {port}")
    match = re.search(rf"{direction}-packets: (\d+)", answer)
    if not match:
        raise AssertionError(f"no {direction}-packets in: {answer}")
    return int(match.group(1))


def link_is_up(prompt, port):
    return "Link status: up" in prompt.command(f"show port info {port}")


def wait_for(what, look, wanted):
    """Looks until it sees what is wanted, or more."""
    deadline = time.monotonic() + PATIENCE
    while (seen := look()) < wanted:
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: {seen} after {PATIENCE} s, {wanted} expected")
        time.sleep(0.1)


class Cases:
    """Prints a line a case, as the suites do."""

    def __init__(self, suite):
        self.suite = suite
        self.failed = 0

    def check(self, name, good, why=""):
        if good:
            print(f"ok {self.suite}: {name}")
        else:
            self.failed += 1
            print(f"{why}\nnot ok {self.suite}: {name}: see above")
        sys.stdout.flush()
        return good

    def run(self, name, function, *arguments):
        try:
            function(*arguments)
        except (AssertionError, OSError, subprocess.SubprocessError) as error:
            return self.check(name, False, str(error))
        return self.check(name, True)

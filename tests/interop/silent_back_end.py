#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A back end that comes back, accepts the connection and does not answer, and is then replaced by
one that answers: traffic is back within two seconds, and a second, healthy port is not touched."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

from fixtures.cases import Cases
from fixtures.testpmd import ROOT, Fixture, counter

BLK = os.environ.get("BLK", os.path.join(ROOT, "build/apps/blk/kickless-blk"))
SILENT_SECONDS = 7  # longer than the first attempts to connect may take
BACK_WITHIN_SECONDS = 2


class Silent:
    """Listens at a path, accepts, reads, and never answers."""

    def __init__(self, path):
        if os.path.exists(path):
            os.unlink(path)
        self.path = path
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(8)
        self.connections = []

    def accept(self, seconds=10):
        self.listener.settimeout(seconds)
        connection, _ = self.listener.accept()
        connection.settimeout(seconds)
        assert connection.recv(12), "the driver connects and sends nothing"
        self.connections.append(connection)

    def close(self):
        """It is no more: as a process that ends, it leaves the path behind."""
        for connection in self.connections:
            connection.close()
        self.listener.close()
        os.unlink(self.path)


def wait_until(condition, seconds, what):
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() - begin < seconds, f"{what}: not within {seconds} s"
        time.sleep(0.02)


def check_delay(path, what):
    """Seconds since a back end has listened at path, which is when it could have been found."""
    took = time.time() - os.stat(path).st_mtime
    print(f"# {what} {took:.2f} s after the back end listened")
    assert took < BACK_WITHIN_SECONDS, f"{what} after {took:.2f} s"


def silent_for_a_while(path):
    silent = Silent(path)
    silent.accept()
    time.sleep(SILENT_SECONDS)
    return silent


def net():
    with Fixture() as fixture:
        first = fixture.peer(["first.sock"], "--forward-mode=rxonly", "-a")
        fixture.peer(["second.sock"], "--forward-mode=rxonly", "-a", eal=("--no-telemetry",))
        tool = fixture.tool(
            ["first.sock", "second.sock"], "--forward-mode=txonly"
        )
        tool.command("start")
        wait_until(lambda: counter(tool, "TX", 0) > 1000, 10, "packets at first")
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
        silent = silent_for_a_while(fixture.path("first.sock"))
        silent.close()
        before = counter(tool, "TX", 0)
        starting = threading.Thread(
            target=fixture.peer,
            args=(["first.sock"], "--forward-mode=rxonly", "-a"),
            kwargs={"eal": ("--no-telemetry",)},
        )
        starting.start()
        wait_until(lambda: counter(tool, "TX", 0) > before + 1000, 20, "packets")
        check_delay(fixture.path("first.sock"), "packets")
        starting.join()
        healthy = tool.command("show port xstats 1")
        assert re.search(r"resets: 0\b", healthy), healthy
        assert not re.search(r"(bad_used|tx_errors|tx_queue.failed): [1-9]", healthy), healthy
        sent = counter(tool, "TX", 1)
        time.sleep(0.2)
        assert counter(tool, "TX", 1) > sent, "the second port has stopped"


def serve_disk(fixture):
    with open(fixture.path("disk.raw"), "a", encoding="ascii") as file:
        file.truncate(64 << 20)
    return subprocess.Popen(
        [
            "qemu-storage-daemon",
            "--blockdev",
            f"driver=file,node-name=f0,filename={fixture.path('disk.raw')}",
            "--export",
            "type=vhost-user-blk,id=e0,node-name=f0,addr.type=unix,writable=on,"
            f"addr.path={fixture.path('disk.sock')}",
        ],
        stderr=subprocess.DEVNULL,
    )


def verify(fixture):
    arguments = ["verify", "-l", "0", "--no-huge", "--", "--size", "32M", "-o", "16k", "-q", "16"]
    return subprocess.Popen(
        [BLK, *arguments, "-t", "15", "--dev", f"vhost-user:{fixture.path('disk.sock')},type=blk"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def blk():
    with Fixture() as fixture:
        daemon = serve_disk(fixture)
        wait_until(lambda: os.path.exists(fixture.path("disk.sock")), 10, "a disk")
        job = verify(fixture)
        time.sleep(2)
        assert job.poll() is None, job.communicate()[0]
        daemon.kill()
        daemon.wait()
        silent = silent_for_a_while(fixture.path("disk.sock"))
        assert job.poll() is None, job.communicate()[0]
        silent.close()
        daemon = serve_disk(fixture)
        try:
            for line in job.stdout:
                if "runs again" in line:
                    check_delay(fixture.path("disk.sock"), "requests")
                    break
            else:
                raise AssertionError("it never ran again")
            output, _ = job.communicate(timeout=60)
            assert job.returncode == 0, f"status {job.returncode}: {output}"
        finally:
            daemon.kill()
            daemon.wait()
            job.kill()


def main():
    cases = Cases(2)
    cases.run("packets are back within 2 s, the other port is not touched", net)
    cases.run("requests are back within 2 s, every block is right", blk)
    return 1 if cases.failed else 0


sys.exit(main())

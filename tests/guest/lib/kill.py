#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Kills programs that drive devices, and checks how soon those that follow have their device at
work.

kill.py kill ROOT OUT COUNT    in the guest: COUNT kills under load, and some of what only starts
kill.py check TRACE COUNT MS   outside, from QEMU's trace, which has one clock for the marks and
                               for the devices

A mark is a write to the interrupt line register of the host bridge, which nothing else touches.
"""

import os
import random
import re
import statistics
import subprocess
import sys
import time

CONFIG = "/sys/bus/pci/devices/0000:00:{}/config"
BRIDGE = CONFIG.format("00.0")
INTERRUPT_LINE = 0x3C
COMMAND, MASTER = 0x04, 4
STARTED, KILLED = 1, 2
# A program is killed so long after it has let its device write to memory, which comes shortly
# before it starts it.
LOAD_S = (0.4, 0.9)
TIMEOUT_S = 20
# One more start of so many is cut short, within so long.
EARLY_EVERY = 4
EARLY_S = 0.5

DRIVER_OK = 4
TRANSMIT_QUEUE = 1


def commands(root):
    nics = [
        "--dev",
        "0000:00:05.0",
        "--dev",
        "0000:00:06.0",
        "--duration",
        "60",
        "--total-num-mbufs=2048",
    ]
    testpmd = [f"{root}/build/apps/testpmd/kickless-testpmd", "-l", "0,1", "--", *nics]
    disk = ["--dev", "0000:00:10.0", "-t", "60", "-q", "16", "--force"]
    blk = [f"{root}/build/apps/blk/kickless-blk", "perf", "-l", "0", "--", *disk]
    return [
        ("06.0", [*testpmd, "--forward-mode=io", "--tx-first"]),
        ("10.0", [*blk, "-w", "randread"]),
        ("06.0", [*testpmd, "--forward-mode=txonly"]),
        ("10.0", [*blk, "-w", "randwrite"]),
    ]


def mark(value):
    with open(BRIDGE, "r+b", buffering=0) as config:
        os.pwrite(config.fileno(), bytes([value]), INTERRUPT_LINE)


def wait_for_master(function, victim):
    """Until the last of its devices may write to memory."""
    end = time.monotonic() + TIMEOUT_S
    with open(CONFIG.format(function), "rb", buffering=0) as config:
        while victim.poll() is None and time.monotonic() < end:
            if os.pread(config.fileno(), 1, COMMAND)[0] & MASTER:
                return
            time.sleep(0.01)


def live_and_die(command, log, seconds, under_load):
    """None, or why it was not there any more when it was to be killed."""
    function, words = command
    mark(STARTED)
    victim = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    if under_load:
        wait_for_master(function, victim)
    time.sleep(seconds)
    status = victim.poll()
    mark(KILLED)
    victim.kill()
    victim.wait()
    return (
        None if status is None else f"it ended by itself, with status {status}: {' '.join(words)}"
    )


def kill(root, out, count):
    draw = random.Random(1)
    with open(f"{out}/victims.log", "w") as log:
        for n in range(int(count)):
            command = commands(root)[n % 4]
            reason = live_and_die(command, log, draw.uniform(*LOAD_S), True)
            if reason is None and n % EARLY_EVERY == 0:
                reason = live_and_die(command, log, draw.uniform(0, EARLY_S), False)
            if reason is not None:
                sys.stdout.write(open(f"{out}/victims.log", errors="replace").read()[-3000:])
                return reason
    return None


EVENT = re.compile(
    r"@(?P<time>[\d.]+):(?:pci_cfg_write mch 00:00\.0 @0x3c <- (?P<mark>0x[12])$"
    r"|virtio_set_status vdev (?P<ready>\S+) val (?P<status>\d+)"
    r"|virtio_queue_notify vdev (?P<nic>\S+) n 1 "
    r"|virtio_blk_req_complete (?P<disk>vdev) )"
)


def lives(trace):
    """Of each start: after how long a NIC's transmit queue was kicked or a disk's request done,
    or None; and which.
    """
    started = moved = None
    kind, running = "", set()
    for line in open(trace, errors="replace"):
        match = EVENT.search(line)
        if not match:
            continue
        now = float(match["time"])
        if match["mark"] == f"{STARTED:#x}":
            started, moved, running = now, None, set()
        elif started is None:
            continue
        elif match["mark"]:
            yield moved, kind
            started = None
        elif match["ready"]:
            if int(match["status"]) & DRIVER_OK:
                running.add(match["ready"])
        elif moved is None and (match["disk"] or match["nic"] in running):
            moved, kind = 1000 * (now - started), "request" if match["disk"] else "packet"


def check(trace, count, limit):
    seen = list(lives(trace))
    moved = [ms for ms, _ in seen if ms is not None]
    print(f"{len(moved)} kills under load, {len(seen) - len(moved)} while it started")
    for kind in ("packet", "request"):
        times = sorted(ms for ms, of in seen if ms is not None and of == kind)
        if times:
            print(
                f"first {kind} of {len(times)} starts, in ms: shortest {times[0]:.0f}, median "
                f"{statistics.median(times):.0f}, 90 % within {times[len(times) * 9 // 10]:.0f}, "
                f"longest {times[-1]:.0f}"
            )
    if len(moved) < int(count) * 3 // 4:
        return f"only {len(moved)} kills under load are in the trace"
    return f"one start took more than {limit} ms" if max(moved) > int(limit) else None


def main():
    verbs = {"kill": kill, "check": check}
    if len(sys.argv) < 4 or sys.argv[1] not in verbs:
        sys.exit(__doc__)
    sys.exit(verbs[sys.argv[1]](*sys.argv[2:]))


if __name__ == "__main__":
    main()

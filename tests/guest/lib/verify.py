#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Verifies a guest test from outside, by what QEMU and the wire saw.

verify.py kicks TRACE JSON...   doorbells that kickless-testpmd reports, run by run, against QEMU's
                                count
verify.py accesses TRACE        from the first doorbell of a run to its last, no other register is
                                touched
verify.py compare TRACE OUT     prints packets/s, kicks per 1,000 packets and start to first packet,
                                of ours and DPDK's testpmd
verify.py rates REPORTS ORDER   the same two by what vhost_ends reports, where runs alternate and
                                ORDER names each pair
verify.py deep QMP              prints the most requests that the device slowdisk holds within 5 s
verify.py resize QMP DRIVE N    lets QEMU give the drive N bytes
verify.py link QMP NIC on|off   puts the NIC on the wire, or takes it off
verify.py qmp QMP 'COMMAND K=V...'  has QEMU do it; a stop ends by itself after 3 s
verify.py frames PCAP COUNT     the first COUNT numbered frames of each sender, once each and intact
"""

import json
import re
import socket
import statistics
import subprocess
import sys
import time

from kill import lives

DRIVER_OK = 4
# Of one queue pair: commands on the control queue cost doorbells too, and are not for packets.
DATA_QUEUES = 2
TRANSMIT_QUEUE = 1
EVENT = re.compile(
    r"(?P<notify>virtio_queue_notify) vdev (?P<dev>\S+) n (?P<n>\d+)"
    r"|(?P<status>virtio_set_status) vdev (?P<dev2>\S+) val (?P<value>\d+)"
)


def runs(trace):
    """One list per NIC of how many doorbells each run had, from DRIVER_OK to the next status
    write.
    """
    counts, open_runs = {}, {}
    for line in open(trace, errors="replace"):
        match = EVENT.search(line)
        if not match:
            continue
        if match["notify"] and match["dev"] in open_runs:
            open_runs[match["dev"]] += int(match["n"]) < DATA_QUEUES
        elif match["status"]:
            device, value = match["dev2"], int(match["value"])
            if value & DRIVER_OK and device not in open_runs:
                open_runs[device] = 0
            elif device in open_runs:
                counts.setdefault(device, []).append(open_runs.pop(device))
    return counts


def check_kicks(trace, *reports):
    """Each report's ports must be a pair of runs in the trace; the order of the runs is the order
    of the reports.
    """
    seen = runs(trace)
    print("doorbells by run:", seen)
    for report in reports:
        for port in json.load(open(report))["ports"]:
            kicks = sum(queue["kicks_sent"] for queue in port["queues"])
            print(f"{report}: port {port['port']}: {kicks} kicks")
            if not any(kicks in counts for counts in seen.values()):
                return f"no run in QEMU's trace has {kicks} doorbells"
    return None if reports else "no report"


ACCESS = re.compile(
    r"memory_region_ops_(?P<op>read|write) cpu \S+ mr (?P<mr>0x[0-9a-f]+) "
    r"addr (?P<addr>0x[0-9a-f]+) "
    r"value (?P<value>0x[0-9a-f]+) size \d+ name 'virtio-pci-(?P<part>\w+)-virtio-net'"
)


def accesses(trace):
    """The accesses of each NIC. Its regions are parts of one object in QEMU, so they lie close to
    each other.
    """
    seen = [match for match in map(ACCESS.search, open(trace, errors="replace")) if match]
    homes = sorted({int(match["mr"], 16) for match in seen if match["part"] == "common"})
    by_device = {}
    for match in seen:
        home = min(homes, key=lambda base: abs(base - int(match["mr"], 16)))
        by_device.setdefault(home, []).append(match)
    return by_device


def is_reset(match):
    return (
        match["part"] == "common"
        and match["op"] == "write"
        and int(match["addr"], 16) & 0xFFF == 0x14
        and int(match["value"], 16) == 0
    )


def check_accesses(trace):
    """In each run, that is between two resets: nothing but doorbells from the first packet's
    doorbell to the last one.
    """
    doorbells, others = 0, []
    for matches in accesses(trace).values():
        since_doorbell = None
        for match in matches:
            if is_reset(match):
                since_doorbell = None
            elif match["part"] == "notify" and match["op"] == "write":
                doorbells += 1
                others += since_doorbell or []
                # At start the receive queue's comes first, and commands on the control queue.
                if since_doorbell is not None or int(match["value"], 16) == TRANSMIT_QUEUE:
                    since_doorbell = []
            elif since_doorbell is not None:
                since_doorbell.append(match.group(0))
    print(f"{doorbells} doorbell writes, {len(others)} other accesses between them")
    print("\n".join(others[:10]))
    if others:
        return "registers other than doorbells were touched while running"
    return None if doorbells > 0 else "the trace shows no doorbell at all"


def frames(pcap):
    fields = ["eth.src", "eth.type", "frame.len", "data.data"]
    command = ["tshark", "-r", pcap, "-Y", "eth.type == 0x88b5", "-T", "fields"]
    for field in fields:
        command += ["-e", field]
    for line in subprocess.run(
        command, check=True, capture_output=True, text=True
    ).stdout.splitlines():
        source, _, length, data = line.split("\t")
        yield source, int(length), bytes.fromhex(data)


def check_frames(pcap, count):
    """Frames of tests/guest/numbered.c: a number, then bytes that follow from number and place."""
    expected, finished = {}, set()
    for source, length, data in frames(pcap):
        if source in finished:
            continue
        number = int.from_bytes(data[:4], "big")
        wanted = expected.setdefault(source, 0)
        if number != wanted:
            return f"{source}: frame {number} where {wanted} is due"
        if length != 60 + number * 7 % 1455:
            return f"{source}: frame {number} has {length} bytes"
        body = bytes((number * 31 + at) & 0xFF for at in range(18, length))
        if data[4:] != body:
            return f"{source}: frame {number} is damaged"
        expected[source] = wanted + 1
        if wanted + 1 == int(count):
            finished.add(source)
    print("senders:", sorted(finished))
    return (
        None
        if len(finished) == 2
        else f"only {len(finished)} senders were seen complete: {expected}"
    )


def stock_numbers(log):
    text = open(log, errors="replace").read()
    rates = [int(rate) for rate in re.findall(r"Tx-pps:\s+(\d+)", text)]
    packets = [
        int(count) for count in re.findall(r"^\s+TX-packets: (\d+)\s+TX-dropped", text, re.M)
    ]
    return rates[2:4], packets[:2]


def print_comparison(trace, out):
    """Runs in the trace alternate: ours, then stock, each with both NICs."""
    seen = [[count for count in counts if count > 10] for counts in runs(trace).values()]
    seen = [counts for counts in seen if len(counts) >= 4]
    starts = [ms for ms, _ in lives(trace)]
    for turn in (1, 2):
        for port in json.load(open(f"{out}/ours-{turn}.json"))["ports"]:
            kicks = sum(queue["kicks_sent"] for queue in port["queues"])
            print(
                f"round {turn}: kickless port {port['port']}: {port['tx_pps']:.0f} packets/s, "
                f"{1000 * kicks / port['tx_packets']:.2f} kicks per 1,000 packets"
            )
        rates, packets = stock_numbers(f"{out}/stock-{turn}.log")
        kicks = sum(counts[2 * turn - 1] for counts in seen)
        for port, rate in enumerate(rates):
            print(
                f"round {turn}: dpdk-testpmd port {port}: {rate} packets/s, both ports together "
                f"{1000 * kicks / max(1, sum(packets)):.2f} kicks per 1,000 packets"
            )
        print(
            f"round {turn}: start to first packet: kickless {starts[2 * turn - 2]:.0f} ms, "
            f"dpdk-testpmd {starts[2 * turn - 1]:.0f} ms"
        )


def print_rates(reports, order):
    """Medians over the rounds. A driver that moved nothing is the kernel's, before the devices
    were bound to VFIO.
    """
    with open(reports, encoding="ascii") as file:
        lives_seen = [json.loads(line) for line in file if line.startswith("{")]
    seen = []
    for life in lives_seen:
        flows = life["to_driver"], life["from_driver"]
        busiest = max(flows, key=lambda flow: flow["packets"])
        if busiest["packets"] > 0:
            seen.append(
                (busiest["pps"], 1000 * sum(flow["kicks"] for flow in flows) / busiest["packets"])
            )
    with open(order, encoding="ascii") as file:
        pairs = file.read().splitlines()
    if len(seen) != 2 * len(pairs):
        sys.exit(f"{len(pairs)} pairs of programs were run, and {len(seen)} drivers moved packets")
    for name in dict.fromkeys(pairs):
        turns = [number for number, pair in enumerate(pairs) if pair == name]
        (ours, kicks), (stock, stock_kicks) = (
            map(statistics.median, zip(*(seen[2 * turn + program] for turn in turns)))
            for program in (0, 1)
        )
        print(
            f"{name}: kickless {ours:.0f} packets/s, {kicks:.4f} kicks per 1,000 packets; "
            f"dpdk-testpmd {stock:.0f}, {stock_kicks:.4f}; "
            f"ratios {ours / stock:.2f}, {kicks / stock_kicks:.2f}"
        )


def connect(path):
    """A function that sends QEMU's monitor a command and returns what it answers."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    stream = connection.makefile("rw")

    def execute(command, **arguments):
        stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        stream.flush()
        while True:
            answer = json.loads(stream.readline())
            if "error" in answer:
                sys.exit(f"{command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    stream.readline()
    execute("qmp_capabilities")
    return execute


def print_depth(path):
    execute = connect(path)
    device = next(d["path"] for d in execute("x-query-virtio") if "slowdisk" in d["path"])
    deepest, end = 0, time.monotonic() + 5
    while time.monotonic() < end and deepest < 256:
        deepest = max(
            deepest, execute("x-query-virtio-queue-status", path=device, queue=0)["inuse"]
        )
        time.sleep(0.02)
    print(deepest)


def resize(path, drive, size):
    connect(path)("block_resize", device=drive, size=int(size))
    print("done")


def set_link(path, nic, state):
    connect(path)("set_link", name=nic, up=state == "on")
    print("done")


def run_command(path, command):
    execute = connect(path)
    name, *arguments = command.split()
    pairs = (word.split("=") for word in arguments)
    execute(name, **{key: int(value) if value.isdigit() else value for key, value in pairs})
    if name == "stop":
        time.sleep(3)
        execute("cont")
    print("done")


def main():
    verbs = {
        "kicks": check_kicks,
        "accesses": check_accesses,
        "frames": check_frames,
        "compare": print_comparison,
        "rates": print_rates,
        "deep": print_depth,
        "resize": resize,
        "link": set_link,
        "qmp": run_command,
    }
    if len(sys.argv) < 3 or sys.argv[1] not in verbs:
        sys.exit(__doc__)
    sys.exit(verbs[sys.argv[1]](*sys.argv[2:]))


if __name__ == "__main__":
    main()

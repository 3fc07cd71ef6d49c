#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Usage: tests/guest/lib/flows.py INTERFACE GO BACK

As long as there is a file GO, sends UDP frames of 32 flows to the NIC at the other side of an
interface, ten rounds a second, and in each round one frame to an address that the guest adds to
the NIC's, and one to an unknown one. On SIGTERM it writes to BACK, as JSON, which flows came
back. Nothing is sent while the guest does not receive, since QEMU 7.2 stops reading a queue of
the interface for good when RSS leads to a NIC's queue that is full."""

import json
import os
import signal
import socket
import struct
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(
    0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../interop/fixtures")
)
from packets import ADDRESS4, ethernet, ipv4, udp  # noqa: E402

NIC, ADDED, UNKNOWN = (bytes.fromhex("5254000000" + last) for last in ("01", "42", "99"))
FLOWS = 32
FIRST_PORT = 1000
ETH_P_ALL = 3


def frame(destination, flow):
    addresses = (bytes([10, 1, flow, 1]), ADDRESS4[1])
    packet = ethernet(
        0x0800, ipv4(17, udp(b"flow", addresses, ports=(FIRST_PORT + flow, 2000)), addresses)
    )
    return destination + packet[6:]


def main(interface, go, path):
    frames = [frame(NIC, flow) for flow in range(FLOWS)] + [
        frame(ADDED, FLOWS),
        frame(UNKNOWN, FLOWS + 1),
    ]
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    wire.bind((interface, 0))
    wire.setblocking(False)
    back, ended = set(), []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    while not ended:
        for data in frames if os.path.exists(go) else []:
            wire.send(data)
        try:
            while True:
                data, (_, _, kind, _, _) = wire.recvfrom(2048)
                if kind != socket.PACKET_OUTGOING and data[12:14] == b"\x08\0":
                    back.add(struct.unpack("!H", data[34:36])[0] - FIRST_PORT)
        except BlockingIOError:
            time.sleep(0.1)
    with open(path, "w", encoding="ascii") as file:
        json.dump(sorted(back), file)


main(*sys.argv[1:])

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checksums and segmentation against DPDK's net_vhost, both ways: packets of a file come to our
port and go back, what each side leaves to the other shows in the flags that the other sees, and
at the end of the way all checksums are right."""

import re
import sys

from fixtures.cases import Cases
from fixtures.packets import (
    ADDRESS4,
    ADDRESS6,
    ethernet,
    ipv4,
    ipv6,
    read_pcap,
    sums_are_good,
    tcp,
    udp,
    write_pcap,
)
from fixtures.testpmd import Fixture, link_is_up, wait_for

PAYLOAD = bytes(number * 7 & 0xFF for number in range(12000))
LARGE, SMALL = 14 + 20 + 20 + len(PAYLOAD), 90
FRAMES = [
    ethernet(0x0800, ipv4(6, tcp(PAYLOAD, ADDRESS4))),
    ethernet(0x86DD, ipv6(17, udp(bytes(SMALL - 14 - 40 - 8), ADDRESS6))),
]
RX = 0x1C  # RTE_ETH_RX_OFFLOAD_UDP_CKSUM, TCP_CKSUM and TCP_LRO
SEEN = r"length=(\d+) .*Receive queue=.*\n  ol_flags: (.*)\n"


def set_up(prompt, *commands):
    for command in commands:
        answer = prompt.command(command)
        assert not re.search(
            "not supported|Bad arguments|can't|rror:", answer
        ), f"{command}: {answer}"


def seen_by(prompt, port):
    """The flags of what a testpmd has received on a port, by length."""
    prompt.read(f"port {port}/queue 0: received")
    return {
        int(length): flags for _ in FRAMES for length, flags in re.findall(SEEN, prompt.read(SEEN))
    }


def through(is_theirs, keys):
    """Out of the file, and back into another; the sums are left open by them on the way to us, or
    by us on the way back.
    """
    with Fixture() as fixture:
        write_pcap(fixture.path("in.pcap"), FRAMES)
        peer = fixture.peer(
            ["net.sock"],
            "--max-pkt-len=16000",
            vhost=",tso=1",
            vdevs=[
                f"net_pcap0,rx_pcap={fixture.path('in.pcap')},tx_pcap={fixture.path('out.pcap')}"
            ],
        )
        tool = fixture.tool(
            ["net.sock"],
            "--forward-mode=csum",
            f"--rx-offloads={RX:#x}",
            eal=("-l", "0,1"),
            keys=keys,
        )
        if not is_theirs:
            set_up(
                tool,
                "port stop 0",
                "csum set tcp hw 0",
                "csum set udp hw 0",
                "tso set 1000 0",
                "port start 0",
            )
        set_up(tool, "set verbose 1", "start")
        if is_theirs:
            set_up(
                peer,
                "port stop 1",
                "csum set tcp hw 1",
                "csum set udp hw 1",
                "port start 1",
                "set fwd csum",
            )
        wait_for("the back end's link", lambda: link_is_up(peer, 1), True)
        set_up(peer, f"set verbose {0 if is_theirs else 1}")
        # Its prompt may come in the middle of the lines about packets.
        peer.process.stdin.write(b"start\n")
        peer.process.stdin.flush()
        seen = seen_by(tool, 0) if is_theirs else seen_by(peer, 1)
        tool.quit()
        peer.quit()
        return seen, read_pcap(fixture.path("out.pcap"))


def check_ours(keys):
    seen, frames = through(False, keys)
    assert (
        "RX_LRO" in seen[LARGE]
        and "RX_L4_CKSUM_GOOD" in seen[LARGE]
        and "RX_L4_CKSUM_GOOD" in seen[SMALL]
    ), seen
    assert sorted(map(len, frames)) == [SMALL, LARGE] and all(map(sums_are_good, frames)), [
        len(data) for data in frames
    ]


def check_theirs(keys):
    seen, _ = through(True, keys)
    assert "RX_L4_CKSUM_NONE" in seen[LARGE] and "RX_L4_CKSUM_NONE" in seen[SMALL], seen


def main():
    cases = Cases(4)
    for keys in (",packed=0", ",packed=1"):
        cases.run(f"checksums and cutting are left to net_vhost ({keys[1:]})", check_ours, keys)
        cases.run(f"net_vhost leaves checksums to us ({keys[1:]})", check_theirs, keys)
    return 1 if cases.failed else 0


sys.exit(main())

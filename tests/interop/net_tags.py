#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""VLAN tags on QEMU's NIC without a guest, with an MTU of the device's: full frames with any tags
go through the tool and come back, in every mode that forwards. The host's kernel makes and takes
them on a TAP interface."""

import struct
import subprocess
import sys

from fixtures.cases import Cases
from fixtures.packets import ADDRESS4, checksum, ipv4, udp
from fixtures.qemu import MAC, WIRE, Header, Machine, Nic, Wire, enter_own_network
from fixtures.testpmd import Fixture

MTU = 1500
PEER = bytes.fromhex("020000000077")
NEEDS_CSUM = 1
MODES = ["io", "mac", "macswap", "5tswap", "csum"]
# From the outside.
TAGS = [
    (),
    (0x8100,),
    (0x88A8,),
    (0x9100,),
    (0x88A8, 0x8100),
    (0x8100, 0x8100),
    (0x9100, 0x88A8, 0x8100),
    (0x8100, 0x9100, 0x8100, 0x88A8),
]
KEYS = [",packed=0", ",packed=1", ",mrg_rxbuf=0", ",indirect=0"]


def tagged(tags, upper):
    """A frame of UDP, and how long it is before its UDP header."""
    head = MAC + WIRE
    for number, kind in enumerate(tags):
        head += struct.pack("!HH", kind, 5 + number)
    head += struct.pack("!H", 0x0800)
    return head + ipv4(17, upper), len(head) + 20


def full(tags, more=0):
    return tagged(tags, udp(bytes(MTU - 28 + more), ADDRESS4))[0]


def seen_length(frame):
    """The kernel takes the outermost tag out of what it shows."""
    return len(frame) - (4 if frame[12:14] in (b"\x81\0", b"\x88\xa8") else 0)


def forwards(nic):
    for tags in TAGS:
        frame = full(tags)
        nic.wire.send(frame)
        back = nic.wire.receive(lambda data: len(data) > MTU, 5)
        assert back is not None, f"nothing comes back with {[hex(tag) for tag in tags]}"
        assert len(back[0]) == seen_length(frame), f"{len(back[0])} bytes of {len(frame)}"


def keeps_checksums(nic):
    """A checksum that a stage behind completes: its place is that of the header behind the tags."""
    for tags in TAGS:
        upper = udp(b"to be completed", ADDRESS4)
        frame, start = tagged(tags, upper)
        pseudo = ADDRESS4[0] + ADDRESS4[1] + struct.pack("!BBH", 0, 17, len(upper))
        partial = struct.pack("!H", ~checksum(pseudo) & 0xFFFF)
        frame = frame[: start + 6] + partial + frame[start + 8 :]
        nic.wire.send(frame, header=Header(NEEDS_CSUM, 0, 0, 0, start, 6))
        back = nic.wire.receive(lambda data: b"to be completed" in data, 5)
        assert back is not None, f"nothing comes back with {[hex(tag) for tag in tags]}"
        cut = len(frame) - seen_length(frame)
        assert back[1].csum_start == start - cut, f"{back[1]} instead of {start - cut}"


def refuses_longer(nic):
    """The first frame that comes back is the full one behind it."""
    for tags in ((), (0x88A8, 0x8100)):
        marker = full(tags)
        nic.wire.send(full(tags, 1), marker)
        back = nic.wire.receive(lambda data: len(data) > MTU, 5)
        assert back is not None, f"nothing comes back with {[hex(tag) for tag in tags]}"
        assert len(back[0]) == seen_length(marker), f"{len(back[0])} bytes of {len(marker)}"


def run_modes(cases, nic, keys):
    for mode in MODES:
        for command in ("stop", f"set fwd {mode}", "start"):
            nic.tool.command(command)
        nic.wire.drop()
        cases.run(f"full frames with tags, mode {mode} ({keys[1:]})", forwards, nic)
    cases.run(f"longer ones are refused ({keys[1:]})", refuses_longer, nic)


def main():
    enter_own_network(__file__)
    cases = Cases(len(KEYS) * (len(MODES) + 1) + 3)
    wire = Wire("wire", 1)
    # What is sent here may be longer than what the device's MTU allows.
    subprocess.run(["ip", "link", "set", "wire", "mtu", "9000"], check=True)
    with Fixture() as fixture:
        machine = Machine(
            fixture,
            "-netdev",
            "tap,id=n,ifname=wire,script=no,downscript=no",
            "-device",
            f"virtio-net-pci,netdev=n,addr=3,host_mtu={MTU},disable-legacy=on,packed=on,"
            f"mac={MAC.hex(':')}",
        )
        for keys in KEYS:
            eth_peer = "--eth-peer=0," + PEER.hex(":")
            with Nic(
                fixture, machine, wire, eth_peer, pairs=1, mode="io", keys=keys
            ) as nic:
                run_modes(cases, nic, keys)
        with Nic(
            fixture,
            machine,
            wire,
            "--rx-offloads=0xc",
            "--tx-offloads=0xc",
            pairs=1,
            mode="io",
        ) as nic:
            cases.run("full frames with tags, with offloads", forwards, nic)
            cases.run("checksums are left to the next stage", keeps_checksums, nic)
        cases.check("QEMU complains of nothing", machine.complaints() == "", machine.complaints())
    return 1 if cases.failed else 0


sys.exit(main())

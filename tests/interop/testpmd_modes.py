#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The forwarding modes that look into packets: frames of a file go through our port in each mode,
by way of DPDK's net_pcap and net_vhost, and what comes back is compared byte by byte."""

import json
import subprocess
import sys

from fixtures.cases import Cases
from fixtures.packets import (
    ADDRESS4,
    ADDRESS6,
    HERE,
    THERE,
    arp,
    ethernet,
    ipv4,
    ipv6,
    ping,
    read_pcap,
    sums_are_good,
    tcp,
    udp,
    write_pcap,
)
from fixtures.testpmd import Fixture, counter, link_is_up, wait_for

OUR = bytes.fromhex("020000000099")
PEER = bytes.fromhex("020000000077")
DATA = bytes(range(1, 32))
TARGET = bytes([192, 0, 2, 1])

REQUEST = ethernet(0x0806, arp(1, (HERE, ADDRESS4[0]), (bytes(6), TARGET)))
FRAMES = {
    "udp4": ethernet(0x0800, ipv4(17, udp(DATA, ADDRESS4))),
    "udp4 wrong": ethernet(0x0800, ipv4(17, udp(DATA, ADDRESS4, wrong=True), wrong=True)),
    "udp4 without": ethernet(0x0800, ipv4(17, udp(DATA, ADDRESS4)[:6] + b"\0\0" + DATA)),
    "tcp4 wrong": ethernet(0x0800, ipv4(6, tcp(DATA, ADDRESS4, wrong=True))),
    "tcp6 wrong": ethernet(0x86DD, ipv6(6, tcp(DATA, ADDRESS6, wrong=True))),
    "udp6 tagged wrong": ethernet(0x86DD, ipv6(17, udp(DATA, ADDRESS6, wrong=True)), tag=5),
    "ping": ethernet(0x0800, ipv4(1, ping(8))),
    "ping tagged": ethernet(0x0800, ipv4(1, ping(8)), tag=7),
    "pong": ethernet(0x0800, ipv4(1, ping(0))),
    "ping to many": ethernet(
        0x0800, ipv4(1, ping(8), addresses=(ADDRESS4[0], bytes([224, 0, 0, 1])))
    ),
    "arp request": REQUEST,
    "arp answer": ethernet(0x0806, arp(2, (HERE, ADDRESS4[0]), (THERE, ADDRESS4[1]))),
    "cut short": ethernet(0x0800, ipv4(17, udp(1400 * b"x", ADDRESS4)))[:100],
}


def through(mode, *options, commands=()):
    """The frames that come back, and the output of the tool when it stopped."""
    with Fixture() as fixture:
        write_pcap(fixture.path("in.pcap"), FRAMES.values())
        peer = fixture.peer(
            ["net.sock"],
            vdevs=[
                f"net_pcap0,rx_pcap={fixture.path('in.pcap')},tx_pcap={fixture.path('out.pcap')}"
            ],
        )
        tool = fixture.tool(
            ["net.sock"],
            f"--forward-mode={mode}",
            "--eth-peer=0," + PEER.hex(":"),
            f"--pcap-out={fixture.path('ours.pcapng')}",
            *options,
            keys=",mac=" + OUR.hex(":"),
        )
        for command in commands:
            tool.command(command)
        tool.command("start")
        wait_for("the back end's link", lambda: link_is_up(peer, 1), True)
        peer.command("start")
        wait_for("the frames at our port", lambda: counter(tool, "RX", 0), len(FRAMES))
        wait_for("what we sent at the file", lambda: counter(peer, "TX", 0), counter(tool, "TX", 0))
        output = tool.command("stop")
        tool.quit()
        peer.quit()
        shown = subprocess.run(
            [
                "tshark",
                "-r",
                fixture.path("ours.pcapng"),
                "-T",
                "json",
                "-e",
                "frame.interface_name",
                "-e",
                "frame.packet_flags_direction",
                "-e",
                "frame.len",
            ],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        return read_pcap(fixture.path("out.pcap")), output, json.loads(shown)


def expect(frames, wanted):
    missing = [name for name, frame in wanted.items() if frame not in frames]
    extra = [frame.hex() for frame in frames if frame not in wanted.values()]
    assert not missing and not extra, f"missing: {missing}\nunexpected: {extra}"


def swapped_macs(frame):
    return HERE + THERE + frame[12:]


def check_macswap():
    frames, _, _ = through("macswap")
    expect(frames, {name: swapped_macs(frame) for name, frame in FRAMES.items()})


def check_tags():
    frames, _, _ = through("macswap", commands=("port stop 0", "tx_vlan set 0 7", "port start 0"))
    expect(
        frames,
        {
            name: HERE + THERE + bytes.fromhex("81000007") + frame[12:]
            for name, frame in FRAMES.items()
        },
    )


def check_mac():
    frames, _, _ = through("mac")
    expect(frames, {name: PEER + OUR + frame[12:] for name, frame in FRAMES.items()})


def check_icmpecho():
    frames, _, _ = through("icmpecho")
    answers = {
        "arp request": ethernet(0x0806, arp(2, (OUR, TARGET), (HERE, ADDRESS4[0]))),
        "ping": ethernet(0x0800, ipv4(1, ping(0), addresses=ADDRESS4[::-1])),
        "ping tagged": ethernet(0x0800, ipv4(1, ping(0), addresses=ADDRESS4[::-1]), tag=7),
    }
    expect(
        frames,
        {
            name: HERE + (OUR if "arp" in name else THERE) + frame[12:]
            for name, frame in answers.items()
        },
    )


def check_5tswap():
    frames, _, _ = through("5tswap")
    back4, back6, ports = ADDRESS4[::-1], ADDRESS6[::-1], (2000, 1000)
    wanted = {
        "udp4": ethernet(0x0800, ipv4(17, udp(DATA, back4, ports=ports), addresses=back4)),
        "tcp6 wrong": ethernet(
            0x86DD, ipv6(6, tcp(DATA, back6, wrong=True, ports=ports), addresses=back6)
        ),
        "arp request": REQUEST,
    }
    missing = [name for name, frame in wanted.items() if swapped_macs(frame) not in frames]
    assert not missing, f"missing: {missing}\ncame: {[frame.hex() for frame in frames]}"
    assert len(frames) == len(FRAMES), f"{len(frames)} of {len(FRAMES)} came back"


def check_csum():
    frames, output, shown = through("csum")
    assert len(frames) == len(FRAMES), f"{len(frames)} of {len(FRAMES)} came back"
    for name, sent in FRAMES.items():
        match = [
            frame
            for frame in frames
            if len(frame) == len(sent)
            and (frame[14:24] + frame[26:36])[:10] == (sent[14:24] + sent[26:36])[:10]
        ]
        assert match, f"{name} did not come back"
    bad = [
        frame.hex()
        for frame in frames
        if frame[:12] != PEER + OUR or (len(frame) != 100 and not sums_are_good(frame))
    ]
    assert not bad, f"not as they should be: {bad}"
    cut = [frame for frame in frames if len(frame) == 100]
    assert cut[0][40:42] == FRAMES["cut short"][40:42], "a packet that is not all there was changed"
    without = [
        frame
        for frame in frames
        if frame[40:42] == b"\0\0" and frame[23] == 17 and frame[12:14] == b"\x08\0"
    ]
    assert len(without) == 1, "no UDP checksum was not left so"
    assert "Bad-ipcsum" in output, output
    ways = [row["_source"]["layers"]["frame.packet_flags_direction"][0] for row in shown]
    assert ways.count("0x00000001") == len(FRAMES) and ways.count("0x00000002") == len(
        FRAMES
    ), f"--pcap-out holds {ways}"


cases = Cases(6)
for mode, check in (
    ("mac", check_mac),
    ("macswap", check_macswap),
    ("macswap, a VLAN tag inserted", check_tags),
    ("icmpecho", check_icmpecho),
    ("5tswap", check_5tswap),
    ("csum, with --pcap-out", check_csum),
):
    cases.run(f"frames through mode {mode}", check)
sys.exit(1 if cases.failed else 0)

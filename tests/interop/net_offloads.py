#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checksums and segmentation on QEMU's NIC without a guest, both ways. Behind it is a TAP
interface, so the host's kernel makes and takes virtio's headers, and cuts what the NIC does not
want whole."""

import struct
import sys

from fixtures.cases import Cases
from fixtures.packets import (
    ADDRESS4,
    ADDRESS6,
    checksum,
    ipv4,
    ipv6,
    pseudo,
    sums_are_good,
    tcp,
    udp,
)
from fixtures.qemu import MAC, OFFLOADS, Header, Nic, enter_own_network, frame, mq_machine
from fixtures.testpmd import Fixture

PEER = bytes.fromhex("020000000077")
SUMS = OFFLOADS["udp_cksum"] | OFFLOADS["tcp_cksum"]
RX = SUMS | OFFLOADS["tcp_lro"]
NEEDS_CSUM = 1
GSO_TCPV4, GSO_TCPV6, GSO_ECN = 1, 4, 0x80
CWR = 0x80
ETHERNET, IPV4, IPV6, TCP = 14, 20, 40, 20
UDP_SUM, TCP_SUM = 6, 16


def at(packet, offset, value):
    return packet[:offset] + value + packet[offset + len(value) :]


def with_pseudo_sum(upper, addresses, protocol, offset):
    """A transport's packet whose checksum is left to a device: the pseudo header's stands in its
    place.
    """
    return at(
        upper,
        offset,
        struct.pack("!H", ~checksum(pseudo(addresses, protocol, len(upper))) & 0xFFFF),
    )


def partial_udp(payload):
    upper = with_pseudo_sum(udp(payload, ADDRESS4), ADDRESS4, 17, UDP_SUM)
    return frame(MAC, 0x0800, ipv4(17, upper)), Header(
        NEEDS_CSUM, 0, 0, 0, ETHERNET + IPV4, UDP_SUM
    )


def large_tcp(payload, gso_size, is_ipv4=True, flags=0x18):
    """A packet that has to be segmented."""
    addresses = ADDRESS4 if is_ipv4 else ADDRESS6
    upper = at(with_pseudo_sum(tcp(payload, addresses), addresses, 6, TCP_SUM), 13, bytes([flags]))
    network = IPV4 if is_ipv4 else IPV6
    kind = (GSO_TCPV4 if is_ipv4 else GSO_TCPV6) | (GSO_ECN if flags & CWR else 0)
    header = Header(
        NEEDS_CSUM, kind, ETHERNET + network + TCP, gso_size, ETHERNET + network, TCP_SUM
    )
    return frame(MAC, *((0x0800, ipv4(6, upper)) if is_ipv4 else (0x86DD, ipv6(6, upper)))), header


PAYLOAD = bytes(number * 7 & 0xFF for number in range(20000))


def completed(sent, header):
    """The frame with the checksum that a device would put into it."""
    start, place = header.csum_start, header.csum_start + header.csum_offset
    return at(sent, place, struct.pack("!H", checksum(sent[start:]) or 0xFFFF))


def returned(nic):
    back = nic.wire.receive(
        lambda data: data[:6] == PEER and data[12:14] in (b"\x08\0", b"\x86\xdd"), 10
    )
    assert back is not None, "nothing comes back"
    return back


def expect_good(nic):
    """What comes back is right, once the device did what its header requests."""
    back, header = returned(nic)
    whole = completed(back, header) if header.flags & NEEDS_CSUM else back
    assert header.gso_type == 0 and sums_are_good(whole), f"{header} {back.hex()}"
    return header


def pass_on(nic):
    sent, header = partial_udp(b"to be completed")
    row = nic.sees(sent, header)
    # DPDK's name for good data under a wrong checksum.
    assert "L4_CKSUM_NONE" in row["flags"], row
    return expect_good(nic)


def check_passed_on(nic):
    assert pass_on(nic).flags == NEEDS_CSUM


def check_completed(nic):
    assert pass_on(nic).flags == 0


def check_without(nic):
    """GUEST_CSUM is off by command: QEMU's kernel completes the checksum, and its state is
    unknown.
    """
    for name in ("tcp_lro", "tcp_cksum", "udp_cksum"):
        nic.execute(f"port config 0 rx_offload {name} off")
    sent, header = partial_udp(b"completed by the kernel")
    row = nic.sees(sent, header)
    assert "RX_L4_CKSUM_UNKNOWN" in row["flags"], row
    expect_good(nic)
    for name in ("udp_cksum", "tcp_cksum", "tcp_lro"):
        nic.execute(f"port config 0 rx_offload {name} on")
    pass_on(nic)


def expect_whole(nic, is_ipv4, flags=0x18):
    sent, header = large_tcp(PAYLOAD, 1000, is_ipv4, flags)
    row = nic.sees(sent, header)
    assert (
        int(row["length"]) == len(sent) and int(row["segments"]) > 1 and "LRO" in row["flags"]
    ), row
    back, seen = returned(nic)
    assert seen == header._replace(header_bytes=seen.header_bytes) and back[12:] == sent[12:], seen


def check_large(nic):
    expect_whole(nic, True)
    expect_whole(nic, False)
    expect_whole(nic, True, 0x18 | CWR)


def check_cut_by_command(nic):
    nic.execute("port config 0 rx_offload tcp_lro off")
    sent, header = large_tcp(PAYLOAD, 1000)
    rows = nic.seen(sent, header=header)
    lengths = {int(row["length"]) for row in rows}
    assert len(rows) == 20 and lengths == {
        1000 + ETHERNET + IPV4 + TCP
    }, f"{len(rows)} of lengths {lengths}"
    for _ in rows:
        expect_good(nic)
    nic.execute("port config 0 rx_offload tcp_lro on")
    expect_whole(nic, True)


def check_refused(nic):
    nic.refuses("port config 0 rx_offload rss_hash on", "stop the port first")


def check_incapable(nic):
    nic.execute("stop")
    nic.execute("port stop 0")
    nic.refuses("tso set 500 0", "TSO is not supported by port 0")
    nic.execute("port start 0")


def check_sent_partial(nic):
    for sent, place, start in (
        (
            frame(MAC, 0x0800, ipv4(17, udp(b"some bytes", ADDRESS4, wrong=True))),
            UDP_SUM,
            ETHERNET + IPV4,
        ),
        (
            frame(MAC, 0x86DD, ipv6(6, tcp(b"some bytes", ADDRESS6, wrong=True))),
            TCP_SUM,
            ETHERNET + IPV6,
        ),
    ):
        nic.wire.send(sent)
        back, header = returned(nic)
        assert header == Header(NEEDS_CSUM, 0, 0, 0, start, place), header
        assert not sums_are_good(back) and sums_are_good(completed(back, header)), back.hex()


def check_sent_large(nic):
    for is_ipv4, flags in ((True, 0x18), (False, 0x18), (True, 0x18 | CWR)):
        sent, header = large_tcp(PAYLOAD, 1000, is_ipv4, flags)
        nic.wire.send(sent, header=header)
        back, seen = returned(nic)
        assert seen == header._replace(
            gso_size=500, header_bytes=seen.header_bytes
        ), f"{seen}, sent: {header}"
        assert back[12:] == sent[12:], f"{len(back)} bytes came back, and not as they were sent"


def check_all(cases, nic, keys, checks):
    for name, check in checks.items():
        nic.wire.drop()
        cases.run(f"{name} ({keys[1:]})", check, nic)


def received(cases, fixture, machine, wire, keys):
    with Nic(
        fixture,
        machine,
        wire,
        f"--rx-offloads={RX:#x}",
        "--eth-peer=0," + PEER.hex(":"),
        mode="mac",
        keys=keys,
    ) as nic:
        check_all(
            cases,
            nic,
            keys,
            {
                "a partial checksum is passed on": check_passed_on,
                "checksums off and on by command": check_without,
                "large packets arrive whole, and are passed on": check_large,
                "large packets off and on by command": check_cut_by_command,
                "what no command can change is refused": check_refused,
            },
        )
    keys += ",features=-CSUM"
    with Nic(
        fixture,
        machine,
        wire,
        f"--rx-offloads={SUMS:#x}",
        "--eth-peer=0," + PEER.hex(":"),
        mode="mac",
        keys=keys,
    ) as nic:
        check_all(
            cases,
            nic,
            keys,
            {
                "a partial checksum is completed for a port that can't": check_completed,
                "segmentation is refused for a port that can't": check_incapable,
            },
        )


def sent(cases, fixture, machine, wire, keys):
    with Nic(
        fixture,
        machine,
        wire,
        f"--rx-offloads={RX:#x}",
        "--eth-peer=0," + PEER.hex(":"),
        mode="csum",
        keys=keys,
    ) as nic:
        for command in (
            "stop",
            "port stop 0",
            "csum set udp hw 0",
            "csum set tcp hw 0",
            "port start 0",
            "start",
        ):
            nic.execute(command)
        check_all(cases, nic, keys, {"checksums are left to the device": check_sent_partial})
        for command in ("stop", "port stop 0", "tso set 500 0", "port start 0", "start"):
            nic.execute(command)
        check_all(cases, nic, keys, {"large packets are left to the device": check_sent_large})


def main():
    enter_own_network(__file__)
    cases = Cases(19)
    with Fixture() as fixture:
        machine, wire = mq_machine(fixture)
        for keys in (",packed=0", ",packed=1"):
            received(cases, fixture, machine, wire, keys)
            sent(cases, fixture, machine, wire, keys)
        cases.check("QEMU complains of nothing", machine.complaints() == "", machine.complaints())
    return 1 if cases.failed else 0


sys.exit(main())

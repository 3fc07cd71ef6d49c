#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Control queue commands of a NIC, and their effect on packets, on QEMU's NIC with
four queue pairs, without a guest. QEMU's monitor and trace, and the host's end of the wire, are
the checks: of filters by the frames that arrive, of RSS by a hash that is computed here."""

import re
import struct
import sys

from fixtures.cases import Cases
from fixtures.packets import ADDRESS4, ADDRESS6, ipv4, ipv6, tcp, udp
from fixtures.qemu import (
    ALL,
    MAC,
    OFFLOADS,
    PAIRS,
    PROBE,
    Nic,
    enter_own_network,
    frame,
    mq_machine,
    testpmd,
)
from fixtures.testpmd import Fixture, wait_for

UNKNOWN = bytes.fromhex("525400000099")
ADDED = bytes.fromhex("525400000042")
RARP = bytes.fromhex("8035")
GROUP = bytes.fromhex("01005e000007")
BURST = 32
# The key that the driver takes when none is given.
KEY = bytes.fromhex(
    "6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa"
)


OTHER_KEY = bytes(range(200, 240))


def toeplitz(data, key=KEY):
    number = int.from_bytes(key, "big")
    result = 0
    for at, bit in enumerate(f"{int.from_bytes(data, 'big'):0{8 * len(data)}b}"):
        if bit == "1":
            result ^= number >> (8 * len(key) - 32 - at) & 0xFFFFFFFF
    return result


def probe(destination, tag=None):
    return frame(destination, PROBE, tag=tag)


def flows(count):
    """Packets that differ in addresses and ports, and the bytes that each one's hash is of."""
    for number in range(count):
        source, ports = bytes([10, 0, number, 1]), (1000 + number, 2000 + 3 * number)
        addresses = (source, ADDRESS4[1])
        source6 = ADDRESS6[0][:-2] + bytes([number, 9])
        addresses6 = (source6, ADDRESS6[1])
        tail = struct.pack("!HH", *ports)
        yield frame(
            MAC, 0x0800, ipv4(17, udp(b"x" * 20, addresses, ports=ports), addresses)
        ), b"".join(addresses) + tail
        yield frame(
            MAC, 0x0800, ipv4(6, tcp(b"x" * 20, addresses, ports=ports), addresses)
        ), b"".join(addresses) + tail
        yield frame(
            MAC, 0x86DD, ipv6(6, tcp(b"x" * 20, addresses6, ports=ports), addresses6)
        ), b"".join(addresses6) + tail
        yield frame(MAC, 0x0800, ipv4(50, b"x" * 40, addresses)), b"".join(addresses)


def check_spreading(nic, table, key=KEY):
    sent = list(flows(16))
    arrived = [
        row
        for at in range(0, len(sent), BURST)
        for row in nic.seen(*(data for data, _ in sent[at : at + BURST]))
    ]
    assert len(arrived) == len(sent), f"{len(arrived)} of {len(sent)} arrived"
    hashes = [toeplitz(hashed, key) for _, hashed in sent]
    wanted = sorted((value, table[value % len(table)]) for value in hashes)
    got = sorted((int(row["hash"], 16), int(row["queue"], 16)) for row in arrived)
    assert got == wanted, f"hashes and queues: {got}\nwanted: {wanted}"
    return {queue for _, queue in got}


def check_rss(nic):
    nic.execute("port config all rss all")
    queues = check_spreading(nic, [entry % PAIRS for entry in range(128)])
    assert queues == set(range(PAIRS)), f"only queues {queues} were used"
    stats = nic.tool.command("show port xstats 0")
    for queue in range(PAIRS):
        assert re.search(rf"rx_q{queue}_packets: [1-9]", stats), stats


# No part of it looks like another: each entry counts.
TABLE = [toeplitz(bytes([entry])) >> 8 & 1 | 2 * (entry > 90) for entry in range(128)]


def check_table(nic):
    for first in range(0, 128, 8):
        nic.execute(
            "port config 0 rss reta "
            + ",".join(f"({entry},{TABLE[entry]})" for entry in range(first, first + 8))
        )
    assert check_spreading(nic, TABLE) == set(TABLE)


def check_key(nic):
    nic.execute("port config 0 rss-hash-key ipv4-udp " + OTHER_KEY.hex())
    answer = nic.tool.command("show port 0 rss-hash key")
    assert f"RSS key:\n{OTHER_KEY.hex().upper()}\n" in answer, answer
    check_spreading(nic, TABLE, OTHER_KEY)
    nic.refuses("port config 0 rss-hash-key ipv4 " + "0" * 82, "key length: 82 invalid")
    nic.refuses("port config 0 rss-hash-key ipv4 123", "key length: 3 invalid")
    nic.refuses("port config 0 rss-hash-key ipv4 12xy", "key length: 4 invalid")
    nic.execute("port config 0 rss-hash-key ipv4 " + OTHER_KEY[:16].hex())
    answer = nic.tool.command("show port 0 rss-hash key")
    assert f"RSS key:\n{OTHER_KEY[:16].hex().upper()}\n" in answer, answer
    nic.execute("port config 0 rss-hash-key ipv4 " + KEY.hex())
    check_spreading(nic, TABLE)
    answer = nic.tool.command("show port 0 ptypes")
    assert "Supported L3 ptypes:\nL3_IPV4" in answer and "Supported L4 ptypes:\n" in answer, answer


def check_single_queues(nic):
    """Another ring, and stripping, on one queue of four."""
    nic.execute("stop")
    nic.execute("port stop 0")
    nic.execute("port config 0 rxq 1 ring_size 128")
    nic.execute("port start 0")
    nic.execute("start")
    sizes = [nic.tool.command(f"show rxq info 0 {queue}") for queue in range(PAIRS)]
    assert ["Number of RXDs: 128\n" in size for size in sizes] == [False, True, False, False]
    nic.execute("vlan set stripq on 0,1")
    rows = nic.seen(
        *(data[:12] + bytes.fromhex("8100a007") + data[12:] for data, _ in flows(BURST // 4))
    )
    tags = {(row["queue"] == "1", row["tci"]) for row in rows}
    assert tags == {(True, "a007"), (False, None)}, rows
    nic.execute("vlan set stripq off 0,1")
    check_spreading(nic, TABLE)


def check_types(nic):
    nic.execute("port config all rss none")
    arrived = nic.seen(*(data for data, _ in flows(4)))
    assert {row["queue"] for row in arrived} == {"0"} and not any(
        row["hash"] for row in arrived
    ), arrived
    nic.execute("port config all rss all")


def check_promiscuous(nic, rx_filter):
    assert nic.takes(probe(MAC)) and nic.takes(probe(UNKNOWN)), "a promiscuous NIC takes all"
    nic.execute("set promisc 0 off")
    assert not rx_filter()["promiscuous"]
    assert nic.takes(probe(MAC)) and nic.takes(probe(ALL)), "its own frames are gone too"
    assert not nic.takes(probe(UNKNOWN)), "a frame to an unknown address arrives"


def check_multicast(nic, rx_filter):
    assert not nic.takes(probe(GROUP)), "a group's frame arrives"
    nic.execute("set allmulti 0 on")
    assert rx_filter()["multicast"] == "all" and nic.takes(probe(GROUP))
    nic.execute("set allmulti 0 off")
    assert rx_filter()["multicast"] == "normal" and not nic.takes(probe(GROUP))
    nic.execute("mcast_addr add 0 " + GROUP.hex(":"))
    assert rx_filter()["multicast-table"] == [GROUP.hex(":")] and nic.takes(probe(GROUP))
    nic.execute("mcast_addr remove 0 " + GROUP.hex(":"))
    assert not nic.takes(probe(GROUP))


def check_table_of_addresses(nic, rx_filter):
    nic.execute("mac_addr add 0 " + ADDED.hex(":"))
    nic.execute("mcast_addr add 0 " + GROUP.hex(":"))
    assert rx_filter()["unicast-table"] == [ADDED.hex(":")], rx_filter()
    assert nic.takes(probe(ADDED)) and nic.takes(probe(GROUP)) and nic.takes(probe(MAC))
    assert not nic.takes(probe(UNKNOWN))
    nic.execute("mac_addr remove 0 " + ADDED.hex(":"))
    nic.execute("mcast_addr remove 0 " + GROUP.hex(":"))
    assert not nic.takes(probe(ADDED)) and not nic.takes(probe(GROUP))


def check_large_table(nic, rx_filter):
    """More addresses than QEMU keeps make it take all."""
    macs = [bytes([2, 0, 0, 0, 1, number]) for number in range(64)]
    for mac in macs:
        nic.execute("mac_addr add 0 " + mac.hex(":"))
    assert len(rx_filter()["unicast-table"]) == 64 and nic.takes(probe(macs[63]))
    nic.refuses("mac_addr add 0 02:00:00:00:01:ff", "No space left")
    for mac in macs:
        nic.execute("mac_addr remove 0 " + mac.hex(":"))
    assert rx_filter()["unicast-table"] == []


def check_own_address(nic, rx_filter):
    nic.execute("mac_addr set 0 " + ADDED.hex(":"))
    assert rx_filter()["main-mac"] == ADDED.hex(":"), rx_filter()
    assert nic.takes(probe(ADDED)) and not nic.takes(probe(MAC))
    nic.execute("mac_addr set 0 " + MAC.hex(":"))
    assert nic.takes(probe(MAC)) and not nic.takes(probe(ADDED))


def check_vlans(nic, rx_filter):
    assert not nic.takes(probe(MAC, tag=5)), "no tag is let through yet"
    nic.execute("rx_vlan add 5 0")
    nic.execute("rx_vlan add 4095 0")
    assert sorted(rx_filter()["vlan-table"]) == [5, 4095]
    assert (
        nic.takes(probe(MAC, tag=5)) and nic.takes(probe(MAC, tag=4095)) and nic.takes(probe(MAC))
    )
    assert not nic.takes(probe(MAC, tag=6))
    nic.execute("vlan set strip on 0")
    row = nic.sees(probe(MAC, tag=0xA005))
    assert row["tci"] == "a005" and int(row["kind"], 16) == PROBE and row["length"] == "56", row
    nic.execute("vlan set strip off 0")
    nic.execute("rx_vlan rm 5 0")
    assert not nic.takes(probe(MAC, tag=5)) and nic.takes(probe(MAC, tag=4095))


def check_restart(nic, rx_filter):
    """A reset makes the device forget all of it, and the start repeats it."""
    nic.execute("mac_addr add 0 " + ADDED.hex(":"))
    nic.execute("stop")
    nic.execute("port stop 0")
    assert rx_filter()["unicast-table"] == []
    nic.execute("port start 0")
    nic.execute("start")
    assert not nic.takes(probe(UNKNOWN)) and nic.takes(probe(ADDED))
    assert nic.takes(probe(MAC, tag=4095)) and not nic.takes(probe(MAC, tag=5))
    check_spreading(nic, TABLE)


def check_link(nic, machine):
    def link():
        return re.search(r"Link status: (\w+)", nic.tool.command("show port info 0")).group(1)

    assert link() == "up"
    machine.qmp("set_link", name="nic", up=False)
    wait_for("the link's end", lambda: link() == "down", True)
    nic.wire.send(probe(MAC))
    machine.qmp("set_link", name="nic", up=True)
    wait_for("the link", lambda: link() == "up", True)
    assert nic.takes(probe(MAC))


def check_announcement(nic, machine):
    def acknowledged():
        return machine.trace().count("virtio_net_handle_announce")

    # Several in a second are one for the tool, which looks that often.
    nic.wire.drop()
    for before in (acknowledged(), acknowledged() + 1):
        machine.qmp("announce-self", initial=50, max=50, rounds=1, step=0)
        wait_for("an acknowledgement", acknowledged, before + 1)
        # One is QEMU's own.
        for _ in range(2):
            output = nic.wire.receive(lambda data: data[12:14] == RARP)
            assert output is not None and output[0][:12] == ALL + MAC, output


def check_standby(fixture, machine):
    """QEMU reports a driver that takes STANDBY, which is on request only, and no other driver."""
    for keys, reported in (("", False), (",features=+STANDBY", True)):
        testpmd(fixture, [machine.nic(1, keys)]).quit()
        machine.qmp("query-status")
        assert (
            "FAILOVER_NEGOTIATED" in [event["event"] for event in machine.events]
        ) == reported, machine.events


def check_declined(fixture, machine, wire):
    """Without a control queue, or its commands, the NIC passes all, and the port starts."""
    for features, missing in (("-CTRL_VQ", "CTRL_VQ"), ("-CTRL_RX/-MQ/-RSS", "CTRL_RX")):
        keys = ",features=" + features
        with Nic(fixture, machine, wire, pairs=1, keys=keys) as nic:
            assert f"needs {missing}, which features= declines" in nic.tool.shown, nic.tool.shown
            assert nic.takes(probe(MAC)), features
            shown = nic.tool.command("show port info 0")
            accepted = re.search("Features accepted: (.*)", shown).group(1)
            assert missing not in accepted.split(), accepted


def check_no_control_queue(fixture, machine):
    """QEMU offers CTRL_RX all the same."""
    tool = testpmd(fixture, [machine.nic(2)])
    missing = re.search(r"needs CTRL_VQ, which \S+ does not offer", tool.shown)
    assert missing and "Port 0: " in tool.shown, tool.shown
    output, status = tool.quit()
    assert status == 0, output


def check_small_pool(fixture, machine):
    """As many mbufs as the receive ring takes: nothing is left to send, and it is reported once."""
    options = ("--total-num-mbufs=256", "--mbcache=32", "--forward-mode=txonly")
    tool = testpmd(fixture, [machine.nic(1)], *options)
    assert re.search("total-num-mbufs=256: full rings .* need [0-9]+ ", tool.shown), tool.shown
    tool.command("start")
    reported = "port 0, queue 0: txonly finds no 32 free mbufs in pool <mb_pool_0>, which has 256"
    tool.read(reported)
    output, status = tool.quit()
    assert status == 0 and reported not in output, output


def run_filters(cases, fixture, machine, wire):
    def rx_filter():
        return machine.qmp("query-rx-filter", name="nic")[0]

    offloads = OFFLOADS["vlan_filter"] | OFFLOADS["rss_hash"]
    with Nic(fixture, machine, wire, f"--rx-offloads={offloads:#x}") as nic:
        cases.run(
            "RSS spreads by a hash over four queues, and the hash is in the packet", check_rss, nic
        )
        cases.run("another redirection table", check_table, nic)
        cases.run("another hash key", check_key, nic)
        cases.run("single queues", check_single_queues, nic)
        cases.run("no RSS: all to queue 0, and no hash", check_types, nic)
        for name, check in (
            ("promiscuous or not", check_promiscuous),
            ("multicast", check_multicast),
            ("further addresses", check_table_of_addresses),
            ("64 further addresses and no more", check_large_table),
            ("another own address", check_own_address),
            ("VLANs", check_vlans),
            ("a restart repeats it all", check_restart),
        ):
            cases.run("filters: " + name, check, nic, rx_filter)
        cases.run("the link goes and comes", check_link, nic, machine)
        cases.run(
            "announcements are acknowledged, and the network is notified",
            check_announcement,
            nic,
            machine,
        )


def main():
    enter_own_network(__file__)
    cases = Cases(19)
    with Fixture() as fixture:
        machine, wire = mq_machine(
            fixture,
            "-trace",
            "virtio_net_handle_announce",
            "-netdev",
            "hubport,id=s,hubid=1",
            "-device",
            "virtio-net-pci,netdev=s,addr=4,disable-legacy=on,failover=on",
            "-netdev",
            "hubport,id=c,hubid=2",
            "-device",
            "virtio-net-pci,netdev=c,addr=5,disable-legacy=on,ctrl_vq=off",
        )
        run_filters(cases, fixture, machine, wire)
        cases.run("standby on request", check_standby, fixture, machine)
        cases.run("commands that are declined", check_declined, fixture, machine, wire)
        cases.run("a pool that is too small", check_small_pool, fixture, machine)
        cases.run("a NIC without a control queue", check_no_control_queue, fixture, machine)
        output = [
            line
            for line in machine.complaints().splitlines()
            if not re.search(
                "virtio_net_handle_announce|is not connected to host network|failover primary", line
            )
        ]
        cases.check("QEMU complains of nothing else", not output, output)
    return 1 if cases.failed else 0


sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The commands that DPDK's documentation and test suites send to testpmd, at our prompt: each
answer in fixtures/prompt_commands.txt, and the effect of those that have one, on the wire where
it is one.
"""

import os
import re
import struct
import sys
import time

from fixtures.cases import Cases
from fixtures.packets import (
    ADDRESS4,
    THERE,
    ethernet,
    ipv4,
    read_pcap,
    sums_are_good,
    udp,
    write_pcap,
)
from fixtures.testpmd import Fixture, counter, cpu_seconds, link_is_up, wait_for

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures/prompt_commands.txt")
PLANNED_COMMANDS = 272
GONE = "77"
NOT_TAKEN = r"Bad arguments|Command not found|Ambiguous command"
DATA = bytes(range(1, 200))


def read_table():
    """Groups of (title, state, rows)."""
    groups = []
    with open(TABLE, encoding="utf-8") as file:
        for line in file:
            line = line.rstrip("\n")
            if line.startswith("["):
                state, title = re.fullmatch(r"\[(\w+)\] (.*)", line).groups()
                groups.append((title, state, []))
            elif line and not line.startswith("#"):
                command, pattern = line.split(" |", 1)
                groups[-1][2].append((command.replace("GONE", GONE), pattern[1:]))
    return groups


def enter_state(tool, old, new):
    """Between stopped, started and forwarding."""
    order = ["stopped", "started", "forwarding"]
    ups = {"started": "port start all", "forwarding": "start"}
    downs = {"started": "port stop all", "forwarding": "stop"}
    at, to = order.index(old), order.index(new)
    while at < to:
        at += 1
        tool.command(ups[order[at]])
    while at > to:
        tool.command(downs[order[at]])
        at -= 1


def send(tool, command, pattern):
    answer = tool.command(command).strip("\n")
    wanted = pattern.replace("GONE", GONE) or r"^$"
    assert re.search(wanted, answer), f"no '{wanted}' in:\n{answer}"
    assert not re.search(NOT_TAKEN, answer), answer


def check_answers(cases, groups):
    with Fixture() as fixture:
        peer = fixture.peer(["a.sock", "b.sock"], vhost=",tso=1")
        tool = fixture.tool(["a.sock", "b.sock"], eal=("-l", "0,1"))
        wait_for("the back end's links", lambda: link_is_up(peer, 0) and link_is_up(peer, 1), True)
        state = "started"
        for title, wanted, rows in groups:
            enter_state(tool, state, wanted)
            state = wanted
            for command, pattern in rows:
                cases.run(f"{title}: testpmd> {command}", send, tool, command, pattern)
        enter_state(tool, state, "started")
        text, status = tool.quit()
        cases.check("the prompt ends well", status == 0 and "Bye..." in text, text)


def tagged(frame, *tags):
    return frame[:12] + b"".join(struct.pack("!HH", *tag) for tag in tags) + frame[12:]


def vxlan(wrong):
    inner = ethernet(0x0800, ipv4(17, udp(DATA, ADDRESS4, wrong=wrong), wrong=wrong))
    return ethernet(
        0x0800,
        ipv4(
            17,
            udp(bytes.fromhex("0800000000002a00") + inner, ADDRESS4, ports=(5000, 4789)),
            wrong=wrong,
        ),
    )


def ip_in_ip(wrong):
    inner = ipv4(17, udp(DATA, ADDRESS4, wrong=wrong), wrong=wrong)
    return ethernet(0x0800, ipv4(4, inner, wrong=wrong))


def through(frames, commands, options=(), sends=0, meanwhile=lambda tool: None):
    """The frames that come back from our port, and what the tool printed. It is stopped when all
    are received, and so many sent.
    """
    with Fixture() as fixture:
        write_pcap(fixture.path("in.pcap"), frames)
        peer = fixture.peer(
            ["net.sock"],
            vdevs=[
                f"net_pcap0,rx_pcap={fixture.path('in.pcap')},tx_pcap={fixture.path('out.pcap')}"
            ],
        )
        tool = fixture.tool(["net.sock"], *options)
        for command in commands:
            tool.command(command)
        wait_for("the back end's link", lambda: link_is_up(peer, 1), True)
        peer.command("start")
        tool.command("start")
        wait_for("the frames at our port", lambda: counter(tool, "RX", 0), len(frames))
        wait_for("frames to send", lambda: counter(tool, "TX", 0), sends)
        meanwhile(tool)
        wait_for("what we sent", lambda: counter(peer, "TX", 0), counter(tool, "TX", 0))
        tool.command("stop")
        tool.quit()
        peer.quit()
        return read_pcap(fixture.path("out.pcap")), tool.seen


PLAIN = ethernet(0x0800, ipv4(17, udp(DATA, ADDRESS4)))


def expect(frames, wanted):
    came, due = [f.hex() for f in frames], [f.hex() for f in wanted]
    assert frames == wanted, f"came: {came}\nwanted: {due}"


def check_two_tags(command):
    frames, _ = through(
        [PLAIN] * 3, ["port stop 0", command, "tx_vlan set 0 5 6", "port start 0"]
    )
    expect(frames, [tagged(PLAIN, (0x88A8, 6), (0x8100, 5))] * 3)


def check_strip():
    frames, _ = through([tagged(PLAIN, (0x8100, 9)), PLAIN], ["vlan set stripq on 0,0"])
    expect(frames, [PLAIN] * 2)


def check_no_strip():
    """What is turned off for all queues is off for a single one, too."""
    frame = tagged(PLAIN, (0x8100, 9))
    frames, _ = through([frame] * 2, ["vlan set stripq on 0,0", "vlan set strip off 0"])
    expect(frames, [frame] * 2)


def check_tunnels():
    frames, _ = through(
        [vxlan(True), ip_in_ip(True)],
        ["csum parse-tunnel on 0", "set fwd csum", "set eth-peer 0 " + THERE.hex(":")],
    )
    expect([frame[12:] for frame in frames], [vxlan(False)[12:], ip_in_ip(False)[12:]])


def check_addresses():
    frames, _ = through([PLAIN], ["csum mac-swap off 0", "set fwd csum"])
    expect(frames, [PLAIN])


def check_split():
    """A copy has the same bytes, in segments."""
    frames, output = through(
        [PLAIN] * 2,
        ["set txpkts 100,60", "set txsplit on", "set fwd csum", "set verbose 2"]
    )
    assert [frame[12:] for frame in frames] == [PLAIN[12:]] * 2, [f.hex() for f in frames]
    shown = re.findall(r"length=(\d+) - nb_segs=(\d+)", output)
    assert shown == [(str(len(PLAIN)), "2")] * 2, output


NUMBERED = [tagged(PLAIN, (0x8100, n)) for n in range(70)]


def check_sleep(tool):
    """A forwarder that waits for packets uses no CPU."""
    begin, used = time.monotonic(), cpu_seconds(tool.process)
    time.sleep(1)
    share = (cpu_seconds(tool.process) - used) / (time.monotonic() - begin)
    assert share < 0.04, f"{share:.0%} of a core without packets"


def check_noisy():
    """Without a flush time the last 40 wait until the end, which drops them."""
    frames, output = through(
        NUMBERED,
        ["set fwd noisy"],
        options=("--noisy-tx-sw-buffer-size=40", "--idle=interrupt"),
        sends=30,
        meanwhile=check_sleep,
    )
    expect(frames, NUMBERED[:30])
    assert re.search(r"TX-packets: 30 +TX-dropped: 40 ", output), output


def check_noisy_flush():
    frames, _ = through(
        NUMBERED,
        ["set fwd noisy"],
        options=(
            "--noisy-tx-sw-buffer-size=40",
            "--noisy-tx-sw-buffer-flushtime=50",
            "--noisy-lkup-memory=1",
            "--noisy-lkup-num-reads=2",
            "--noisy-lkup-num-writes=2",
            "--noisy-lkup-num-reads-writes=2",
        ),
        sends=70,
    )
    expect(frames, NUMBERED)


def check_noisy_pool():
    """The pool holds the packets that wait."""
    waiting = 9000
    with Fixture() as fixture:
        fixture.peer(["net.sock"])
        tool = fixture.tool(["net.sock"], f"--noisy-tx-sw-buffer-size={waiting}")
        mbufs = int(re.search(r"<mb_pool_0>: n=(\d+)", tool.shown).group(1))
        assert mbufs > waiting, f"{mbufs} mbufs"


def check_rand_split():
    """Packets of one to three segments, whose headers count their bytes. Of 200 one number of
    segments is missing once in 10^35.
    """
    frames, _ = through(
        [],
        [
            "set txpkts 60,70,80",
            "set txsplit rand",
            "set fwd txonly",
            "set burst 8",
            "set txtimes 5000000,0",
        ],
        sends=200,
    )
    assert {len(frame) for frame in frames} == {60, 130, 210}, {len(frame) for frame in frames}
    bad = [
        frame.hex()
        for frame in frames
        if not sums_are_good(frame)
        or struct.unpack("!H", frame[16:18])[0] != len(frame) - 14
        or struct.unpack("!H", frame[38:40])[0] != len(frame) - 34
    ]
    assert not bad, bad[0]


def count_sent(tool, seconds):
    """The packets of txonly by port 0, and the time that it had for them at most."""
    begin = time.monotonic()
    tool.command("start")
    time.sleep(seconds)
    match = re.search(r"TX-packets: (\d+)", tool.command("stop"))
    assert match, "forwarding did not start"
    return int(match.group(1)), time.monotonic() - begin


def check_times(tool):
    """32 packets every 10 ms, and 31 gaps of 1 ms: 0.8 packets a ms."""
    tool.command("set fwd txonly")
    tool.command("set txtimes 9000000,1000000")
    sent, seconds = count_sent(tool, 1)
    most = (seconds / 0.040 + 2) * 32
    assert 64 <= sent <= most, f"{sent} packets, {most} at most"
    # Bursts of one packet: the gap between packets is all that is left.
    tool.command("set burst 1")
    tool.command("set txtimes 0,20000000")
    sent, seconds = count_sent(tool, 0.5)
    tool.command("set burst 32")
    tool.command("set txtimes 0,0")
    most = seconds / 0.020 + 2
    assert 2 <= sent <= most, f"{sent} packets of bursts of one, {most} at most"


def check_ring_sizes(tool):
    tool.command("port stop all")
    for command in ("rxq 0 ring_size 64", "txq 0 ring_size 128"):
        tool.command(f"port config 0 {command}")
    tool.command("port start all")
    assert "Number of RXDs: 64\n" in tool.command("show rxq info 0 0")
    assert "Number of TXDs: 128\n" in tool.command("show txq info 0 0")
    assert "Number of RXDs: 64\n" not in tool.command("show rxq info 1 0")
    assert "RX desc=64 " in tool.command("show config rxtx")
    # What was set for all queues afterwards is for this one, too.
    tool.command("port stop all")
    tool.command("port config all rxd 256")
    tool.command("port start all")
    assert "Number of RXDs: 256\n" in tool.command("show rxq info 0 0")
    assert "Number of TXDs: 128\n" in tool.command("show txq info 0 0")


def check_deferred(tool):
    tool.command("port stop 0")
    tool.command("port 0 txq 0 deferred_start on")
    tool.command("port start 0")
    answer = tool.command("show txq info 0 0")
    assert "TX deferred start: on\n" in answer and "Tx queue state: stopped\n" in answer, answer
    tool.command("set fwd txonly")
    tool.command("start")
    time.sleep(0.2)
    before = counter(tool, "TX", 0)
    time.sleep(0.2)
    assert counter(tool, "TX", 0) == before, "a queue that waits sends"
    assert counter(tool, "TX", 1) > 0, "the other port's does not"
    tool.command("port 0 txq 0 start")
    wait_for("packets of the started queue", lambda: counter(tool, "TX", 0), before + 1)
    tool.command("stop")
    tool.command("port stop 0")
    tool.command("port 0 txq 0 deferred_start off")
    tool.command("port start 0")
    assert "Tx queue state: started\n" in tool.command("show txq info 0 0")


def check_queue_offload(tool):
    def offloads():
        return int(re.search(r"Tx offloads=0x(\w+)", tool.command("show config rxtx")).group(1), 16)

    before = offloads()
    tool.command("port stop 0")
    tool.command("port 0 txq 0 tx_offload udp_cksum on")
    tool.command("port start 0")
    assert before & 4 == 0 and offloads() & 4 == 4, f"{before:#x}, {offloads():#x}"
    tool.command("port stop 0")
    tool.command("port 0 txq 0 tx_offload udp_cksum off")
    tool.command("port start 0")
    assert offloads() == before, f"{before:#x}, {offloads():#x}"


def check_descriptors(tool):
    """The receive ring is full, the transmit ring is empty."""
    for queue, state in (("rxq", "AVAILABLE"), ("txq", "DONE")):
        answer = tool.command(f"show port 0 {queue} 0 desc 1 status").strip()
        assert answer == f"Desc status = {state}", answer


def check_packed_size(tool):
    """A packed ring has any number of descriptors."""
    assert "RING_PACKED" in re.search(
        "Features accepted: .*", tool.command("show port info 0")
    ).group(0)
    for commands in (
        ["port config 0 rxq 0 ring_size 100", "port config 0 txq 0 ring_size 100"],
        ["port config all rxd 100", "port config all txd 100"],
        ["port config all rxd 256", "port config all txd 256"],
    ):
        for command in ["port stop all", *commands, "port start all"]:
            answer = tool.command(command)
            assert "allowed" not in answer and "can't" not in answer, answer
        size = re.search(r"(\d+)$", commands[0]).group(1)
        assert f"Number of RXDs: {size}\n" in tool.command("show rxq info 0 0")
        assert f"Number of TXDs: {size}\n" in tool.command("show txq info 0 0")


def check_modes(tool, peer):
    """Each with 32 packets that the back end sends by each port, and returns from then on."""
    peer.command("set fwd io")
    for mode, returns in (("recycle_mbufs", True), ("shared_rxq", False), ("ieee1588", False)):
        before = len(tool.seen)
        for command in ("clear port stats all", f"set fwd {mode}", "start"):
            tool.command(command)
        peer.command("clear port stats all")
        peer.command("start tx_first 1")
        for port in range(2):
            wait_for(f"packets in {mode}", lambda: counter(tool, "RX", port), 32)
            wait_for(f"packets of {mode}", lambda: counter(peer, "RX", port), 32 * returns)
        peer.command("stop")
        answer = tool.command("stop")
        sent = [int(count) for count in re.findall(r"TX-packets: (\d+)", answer)]
        assert len(sent) == 3 and (min(sent) >= 32 if returns else max(sent) == 0), answer
        reports = tool.seen[before:].count("Received non PTP packet type=0x 800 len=64")
        assert (reports > 0) == (mode == "ieee1588"), f"{reports} reports in {mode}"
    peer.command("set fwd rxonly")
    peer.command("start")


def check_detach(tool):
    tool.command("port stop 1")
    answer = tool.command("port detach 1")
    assert answer.strip().splitlines() == [
        "Removing a device...",
        "Device of port 1 is detached",
        "Now total ports is 1",
        "Done",
    ], answer
    assert "Invalid port 1" in tool.command("show port info 1")
    assert "Infos for port 0" in tool.command("show port info 0")


def check_log(tool):
    tool.command("set log global 4")
    assert "global log level is error" in tool.command("dump_log_types")
    tool.command("set log lib.mempool 8")
    assert re.search(r"lib.mempool, level is debug", tool.command("dump_log_types"))
    tool.command("set log global 8")


# A back end that polls may keep its vhost threads from the queues that a start changes.
WITHOUT_PEER = [
    ("ring_size", check_ring_sizes),
    ("deferred_start", check_deferred),
    ("tx_offload of a queue", check_queue_offload),
    ("desc status", check_descriptors),
    ("any size of a packed ring", check_packed_size),
]
WITH_PEER = [
    ("txtimes", check_times),
    ("set log", check_log),
    ("port detach", check_detach),
]
ON_WIRE = [
    ("vlan set outer tpid", check_two_tags, "vlan set outer tpid 0x88a8 0"),
    ("rx_vlan set tpid", check_two_tags, "rx_vlan set tpid 0x88a8 0"),
    ("stripq", check_strip),
    ("strip off behind stripq", check_no_strip),
    ("csum parse-tunnel", check_tunnels),
    ("csum mac-swap off", check_addresses),
    ("csum with txsplit", check_split),
    ("txonly with txsplit rand", check_rand_split),
    ("noisy keeps", check_noisy),
    ("noisy flushes", check_noisy_flush),
    ("noisy has a pool for what waits", check_noisy_pool),
]


def check_effects(cases):
    with Fixture() as fixture:
        peer = fixture.peer(["a.sock", "b.sock"])
        tool = fixture.tool(["a.sock", "b.sock"], eal=("-l", "0,1"))
        wait_for("the back end's links", lambda: link_is_up(peer, 0) and link_is_up(peer, 1), True)
        for name, check in WITHOUT_PEER:
            cases.run(f"effect: {name}", check, tool)
        cases.run("effect: further modes", check_modes, tool, peer)
        for name, check in WITH_PEER:
            cases.run(f"effect: {name}", check, tool)
    for name, check, *arguments in ON_WIRE:
        cases.run(f"on the wire: {name}", check, *arguments)


def main():
    groups = read_table()
    cases = Cases(
        PLANNED_COMMANDS + 2 + len(WITHOUT_PEER) + len(WITH_PEER) + len(ON_WIRE)
    )
    check_answers(cases, groups)
    check_effects(cases)
    return 1 if cases.failed else 0


sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Usage: testpmd_commands [-- EAL-OPTIONS... -- TOOL-OPTIONS...]

The commands of DPDK's testpmd that people use most, one after the other at our prompt, each with
what it answered. Without arguments the tool has two ports that DPDK's net_vhost serves; else the
options are the tool's own, and must name at least two ports, which ought to be connected with
each other.

A command that needs a feature of the device must work where port 0 offers it, and be refused by
that name where it does not."""

import re
import sys

from fixtures.cases import Cases
from fixtures.testpmd import TOOL, Prompt, Fixture, link_is_up, wait_for

NIC_STATS = (
    r"#+ NIC statistics for port 0 +#+\n  RX-packets: \d+ +RX-missed: \d+ +RX-bytes:  \d+\n"
    r"  RX-errors: \d+\n  RX-nombuf:  \d+ +\n  TX-packets: \d+ +TX-errors: \d+ +TX-bytes:  \d+\n\n"
    r"  Throughput \(since last show\)\n  Rx-pps: +\d+ +Rx-bps: +\d+\n"
    r"  Tx-pps: +\d+ +Tx-bps: +\d+\n  #+"
)
RUN = (
    r"-+ Forward statistics for port 0 +-+\n  RX-packets: \d+ +RX-dropped: \d+ +RX-total: \d+\n"
    r"(.*\n)*  TX-packets: \d+ +TX-dropped: \d+ +TX-total: \d+\n(.*\n)*"
    r" +\++ Accumulated forward statistics for all ports\++\n"
)
NOTHING = r"^$"
# Only a device with RING_RESET has its own part in it.
QUEUE_STOP = r"^$|^port 0: .* has no RING_RESET, so forwarding leaves the queue alone"
DONE = r"Done\n"
STARTED = r"packet forwarding - ports=2 - cores=1 - streams=\d+"

# The command, what its answer must contain, and the features one of which it needs (None: works
# always).
COMMANDS = [
    (
        "show port info 0",
        r"Infos for port 0 .*\nMAC address: .*\nDevice name: .*\nDriver name: ",
        None,
    ),
    ("show port info all", r"Infos for port 1 ", None),
    ("show port stats 0", NIC_STATS, None),
    ("show port stats all", r"NIC statistics for port 1 ", None),
    ("show port xstats all", r"NIC extended statistics for port 0.*\nrx_good_packets: \d+\n", None),
    (
        "show port summary all",
        r"Number of available ports: \d\nPort MAC Address +Name +Driver +Status +Link\n",
        None,
    ),
    ("show config rxtx", r"RX queue number: \d+ Tx queue number: \d+", None),
    ("show config fwd", STARTED, None),
    ("show config cores", r"List of forwarding lcores: +\d+", None),
    ("show config txpkts", r"Number of segments: 1\nSegment sizes: 64\n", None),
    ("show rxq info 0 0", r"Infos for port 0 , RX queue 0 ", None),
    ("show txq info 0 0", r"Infos for port 0 , TX queue 0 ", None),
    ("show device info all", r"Infos for device ", None),
    ("show port 0 macs", r"Number of MAC address added: 1\n  ([0-9A-F]{2}:){5}", None),
    ("show port 0 rx_offload capabilities", r"Rx Offloading Capabilities of port 0 :", None),
    ("show port 0 tx_offload configuration", r"Tx Offloading Configuration of port 0 :", None),
    ("show port 0 rss-hash", r"RSS (functions|disabled)", None),
    ("show port 0 rss-hash key", r"RSS (functions|disabled)", None),
    ("show port 0 rss reta 128 (0xff)", r"RSS RETA configuration|RSS is not in force|size", None),
    ("dump_mempool", r"mempool <mb_pool_0>", None),
    ("dump_mempool mb_pool_0", r"mempool <mb_pool_0>", None),
    ("dump_memzone", r"Zone 0:", None),
    ("dump_physmem", r"Segment ", None),
    ("set fwd mac", r"Set mac packet forwarding mode\n", None),
    ("set fwd io retry", r"Set io packet forwarding mode with retry\n", None),
    ("set burst tx delay 1 retry 8", NOTHING, None),
    ("set burst 16", r"Number of packets per burst set to 16\n", None),
    ("set txpkts 64,64", NOTHING, None),
    ("set nbcore 1", r"Number of forwarding cores set to 1\n", None),
    ("set nbport 2", r"Number of forwarding ports set to 2\n", None),
    ("set portlist 0,1", NOTHING, None),
    ("set portmask 0x3", NOTHING, None),
    ("set corelist 1", NOTHING, None),
    ("set coremask 0x2", NOTHING, None),
    ("set stat_qmap rx 0 0 0", r"Each queue has counters of its own", None),
    ("set verbose 1", r"Change verbose level from 0 to 1\n", None),
    ("set verbose 0", r"Change verbose level from 1 to 0\n", None),
    ("set eth-peer 0 02:00:00:00:00:01", NOTHING, None),
    ("set record-core-cycles on", NOTHING, None),
    ("set record-burst-stats on", NOTHING, None),
    ("set promisc all off", NOTHING, ["CTRL_RX"]),
    ("set promisc 0 on", NOTHING, ["CTRL_RX"]),
    ("set allmulti 0 on", NOTHING, ["CTRL_RX"]),
    ("mac_addr add 0 02:00:00:00:00:42", NOTHING, ["CTRL_RX"]),
    ("mac_addr remove 0 02:00:00:00:00:42", NOTHING, ["CTRL_RX"]),
    ("mac_addr set 0 02:00:00:00:00:43", NOTHING, ["CTRL_RX", "CTRL_MAC_ADDR"]),
    ("mcast_addr add 0 01:00:5e:00:00:42", NOTHING, ["CTRL_RX"]),
    ("start", STARTED, None),
    ("tx_vlan set 0 5", r"Please stop port 0 first", None),
    ("show fwd stats all", RUN, None),
    ("clear fwd stats all", NOTHING, None),
    ("clear port stats all", r"NIC statistics for port 0 cleared", None),
    ("clear port xstats all", r"statistics for port 0 cleared", None),
    ("set link-down port 1", NOTHING, None),
    ("set link-up port 1", NOTHING, None),
    ("port 0 rxq 0 stop", QUEUE_STOP, None),
    ("show rxq info 0 0", r"Rx queue state: stopped\n", None),
    ("port 0 rxq 0 start", NOTHING, None),
    ("port 0 txq 0 stop", QUEUE_STOP, None),
    ("show txq info 0 0", r"Tx queue state: stopped\n", None),
    ("port 0 txq 0 start", NOTHING, None),
    ("show txq info 0 0", r"Tx queue state: started\n", None),
    (
        "stop",
        r"Telling cores to stop...\nWaiting for lcores to finish...\n\n" + "(.*\n)*.*" + RUN,
        None,
    ),
    ("start tx_first", STARTED, None),
    ("stop", RUN, None),
    ("start tx_first 4", STARTED, None),
    ("stop", RUN, None),
    ("port stop all", r"Stopping ports...\nDone\n", None),
    ("port config all rxq 1", NOTHING, None),
    ("port config all txq 1", r"", None),
    ("port config all rxd 128", NOTHING, None),
    ("port config all txd 128", NOTHING, None),
    ("port config mtu 0 1400", NOTHING, None),
    ("port config 0 rx_offload vlan_filter on", NOTHING, ["CTRL_VLAN"]),
    ("port config 0 tx_offload multi_segs on", r"", None),
    ("port config all rss ip", r"", ["RSS"]),
    ("tx_vlan set 0 4096", r"Invalid vlan_id 4096", None),
    ("tx_vlan set 0 5", NOTHING, None),
    ("tx_vlan reset 0", NOTHING, None),
    ("csum set udp sw 0", r"UDP checksum offload is sw\n", None),
    ("csum set tcp sw 0", r"TCP checksum offload is sw\n", None),
    ("csum set ip sw 0", r"IP checksum offload is sw\n", None),
    ("csum show 0", r"IP checksum offload is sw\nUDP", None),
    ("tso set 0 0", r"TSO for non-tunneled packets is disabled\n", None),
    ("tso show 0", r"TSO for non-tunneled packets is disabled\n", None),
    ("port start all", r"Configuring Port 0 .*\nPort 0: .*\n(.*\n)*Done\n", None),
    ("rx_vlan add 5 0", NOTHING, ["CTRL_VLAN"]),
    ("rx_vlan rm 5 0", r"", None),
    ("vlan set strip off 0", NOTHING, None),
    ("show rxq info 0 0", r"Number of RXDs: 128\n", None),
    ("port stop 1", r"Stopping ports...\nDone\n", None),
    ("port reset 1", r"Resetting ports...\n(.*\n)*Done\n", None),
    ("port start 1", DONE, None),
    ("port stop 1", DONE, None),
    ("port close 1", r"Closing ports...\nPort 1 is closed\nDone\n", None),
    ("load FILE", r"Number of packets per burst set to 8\n(.*\n)*Read CLI commands from ", None),
    ("help", r"Help is available for the following sections:", None),
    ("help ports", r"port config mtu PORT N\n", None),
]

PLANNED_COMMANDS = 98

# The names that DPDK's test framework knows.
RX_OFFLOADS = (
    "VLAN_STRIP IPV4_CKSUM UDP_CKSUM TCP_CKSUM TCP_LRO QINQ_STRIP OUTER_IPV4_CKSUM MACSEC_STRIP "
    "VLAN_FILTER VLAN_EXTEND SCATTER TIMESTAMP SECURITY KEEP_CRC SCTP_CKSUM OUTER_UDP_CKSUM "
    "RSS_HASH BUFFER_SPLIT"
).split()
TX_OFFLOADS = (
    "VLAN_INSERT IPV4_CKSUM UDP_CKSUM TCP_CKSUM SCTP_CKSUM TCP_TSO UDP_TSO OUTER_IPV4_CKSUM "
    "QINQ_INSERT VXLAN_TNL_TSO GRE_TNL_TSO IPIP_TNL_TSO GENEVE_TNL_TSO MACSEC_INSERT MT_LOCKFREE "
    "MULTI_SEGS MBUF_FAST_FREE SECURITY UDP_TNL_TSO IP_TNL_TSO OUTER_UDP_CKSUM SEND_ON_TIMESTAMP"
).split()
# Commands that differ in an argument count once.
DISTINCT = {re.sub(r"\b(on|off|\d+|all|0x\w+)\b", "X", command) for command, _, _ in COMMANDS}

# DPDK's user guide: start, look, stop, reconfigure, start again, leave.
SESSION = [
    ("start", STARTED),
    ("show port stats all", NIC_STATS),
    ("stop", RUN),
    ("port stop all", DONE),
    ("port config all rxd 64", NOTHING),
    ("port config all txd 64", NOTHING),
    ("port start all", DONE),
    ("show config rxtx", r"RX desc=64 "),
    ("start", STARTED),
    ("show port stats all", NIC_STATS),
    ("stop", RUN),
]


def parse_offloads(text, what, names):
    """As that framework does: the offloads of the port, and those of each of its queues."""

    def offloads(line):
        unknown = set(line.split()) - set(names)
        assert not unknown, f"no offloads: {unknown} in:\n{text}"
        return line.split()

    assert re.search(rf"Offloading {what} of port (\d+) :", text), text
    port = re.search(r"Port[\s\[\]\d]+:(.*)$", text, re.MULTILINE)
    queues = re.findall(r"Queue[\s\[\]\d]+:(.*)$", text, re.MULTILINE)
    assert port and queues, f"no port or no queue in:\n{text}"
    return offloads(port.group(1)), [offloads(line) for line in queues]


def check_offload_displays(tool):
    for direction, names in (("rx", RX_OFFLOADS), ("tx", TX_OFFLOADS)):
        can, queues = parse_offloads(
            tool.command(f"show port 0 {direction}_offload capabilities"), "Capabilities", names
        )
        assert len(queues) == 1, queues
        has, queues = parse_offloads(
            tool.command(f"show port 0 {direction}_offload configuration"), "Configuration", names
        )
        info = tool.command("show port info 0")
        count = int(re.search(rf"Current number of {direction.upper()} queues: (\d+)", info)[1])
        assert len(queues) == count, f"{len(queues)} queues, not {count}"
        assert set(has) <= set(can) or direction == "rx", f"{has} of {can}"


def run_command(tool, offered, command, pattern, needs, answers):
    answer = answers[command] = tool.command(command)
    missing = [name for name in needs or [] if name not in offered]
    if missing:
        assert any(
            name in answer for name in missing + ["control queue", "not support", "No such"]
        ), f"without {missing} it should be refused by name:\n{answer}"
    else:
        assert re.search(pattern, answer), f"no '{pattern}' in:\n{answer}"
    assert "not found" not in answer and "Bad arguments" not in answer, answer


def outcome(answer):
    lines = [line for line in answer.splitlines() if line.strip()]
    return lines[0].strip()[:90] if lines else "(done)"


def run_session(cases, tool, path):
    offered = set()
    answers = {}
    for command, pattern, needs in COMMANDS:
        line = command.replace("FILE", path)
        good = cases.run(
            f"testpmd> {command}", run_command, tool, offered, line, pattern, needs, answers
        )
        if good:
            print(f"#   {outcome(answers[line])}")
        if command == "show port info 0":
            match = re.search(r"Features offered: (.*)", answers.get(command, ""))
            offered.update(match.group(1).split() if match else [])
            if "vhost-user" in answers.get(command, ""):
                offered -= {name for name in offered if name.startswith("CTRL_") or name == "RSS"}


def run_documentation(tool):
    for command, pattern in SESSION:
        answer = tool.command(command)
        assert re.search(pattern, answer), f"{command}: no '{pattern}' in:\n{answer}"
    text, status = tool.quit()
    assert status == 0 and "Bye..." in text, f"status {status}\n{text}"


def default_tool(fixture, *options):
    return fixture.tool(["a.sock", "b.sock"], *options, eal=("-l", "0,1"))


def main():
    own = sys.argv[2:] if sys.argv[1:2] == ["--"] else None
    # The offloads, the commands, how many they are, the end, and the session.
    cases = Cases(PLANNED_COMMANDS + (4 if own is None else 3))
    with Fixture() as fixture:
        with open(fixture.path("commands"), "w", encoding="ascii") as file:
            file.write("set burst 8\n")
        if own is None:
            peer = fixture.peer(["a.sock", "b.sock"])
            tool = default_tool(fixture)
            wait_for(
                "the back end's links", lambda: link_is_up(peer, 0) and link_is_up(peer, 1), True
            )
            peer.command("start")
        else:
            tool = Prompt([TOOL, *own, "-i"])
            fixture.started.append(tool)
            tool.read("testpmd> ")
        cases.run(
            "the offloads, as DPDK's test framework reads them", check_offload_displays, tool
        )
        run_session(cases, tool, fixture.path("commands"))
        cases.check(f"{len(DISTINCT)} different commands, 60 at least", len(DISTINCT) >= 60)
        text, status = tool.quit()
        cases.check("testpmd> quit", status == 0 and "Bye..." in text, text)
        if own is None:
            cases.run(
                "the session of DPDK's user guide", lambda: run_documentation(default_tool(fixture))
            )
    return 1 if cases.failed else 0


sys.exit(main())

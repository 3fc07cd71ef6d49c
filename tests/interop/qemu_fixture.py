# SPDX-License-Identifier: BSD-3-Clause
"""QEMU without a guest as a script's peer: its monitor, and the wire behind its NICs as a socket."""

import collections
import json
import os
import re
import select
import socket
import struct
import subprocess
import sys
import time

from testpmd_fixture import PATIENCE, ROOT, Prompt

PROGRAMS = os.environ.get("QTEST", os.path.join(ROOT, "build-sanitized/tests/qtest"))
# What EAL needs for its memory to be a part of QEMU's.
EAL = ["-l", "0,1", "--no-huge", "-m", "64", "--base-virtaddr=0x40000000"]
ETH_P_ALL = 3
# linux/if_packet.h; the header in front of each frame is virtio's own, of 10 bytes.
SOL_PACKET, PACKET_VNET_HDR = 263, 15
# The NIC, its peer on the wire, and frames that no protocol cares about.
MAC = bytes.fromhex("525400000001")
WIRE = bytes.fromhex("020000000011")
ALL = b"\xff" * 6
PAIRS = 4
MARKER, PROBE = 0x88b5, 0x88b6
# RTE_ETH_RX_OFFLOAD_*
OFFLOADS = {"udp_cksum": 0x4, "tcp_cksum": 0x8, "tcp_lro": 0x10, "vlan_filter": 0x200, "rss_hash": 0x80000}
VNET_HEADER = struct.Struct("<BBHHHH")


def enter_own_network(script):
    """Starts the script again in a network of its own, with nothing but what it makes there."""
    if not os.path.exists("/dev/net/tun"):
        print(f"# {os.path.basename(script)} is skipped: this machine has no /dev/net/tun")
        sys.exit(0)
    if os.environ.get("KICKLESS_NETWORK") == "own":
        return
    environment = dict(os.environ, KICKLESS_NETWORK="own")
    os.execvpe("unshare", ["unshare", "--net", sys.executable, script, *sys.argv[1:]], environment)


class Machine:
    """A QEMU in a folder of the rig's; its NIC number N, from 0, is at slot N + 3."""

    def __init__(self, rig, *arguments):
        self.folder = rig.path(f"machine{len(rig.started)}")
        os.mkdir(self.folder)
        self.said = open(os.path.join(self.folder, "stderr"), "w+", encoding="utf-8", errors="replace")
        self.process = subprocess.Popen([os.path.join(ROOT, "tests/qtest/machine.sh"), self.folder, *arguments],
                                        stdout=self.said, stderr=self.said)
        rig.started.append(self)
        deadline = time.monotonic() + PATIENCE
        while not os.path.exists(os.path.join(self.folder, "qmp")):
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise AssertionError("QEMU does not start: " + self.complaints())
            time.sleep(0.05)
        self.stream = None

    def nic(self, number, keys=""):
        return f"qtest:{self.folder}/00:{number + 3:02x}.0{keys}"

    def ask(self, command, **arguments):
        """What QEMU's monitor answers to a command."""
        if self.stream is None:
            self.monitor = socket.socket(socket.AF_UNIX)
            self.monitor.settimeout(PATIENCE)
            self.monitor.connect(os.path.join(self.folder, "qmp"))
            self.stream = self.monitor.makefile("rw")
            self.events = []
            self.stream.readline()
            self.ask("qmp_capabilities")
        self.stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.stream.flush()
        while True:
            answer = json.loads(self.stream.readline())
            if "event" in answer:
                self.events.append(answer)
            elif "return" in answer:
                return answer["return"]
            else:
                raise AssertionError(f"{command}: {answer}")

    def complaints(self):
        """QEMU breaks off with a message what it takes for a driver's fault. That it computes RSS itself is none."""
        self.said.flush()
        with open(self.said.name, encoding="utf-8", errors="replace") as said:
            return "".join(line for line in said if "terminating on signal" not in line and "bpf" not in line.lower())

    def trace(self):
        """What QEMU's -trace events have printed so far; they go with everything else."""
        return self.complaints()

    def quit(self):
        self.process.terminate()
        self.process.wait()
        self.said.close()


class Header(collections.namedtuple("Header", "flags gso_type header_bytes gso_size csum_start csum_offset")):
    """What stands before a frame, and is all zeros when the frame is as it looks."""

    def packed(self):
        return VNET_HEADER.pack(*self)


PLAIN = Header(0, 0, 0, 0, 0, 0)


class Wire:
    """The host's end of a TAP interface: frames, with what virtio's header says of each."""

    def __init__(self, name, queues):
        kinds = ["multi_queue"] if queues > 1 else []
        subprocess.run(["ip", "tuntap", "add", "dev", name, "mode", "tap", "vnet_hdr", *kinds], check=True)
        with open(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "w", encoding="ascii") as switch:
            switch.write("1")
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.socket.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        subprocess.run(["ip", "link", "set", name, "up"], check=True)
        self.socket.bind((name, 0))

    def send(self, *frames, header=PLAIN):
        for frame in frames:
            self.socket.send(header.packed() + frame)

    def drop(self):
        """Forgets what came so far."""
        while self.receive(lambda _: True, 0.01) is not None:
            pass

    def receive(self, is_wanted, patience=PATIENCE):
        """The next frame from the device that is wanted, and its header; None when none comes."""
        deadline = time.monotonic() + patience
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([self.socket], [], [], left)[0]:
                break
            data, (_, _, kind, _, _) = self.socket.recvfrom(1 << 17)
            header = Header(*VNET_HEADER.unpack_from(data))
            frame = data[VNET_HEADER.size:]
            if kind != socket.PACKET_OUTGOING and is_wanted(frame):
                return frame, header
        return None


def testpmd(rig, names, *options):
    """kickless-testpmd at its prompt on devices that QEMU has."""
    arguments = [os.path.join(PROGRAMS, "qtest-testpmd"), *EAL, "--"]
    for name in names:
        arguments += ["--dev", name]
    tool = Prompt(arguments + ["-i", *options])
    rig.started.append(tool)
    tool.shown = tool.read("testpmd> ")
    return tool


def frame(destination, kind, payload=b"", tag=None):
    middle = struct.pack("!HH", 0x8100, tag) if tag is not None else b""
    return (destination + WIRE + middle + struct.pack("!H", kind) + payload).ljust(60, b"\0")


# What the tool says of a packet that it receives.
SEEN = re.compile(r"dst=(?P<mac>\S+) - pool=\S+ - type=0x(?P<kind>\w+) - length=(?P<length>\d+)"
                  r" - nb_segs=(?P<segments>\d+)(?: - RSS hash=0x(?P<hash>\w+))?(?: - VLAN tci=0x(?P<tci>\w+))?"
                  r".*Receive queue=0x(?P<queue>\w+)\n  ol_flags: (?P<flags>.*)\n")


class Nic:
    """The tool on a NIC, forwarding, and the wire at the NIC's other side."""

    def __init__(self, rig, machine, wire, *options, pairs=PAIRS, mode="rxonly", keys=""):
        self.wire = wire
        self.tool = testpmd(rig, [machine.nic(0, keys)], f"--rxq={pairs}", f"--txq={pairs}",
                            "--total-num-mbufs=4096", f"--forward-mode={mode}", *options)
        self.say("set verbose 1")
        self.say("start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tool.quit()

    def say(self, command):
        """Does what must work, which makes the tool say nothing."""
        answer = self.tool.command(command)
        assert not re.search("rror|nvalid|ailed|not |can't", answer), f"{command}: {answer}"
        return answer

    def refuses(self, command, word):
        answer = self.tool.command(command)
        assert word in answer, f"{command}: no '{word}' in {answer}"

    def seen(self, *frames, header=PLAIN):
        """Sends frames, no more than a burst, and returns what of them arrives."""
        said = ""
        for sent in (frames, []):
            self.wire.send(*sent, header=header)
            # What was sent before has been put into queues when the marker is read; the second one comes
            # after all of them were looked at again.
            self.wire.send(frame(ALL, MARKER))
            said += self.tool.read(rf"type=0x{MARKER:04x}.*\n.*\n")
        return [match.groupdict() for match in SEEN.finditer(said) if int(match["kind"], 16) != MARKER]

    def sees(self, sent, header=PLAIN):
        """The same for one that must arrive as one."""
        rows = self.seen(sent, header=header)
        assert len(rows) == 1, f"{len(rows)} packets arrive: {rows[:3]}"
        return rows[0]

    def takes(self, sent):
        return len(self.seen(sent)) == 1


def mq_machine(rig, *arguments):
    """A QEMU with a NIC of PAIRS queue pairs on a TAP interface, and the wire at its other side."""
    wire = Wire("wire", PAIRS)
    return Machine(rig, "-netdev", f"tap,id=n,ifname=wire,script=no,downscript=no,queues={PAIRS}", "-device",
                   f"virtio-net-pci,id=nic,netdev=n,addr=3,mq=on,vectors={2 * PAIRS + 2},rss=on,hash=on,"
                   f"disable-legacy=on,packed=on,mac={MAC.hex(':')}", *arguments), wire

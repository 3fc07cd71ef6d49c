#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Usage: tests/interop/matrix.py [WORD...]

Every ring format over every transport with every type of device: {split, packed} x {in order or
not} x {indirect or not} x {event index or not} x, for packets, {mergeable or not}, on each peer
that has the transport and the type. Packets are numbered frames that come back, disks keep a
pattern, and random bytes are drawn; all by the programs of tests/qtest, which are the installed
ones' code, under the sanitizers. On the device in this process, which offers everything, a
driver's unit tests run, each for that form of ring.

A cell's keys insist on what it names and decline the rest, so a device that ignored one would
fail to start. What a peer offers is read from the peer. The cells are "ok" and "not ok" lines,
those that a peer does not offer stand in the table only. With words, only peers whose line has
all of them are tried."""

import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts/lib"))
import parts as suites  # noqa: E402

SECONDS = 120
UNIT_SECONDS = 300
# Bus addresses are EAL's, so QEMU's memory has to reach that far; other peers don't mind.
EAL = ["-l", "0", "--no-huge", "-m", "64", "--base-virtaddr=0x40000000"]
# More than 2^17 buffers where all that saves work is on; elsewhere enough to go around the rings.
FRAMES, FRAMES_MANY = "3000", "140000"

# The keys of a cell: the name of each among the device options, and its feature bit.
KEYS = [
    ("packed", "RING_PACKED"),
    ("in_order", "IN_ORDER"),
    ("indirect", "INDIRECT_DESC"),
    ("event_idx", "EVENT_IDX"),
]
NET_KEYS = KEYS + [("mrg_rxbuf", "MRG_RXBUF")]
LETTERS = {"packed": "p", "in_order": "o", "indirect": "i", "event_idx": "e", "mrg_rxbuf": "m"}


class Failure(Exception):
    pass


def execute(path, *arguments, seconds=SECONDS, **variables):
    """The output of one of our programs; a Failure with the end of the output when its status is
    not 0.
    """
    environment = dict(
        os.environ,
        ASAN_OPTIONS="detect_leaks=1",
        UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1",
        **variables,
    )
    try:
        done = subprocess.run(
            [os.path.join(ROOT, path), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as late:
        raise Failure(f"no end after {seconds} s") from late
    if done.returncode != 0:
        # A test program's good cases and its comments explain no bad case.
        output = [
            line for line in done.stdout.strip().splitlines() if not line.startswith(("ok ", "#"))
        ]
        raise Failure(
            f"{os.path.basename(path)} ended with {done.returncode}: " + " | ".join(output[-6:])
        )
    return done.stdout


def run(program, *arguments):
    return execute(f"build-sanitized/tests/qtest/qtest-{program}", *arguments)


class Peer:
    """What is at the other end of devices, in a folder of its own, while a with block lasts."""

    def __init__(self, name, transport, devices, cells):
        self.name = name
        self.transport = transport
        # By type: the names of its devices, {folder} to be filled in, and how many cells it must
        # offer.
        self.devices = devices
        self.cells = cells
        self.process = None
        self.folder = None

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="kickless-matrix.")
        with open(os.path.join(self.folder, "disk"), "wb") as disk:
            disk.truncate(4 << 20)
        with open(os.path.join(self.folder, "output"), "wb") as output:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.PIPE, stdout=output, stderr=output
            )
        deadline = time.monotonic() + 30
        while not os.path.exists(os.path.join(self.folder, self.socket)):
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise Failure(f"{self.name} does not start: " + self.output())
            time.sleep(0.1)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder)

    def output(self):
        with open(
            os.path.join(self.folder, "output"), encoding="utf-8", errors="replace"
        ) as output:
            return output.read()

    def complaints(self):
        return []

    def names(self, kind):
        return [name.format(folder=self.folder) for name in self.devices[kind]]

    def offered(self, kind):
        """The features of its device, or None when it has none of that type."""
        return set(run("offered", *EAL, "--", self.names(kind)[0]).split())

    def attempt(self, kind, cell):
        TYPES[kind][1](self.names(kind), cell)


# QEMU's devices do all but IN_ORDER, and legacy ones have no packed rings.
QEMU_MODERN = {"net": 16, "blk": 8, "rng": 8}
QEMU_LEGACY = {"net": 8, "blk": 4, "rng": 4}


class Qemu(Peer):
    """QEMU without a guest. It prints a line about each driver fault that it sees."""

    socket = "qmp"

    def __init__(self, transport, arguments, devices, cells, options=""):
        super().__init__(
            "QEMU",
            transport,
            {
                kind: ["qtest:{folder}/" + name + options for name in names]
                for kind, names in devices.items()
            },
            cells,
        )
        self.arguments = arguments

    def command(self):
        return [
            os.path.join(ROOT, "tests/qtest/machine.sh"),
            self.folder,
            *self.arguments,
            "-drive",
            f"if=none,id=disk,file={self.folder}/disk,format=raw",
        ]

    def complaints(self):
        return [
            line
            for line in self.output().splitlines()
            if "is not connected to host network" not in line
        ]


def qemu_pci(transport, generation):
    def device(model, slot, properties=""):
        packed = ",packed=on" if transport == "pci-modern" else ""
        return ["-device", f"virtio-{model}-pci,addr={slot},{generation}{packed}{properties}"]

    return Qemu(
        transport,
        [
            "-netdev",
            "hubport,id=a,hubid=1",
            "-netdev",
            "hubport,id=b,hubid=1",
            *device("net", 4, ",netdev=a"),
            *device("net", 5, ",netdev=b"),
            *device("blk", 6, ",drive=disk"),
            *device("rng", 7),
        ],
        {"net": ["00:04.0", "00:05.0"], "blk": ["00:06.0"], "rng": ["00:07.0"]},
        QEMU_MODERN if transport == "pci-modern" else QEMU_LEGACY,
    )


def qemu_mmio(transport, is_legacy):
    def device(model, properties=""):
        packed = "" if is_legacy else ",packed=on"
        return ["-device", f"virtio-{model}-device{packed}{properties}"]

    # Slots are filled from the last one down.
    return Qemu(
        transport,
        [
            "-M",
            "microvm,acpi=on",
            "-global",
            "virtio-mmio.force-legacy=" + ("true" if is_legacy else "false"),
            "-netdev",
            "hubport,id=a,hubid=1",
            "-netdev",
            "hubport,id=b,hubid=1",
            *device("net", ",netdev=a"),
            *device("net", ",netdev=b"),
            *device("blk", ",drive=disk"),
            *device("rng"),
        ],
        {
            "net": ["mmio:0xfeb02e00", "mmio:0xfeb02c00"],
            "blk": ["mmio:0xfeb02a00"],
            "rng": ["mmio:0xfeb02800"],
        },
        QEMU_LEGACY if is_legacy else QEMU_MODERN,
    )


class NetVhost(Peer):
    """DPDK's back end, which sends back what comes."""

    socket = "sock"

    def __init__(self):
        super().__init__(
            "net_vhost",
            "vhost-user",
            {"net": ["vhost-user:{folder}/sock,type=net", "loop"]},
            {"net": 32},
        )

    def command(self):
        return [
            "dpdk-testpmd",
            "-l",
            "0,1",
            "--no-huge",
            "-m",
            "256",
            "--no-pci",
            "--no-shconf",
            f"--file-prefix=matrix{os.getpid()}",
            "--vdev",
            f"net_vhost0,iface={self.folder}/sock",
            "--",
            "--total-num-mbufs=4096",
            "-i",
            "-a",
            "--forward-mode=io",
            "--port-topology=loop",
        ]


class StorageDaemon(Peer):
    socket = "sock"

    def __init__(self):
        super().__init__(
            "qemu-storage-daemon",
            "vhost-user",
            {"blk": ["vhost-user:{folder}/sock,type=blk"]},
            {"blk": 4},
        )

    def command(self):
        return [
            "qemu-storage-daemon",
            "--blockdev",
            f"driver=file,node-name=disk,filename={self.folder}/disk",
            "--export",
            "type=vhost-user-blk,id=export,node-name=disk,addr.type=unix,"
            f"addr.path={self.folder}/sock,writable=on",
        ]


class InProcess(Peer):
    """The device of tests/fake_device, under the drivers' unit tests; UNIT_RING is what it
    offers, see tests/unit/ring_variant.h. Every other cell is tried under the sanitizers, so that
    there, too, each two words meet in every way."""

    WORDS = {
        "packed": (True, "packed"),
        "in_order": (True, "in_order"),
        "indirect": (False, "direct"),
        "event_idx": (False, "flags"),
        "mrg_rxbuf": (False, "unmerged"),
    }
    # Suites of unit tests that are about rings; over another transport fewer of them. The usual
    # ring has them all in the unit suite.
    RX_TX = ["rx", "rx_faults", "tx", "tx_faults"]
    CASES = {
        "pci-modern": {"net": RX_TX, "blk": ["subrequest", "recover", "submit"], "rng": ["rng"]},
        "mmio": {"net": ["rx", "tx"], "blk": ["submit"], "rng": ["rng"]},
    }
    # Stop and recovery of a queue, once for each format and order.
    STOPS = RX_TX + ["recover", "queue_stop"]

    def __init__(self, transport):
        super().__init__(
            "in-process",
            transport,
            {"net": [], "blk": [], "rng": []},
            {"net": 32, "blk": 16, "rng": 16},
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def offered(self, kind):
        return {feature for _, feature in TYPES[kind][0]}

    def cases(self, kind, cell):
        if kind == "net" and not cell["mrg_rxbuf"]:
            return ["rx"]  # Merged buffers are the receiver's concern only.
        if (
            kind == "net"
            and self.transport == "pci-modern"
            and cell["indirect"]
            and cell["event_idx"]
        ):
            return self.STOPS
        return self.CASES[self.transport][kind]

    def filter(self, kind, cell):
        """Criterion's pattern for the cases; a suite that has another name by now is a failure."""
        wanted = self.cases(kind, cell)
        missing = set(wanted) - {test.partition("::")[0] for test in suites.unit_tests(kind)}
        if missing:
            raise Failure(f"tests/unit/{kind} has no suites {sorted(missing)}")
        return f"@({'|'.join(wanted)})/*"

    def attempt(self, kind, cell):
        words = [word for key, (when, word) in self.WORDS.items() if cell.get(key) == when]
        build = "build" if len(words) % 2 else "build-sanitized"
        self.run(kind, cell, build, words)
        # Packets whose buffers don't follow their mbufs have burst functions of their own.
        if kind == "net" and self.cases(kind, cell) == self.STOPS:
            self.run(kind, cell, build, [*words, "pinned"])

    def run(self, kind, cell, build, words):
        output = execute(
            f"{build}/tests/unit/test-{kind}",
            "--tap",
            f"--filter={self.filter(kind, cell)}",
            seconds=UNIT_SECONDS,
            UNIT_RING=",".join([*words, self.transport]),
        )
        if not re.search("^ok (?!.*# SKIP)", output, re.M):
            raise Failure("no case ran")


class NoPeer(Peer):
    """Known back ends that serve the type over the transport: none. The cells are in the table
    all the same.
    """

    def __init__(self, transport, *kinds):
        super().__init__(
            "none", transport, {kind: [] for kind in kinds}, {kind: 0 for kind in kinds}
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def offered(self, kind):
        return None


PEERS = [
    InProcess("pci-modern"),
    InProcess("mmio"),
    qemu_pci("pci-modern", "disable-legacy=on"),
    qemu_pci("pci-legacy", "disable-modern=on,disable-legacy=off"),
    qemu_mmio("mmio", False),
    qemu_mmio("mmio-legacy", True),
    NetVhost(),
    StorageDaemon(),
    NoPeer("vhost-user", "rng"),
]


def keyed(name, cell):
    return (
        name if name == "loop" else name + "".join(f",{key}={int(on)}" for key, on in cell.items())
    )


def try_net(names, cell):
    many = cell["indirect"] and cell["event_idx"] and cell["mrg_rxbuf"]
    run(
        "numbered",
        *EAL,
        "--",
        *(keyed(name, cell) for name in names),
        FRAMES_MANY if many else FRAMES,
    )


def try_blk(names, cell):
    run("blk", "verify", *EAL, "--", "--dev", keyed(names[0], cell), "-o", "8k", "-q", "16")


def try_rng(names, cell):
    with tempfile.NamedTemporaryFile() as drawn:
        run("drawn", *EAL, "--", keyed(names[0], cell), "100000", drawn.name, "5000")
        data = drawn.read()
    if len(data) != 100000 or len(set(data)) != 256:
        raise Failure(f"{len(data)} bytes with {len(set(data))} different values")


TYPES = {"net": (NET_KEYS, try_net), "blk": (KEYS, try_blk), "rng": (KEYS, try_rng)}


def cells(keys):
    for bits in itertools.product([False, True], repeat=len(keys)):
        yield dict(zip((key for key, _ in keys), bits))


def words(cell):
    """The cell for a person, such as "packed, in order, no indirect, event_idx"."""
    return ("packed" if cell["packed"] else "split") + "".join(
        f", {'' if on else 'no '}{key}" for key, on in cell.items() if key != "packed"
    )


class Table:
    """What became of each cell, a line for each type on each peer."""

    def __init__(self):
        self.rows = []
        self.failed = 0

    def fill(self, peer, kind):
        title = f"{kind} {peer.transport} {peer.name}"
        row = {}
        self.rows.append((title, row))
        try:
            offered = peer.offered(kind)
        except Failure as failure:
            print(f"not ok {title}: can't be opened: {failure}", flush=True)
            self.failed += 1
            row.update((self.column(cell), "FAIL") for cell in cells(TYPES[kind][0]))
            return
        for cell in cells(TYPES[kind][0]):
            row[self.column(cell)] = self.try_cell(peer, kind, title, cell, offered)

    def try_cell(self, peer, kind, title, cell, offered):
        needed = {feature for (_, feature), on in zip(TYPES[kind][0], cell.values()) if on}
        if offered is None or not needed <= offered:
            return "."
        try:
            peer.attempt(kind, cell)
            complaints = peer.complaints()
            if complaints:
                raise Failure("the peer complains: " + " | ".join(complaints[-3:]))
        except Failure as failure:
            print(f"not ok {title}: {words(cell)}: {failure}", flush=True)
            self.failed += 1
            return "FAIL"
        print(f"ok {title}: {words(cell)}", flush=True)
        return "pass"

    @staticmethod
    def column(cell):
        return "".join(LETTERS[key] if on else "-" for key, on in cell.items())

    def show(self):
        columns = [
            "".join(LETTERS[key] if on else "-" for (key, _), on in zip(KEYS, bits))
            for bits in itertools.product([False, True], repeat=len(KEYS))
        ]
        print(
            "\nmatrix: p packed (else split), o in order, i indirect, e event_idx, m mergeable;"
            " '.': not offered by the peer"
        )
        print(" " * 40 + " ".join(columns))
        for title, row in self.rows:
            for merge in ("", "-", "m"):
                if columns[0] + merge in row:
                    print(
                        f"{title + (' ' + merge if merge else ''):40}"
                        + " ".join(f"{row[column + merge]:4}" for column in columns)
                    )
        counts = {
            what: sum(list(row.values()).count(what) for _, row in self.rows)
            for what in ("pass", ".", "FAIL")
        }
        print(
            f"matrix: {counts['pass']} passed, {counts['.']} not offered by the peer,"
            f" {counts['FAIL']} failed",
            flush=True,
        )


def main(arguments):
    if "-h" in arguments or "--help" in arguments:
        print(__doc__.strip())
        return 0
    table = Table()
    chosen = [
        (peer, kinds)
        for peer in PEERS
        if (
            kinds := [
                kind
                for kind in peer.devices
                if all(word in (kind, peer.transport, peer.name) for word in arguments)
            ]
        )
    ]
    print(f"1..{sum(peer.cells[kind] for peer, kinds in chosen for kind in kinds)}", flush=True)
    for peer, kinds in chosen:
        try:
            with peer:
                for kind in kinds:
                    table.fill(peer, kind)
        except Failure as failure:
            print(f"not ok {peer.transport} {peer.name}: {failure}", flush=True)
            table.failed += 1
    table.show()
    return 1 if table.failed else 0


sys.exit(main(sys.argv[1:]))

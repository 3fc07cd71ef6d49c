#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Metrics that a monitoring system reads while packets flow: DPDK's telemetry socket, by DPDK's own
client, and Prometheus' text over HTTP. Both must agree with the tool's statistics."""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

from fixtures.cases import Cases
from fixtures.testpmd import SECONDS, TOOL, Fixture, counter, wait_for

PREFIX = f"kl-metrics-{os.getpid()}"


def telemetry(command):
    done = subprocess.run(
        ["dpdk-telemetry.py", "-f", PREFIX],
        input=command + "\nquit\n",
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    answers = [line for line in done.stdout.splitlines() if line.startswith('{"/kickless')]
    text = done.stdout[done.stdout.find('{"/kickless') :] if not answers else answers[0]
    return json.JSONDecoder().raw_decode(text)[0].popitem()[1]


def scrape(port, path="/metrics", method="GET"):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert "0.0.4" in answer.headers["Content-Type"], answer.headers
        return answer.read().decode()


# A socket's name with what a terminal or a label can't have. (dpdk-telemetry.py reads the command
# line as UTF-8.)
ODD = 'net\x1b"\u009b.sock'


def values(text):
    """Every sample of an exposition, each line of which must be well-formed."""
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            assert re.fullmatch(r"# (HELP|TYPE) [a-z_]+ .+", line), line
            continue
        match = re.fullmatch(r'([a-z_]+)(\{(?:[a-z]+="(?:[^"\\\n]|\\.)*",?)*\})? (\d+)', line)
        assert match, line
        found[match.group(1) + (match.group(2) or "")] = int(match.group(3))
    return found


def sent(port):
    return values(scrape(port))['kickless_queue_packets_total{port="0",queue="0",direction="tx"}']


def check_prometheus(port, tool):
    wait_for("packets counted", lambda: sent(port), 1000)
    seen = values(scrape(port))
    assert seen["kickless_forwarding"] == 1 and seen['kickless_port_started{port="0"}'] == 1, seen
    assert any(
        name.startswith('kickless_port_info{port="0",device="vhost-user:')
        and r'net\\x1b\"\\xc2\\x9b.sock' in name
        for name in seen
    ), seen
    before = sent(port)
    now = counter(tool, "TX", 0)
    assert before <= now <= sent(port), f"{before} <= {now} <= {sent(port)} does not hold"


def check_refusals(port):
    for path, method, status in (("/", "GET", 404), ("/metrics", "POST", 405)):
        try:
            scrape(port, path, method)
        except urllib.error.HTTPError as error:
            assert error.code == status, error.code
            continue
        raise AssertionError(f"{method} {path} was answered")


def is_ended(connection, seconds):
    """Whether the other side ends it within that time."""
    connection.settimeout(seconds)
    try:
        return connection.recv(1000) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


def check_idlers(port):
    """Connections that send nothing, or too much, take nothing from other clients."""
    idlers = [socket.create_connection(("127.0.0.1", port)) for _ in range(40)]
    idlers[0].sendall(b"GET /metrics HTTP/1.0\r\nX: " + 100000 * b"x")
    for _ in range(3):
        begin = time.monotonic()
        assert "kickless_forwarding" in scrape(port)
        # Idle connections end after 5 s.
        assert time.monotonic() - begin < 4, "a scrape waits for idle connections"
    late = [idler for idler in idlers[1:] if not is_ended(idler, 0.05)]
    assert len(late) <= 8, f"{len(late)} idle connections are kept"
    for idler in idlers:
        idler.close()


def check_slow_senders(port):
    """A request has a deadline, also when a byte of it comes now and then."""
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(4)]
    begin = time.monotonic()
    for byte in b"GET /metrics HTTP/1.0\r\nX: 0123456789":
        if all(is_ended(connection, 0.05) for connection in slow):
            break
        for connection in slow:
            with contextlib.suppress(OSError):
                connection.sendall(bytes([byte]))
        time.sleep(0.3)
    else:
        raise AssertionError("some were not ended before the last byte")
    took = time.monotonic() - begin
    assert took > 4, f"they were ended after {took:.1f} s"
    for connection in slow:
        connection.close()
    assert "kickless_forwarding" in scrape(port)


def check_loopback_only(port):
    with open("/proc/net/tcp", encoding="ascii") as file:
        listening = [line.split()[1] for line in file.readlines()[1:] if line.split()[3] == "0A"]
    mine = [where for where in listening if where.endswith(f":{port:04X}")]
    assert mine == [f"0100007F:{port:04X}"], mine


def check_telemetry(tool):
    assert telemetry("/kickless/ports") == [0], telemetry("/kickless/ports")
    port = telemetry("/kickless/port,0")
    assert port["device"].endswith(r'net\x1b"\xc2\x9b.sock'), port
    assert port["transport"] == "vhost-user" and port["state"] == "started", port
    assert re.fullmatch("([0-9a-f]{2}:){5}[0-9a-f]{2}", port["mac"]), port
    before = telemetry("/kickless/queues,0")["tx0"]["packets"]
    now = counter(tool, "TX", 0)
    assert 0 < before <= now <= telemetry("/kickless/port,0")["tx_packets"], (before, now)
    kicks = telemetry("/kickless/kicks,0")
    assert set(kicks) == {"rx0", "tx0"} and kicks["tx0"]["packets"] >= now, kicks
    assert (
        kicks["rx0"]["sent"] + kicks["rx0"]["suppressed"] >= 1 and kicks["tx0"]["watchdog"] == 0
    ), kicks
    features = telemetry("/kickless/features,0")
    assert "VERSION_1" in features["accepted"] and set(features["accepted"]) <= set(
        features["offered"]
    ), features


def check_shown_names(tool):
    """Neither does what is printed hold a byte that controls a terminal."""
    shown = ""
    for command in ("show port info 0", "show port summary all", "show device info all"):
        answer = tool.command(command)
        assert r'net\x1b"\xc2\x9b.sock' in answer, f"{command}: {answer!r}"
        shown += answer
    shown += tool.command("stop") + tool.command("start")
    assert r'Device: vhost-user:' in shown and shown.count(r'net\x1b"\xc2\x9b.sock') >= 4, shown
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", shown), repr(shown)


def check_wrong_ports():
    for port in ("", ",1", ",x", ",99999999999999999999", ",-1"):
        answer = telemetry("/kickless/port" + port)
        assert not answer, f"/kickless/port{port}: {answer}"


def check_closed_port(port, tool):
    tool.command("stop")
    tool.command("port stop 0")
    assert values(scrape(port))['kickless_port_started{port="0"}'] == 0
    assert telemetry("/kickless/port,0")["state"] == "stopped"
    tool.command("port close 0")
    assert telemetry("/kickless/ports") == []
    assert not telemetry("/kickless/queues,0")
    assert 'port="0"' not in scrape(port)


def check_library(fixture):
    """The HTTP library is loaded by programs that use it: with a broken one, only they are
    refused.
    """
    folder = fixture.path("libraries")
    os.mkdir(folder)
    with open(os.path.join(folder, "libmicrohttpd.so.12"), "wb"):
        pass
    arguments = [
        TOOL,
        "-l",
        "0",
        "--no-huge",
        "-m",
        "128",
        "--",
        "--dev",
        f"vhost-user:{fixture.path('other.sock')},type=net",
        "-i",
    ]
    for options, refused in (([], False), (["--metrics-listen=0"], True)):
        done = subprocess.run(
            arguments + options,
            input="quit\n",
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
            env={**os.environ, "LD_LIBRARY_PATH": folder},
        )
        output = "--metrics-listen needs libmicrohttpd.so.12: " in done.stderr
        assert (done.returncode != 0, output) == (
            refused,
            refused,
        ), f"{options}: {done.returncode}, {done.stderr}"


def main():
    cases = Cases(10)
    with Fixture() as fixture:
        fixture.peer([ODD, "other.sock"], "--forward-mode=rxonly", "-a")
        cases.run("only --metrics-listen needs the HTTP library", check_library, fixture)
        tool = fixture.tool(
            [ODD],
            "--forward-mode=txonly",
            "--rate=10000",
            "--metrics-listen=0",
            eal=("-l", "0", "--telemetry", f"--file-prefix={PREFIX}"),
        )
        port = int(re.search(r"Metrics: port (\d+)", tool.shown).group(1))
        tool.command("start")
        cases.run("Prometheus reads counters that agree", check_prometheus, port, tool)
        cases.run("other paths and methods are refused", check_refusals, port)
        cases.run("the metrics are served on loopback only", check_loopback_only, port)
        cases.run("40 idle connections take nothing away", check_idlers, port)
        cases.run("a slow request has a deadline", check_slow_senders, port)
        cases.run("no name controls a terminal", check_shown_names, tool)
        cases.run("dpdk-telemetry.py reads /kickless", check_telemetry, tool)
        cases.run("/kickless refuses ports that are not there", check_wrong_ports)
        cases.run(
            "a port that is stopped, then closed, while it is watched",
            check_closed_port,
            port,
            tool,
        )
    return 1 if cases.failed else 0


sys.exit(main())

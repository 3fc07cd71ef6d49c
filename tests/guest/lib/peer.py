#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Usage: peer.py QMP INTERFACE FOLDER

The other end of tap.sh's wire, on the host: a server of bytes, and QEMU's operator. A file
FOLDER/request-WHAT requests WHAT, and is renamed to done-WHAT afterwards: link-off and link-on of
the NIC nic1, announce, strangers (20 frames to an unknown address).

The server's requests are "put COUNT", with COUNT bytes behind the line, and "get COUNT", which
gives as many; both are answered with the SHA-256 of the bytes."""

import hashlib
import os
import random
import socket
import socketserver
import sys
import threading
import time

from verify import connect

PORT = 5001
CHUNK = 1 << 16
UNKNOWN = bytes.fromhex("525400000099" "020000000001" "88b5") + bytes(50)


class Bytes(socketserver.StreamRequestHandler):
    def handle(self):
        verb, count = self.rfile.readline().split()
        left, digest, source = int(count), hashlib.sha256(), random.Random(1)
        while left > 0:
            size = min(left, CHUNK)
            data = source.randbytes(size) if verb == b"get" else self.rfile.read(size)
            if not data:
                return
            if verb == b"get":
                self.wfile.write(data)
            digest.update(data)
            left -= len(data)
        self.wfile.write(digest.hexdigest().encode())


def send_unknown(interface):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind((interface, 0))
        for _ in range(20):
            wire.send(UNKNOWN)


def run_request(what, qmp, interface):
    if what == "strangers":
        send_unknown(interface)
    elif what == "announce":
        connect(qmp)("announce-self", initial=50, max=50, rounds=1, step=0)
    else:
        connect(qmp)("set_link", name="nic1", up=what == "link-on")


def main():
    qmp, interface, folder = sys.argv[1:]
    server = socketserver.ThreadingTCPServer(("10.9.0.1", PORT), Bytes)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while True:
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            if name.startswith("request-"):
                run_request(name[len("request-") :], qmp, interface)
                os.rename(
                    os.path.join(folder, name),
                    os.path.join(folder, "done-" + name[len("request-") :]),
                )
        time.sleep(0.1)


main()

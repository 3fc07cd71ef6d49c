# SPDX-License-Identifier: BSD-3-Clause
"""Packets and pcap files, made and read without anything of ours."""

import struct

HERE = bytes.fromhex("020000000011")
THERE = bytes.fromhex("020000000022")
ADDRESS4 = (bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2]))
ADDRESS6 = (bytes.fromhex("fd" + 29 * "0" + "1"), bytes.fromhex("fd" + 29 * "0" + "2"))


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ethernet(kind, payload, tag=None):
    head = THERE + HERE
    if tag is not None:
        head += struct.pack("!HH", 0x8100, tag)
    return (head + struct.pack("!H", kind) + payload).ljust(60, b"\0")


def ipv4(protocol, payload, addresses=ADDRESS4, wrong=False):
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 7, 0, 64, protocol, 0)
    head += addresses[0] + addresses[1]
    total = checksum(head) ^ (0xff if wrong else 0)
    return head[:10] + struct.pack("!H", total) + head[12:] + payload


def ipv6(protocol, payload, addresses=ADDRESS6):
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + addresses[0] + addresses[1] + payload


def pseudo(addresses, protocol, length):
    return addresses[0] + addresses[1] + struct.pack("!IBBBB", length, 0, 0, 0, protocol)


def udp(payload, addresses, wrong=False, ports=(1000, 2000)):
    head = struct.pack("!HHHH", *ports, 8 + len(payload), 0)
    total = checksum(pseudo(addresses, 17, len(head + payload)) + head + payload) ^ (0xff if wrong else 0)
    return head[:6] + struct.pack("!H", total) + payload


def tcp(payload, addresses, wrong=False, ports=(1000, 2000)):
    head = struct.pack("!HHIIBBHHH", *ports, 1, 2, 0x50, 0x18, 512, 0, 0)
    total = checksum(pseudo(addresses, 6, len(head + payload)) + head + payload) ^ (0xff if wrong else 0)
    return head[:16] + struct.pack("!H", total) + head[18:] + payload


def ping(kind, payload=b"some bytes"):
    body = struct.pack("!BBHHH", kind, 0, 0, 3, 4) + payload
    return body[:2] + struct.pack("!H", checksum(body)) + body[4:]


def arp(operation, sender, target):
    return struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation) + sender[0] + sender[1] + target[0] + target[1]


def sums_are_good(frame):
    """Whether the checksums of IPv4, UDP, TCP and ICMP in a frame are right."""
    kind, at = struct.unpack("!H", frame[12:14])[0], 14
    if kind == 0x8100:
        kind, at = struct.unpack("!H", frame[16:18])[0], 18
    if kind == 0x0800:
        if checksum(frame[at:at + 20]) != 0:
            return False
        length = struct.unpack("!H", frame[at + 2:at + 4])[0]
        addresses, protocol = (frame[at + 12:at + 16], frame[at + 16:at + 20]), frame[at + 9]
        upper = frame[at + 20:at + length]
    elif kind == 0x86dd:
        length = struct.unpack("!H", frame[at + 4:at + 6])[0]
        addresses, protocol = (frame[at + 8:at + 24], frame[at + 24:at + 40]), frame[at + 6]
        upper = frame[at + 40:at + 40 + length]
    else:
        return True
    if protocol == 1:
        return checksum(upper) == 0
    if protocol == 17 and upper[6:8] == b"\0\0":
        return True
    return checksum(pseudo(addresses, protocol, len(upper)) + upper) == 0


def write_pcap(path, frames):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for number, frame in enumerate(frames):
            file.write(struct.pack("<IIII", number, 0, len(frame), len(frame)) + frame)


def read_pcap(path):
    with open(path, "rb") as file:
        data = file.read()
    at, frames = 24, []
    while at + 16 <= len(data):
        length = struct.unpack("<I", data[at + 8:at + 12])[0]
        frames.append(data[at + 16:at + 16 + length])
        at += 16 + length
    return frames

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Exits with 1 when this network's kernel has received a wrong checksum since the network is
there. /proc/net/snmp has a line of names for each protocol, then one of numbers."""

import sys

with open("/proc/net/snmp", encoding="ascii") as file:
    rows = [line.split() for line in file]
wrong = {
    names[0]: int(values[names.index("InCsumErrors")])
    for names, values in zip(rows[::2], rows[1::2])
    if "InCsumErrors" in names
}
print(wrong)
sys.exit(any(wrong.values()) or len(wrong) < 3)

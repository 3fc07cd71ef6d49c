#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Usage: callgrind.py FILE FUNCTION...

Reads a file that callgrind wrote. Prints for each function a line with its
name, its inclusive cost, and the number of its calls, separated by tabs. The
cost of a doorbell (callees named notify_*), which is the device's, is left out.
"""

import collections
import re
import sys

NAME = re.compile(r"\((\d+)\)(?: (.*))?$")
COST = re.compile(r"[+*-]?\d* [+*-]?\d* ?\d+$|[+*-]?\d* \d+$")


def read(path):
    """The inclusive cost and the calls of each function."""
    costs, calls, names = collections.Counter(), collections.Counter(), {}
    function = callee = None
    is_call = False

    def name_of(text):
        number, name = NAME.match(text).groups()
        names.setdefault(number, name)
        return names[number]

    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            key, _, value = line.rstrip("\n").partition("=")
            if key == "fn":
                function = name_of(value)
            elif key == "cfn":
                callee = name_of(value)
            elif key == "calls":
                calls[callee] += int(value.split()[0])
                is_call = True
            elif COST.match(line):
                if not (is_call and callee.startswith("notify_")):
                    costs[function] += int(line.split()[-1])
                is_call = False
    return costs, calls


def main(path, functions):
    costs, calls = read(path)
    for function in functions:
        print(function, costs[function], calls[function], sep="\t")


main(sys.argv[1], sys.argv[2:])

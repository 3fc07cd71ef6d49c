#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Usage: scripts/lib/code_blocks.py DOCUMENT NAME

Prints the code blocks of a Markdown document that open with file=NAME behind the
language, one after the other: the file NAME that the document shows in parts.
Exits with 1 when there is no such block."""

import re
import sys

BLOCK = re.compile(r"^```\w+ file=(\S+)\n(.*?)^```$", re.M | re.S)


def main(arguments):
    if len(arguments) != 2:
        print(__doc__)
        return 2
    with open(arguments[0], encoding="utf-8") as file:
        blocks = [text for name, text in BLOCK.findall(file.read()) if name == arguments[1]]
    if not blocks:
        print(f"code_blocks: {arguments[0]} has no block with file={arguments[1]}", file=sys.stderr)
        return 1
    sys.stdout.write("\n".join(blocks))
    return 0


sys.exit(main(sys.argv[1:]))

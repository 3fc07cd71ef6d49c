#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Makes the image of a disk on which every word of 8 bytes is its own offset, little-endian.

known_disk.py IMAGE MIB
"""

import array
import sys

MIB = 1 << 20
WORD = 8


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], "wb") as image:
        for start in range(0, int(sys.argv[2]) * MIB, MIB):
            words = array.array("Q", range(start, start + MIB, WORD))
            if sys.byteorder == "big":
                words.byteswap()
            image.write(words.tobytes())


main()

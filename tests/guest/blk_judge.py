#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""blk_judge.py TRACE JSON...: the doorbells that kickless-blk perf reports, run by run, against QEMU's count"""

import json
import sys

from judge import runs


def main(trace, reports):
    seen = runs(trace)
    print("doorbells by run:", seen)
    for report in reports:
        kicks = json.load(open(report))["kicks_sent"]
        print(f"{report}: {kicks} kicks")
        if not any(kicks in counts for counts in seen.values()):
            return f"no run in QEMU's trace has {kicks} doorbells"
    return None if reports else "no report"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))

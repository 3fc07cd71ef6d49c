#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Usage: report.py RESULTS BENCHMARKS README

Turns what scripts/bench measured in the folder RESULTS into RESULTS/table.md, two charts (SVG and PNG), and the
parts of the documents BENCHMARKS (the table) and README (one number) between their two bench marks."""

import json
import pathlib
import re
import subprocess
import sys

RINGS = ["split-mergeable", "split-plain", "split-inorder", "packed-mergeable", "packed-plain", "packed-inorder"]
CHART = """
set terminal {terminal}
set output '{output}'
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.9 border -1
set boxwidth 0.9
set grid ytics
set yrange [0:*]
set xtics rotate by -25
set ylabel 'cycles per packet'
set title 'Driver cost, 64 bytes, burst 32, one process: lower is better'
set key top right
plot '{data}' using 2:xtic(1) title 'kickless tx' lc rgb '#1b7837', '' using 3 title 'DPDK tx' lc rgb '#a6dba0', \\
     '' using 4 title 'kickless rx' lc rgb '#762a83', '' using 5 title 'DPDK rx' lc rgb '#c2a5cf'
"""
SCALE = """
set terminal {terminal}
set output '{output}'
set multiplot layout 1,3 title 'Cycles per packet as things grow (split, mergeable, 64 bytes, burst 32)'
set logscale x 2
set yrange [0:*]
set grid
set key top left
set xtics rotate by -45
do for [what in 'queues ring pool'] {{
  set xlabel what
  plot '{data}' using (strcol(1) eq what ? $2 : NaN):3 with linespoints title 'kickless tx', \\
       '' using (strcol(1) eq what ? $2 : NaN):4 with linespoints title 'DPDK tx', \\
       '' using (strcol(1) eq what ? $2 : NaN):5 with linespoints title 'kickless rx', \\
       '' using (strcol(1) eq what ? $2 : NaN):6 with linespoints title 'DPDK rx'
}}
unset multiplot
"""


def chart(results, name, script, data, size):
    for kind, terminal in (("svg", f"svg size {size} background 'white'"), ("png", f"png size {size}")):
        text = script.format(terminal=terminal, output=results / f"{name}.{kind}", data=data)
        subprocess.run(["gnuplot"], input=text, text=True, check=True)


def find(rows, ring, direction, burst=32, size=64):
    return next(r for r in rows if (r["ring"], r["dir"], r["burst"], r["bytes"]) == (ring, direction, burst, size))


def instructions(results):
    lines = (results / "instructions.tsv").read_text().splitlines()
    return {(ring, direction): (ours, dpdk) for ring, direction, ours, dpdk, _ in (line.split("\t") for line in lines)}


def cost_table(rows, counts):
    lines = ["| ring | direction | kickless | DPDK | ratio | instructions |", "|---|---|---|---|---|---|"]
    for ring in RINGS:
        for direction in ("tx", "rx"):
            row = find(rows, ring, direction)
            lines.append(f"| {ring} | {direction} | {row['ours_cycles']:.1f} | {row['dpdk_cycles']:.1f} "
                         f"| {row['ratio']:.2f} | {' / '.join(counts[ring, direction])} |")
    return lines


def guest_lines(results):
    files = (results / f"guest_{name}.txt" for name in ("vhost", "net", "blk"))
    text = "".join(file.read_text() for file in files)
    return [f"- {line}" for line in text.splitlines() if re.match(r"((round|depth) \d+|back end that .*):", line)]


def table(results):
    cost = json.loads((results / "driver_cost.json").read_text())
    cores = json.loads((results / "two_core.json").read_text())
    worst = max(cost["rows"], key=lambda r: r["ratio"])
    lines = [f"Cycles per packet (TSC) within the driver's calls, 64 bytes, burst 32, medians of {cost['rounds']} "
             f"interleaved rounds beside {cost['dpdk']}; the last column counts instructions of both:", ""]
    lines += cost_table(cost["rows"], instructions(results))
    lines += ["", f"Over all {len(cost['rows'])} rows (bursts 1 to 64, 64 to 4000 bytes) the worst ratio is {worst['ratio']:.2f}: "
              f"{worst['ring']} {worst['dir']}, burst {worst['burst']}, {worst['bytes']} bytes.", "",
              "With the back end on a second core, packets per second that come back, ours over DPDK's: " +
              ", ".join(f"{r['ring']} {r['ratio']:.2f} (±{r['spread'] / 2:.2f})" for r in cores) + ".", "",
              "In a guest under emulation, first with DPDK's vhost library on the other core as the device, "
              "then on QEMU's own devices:", ""]
    return "\n".join(lines + guest_lines(results)) + "\n"


def headline(rows):
    row = find(rows, "split-mergeable", "tx")
    return (f"**{row['ours_cycles']:.0f} cycles** to send a packet, where DPDK's virtio driver takes "
            f"**{row['dpdk_cycles']:.0f}** (64 bytes, bursts of 32, split ring with mergeable\n"
            "buffers, both drivers in one process, the same back end; [all rows and how they are measured](docs/benchmarks.md)).\n")


def write_between_marks(path, text):
    marked = re.compile(r"(<!-- bench begins -->\n).*(<!-- bench ends -->)", re.S)
    path.write_text(marked.sub(lambda m: m.group(1) + text + m.group(2), path.read_text()))


def main():
    results, benchmarks, readme = (pathlib.Path(argument) for argument in sys.argv[1:4])
    rows = json.loads((results / "driver_cost.json").read_text())["rows"]
    data = results / "driver_cost.dat"
    data.write_text("".join(f"{ring} {find(rows, ring, 'tx')['ours_cycles']} {find(rows, ring, 'tx')['dpdk_cycles']} "
                            f"{find(rows, ring, 'rx')['ours_cycles']} {find(rows, ring, 'rx')['dpdk_cycles']}\n" for ring in RINGS))
    chart(results, "driver_cost", CHART, data, "900,480")
    chart(results, "scale", SCALE, results / "scale.tsv", "1200,420")
    text = table(results)
    (results / "table.md").write_text(text)
    write_between_marks(benchmarks, text)
    write_between_marks(readme, headline(rows))


main()

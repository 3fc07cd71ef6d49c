#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Usage: docs/man_page.py PROGRAM DOCUMENT VERSION

Prints a manual page of section 1: the program's own --help, and the document
about it, a page of docs/ in Markdown."""

import os
import re
import subprocess
import sys


def escape(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return "\\&" + text if text.startswith(".") else text


def inline(text):
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    parts = re.split(r"(`[^`]+`|\*\*[^*]+\*\*|\*[^*]+\*)", text)
    return "".join(
        f"\\fB{escape(part.strip('`*'))}\\fR" if part[:1] in "`*" and part else escape(part)
        for part in parts
    )


def table_row(line):
    cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    return [".TP", inline(cells[0]), inline(" \\(em ".join(cells[1:])).replace("\\e(em", "\\(em")]


def body(lines):
    """The document below its title, as roff."""
    is_code = False
    for line in lines:
        if line.startswith("```"):
            yield ".fi\n.RE" if is_code else ".PP\n.RS 4\n.nf"
            is_code = not is_code
        elif is_code:
            yield escape(line)
        elif line.startswith("## "):
            yield f'.SH "{escape(line[3:].upper())}"'
        elif re.match(r"\|[-| ]+\|$", line):
            continue
        elif line.startswith("|"):
            yield from table_row(line)
        elif line.startswith("- "):
            yield f".IP - 2\n{inline(line[2:])}"
        elif not line:
            yield ".PP"
        else:
            yield inline(line.strip())


def main(arguments):
    if len(arguments) != 3:
        print(__doc__.strip())
        return 2
    program, document, version = arguments
    name = os.path.basename(program)
    usage = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    with open(document, encoding="utf-8") as file:
        lines = file.read().splitlines()
    summary = re.split(r"(?<=[^.])\.(?: |$)", " ".join(lines[2:6]))[0]
    summary = re.sub(r"`[^`]+` ", "", summary, count=1)
    page = [f'.TH {name.upper()} 1 "" "kickless {version}"', ".SH NAME"]
    page += [f"{escape(name)} \\- {inline(summary)}", ".SH SYNOPSIS", ".nf"]
    page += [escape(line) for line in usage.splitlines()] + [".fi", ".SH DESCRIPTION"]
    page += list(body(lines[1:]))
    print("\n".join(page))
    return 0


sys.exit(main(sys.argv[1:]))

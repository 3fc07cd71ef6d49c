# SPDX-License-Identifier: BSD-3-Clause
"""Requirements of a Python script besides Python; need() of common.sh is for shell scripts."""

import os
import shutil
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))


def die(text):
    print(f"{os.path.basename(sys.argv[0])}: {text}", file=sys.stderr)
    sys.exit(1)


def need(*programs):
    """Names every missing program at once, and how to get them."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        die(f"not found: {' '.join(missing)}; run scripts/setup first")


def need_files(tree=ROOT):
    """For scripts that take the list of a tree's files from git."""
    need("git")
    if not os.path.exists(os.path.join(tree, ".git")):
        die(f"{tree} is no checkout of git, which lists the files; clone the repository")


def need_built(*paths):
    """Programs below build/."""
    missing = [path for path in paths if not os.path.exists(os.path.join(ROOT, "build", path))]
    if missing:
        die(f"not built: {' '.join(missing)}; run meson setup build && ninja -C build first")

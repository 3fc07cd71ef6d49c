#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Usage: scripts/lib/parts.py run [--no-build] [--quick] [SUITE [PART [WORD...]]]...
       scripts/lib/parts.py choose [--quick] [SUITE [PART [WORD...]]]...
       scripts/lib/parts.py list
       scripts/lib/parts.py check

The parts of the test suites, for scripts/test and meson.

  run     runs parts as described in scripts/test, and builds what they need besides gcc's build
  choose  exits with 2 when there is no such part
  list    prints the name of each part, SUITE or SUITE/PART
  check   prints what is in tests/ and never run

A part is a program that prints TAP: first its plan, "1..N", then N lines "ok NAME" or "not ok
NAME". Each of these lines is passed on with the part's name in front of the case's. A part has
failed, and "not ok PART" is printed, also when it prints no plan, when it runs fewer or more
cases than planned, when it ends with another status than 0 and no case has failed, when it is
killed, and when it runs for too long. "1..0 # SKIP WHY" is the plan of a part that can't run on
this machine.

  KICKLESS_TESTS     another folder than tests/ to take parts from, for the test of this program
  KICKLESS_KILL_AT   kills each part at its line of that number, for the same
"""

import collections
import glob
import os
import re
import selectors
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
TESTS = os.environ.get("KICKLESS_TESTS", os.path.join(ROOT, "tests"))
SUITES = ["style", "runner", "unit", "model", "fuzz", "library", "interop", "guest"]
# Suites with a script for each part; the others but unit are one part, tests/SUITE/run.
FOLDERS = ["interop", "guest"]
# The builds of the unit tests, and where they are.
FLAVOURS = {"gcc": "build", "clang": "build-clang", "sanitized": "build-sanitized"}
# Parts that need another build than gcc's.
SANITIZED = ["disks", "matrix", "net_control", "net_offloads", "net_tags", "overwrite", "qemu"]
NEEDS = {f"interop/{name}": ["sanitized"] for name in SANITIZED}
SECONDS = {
    "style": 300,
    "runner": 300,
    "unit": 300,
    "model": 2400,
    "fuzz": 2400,
    "library": 600,
    "interop": 2400,
    "guest": 2400,
}
# A slice of every suite: parts, each with its words. They need neither the small kernel nor the
# sanitized build.
QUICK = [
    "style",
    "runner",
    "unit gcc",
    "model reset LOSSY events barriers",
    "fuzz vhost names",
    "library",
    "interop privilege",
    "interop native",
    "interop vhost_offloads",
    "guest net",
]
TEST = re.compile(
    r"^([A-Z]+_)?T(?:est|EST)\((\w+),\s*(\w+)|^ParameterizedTest\([^,]*,\s*(\w+),\s*(\w+)", re.M
)
# What stands behind the name of a test that one macro makes for several forms of ring.
FORMS = {"RING_": ["", "_packed", "_in_order", "_packed_in_order"], "ORDER_": ["", "_packed"]}

Part = collections.namedtuple("Part", "name command seconds flavours room")


def unit_tests(room):
    """The names that the sources of a folder of tests/unit give to their tests, SUITE::TEST."""
    found = set()
    for path in glob.glob(os.path.join(TESTS, "unit", room, "*.c")):
        with open(path, encoding="utf-8") as file:
            for macro, suite, name, suite_of_many, many in TEST.findall(file.read()):
                found.update(f"{suite}::{name}{form}" for form in FORMS.get(macro, [""]) if name)
                found.update([f"{suite_of_many}::{many}"] if many else [])
    return found


def rooms():
    return sorted(name for name in os.listdir(os.path.join(TESTS, "unit")) if unit_tests(name))


def unit_parts():
    for flavour, folder in FLAVOURS.items():
        for room in rooms():
            program = os.path.join(ROOT, folder, "tests/unit/test-" + room)
            yield Part(
                f"unit/{flavour}/{room}", [program, "--tap"], SECONDS["unit"], [flavour], room
            )


def scripts_in(folder):
    return sorted(
        path for end in ("sh", "py") for path in glob.glob(os.path.join(TESTS, folder, "*." + end))
    )


def parts_of(suite):
    if suite == "unit":
        yield from unit_parts()
    elif suite in FOLDERS:
        for path in scripts_in(suite):
            name = os.path.splitext(os.path.basename(path))[0]
            yield Part(
                f"{suite}/{name}", [path], SECONDS[suite], NEEDS.get(f"{suite}/{name}", []), None
            )
    else:
        yield Part(suite, [os.path.join(TESTS, suite, "run")], SECONDS[suite], [], None)


def suites():
    """Those that the folder has."""
    return [suite for suite in SUITES if os.path.isdir(os.path.join(TESTS, suite))]


class Run:
    """One run of a part: passes its lines on and counts its cases."""

    def __init__(self, part, words, log=None):
        self.part = part
        self.log = log
        self.words = words
        self.plan = None
        self.skipped = None
        self.passed = self.failed = self.lines = 0
        self.names = []
        self.held = []  # output of a unit test, shown when a case has failed

    def show(self, line):
        print(line, flush=True)
        if self.log is not None:
            self.log.write(line + "\n")
            self.log.flush()

    def fail(self, why):
        self.failed += 1
        for line in self.held[-60:]:
            self.show(line)
        self.held = []
        self.show(f"not ok {self.part.name}: {why}")

    def take(self, line):
        self.lines += 1
        if match := re.match(r"1\.\.(\d+)\s*(?:# SKIP (.*))?$", line):
            if self.plan is not None:
                self.fail("has two plans")
            self.plan, self.skipped = int(match[1]), match[2]
        elif match := re.match(r"(not )?ok (?:- )?(.*)$", line):
            self.take_case(match[2], match[1] is None)
        elif self.part.room is None:
            self.show(line)
        elif not line.startswith(("TAP version", "#")):
            self.held.append(line)

    def take_case(self, name, passed):
        if self.part.room is not None and "# SKIP" in name:
            self.plan -= 1  # Criterion counts what a filter leaves out.
            return
        self.names.append(name)
        if passed:
            self.passed += 1
            self.show(f"ok {self.part.name}: {name}")
            return
        self.failed += 1
        for line in self.held:
            self.show(line)
        self.held = []
        self.show(f"not ok {self.part.name}: {name}")

    def command(self):
        """For a unit test, the words are one: SUITE, SUITE/TEST or SUITE::TEST."""
        if self.part.room is None:
            return self.part.command + self.words
        pattern = self.words[0].replace("::", "/") if self.words else ""
        if not pattern:
            return self.part.command
        return self.part.command + ["--filter=" + (pattern if "/" in pattern else pattern + "/*")]

    def execute(self):
        """The exit status, negative for a signal; None after too long."""
        environment = dict(
            os.environ,
            ASAN_OPTIONS="detect_leaks=1",
            UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1",
        )
        kill_at = int(environment.pop("KICKLESS_KILL_AT", "0"))
        process = subprocess.Popen(
            self.command(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=environment,
        )
        try:
            return self.read(process, kill_at)
        finally:
            # Whatever it left behind goes with it.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()

    def read(self, process, kill_at):
        deadline, pending = time.monotonic() + self.part.seconds, b""
        ended = None
        os.set_blocking(process.stdout.fileno(), False)
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while True:
                data = process.stdout.read(65536) if selector.select(0.2) else b""
                *lines, pending = (pending + (data or b"")).split(b"\n")
                for line in lines:
                    self.take(line.decode(errors="replace").rstrip("\r"))
                    if self.lines == kill_at:
                        process.kill()
                now = time.monotonic()
                if ended is None and process.poll() is not None:
                    ended = now
                # A process that it left behind may hold its output open.
                if ended is not None and (data == b"" or now - ended > 2):
                    break
                if now > deadline:
                    return None
        if pending:
            self.take(pending.decode(errors="replace"))
        return process.returncode

    def run(self):
        started = time.monotonic()
        try:
            status = self.execute()
        except OSError as error:
            self.fail(f"can't be started: {error}")
            status = 0
        else:
            self.check_end(status)
        took = time.monotonic() - started
        cases = (
            f"{self.passed} of {self.plan} cases passed"
            if self.skipped is None
            else "skipped: " + self.skipped
        )
        self.show(f"# {self.part.name}: {cases}, {took:.0f} s")
        return self

    def check_end(self, status):
        planned = "an unknown number" if self.plan is None else self.plan
        ran = f"after {self.passed + self.failed} of {planned} cases"
        if status is None:
            self.fail(f"runs for more than {self.part.seconds} s, stopped {ran}")
        elif status < 0:
            self.fail(f"killed by {signal.Signals(-status).name} {ran}")
        elif status > 0 and self.failed == 0:
            self.fail(f"ended with status {status} {ran}")
        elif self.plan is None:
            self.fail("declares no number of cases: its first line should be 1..N")
        elif self.plan == 0 and self.skipped is None:
            self.fail("ran no case")
        elif self.passed + self.failed != self.plan:
            self.fail(f"ran {self.passed + self.failed} cases, declares {self.plan}")
        elif self.part.room is not None and not self.words:
            self.check_names()

    def check_names(self):
        """All tests that stand in the sources must have run: a source may be missing in the
        build.
        """
        missing = unit_tests(self.part.room) - {name.split()[0].rstrip(":") for name in self.names}
        if missing:
            self.fail("in the sources and not run: " + " ".join(sorted(missing)))


def find_unrun():
    """What is in the folder of tests and never run, a line each."""
    for name in sorted(os.listdir(TESTS)):
        if name not in SUITES and os.path.exists(os.path.join(TESTS, name, "run")):
            yield f"tests/{name}/run: no suite has that name"
    for folder in FOLDERS:
        for path in sorted(glob.glob(os.path.join(TESTS, folder, "*"))):
            name = os.path.relpath(path, os.path.dirname(TESTS))
            if path.endswith((".sh", ".py")):
                if not os.access(path, os.X_OK):
                    yield f"{name}: is not executable, so it is not run"
            elif os.path.isfile(path) and os.access(path, os.X_OK) and not path.endswith(".guest"):
                yield f"{name}: is executable, and ends neither in .sh nor in .py, so it is not run"
    yield from unbooted()
    yield from partly_run()


def partly_run():
    """Unit tests that some of the builds lack or skip, found by reading: a run of one build does
    not show what becomes of a test in another, where it counts as not run.
    """
    for path in sorted(glob.glob(os.path.join(TESTS, "unit/**/*.[ch]"), recursive=True)):
        name = os.path.relpath(path, os.path.dirname(TESTS))
        conditions = 0
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
        for number, line in enumerate(lines, 1):
            where = f"{name}:{number}"
            if re.match(r"\s*#\s*if", line):
                conditions += 1
            elif re.match(r"\s*#\s*endif", line):
                conditions -= 1
            elif conditions > 0 and path.endswith(".c") and TEST.match(line):
                yield f"{where}: this test is in some builds only; put the condition into its body"
            elif "cr_skip_test" in line and os.path.basename(path) != "ring_variant.h":
                yield f"{where}: a test is skipped by ONLY_IF of ring_variant.h only"
            elif (only := re.search(r"\bONLY_IF\((.*)\);", line)) and re.sub(
                r'!?ring_is\("\w+"\)|[&|() ]', "", only[1]
            ):
                yield f"{where}: ONLY_IF is about forms of ring; the usual one runs all tests"


def unbooted():
    booting = scripts_in("guest") + glob.glob(os.path.join(ROOT, "bench/guest_*"))
    text = ""
    for path in booting:
        with open(path, encoding="utf-8") as file:
            text += file.read()
    for path in sorted(glob.glob(os.path.join(TESTS, "guest/*.guest"))):
        name = os.path.splitext(os.path.basename(path))[0]
        if not re.search(rf"^\s*boot {name}\b", text, re.M):
            yield f"tests/guest/{name}.guest: is booted by no script"


def build(flavours, built):
    for flavour in flavours:
        if flavour not in built:
            print(f"# building: {flavour}", flush=True)
            built[flavour] = (
                subprocess.run(
                    [
                        "bash",
                        "-c",
                        'source "$0/scripts/lib/common.sh"; source "$0/scripts/lib/build.sh";'
                        ' build_flavour "$1"',
                        ROOT,
                        flavour,
                    ],
                    check=False,
                ).returncode
                == 0
            )
    return all(built[flavour] for flavour in flavours)


def bad_usage(text):
    print(f"test: {text}", file=sys.stderr)
    sys.exit(2)


def choose(arguments):
    """Pairs of a part and its words, from SUITE [PART [WORD...]]... on the command line."""
    known = suites()
    groups = []
    for word in arguments:
        if word in known:
            groups.append([word])
        elif not groups:
            bad_usage(f"no suite is called {word}; there are {' '.join(known)}")
        else:
            groups[-1].append(word)
    for suite, *words in groups or [[suite] for suite in known]:
        yield from choose_in(suite, words)


def chosen_parts(arguments):
    lines = [line.split() for line in QUICK] if arguments == ["--quick"] else [arguments]
    return (pair for line in lines for pair in choose(line))


def choose_in(suite, words):
    parts = list(parts_of(suite))
    if not words or len(parts) == 1:
        return [(part, words) for part in parts]
    if suite == "unit":
        return choose_unit(parts, words)
    chosen = [part for part in parts if part.name == f"{suite}/{words[0]}"]
    if not chosen:
        bad_usage(
            f"no part of {suite} is called {words[0]}; there are "
            + " ".join(part.name.partition("/")[2] for part in parts)
        )
    return [(chosen[0], words[1:])]


def choose_unit(parts, words):
    """[FLAVOUR/]ROOM[/SUITE[/TEST]] each, or a FLAVOUR; gcc unless another is named."""
    for word in words:
        flavour, _, rest = word.partition("/")
        if flavour not in FLAVOURS:
            flavour, rest = "gcc", word
        room, _, case = rest.partition("/")
        chosen = [part for part in parts if part.flavours == [flavour] and room in ("", part.room)]
        if not chosen:
            bad_usage(f"no room of tests/unit is called {room}; there are {' '.join(rooms())}")
        yield from ((part, [case] if case else []) for part in chosen)


def open_logs(arguments):
    """For scripts/conformance, a log of each suite that is run as a whole."""
    is_partial = set(arguments) - set(SUITES)
    is_trial = "KICKLESS_TESTS" in os.environ or "KICKLESS_KILL_AT" in os.environ
    logs = {}
    for suite in [] if is_partial or is_trial else arguments or suites():
        path = os.path.join(ROOT, "build", f"test-{suite}.log")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        logs[suite] = open(path, "w", encoding="utf-8")
    return logs


# Suites whose parts run programs of gcc's build; unit tests run in each build by itself.
ON_BUILD = ["library", "interop", "guest"]


def missing_builds(chosen):
    """Folders of the builds that the parts need and that are not there."""
    needed = {"gcc" for part, _ in chosen if part.name.partition("/")[0] in ON_BUILD}
    needed.update(flavour for part, _ in chosen if part.room for flavour in part.flavours)
    return [
        FLAVOURS[flavour]
        for flavour in FLAVOURS
        if flavour in needed
        and not os.path.exists(os.path.join(ROOT, FLAVOURS[flavour], "build.ninja"))
    ]


def run(arguments):
    built = {"gcc": True}
    if without_build := arguments[:1] == ["--no-build"]:
        arguments, built = arguments[1:], dict.fromkeys(FLAVOURS, True)
    chosen = list(chosen_parts(arguments))
    if without_build and (missing := missing_builds(chosen)):
        print(
            f"test: there is no build in {' '.join(missing)}; leave out --no-build",
            file=sys.stderr,
        )
        return 1
    if re.search(r"[\s,]", ROOT) and any(part.name.startswith("guest/") for part, _ in chosen):
        print(
            f"test: the path of this checkout, {ROOT}, has a blank or a comma, at which QEMU's"
            " options are split; move it to another path for the suite guest",
            file=sys.stderr,
        )
        return 1
    logs = open_logs(arguments)
    passed, failed, skipped = 0, 0, 0
    for why in find_unrun():
        failed += 1
        print(f"not ok parts: {why}", flush=True)
    for part, words in chosen:
        done = Run(part, words, logs.get(part.name.partition("/")[0]))
        if build(part.flavours, built):
            done.run()
        else:
            done.fail(f"{' '.join(part.flavours)} does not build")
        passed, failed, skipped = (
            passed + done.passed,
            failed + done.failed,
            skipped + (done.skipped is not None),
        )
    print(
        f"{passed} passed, {failed} failed" + (f", {skipped} parts skipped" if skipped else ""),
        flush=True,
    )
    return 1 if failed or not passed else 0


def main(arguments):
    if arguments[:1] == ["run"]:
        return run(arguments[1:])
    if arguments[:1] == ["choose"]:
        return 0 if list(chosen_parts(arguments[1:])) else 2
    if arguments == ["list"]:
        print("\n".join(part.name for suite in suites() for part in parts_of(suite)))
        return 0
    if arguments == ["check"]:
        found = list(find_unrun())
        print(
            "\n".join(found)
            if found
            else f"{sum(1 for suite in suites() for _ in parts_of(suite))} parts are run"
        )
        return 1 if found else 0
    print(__doc__.strip())
    return 0 if arguments[:1] in (["-h"], ["--help"]) else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

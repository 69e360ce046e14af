"""swath beside other libraries, in one run: a table with the spread of each ratio, and the same as JSON.

    python3 algorithms/benches/peers/run.py FOLDER                            # all parts
    python3 algorithms/benches/peers/run.py FOLDER --only graphs --rows 340479 --rounds 7 --json graphs.json
    python3 algorithms/benches/peers/run.py --list                            # the parts

FOLDER takes the word vectors (see words.py), which npm brings unless they are there. The peers of this Python are used if it has
all of them; else they are installed into a virtual environment, target/peers. --here takes the peers that there are, names those
that are missing, and measures the rest.

Each round takes swath and its peers in turn, so that a busy moment of the machine meets all; what the first round warms up does
not count. A ratio says how many times faster swath is: that of the medians, then the least and the greatest of a round. Each part
runs in a process of its own, with the threads that it needs.
"""

import argparse
import datetime
import json
import pathlib
import signal
import subprocess
import sys
import tempfile

import environment
import lines
from parts import PARTS
from swath import Swath, executable
from turns import Setting


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=pathlib.Path, metavar="FOLDER", help="where word vectors are, or are put")
    parser.add_argument("--only", metavar="NAME,NAME", help=f"these parts alone: {', '.join(PARTS)}")
    parser.add_argument("--rounds", type=positive, default=5, metavar="N", help="timed rounds (default 5)")
    rows = "vectors of a case: so many in graphs and neighbors (default 100,000), at most so many elsewhere"
    parser.add_argument("--rows", type=positive, metavar="N", help=rows)
    parser.add_argument("--threads", type=counts, metavar="N,N", help="numbers of threads (default: 1 and all cores)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="also write every number to this new file")
    parser.add_argument("--here", action="store_true", help="install nothing: use the peers that this Python has")
    parser.add_argument("--swath", type=pathlib.Path, metavar="PATH", help="swath's side, built before (default: cargo builds it)")
    parser.add_argument("--list", action="store_true", help="list the parts and their peers")
    # How a part is started in its own process.
    parser.add_argument("--into", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--missing", default="", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    asked.only = list(PARTS) if asked.only is None else asked.only.split(",")
    unknown = [name for name in asked.only if name not in PARTS]
    if unknown:
        parser.error(f"--only: there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    if asked.folder is None and not asked.list:
        parser.error("name a FOLDER for the word vectors")
    if asked.json and asked.json.exists():
        parser.error(f"--json: {asked.json} already exists")
    asked.threads = asked.threads or sorted({1, environment.cores()})
    return asked


def positive(text):
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def counts(text):
    return sorted({positive(part) for part in text.split(",")})


def measure(asked):
    """Measures the one part that is asked for, in this process."""
    (name,) = asked.only
    missing = frozenset(asked.missing.split(","))
    setting = Setting(asked.folder, asked.rounds, asked.rows, tuple(asked.threads), asked.swath, missing)
    PARTS[name].measure(setting, lines.Lines(name, asked.into))


def in_own_process(name, asked, missing, folder):
    """Measures one part; returns its lines and its exit code, or None if the user stopped it."""
    part = PARTS[name]
    into = pathlib.Path(folder) / f"{name}.jsonl"
    command = [sys.executable, __file__, asked.folder, "--only", name, "--rounds", asked.rounds, "--swath", asked.swath]
    command += ["--threads", ",".join(map(str, asked.threads)), "--into", into, "--missing", ",".join(missing)]
    if asked.rows:
        command += ["--rows", asked.rows]
    threads = 1 if part.one_thread else max(asked.threads)
    try:
        code = subprocess.run([str(word) for word in command], env=environment.for_threads(threads)).returncode
    except KeyboardInterrupt:
        code = None
    found = into.read_text().splitlines() if into.exists() else []
    return [json.loads(line) for line in found], code


def of_pin(distribution, version):
    """A note where this is not the version that swath is usually compared with."""
    pinned = dict(environment.PACKAGES.values())[distribution]
    return "" if version == pinned else f" (usually {pinned})"


def run(asked):
    """Measures the parts asked for; returns the exit code."""
    missing = environment.missing()
    # Before the table, so that cargo's messages do not stand in it.
    asked.swath = executable(asked.swath)
    with Swath(asked.swath) as process:
        versions = {"swath": process.ask(what="version"), "commit": environment.commit()}
    machine, peers = environment.machine(), environment.versions(missing)
    print(f"swath {versions['swath']}, {versions['commit'] or 'of an unknown commit'}")
    print(f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}, load {machine['load']}")
    print(", ".join(f"{name} {version}{of_pin(name, version)}" for name, version in peers.items()))
    if environment.is_busy():
        print("The machine is busy: what several threads do together suffers most, though OpenMP's threads sleep while they wait.")
    for name, why in missing.items():
        print(f"{name} is left out: {why}")
    started = datetime.datetime.now(datetime.timezone.utc)
    measured, unfinished = [], []
    # To be told to end, as by a limit of time, is to be stopped: what was measured is kept.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as folder:
        for name in asked.only:
            print(f"\n{PARTS[name].about}", flush=True)
            if all(peer in missing for peer in PARTS[name].peers):
                print(f"left out, since none is here of: {', '.join(PARTS[name].peers)}", flush=True)
                continue
            found, code = in_own_process(name, asked, missing, folder)
            measured += found
            if code is None:
                unfinished += asked.only[asked.only.index(name) :]
                break
            unfinished += [name] if code else []
    took = datetime.datetime.now(datetime.timezone.utc) - started
    print(f"\n{len(measured)} lines in {took.total_seconds() / 60:.1f} minutes; load {environment.load()} at the end")
    if asked.json:
        asked_for = {"rounds": asked.rounds, "rows": asked.rows, "threads": asked.threads, "parts": asked.only}
        found = {
            **versions, "at": started.isoformat(timespec="seconds"), "seconds": round(took.total_seconds()), "machine": machine,
            "peers": peers, "missing": missing, "unfinished": unfinished, "setting": asked_for, "lines": measured,
        }
        lines.write_whole(asked.json, json.dumps(found, indent=1) + "\n")
    if unfinished:
        print(f"not measured to the end: {', '.join(unfinished)}", file=sys.stderr)
    return 1 if unfinished else 0


def main():
    asked = arguments()
    if asked.list:
        for name, part in PARTS.items():
            print(f"{name:12} {part.about}; {', '.join(part.peers)}")
        return 0
    if asked.into:
        measure(asked)
        return 0
    if not asked.here and environment.missing():
        environment.start_inside(__file__, sys.argv[1:])
    return run(asked)


if __name__ == "__main__":
    sys.exit(main())

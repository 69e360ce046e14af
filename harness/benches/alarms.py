#!/usr/bin/env python3
"""How often `swath check` cries wolf, and whether it sees the wolf.

    cargo build --release --features swath/plant
    python3 harness/benches/alarms.py --checks 201 --planted 20 --out target/alarms

Checks one unchanged program again and again against one baseline: how many checks call a time or a metric changed. Pairs
of these checks, each an A/A comparison of the same program, say how far ratios of times vary between two checks. Then
plants a fall of recall by 1 % and a slowdown of 30 %, in one retriever after the other, and counts how many are caught.

Each check is a line in OUT/checks.jsonl; what is there already is counted, and not run again. With --report nothing is run,
and several folders are counted together, each with a baseline of its own.
"""

import argparse
import json
import math
import os
import pathlib
import re
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONFIG = ROOT / "harness/benches/alarms.yaml"
# A copy of the program, so that it may be built anew meanwhile.
PROGRAM = pathlib.Path(os.environ.get("SWATH", ROOT / "target/release/swath"))


def swath(*arguments, **environment):
    environment = {**os.environ, "SWATH_DATA": str(ROOT / "datasets/data"), **environment}
    started = time.monotonic()
    done = subprocess.run([PROGRAM, *arguments], env=environment, capture_output=True, text=True, check=False)
    return done, time.monotonic() - started


def check(out, lines, kind, planted="", **environment):
    report = out / "check.json"
    report.unlink(missing_ok=True)
    done, seconds = swath("check", "-q", CONFIG, "--baseline", out / "baseline.yaml", "--json", report, **environment)
    if done.returncode not in (0, 1) or not report.exists():
        raise SystemExit(f"a check came to nothing (exit code {done.returncode}):\n{done.stderr}")
    line = json.loads(report.read_text()) | {"kind": kind, "planted": planted, "seconds": seconds, "exit": done.returncode}
    lines.append(line)
    with open(out / "checks.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def run(arguments, out):
    out.mkdir(parents=True, exist_ok=True)
    lines = read(out)
    if not lines:
        for old in ("baseline.yaml", "baseline.hdf5"):
            (out / old).unlink(missing_ok=True)
        done, _ = swath("baseline", "save", "-q", CONFIG, "--file", out / "baseline.yaml")
        if done.returncode != 0:
            raise SystemExit(done.stderr)
    text = (out / "baseline.yaml").read_text()
    recall = {name: float(value) for name, value in re.findall(r"^  (\S+):\n    recall: (\S+)$", text, re.M)}
    retrievers = [name for name in recall if name != "top-k"]
    there = lambda kind: sum(line["kind"] == kind for line in lines)
    while there("slow") < arguments.planted:
        i = there("slow")
        name = retrievers[i % len(retrievers)]
        check(out, lines, "loss", name, SWATH_PLANT_LOSS=f"{name}={0.01 * recall[name]}@{i}")
        check(out, lines, "slow", name, SWATH_PLANT_SLOW=f"{name}=1.3")
    while there("unchanged") < arguments.checks:
        check(out, lines, "unchanged")


def read(out):
    path = out / "checks.jsonl"
    return [json.loads(line) for line in open(path, encoding="utf-8")] if path.exists() else []


def called(line, is_time):
    """Findings that say something has changed."""
    verdicts = ("improved", "regressed", "failed") if is_time else ("improved", "regressed", "failed", "within-noise")
    return [f for f in line["findings"] if (f["measure"] == "time") == is_time and f["verdict"] in verdicts]


def quantile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


def changes(line):
    """How each trial's time has changed since the baseline, as a logarithm."""
    return {f["trial"]: math.log1p(f["change"]) for f in line["findings"] if f["measure"] == "time" and f["change"] is not None}


def report(folders):
    """What the checks say; a list of them for each folder."""
    lines = [line for folder in folders for line in folder]
    of_folders = [[line for line in folder if line["kind"] == "unchanged"] for folder in folders]
    unchanged = [line for folder in of_folders for line in folder]
    seconds = [line["seconds"] for line in unchanged]
    print(f"{len(unchanged)} checks of an unchanged program, {quantile(seconds, 0.5):.1f} s each (median; longest {quantile(seconds, 1):.1f})")
    timed = sum(len(line["rounds"]) for line in unchanged)
    alarms = [line for line in unchanged if called(line, True)]
    looks = sum(f["note"].startswith(("confirmed", "suspected")) for line in unchanged for f in line["findings"] if f["measure"] == "time")
    print(f"  false alarms in timing: {len(alarms)} checks ({timed} times judged, {looks} of them timed again)")
    for line in alarms:
        print("   ", [(f["trial"], f["verdict"], round(f["change"], 3)) for f in called(line, True)])
    print(f"  false alarms in quality: {sum(bool(called(line, False)) for line in unchanged)} checks")

    pairs = [pair for folder in of_folders for pair in zip(folder, folder[1:])]
    print(f"{len(pairs)} A/A pairs: how far the ratios of two checks that follow each other lie apart, in %")
    for trial in changes(unchanged[0]) if pairs else []:
        apart = [100 * abs(changes(a)[trial] - changes(b)[trial]) for a, b in pairs]
        cells = "  ".join(f"{100 * share:g} %: {quantile(apart, share):5.2f}" for share in (0.5, 0.95, 0.99))
        print(f"  {trial:<20} {cells}  largest: {max(apart):5.2f}")

    for kind, what, is_time in [("loss", "a fall of recall by 1 %", False), ("slow", "a slowdown of 30 %", True)]:
        planted = [line for line in lines if line["kind"] == kind]
        caught = [
            any(f["trial"] == line["planted"] and f["verdict"] == "regressed"
                and f["measure"] == ("time" if is_time else "recall") for f in line["findings"])
            and line["exit"] == 1
            for line in planted
        ]
        print(f"{what} planted in {len(planted)} checks: caught in {sum(caught)}")
        for line, seen in zip(planted, caught):
            if not seen:
                print("    missed:", line["planted"], [f for f in line["findings"] if f["trial"] == line["planted"] and f["measure"] in ("time", "recall")])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checks", type=int, default=201)
    parser.add_argument("--planted", type=int, default=20)
    parser.add_argument("--out", type=pathlib.Path, nargs="+", default=[ROOT / "target/alarms"])
    parser.add_argument("--report", action="store_true", help="count what is there")
    arguments = parser.parse_args()
    if not arguments.report:
        if len(arguments.out) > 1:
            parser.error("several folders are for --report")
        run(arguments, arguments.out[0])
    report([read(out) for out in arguments.out])


main()

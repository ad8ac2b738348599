"""Each measurement: a list of rows, which report.py shows. A row is a dict: measure, workload, target, round, and figures."""
import glob
import json
import os
import re
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import figures
import targets
import workloads


def take(measure, names, ways, options):
    rows = []
    for kind in ("mariadb", "fake"):
        chosen = [n for n in names if workloads.TABLE[n].server == kind and suits(measure, workloads.TABLE[n])]
        if chosen:
            rows += MEASURES[measure](chosen, ways, kind, options)
    return rows


def progress(text):
    if sys.stderr.isatty():
        print(f"\r{text}\033[K", end="", file=sys.stderr, flush=True)


def suits(measure, workload):
    if (measure == "memory") == bool(workload.sessions):
        return True
    print(f"{workload.title}: not for --measure {measure}; left out", file=sys.stderr)
    return False


def open_way(name, kind, wrap=()):
    port = workloads.place.port(kind)
    return targets.Way(name, port, wrap, workloads.place.certificates)


def time_all(names, ways, kind, options):
    opened = []
    rows = []
    try:
        for way in ways:
            opened.append(open_way(way, kind))
        for turn in range(options.rounds):
            for name in names:
                at = turn % len(opened)
                for way in opened[at:] + opened[:at]:
                    rows.append({"measure": "time", "workload": name, "target": way.name, "round": turn, **time_one(name, way, options.seconds)})
                    progress(f"{turn + 1}/{options.rounds} {name} {way.name}")
    finally:
        progress("")
        for way in opened:
            way.stop()
    return rows


def time_one(name, way, seconds):
    before = figures.settled_cpu_ns(way.pids)
    found = workloads.TABLE[name].run(way.port, seconds)
    used = figures.settled_cpu_ns(way.pids) - before
    row = {"units": found["units"], "seconds": found["seconds"], "rate": found["units"] / found["seconds"]}
    row.update({k: found[k] for k in ("p50_us", "p95_us", "p99_us") if k in found})
    if way.pids:
        row["cpu_us"] = used / 1e3 / found["units"]
        row["rss_kb"] = figures.memory_kb(way.pids)["rss"]
    if way.admin_addr:
        row["dropped"] = admin(way, "/counters")["log_dropped"]
    way.truncate()
    return row


def counted(names, ways, kind, options, measure, wrap, read):
    """Two runs of each, of N and of 2 N units, each of a process of its own."""
    rows = []
    for name in names:
        workload = workloads.TABLE[name]
        times = options.times or workload.times
        for way in (w for w in ways if w.partition("@")[0] != "direct"):
            totals = []
            for factor in (1, 2):
                with tempfile.TemporaryDirectory(dir=workloads.lab.FOLDER) as folder:
                    opened = open_way(way, kind, wrap(folder))
                    try:
                        units = workload.run(opened.port, 0, factor * times)["units"]
                    finally:
                        opened.stop()
                    totals.append((units, read(folder)))
            units = totals[1][0] - totals[0][0]
            calls = {what: (n - totals[0][1].get(what, 0)) / units for what, n in totals[1][1].items()}
            rows.append({"measure": measure, "workload": name, "target": opened.name, "round": 0, "units": units, "value": calls.pop("total"),
                         "detail": {what: round(n, 2) for what, n in sorted(calls.items(), key=lambda c: -c[1]) if n >= 0.005}})
            progress(f"{name} {opened.name}: {rows[-1]['value']:.2f}")
    progress("")
    return rows


def instructions(names, ways, kind, options):
    def read(folder):
        total = 0
        for path in glob.glob(os.path.join(folder, "callgrind.*")):
            with open(path, encoding="utf-8", errors="replace") as f:
                found = re.search(r"^(?:summary|totals): (\d+)", f.read(), re.M)
                total += int(found[1]) if found else 0
        return {"total": total}
    return counted(names, ways, kind, options, "instructions",
                   lambda folder: ["valgrind", "--tool=callgrind", "--trace-children=yes", f"--callgrind-out-file={folder}/callgrind.%p"], read)


def calls(names, ways, kind, options):
    def read(folder):
        with open(os.path.join(folder, "strace"), encoding="utf-8") as f:
            found = re.findall(r"^ *(\d+) (\w+)$", f.read(), re.M)
        return {name: int(n) for n, name in found}
    return counted(names, ways, kind, options, "calls", lambda folder: ["strace", "-f", "-c", "-U", "calls,name", "-o", f"{folder}/strace", "--"], read)


def memory(names, ways, kind, _options):
    rows = []
    for name in names:
        held = workloads.Held(workloads.TABLE[name].sessions)
        for way in (w for w in ways if w.partition("@")[0] != "direct"):
            opened = open_way(way, kind)
            try:
                workloads.helper("churn", opened.port, 10, 0, 1)  # what is made once is there
                before = figures.memory_kb(opened.pids)
                with held.through(opened.port):
                    figures.settled_cpu_ns(opened.pids)
                    with_sessions = figures.memory_kb(opened.pids)
            finally:
                opened.stop()
            rows.append({"measure": "memory", "workload": name, "target": opened.name, "round": 0, "units": held.count,
                         **{what: (with_sessions[what] - before[what]) / held.count for what in before}, "rss_kb": with_sessions["rss"]})
            progress(f"{name} {opened.name}: {rows[-1]['rss']:.2f} KiB")
    progress("")
    return rows


def admin(way, path):
    with urllib.request.urlopen(f"http://{way.admin_addr}{path}?format=json", timeout=60) as answer:
        return json.loads(answer.read())


def allocs(way):
    """(statements so far, {stage: allocations so far})"""
    found = admin(way, "/stages")
    return found["statements"], {s["stage"]: s["count_alloc"] for s in found["stages"]}


def allocations(names, ways, kind, options):
    """Between two readings in the middle of a load; less what two readings of an idle proxy differ by, which is what a reading takes."""
    rows = []
    seconds = max(options.seconds, 3)
    for name in names:
        for way in ways:
            if way.partition("=")[0].partition("@")[0].partition("-")[0] not in targets.QUERYTAP:
                continue
            opened = open_way(way, kind)
            try:
                if opened.admin_addr is None:
                    continue
                idle = [allocs(opened)[1] for _ in range(4)][-2:]
                with ThreadPoolExecutor(1) as pool:
                    load = pool.submit(workloads.TABLE[name].run, opened.port, seconds)
                    time.sleep(seconds / 2)  # half of the load's own time, not a wait for something
                    before, first = allocs(opened)
                    time.sleep(seconds / 2 - 0.5)
                    after, second = allocs(opened)
                    load.result()
            finally:
                opened.stop()
            units = after - before
            born = {stage: second[stage] - first[stage] - (idle[1][stage] - idle[0][stage]) for stage in second}
            rows.append({"measure": "allocations", "workload": name, "target": opened.name, "round": 0, "units": units,
                         "value": sum(born.values()) / units if units else float("nan"), "detail": {s: n for s, n in born.items() if n}})
            progress(f"{name} {opened.name}: {rows[-1]['value']:.5f}")
    progress("")
    return rows


MEASURES = {"time": time_all, "instructions": instructions, "calls": calls, "memory": memory, "allocations": allocations}

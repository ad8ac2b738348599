"""Rows of measures.py as Markdown, as CSV, and put into a document."""
import csv
import json
import os
import platform
import re
import statistics
import subprocess

import figures
import lab
import targets
import workloads

FIELDS = ("measure", "workload", "target", "round", "units", "seconds", "rate", "p50_us", "p95_us", "p99_us", "cpu_us", "rss_kb", "rss", "pss",
          "anonymous", "dropped", "value", "detail")
POOLED = (8, 64, 256)  # connections


def machine(options):
    version = lab.querytap("version").stdout.decode().split("\n")[0]
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        model = re.search(r"model name\s*: (.*)", f.read())
    head = f"{version}; Linux {platform.release()}, {os.cpu_count()} × {model[1].strip() if model else platform.machine()}"
    if options.measure == "time":
        head += f"; {options.rounds} round(s) of {options.seconds} s; log on {'tmpfs' if targets.MEMORY == '/dev/shm' else 'disk'}"
    versions = []
    for argv in (["haproxy", "-v"], ["nginx", "-v"], ["mariadbd", "--version"], [targets.MYSQLROUTER, "--version"]):
        try:
            done = subprocess.run(argv, capture_output=True, text=True, check=False)
        except OSError:
            continue
        found = re.search(r"\d+\.\d+\.\d+", done.stdout + done.stderr)
        if done.returncode == 0 and found:
            names = {"haproxy": "HAProxy", "nginx": "nginx", "mariadbd": "MariaDB"}
            versions.append(f"{names.get(argv[0], 'MySQL Router')} {found[0]}")
    return ". ".join([head, ", ".join(versions), *targets.notes]) + "."


def write_csv(path, rows, head):
    with open(path, "w", encoding="utf-8", newline="") as f:
        f.write(f"# {head}\n")
        out = csv.DictWriter(f, FIELDS)
        out.writeheader()
        for row in rows:
            out.writerow({k: json.dumps(v) if k == "detail" else v for k, v in row.items()})


def read_csv(path):
    with open(path, encoding="utf-8", newline="") as f:
        head = f.readline()[2:].strip()
        rows = []
        for row in csv.DictReader(f):
            kept = {k: v for k, v in row.items() if v != ""}
            rows.append({k: v if k in ("measure", "workload", "target") else json.loads(v) if k == "detail" else float(v) for k, v in kept.items()})
    return rows, head


def title(name):
    kind, _, threads = name.partition("@")
    return targets.TITLES.get(kind, name) + (f", {threads} threads" if threads else "")


def ordered(names):
    return list(dict.fromkeys(names))


def by_round(rows, field):
    """{(workload, target): {round: value}}"""
    found = {}
    for row in rows:
        if field in row:
            found.setdefault((row["workload"], row["target"]), {})[row["round"]] = row[field]
    return found


def show(rows, head):
    parts = [head]
    for measure, shower in SHOWERS.items():
        chosen = [r for r in rows if r["measure"] == measure]
        if chosen:
            parts += shower(chosen)
    return "\n\n".join(parts)


def number(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def show_time(rows):
    parts = []
    cpu, rate, p99 = (by_round(rows, f) for f in ("cpu_us", "rate", "p99_us"))
    names = ordered(r["target"] for r in rows)
    ratio = targets.BASE in names
    for workload in ordered(r["workload"] for r in rows):
        about = workloads.TABLE[workload]
        columns = [f"CPU µs/{about.unit}", "to HAProxy", f"{about.unit}s/s" if about.unit != "MB" else "MB/s", "to HAProxy", "p50 ms", "p95 ms",
                   "p99 ms", "p99 to HAProxy"]
        lines = []
        for name in names:
            one = [r for r in rows if r["workload"] == workload and r["target"] == name]

            def median(field):
                found = [r[field] for r in one if field in r]
                return statistics.median(found) if found else None

            def to_base(values):
                base = values.get((workload, targets.BASE), {})
                return figures.shown_ratio(values.get((workload, name), {}), base)
            late = [median(f) for f in ("p50_us", "p95_us", "p99_us")]
            lines.append([title(name), number(median("cpu_us")) if median("cpu_us") is not None else "-", to_base(cpu), number(median("rate")),
                          to_base(rate), *(f"{v / 1000:.2f}" if v is not None else "-" for v in late), to_base(p99)])
        kept = [0] + [i for i in range(1, len(columns) + 1) if ("HAProxy" not in columns[i - 1] or ratio) and any(x[i] != "-" for x in lines)]
        parts += [f"**{workload}**: {about.title}",
                  figures.table([(["way"] + columns)[i] for i in kept], [[x[i] for i in kept] for x in lines])]
    return parts + show_pooled(rows, names) + show_threads(cpu, rows) + show_dropped(rows)


def show_pooled(rows, names):
    """CPU for each statement over 8, 64 and 256 connections: what they took together, by the statements of all, round by round."""
    parts = []
    for family in ("point", "prepared"):
        wanted = [f"{family}-{n}" for n in POOLED]
        if not all(any(r["workload"] == w for r in rows) for w in wanted):
            continue
        pooled = {}
        for name in names:
            for turn in ordered(r["round"] for r in rows):
                one = [r for r in rows if r["workload"] in wanted and r["target"] == name and r["round"] == turn and "cpu_us" in r]
                if len(one) == len(wanted):
                    pooled.setdefault(name, {})[turn] = sum(r["cpu_us"] * r["units"] for r in one) / sum(r["units"] for r in one)
        lines = [[title(name), number(statistics.median(values.values())), figures.shown_ratio(values, pooled.get(targets.BASE, {})),
                  figures.shown_ratio(values, pooled.get("epoll", {}))] for name, values in pooled.items()]
        rounds = max(map(len, pooled.values()))
        _, _, level = figures.interval(range(rounds))
        parts += [f"**{family}, pooled over {', '.join(map(str, POOLED))} connections** ({rounds} rounds: the intervals reach {level:.1%})",
                  figures.table(["way", "CPU µs/statement", "to HAProxy", "to bare epoll"], lines)]
    return parts


def show_threads(cpu, rows):
    lines = []
    for (workload, name), values in cpu.items():
        kind, _, threads = name.partition("@")
        if threads and (workload, kind) in cpu:
            lines.append([title(name), workload, number(statistics.median(values.values())), figures.shown_ratio(values, cpu[workload, kind])])
    return ["**Threads**: CPU beside the same with one thread",
            figures.table(["way", "workload", f"CPU µs/{workloads.TABLE[rows[0]['workload']].unit}", "to one thread"], lines)] if lines else []


def show_dropped(rows):
    lost = {title(r["target"]): 0 for r in rows if "dropped" in r}
    for r in rows:
        if "dropped" in r:
            lost[title(r["target"])] = max(lost[title(r["target"])], int(r["dropped"]))
    return ["Records dropped: " + "; ".join(f"{name} {n}" for name, n in lost.items()) + "."] if lost else []


def show_counted(rows, what):
    names = ordered(r["workload"] for r in rows)
    units = {n: workloads.TABLE[n].unit for n in names}
    cell = {(r["target"], r["workload"]): number(r["value"]) for r in rows}
    return [figures.table(["way"] + [f"{n}, a {units[n]}" for n in names],
                          [[title(t)] + [cell.get((t, n), "-") for n in names] for t in ordered(r["target"] for r in rows)])]


def show_instructions(rows):
    return ["User instructions (callgrind)"] + show_counted(rows, "instructions")


def show_calls(rows):
    detail = [f"- {title(r['target'])}, {r['workload']}: " + ", ".join(f"{c} {n:.2f}" for c, n in r["detail"].items()) for r in rows]
    return ["System calls (strace)"] + show_counted(rows, "calls") + ["\n".join(detail)]


def show_memory(rows):
    return [figures.table(["way", "sessions", "RSS KiB/session", "PSS KiB/session", "anonymous KiB/session", "RSS MiB in all"],
                          [[title(r["target"]), f"{r['units']:,.0f}", f"{r['rss']:.2f}", f"{r['pss']:.2f}", f"{r['anonymous']:.2f}",
                            f"{r['rss_kb'] / 1024:.1f}"] for r in rows])]


def show_allocations(rows):
    return ["Allocations between two readings under load, less what a reading itself takes",
            figures.table(["way", "workload", "statements", "allocations/statement", "by stage"],
                          [[title(r["target"]), r["workload"], f"{r['units']:,.0f}", f"{r['value']:.5f}",
                            ", ".join(f"{s} {int(n):,}" for s, n in r["detail"].items()) or "none"] for r in rows])]


SHOWERS = {"time": show_time, "instructions": show_instructions, "calls": show_calls, "memory": show_memory, "allocations": show_allocations}

"""Readings of processes, and what is made of them: percentiles, medians, intervals."""
import math
import os
import re
import statistics
import time


def cpu_ns(pids):
    """What all threads of the processes ran, user and system, in ns (the scheduler's account; a tick would be 10 ms)."""
    total = 0
    for pid in pids:
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
                    total += int(f.read().split()[0])
        except OSError:
            pass
    return total


def settled_cpu_ns(pids):
    """The same, once they have no more to do: it has not risen by 50 us within 10 ms (at most 2 s are waited)."""
    last = cpu_ns(pids)
    for _ in range(200):
        time.sleep(0.01)
        now = cpu_ns(pids)
        if now - last < 50000:
            return now
        last = now
    return last


def memory_kb(pids):
    """@return {"rss": …, "pss": …, "anonymous": …} of the processes together."""
    total = {"rss": 0, "pss": 0, "anonymous": 0}
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
            text = f.read()
        for name in total:
            total[name] += int(re.search(rf"^{name}:\s+(\d+)", text, re.M | re.I)[1])
    return total


def percentiles_of_histogram(text):
    """p50, p95, p99 in us out of sysbench's --histogram, whose values are in ms."""
    rows = [(float(v), int(n)) for v, n in re.findall(r"^\s*([\d.]+) \|\**\s+(\d+)$", text, re.M)]
    total = sum(n for _, n in rows)
    found = {}
    for percent in (50, 95, 99):
        seen = 0
        for value, n in rows:
            seen += n
            if seen >= total * percent / 100:
                found[f"p{percent}_us"] = value * 1000
                break
    return found


def interval(values, level=0.95):
    """Of the median, from order statistics: exact whatever the distribution. @return (low, high, level reached).
    Too few values for the level: the widest there is, and what it reaches."""
    ordered = sorted(values)
    n = len(ordered)
    reached = 0.0
    for k in range(n // 2, -1, -1):  # from the k-th to the k-th last, counted from 0
        outside = 2 * sum(math.comb(n, i) for i in range(k + 1)) / 2 ** n
        reached = max(0.0, 1 - outside)
        if reached >= level or k == 0:
            return ordered[k], ordered[n - 1 - k], reached
    return ordered[0], ordered[-1], reached


def ratios(values, base):
    """In-round ratios of two {round: value}."""
    return [values[r] / base[r] for r in sorted(values) if base.get(r)]


def shown_ratio(values, base):
    """"0.89 (0.87 to 0.92)", or "-"."""
    found = ratios(values, base)
    if not found:
        return "-"
    if values == base:
        return "1"
    if len(found) == 1:
        return f"{found[0]:.2f}"
    low, high, _ = interval(found)
    return f"{statistics.median(found):.2f} ({low:.2f} to {high:.2f})"


def table(header, rows):
    """Markdown; the first column to the left, the others to the right."""
    lines = ["| " + " | ".join(header) + " |", "|" + "|".join(["---"] + ["---:"] * (len(header) - 1)) + "|"]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)

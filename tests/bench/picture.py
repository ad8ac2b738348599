"""CPU by way, as an SVG: a group of bars for each workload, with the interval of the median as a line."""
import statistics

import figures
import report
import workloads

COLOURS = {"epoll": "#9aa5b1", "events": "#9aa5b1", "pair": "#9aa5b1", "nginx": "#7a8794", "haproxy": "#52606d", "router": "#52606d",
           "off": "#7cc4fa", "json": "#2186eb", "default": "#03449e"}
LEFT, WIDTH, BAR, GAP = 210, 860, 18, 40


def scale_end(most):
    """A round number above it, and the step of its lines."""
    step = 10 ** (len(str(int(most))) - 1)
    for factor in (0.2, 0.5, 1, 2):
        if most / (step * factor) <= 8:
            step *= factor
            break
    return step * (int(most / step) + 1), step


def draw(path, rows):
    cpu = report.by_round([r for r in rows if r["measure"] == "time"], "cpu_us")
    groups = {}
    for (workload, name), values in cpu.items():
        groups.setdefault(workload, []).append((name, statistics.median(values.values()), figures.interval(values.values())))
    if not groups:
        raise SystemExit("--svg: no CPU was measured")
    parts = []
    y = 24
    for workload, bars in groups.items():
        about = workloads.TABLE[workload]
        end, step = scale_end(max(high for _, _, (_, high, _) in bars))
        across = (WIDTH - LEFT - 80) / end
        parts.append(f'<text x="12" y="{y}" class="title">{about.title}: CPU µs/{about.unit}</text>')
        y += 12
        bottom = y + BAR * len(bars) + 4
        mark = 0
        while mark <= end:
            x = LEFT + mark * across
            parts.append(f'<line x1="{x:.1f}" y1="{y}" x2="{x:.1f}" y2="{bottom}" class="grid"/>'
                         f'<text x="{x:.1f}" y="{bottom + 13}" class="mark">{mark:g}</text>')
            mark += step
        for name, median, (low, high, _) in bars:
            middle = y + BAR / 2 + 2
            colour = COLOURS.get(name.partition("@")[0], "#cf1124")
            parts.append(f'<text x="{LEFT - 8}" y="{middle + 4}" class="name">{report.title(name)}</text>'
                         f'<rect x="{LEFT}" y="{y + 4}" width="{median * across:.1f}" height="{BAR - 5}" fill="{colour}"/>'
                         f'<line x1="{LEFT + low * across:.1f}" y1="{middle}" x2="{LEFT + high * across:.1f}" y2="{middle}" class="range"/>'
                         f'<text x="{LEFT + high * across + 6:.1f}" y="{middle + 4}">{report.number(median)}</text>')
            y += BAR
        y = bottom + GAP
    with open(path, "w", encoding="utf-8") as f:
        f.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y - 16}" width="{WIDTH}" height="{y - 16}">\n'
                "<style>text{font:12px sans-serif;fill:#1f2933}.title{font-weight:bold}.name{text-anchor:end}"
                ".mark{text-anchor:middle;font-size:11px;fill:#616e7c}.grid{stroke:#e4e7eb}.range{stroke:#1f2933;stroke-width:1.5}</style>\n"
                f'<rect width="{WIDTH}" height="{y - 16}" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n")

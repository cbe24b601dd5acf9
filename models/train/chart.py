#!/usr/bin/env python3
"""Draw the log of a run: cost on validation by quality, and training loss, against steps and minutes.

    chart.py run.pt.log run.pt.svg        train.py does this at every validation
"""
import math
import re
import sys

WIDTH, HEIGHT, LEFT, RIGHT, TOP, GAP = 800, 210, 64, 150, 44, 62   # of one panel, and around it
GROUPS = 'low rates', 'middle rates', 'high rates'
SMOOTH = 10
STYLE = """
svg { font: 12px system-ui, sans-serif; --paper: #fcfcfb; --ink: #24231f; --soft: #75736b; --grid: #e6e4de;
      --c0: #2a78d6; --c1: #158a60; --c2: #c4541c; --c3: #75736b; }
@media (prefers-color-scheme: dark) { svg { --paper: #1a1a19; --ink: #f2f1ec; --soft: #a3a198; --grid: #383733;
      --c0: #5b9dec; --c1: #35b184; --c2: #e8793f; --c3: #a3a198; } }
.paper { fill: var(--paper); } text { fill: var(--ink); } .soft { fill: var(--soft); } .grid { stroke: var(--grid); }
path { fill: none; stroke-width: 2; stroke-linejoin: round; } .raw { stroke: var(--grid); stroke-width: 1; }
.c0 { stroke: var(--c0); } .c1 { stroke: var(--c1); } .c2 { stroke: var(--c2); } .c3 { stroke: var(--c3); stroke-dasharray: 5 4; }
text.c0, text.c1, text.c2, text.c3 { stroke: none; }
text.c0 { fill: var(--c0); } text.c1 { fill: var(--c1); } text.c2 { fill: var(--c2); } text.c3 { fill: var(--c3); }"""


def read_log(lines):
    """-> title; validations: (step, seconds, costs, worst picture); losses: (step, seconds, loss)"""
    title, validations, losses = '', [], []
    for line in lines:
        number = dict(re.findall(r'\b(step|t|loss|picture) (-?[0-9.]+)', line))
        if line.startswith('validation'):
            costs = [float(c) for c in line.rsplit(':', 1)[1].split()]
            validations.append((int(number['step']), float(number['t']), costs, float(number['picture'])))
        elif line.startswith('step'):
            losses.append((int(number['step']), float(number['t']), float(number['loss'])))
        elif ' parameters' in line:
            title = line.split(', arguments')[0].strip()
    return title, validations, losses


def cost_lines(validations):
    """Change of the cost since the first validation, per cent: [(label, [(step, change)])]"""
    n = len(validations[0][2])
    bounds = [round(n * i / len(GROUPS)) for i in range(len(GROUPS) + 1)]
    measures = [(label, lambda v, a=a, b=b: math.exp(sum(map(math.log, v[2][a:b])) / (b - a)))
                for label, a, b in zip(GROUPS, bounds, bounds[1:])] + [('worst picture', lambda v: v[3])]
    return [(label, [(v[0], 100 * (measure(v) / measure(validations[0]) - 1)) for v in validations])
            for label, measure in measures]


def smoothed(points):
    """Mean over up to SMOOTH rows before and after each, as many on both sides, so that slopes keep their place."""
    out = []
    for i, (x, _) in enumerate(points):
        n = min(i, len(points) - 1 - i, SMOOTH)
        out.append((x, sum(y for _, y in points[i - n:i + n + 1]) / (2 * n + 1)))
    return out


def ticks(low, high, n):
    """About n round numbers from low to high."""
    raw = max(high - low, 1e-9) / n
    step = 10 ** math.floor(math.log10(raw))
    step = next(step * f for f in (1, 2, 5, 10) if step * f >= raw)
    return [i * step for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def seconds_at(step, times):
    """times: (step, seconds); straight lines between."""
    step = min(max(step, min(times)[0]), max(times)[0])   # a tick may be off by the last digit, and a log begin late
    before, after = max(t for t in times if t[0] <= step), min(t for t in times if t[0] >= step)
    share = (step - before[0]) / max(after[0] - before[0], 1)
    return before[1] + share * (after[1] - before[1])


class Panel:
    """One diagram; collects SVG elements in `out`."""

    def __init__(self, out, title, row, steps, values):
        self.out, self.y0, self.steps = out, TOP + 16 + row * (HEIGHT + GAP), max(steps, 1)
        spread = max(max(values) - min(values), 1e-3)
        self.low, self.high = min(values) - 0.05 * spread, max(values) + 0.05 * spread
        self.text(LEFT, self.y0 - 10, title)
        for v in ticks(self.low, self.high, 5):
            self.line(LEFT, self.y(v), WIDTH - RIGHT, self.y(v))
            self.text(LEFT - 8, self.y(v) + 4, '%g' % round(v, 6), 'soft', 'end')

    def x(self, step):
        return LEFT + (WIDTH - LEFT - RIGHT) * step / self.steps

    def y(self, value):
        return self.y0 + HEIGHT * (self.high - value) / (self.high - self.low)

    def text(self, x, y, content, kind='', anchor='start'):
        self.out.append('<text x="%.1f" y="%.1f" class="%s" text-anchor="%s">%s</text>' % (x, y, kind, anchor, content))

    def line(self, x1, y1, x2, y2):
        self.out.append('<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="grid"/>' % (x1, y1, x2, y2))

    def curve(self, points, kind):
        path = ' '.join('%.1f,%.1f' % (self.x(a), self.y(b)) for a, b in points)
        self.out.append('<path class="%s" d="M%s"/>' % (kind, path))

    def labels(self, lines):
        """The name of each line and its last value at its end, pushed apart where they would meet."""
        y = self.y0 - 20
        for i, (label, points) in sorted(enumerate(lines), key=lambda item: -item[1][1][-1][1]):
            y = max(y + 15, self.y(points[-1][1]) + 4)
            self.text(WIDTH - RIGHT + 8, y, '%s %+.1f %%' % (label, points[-1][1]), 'c%d' % i)

    def step_axis(self, times):
        """Steps, and below them the minutes they took."""
        y = self.y0 + HEIGHT
        for step in ticks(0, self.steps, 6):
            self.text(self.x(step), y + 17, '%d' % step, 'soft', 'middle')
            self.text(self.x(step), y + 31, '%.1f min' % (seconds_at(step, times) / 60), 'soft', 'middle')
        self.text(WIDTH - RIGHT + 34, y + 17, 'steps', 'soft')


def draw(title, validations, losses):
    """-> SVG text"""
    times = [v[:2] for v in validations] + [l[:2] for l in losses]
    last, out = max(times)[0], []
    lines = cost_lines(validations)
    panel = Panel(out, 'Cost on validation, change since the first, %', 0, last, [y for _, points in lines for _, y in points])
    for i, (_, points) in enumerate(lines):
        panel.curve(points, 'c%d' % i)
    panel.labels(lines)
    panel.step_axis(times)
    if losses:
        n_spikes = len(losses) // 100   # the largest per cent of them is cut off
        panel = Panel(out, 'Training loss', 1, last, sorted(loss for _, _, loss in losses)[:len(losses) - n_spikes])
        raw = [(step, min(loss, panel.high)) for step, _, loss in losses]
        panel.curve(raw, 'raw')
        panel.curve(smoothed(raw), 'c0')
        panel.step_axis(times)
    height = TOP + (2 if losses else 1) * (HEIGHT + GAP)
    return '\n'.join([
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d">' % (WIDTH, height, WIDTH, height),
        '<style>%s\n</style>' % STYLE, '<rect class="paper" width="100%" height="100%"/>',
        '<text x="%d" y="22" class="soft">%s</text>' % (LEFT, title), *out, '</svg>\n'])


def draw_log(log, svg):
    with open(log) as f:
        content = draw(*read_log(f))
    with open(svg, 'w') as f:
        f.write(content)


if __name__ == '__main__':
    draw_log(*sys.argv[1:])

/* Records over time, above the list: a column for each span of time, errors and findings apart. A click or a drag selects a span. */
import { el, h, s, clear } from './dom.js';
import { clock, duration, plural } from './text.js';

const STEPS = [1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7, 1.5e7, 3e7, 6e7, 1.2e8, 3e8, 6e8, 9e8, 1.8e9, 3.6e9, 7.2e9, 2.16e10, 4.32e10, 8.64e10];
const HEIGHT = 56, KINDS = ['error', 'finding', 'plain'];

/** `zoom(from, to)` is called with the span that was selected, in microseconds. */
export function Histogram(zoom) {
	let start = 0, step = 1, n = 0, width = 0, drag, dragTo, counts = [];
	const at = (e) => { const box = svg.getBoundingClientRect(); return Math.max(0, Math.min(n - 1, Math.floor((e.clientX - box.left) / box.width * n))); };
	const selected = () => [Math.min(drag, dragTo), Math.max(drag, dragTo) + 1];
	const svg = s('svg', {
		class: 'histogram-plot', preserveAspectRatio: 'none', role: 'img', 'aria-label': 'Records over time',
		onpointerdown: (e) => { if (n && e.button === 0) { drag = dragTo = at(e); svg.setPointerCapture(e.pointerId); draw(); } },
		onpointermove: (e) => { if (n) point(at(e)); },
		onpointerleave: () => { tip.hidden = true; },
		onpointerup: () => {
			if (drag === undefined) return;
			const [a, b] = selected();
			drag = undefined;
			zoom(start + a * step, start + b * step);
		},
	});
	const tip = h('div.histogram-tip', { hidden: true }), axis = [el('span'), el('span'), el('span')];

	/** Show `records` between `from` and `to`, or all of them. */
	function show(records, from = Infinity, to = -Infinity) {
		let first = from, last = to;
		width = svg.clientWidth;
		if (width === 0) return;
		if (from > to) {
			for (const r of records) {
				if (r._t < first) first = r._t;
				if (r._t > last) last = r._t;
			}
		}
		if (!(last > first)) { last = (Number.isFinite(first) ? first : Date.now() * 1000) + 1; first = last - 1e6; }
		const wanted = Math.max(20, Math.min(240, Math.floor(width / 6)));
		step = STEPS.find((x) => (last - first) / x <= wanted) ?? STEPS[STEPS.length - 1];
		start = Math.floor(first / step) * step;
		n = Math.max(1, Math.min(2000, Math.floor((last - start) / step) + 1));
		counts = KINDS.map(() => new Uint32Array(n));
		for (const r of records) {
			const b = Math.floor((r._t - start) / step);
			if (b >= 0 && b < n && !r._note) counts[r.errno !== undefined ? 0 : r.findings !== undefined ? 1 : 2][b]++;
		}
		draw();
		[clock(start, step < 1e6 ? 1 : 0), duration(step).replace(/\.0+(?= )/, '') + ' per column', clock(start + n * step, step < 1e6 ? 1 : 0)].forEach((t, i) => { axis[i].textContent = t; });
	}

	function draw() {
		const w = width / n, gap = w > 4 ? 1 : 0, paths = ['', '', ''];
		let top = 1;
		for (let i = 0; i < n; i++) top = Math.max(top, counts[0][i] + counts[1][i] + counts[2][i]);
		const scale = (HEIGHT - 4) / top;
		for (let i = 0; i < n; i++) {
			counts.reduce((below, { [i]: count }, k) => {
				const tall = Math.max(1.5, count * scale).toFixed(2);
				if (count > 0) paths[k] += 'M' + (i * w).toFixed(2) + ' ' + (HEIGHT - below * scale).toFixed(2) + 'v-' + tall + 'h' + (w - gap).toFixed(2) + 'v' + tall + 'z';
				return below + count;
			}, 0);
		}
		const [a, b] = selected();
		svg.setAttribute('viewBox', '0 0 ' + width + ' ' + HEIGHT);
		clear(svg, paths.map((d, k) => s('path', { class: 'bar-' + KINDS[k], d })), drag !== undefined && s('rect', { class: 'histogram-selection', x: a * w, width: (b - a) * w, height: HEIGHT }));
	}

	/** The pointer is over column `i`. */
	function point(i) {
		const [errors, findings, plain] = counts.map((list) => list[i]);
		if (drag !== undefined) { dragTo = i; draw(); }
		tip.textContent = clock(start + i * step, step < 1e6 ? 2 : 0) + '  ' + plural(errors + findings + plain, 'record') + (errors ? ', ' + plural(errors, 'error') : '') + (findings ? ', ' + findings + ' with findings' : '');
		tip.hidden = false;
		tip.style.left = Math.min(Math.max((i + 0.5) / n * 100, 8), 92) + '%';
	}

	return { root: el('div.histogram', svg, el('div.axis', axis), tip), show };
}

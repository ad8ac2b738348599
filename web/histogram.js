/* Records over time, above the list: a column for each span of time, errors and findings apart. A click or a drag selects a span. */
import { el, h, s, clear } from './dom.js';
import { clock, duration, plural } from './text.js';

const STEPS = [1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7, 1.5e7, 3e7, 6e7, 1.2e8, 3e8, 6e8, 9e8, 1.8e9, 3.6e9, 7.2e9, 2.16e10, 4.32e10, 8.64e10];
const HEIGHT = 56;

export class Histogram {
	/** `zoom(from, to)` is called with the span that was selected, in microseconds. */
	constructor(zoom) {
		this.zoom = zoom;
		this.svg = s('svg', { class: 'histogram-plot', preserveAspectRatio: 'none', role: 'img', 'aria-label': 'Records over time' });
		this.tip = h('div.histogram-tip', { hidden: true });
		this.from = h('span');
		this.middle = el('span.histogram-scale');
		this.to = h('span');
		this.root = el('div.histogram', this.svg, el('div.histogram-axis', this.from, this.middle, this.to), this.tip);
		this.svg.addEventListener('pointerdown', (e) => this.onDown(e));
		this.svg.addEventListener('pointermove', (e) => this.onMove(e));
		this.svg.addEventListener('pointerup', (e) => this.onUp(e));
		this.svg.addEventListener('pointerleave', () => { this.tip.hidden = true; });
		this.buckets = [];
	}

	/** Show `records` (in order of time) between `from` and `to`, or all of them. */
	show(records, from, to) {
		const width = this.svg.clientWidth;
		if (width === 0) return;
		let first = from, last = to;
		if (first === undefined) {
			first = Infinity;
			last = -Infinity;
			for (let i = 0; i < records.length; i++) {
				const t = records[i]._t;
				if (t < first) first = t;
				if (t > last) last = t;
			}
		}
		if (!(last > first)) { last = (Number.isFinite(first) ? first : Date.now() * 1000) + 1; first = last - 1e6; }
		const wanted = Math.max(20, Math.min(240, Math.floor(width / 6)));
		const step = STEPS.find((x) => (last - first) / x <= wanted) ?? STEPS[STEPS.length - 1];
		const start = Math.floor(first / step) * step;
		const n = Math.max(1, Math.min(2000, Math.floor((last - start) / step) + 1));
		const all = new Uint32Array(n), findings = new Uint32Array(n), errors = new Uint32Array(n);
		for (let i = 0; i < records.length; i++) {
			const r = records[i];
			const b = Math.floor((r._t - start) / step);
			if (b < 0 || b >= n || r._note) continue;
			all[b]++;
			if (r.errno !== undefined) errors[b]++;
			else if (r.findings !== undefined) findings[b]++;
		}
		this.geometry = { start, step, n };
		this.all = all;
		this.errors = errors;
		this.findings = findings;
		this.draw(width, n);
		this.from.textContent = clock(start, step < 1e6 ? 1 : 0);
		this.to.textContent = clock(start + n * step, step < 1e6 ? 1 : 0);
		this.middle.textContent = duration(step).replace(/\.0+(?= )/, '') + ' per column';
	}

	draw(width, n) {
		let top = 1;
		for (const x of this.all) if (x > top) top = x;
		const w = width / n, gap = w > 4 ? 1 : 0;
		const path = (counts, under) => {
			let d = '';
			for (let i = 0; i < n; i++) {
				if (counts[i] === 0) continue;
				const below = under ? under.reduce((sum, list) => sum + list[i], 0) : 0;
				const y = HEIGHT - below / top * (HEIGHT - 4);
				const tall = Math.max(1.5, counts[i] / top * (HEIGHT - 4));
				d += 'M' + (i * w).toFixed(2) + ' ' + y.toFixed(2) + 'v' + (-tall).toFixed(2) + 'h' + (w - gap).toFixed(2) + 'v' + tall.toFixed(2) + 'z';
			}
			return d;
		};
		const plain = this.all.map((x, i) => x - this.errors[i] - this.findings[i]);
		this.svg.setAttribute('viewBox', '0 0 ' + width + ' ' + HEIGHT);
		clear(this.svg, s('path', { class: 'bar-error', d: path(this.errors) }), s('path', { class: 'bar-finding', d: path(this.findings, [this.errors]) }),
			s('path', { class: 'bar-plain', d: path(plain, [this.errors, this.findings]) }));
		if (this.drag !== undefined) this.drawDrag();
	}

	at(event) {
		const box = this.svg.getBoundingClientRect();
		const { n } = this.geometry ?? { n: 1 };
		return Math.max(0, Math.min(n - 1, Math.floor((event.clientX - box.left) / box.width * n)));
	}

	drawDrag() {
		const { n } = this.geometry;
		const a = Math.min(this.drag, this.dragTo), b = Math.max(this.drag, this.dragTo) + 1;
		const w = this.svg.clientWidth / n;
		if (this.selection) this.selection.remove();
		this.selection = s('rect', { class: 'histogram-selection', x: a * w, y: 0, width: (b - a) * w, height: HEIGHT });
		this.svg.append(this.selection);
	}

	onDown(event) {
		if (!this.geometry || event.button !== 0) return;
		this.drag = this.dragTo = this.at(event);
		this.svg.setPointerCapture(event.pointerId);
		this.drawDrag();
	}

	onMove(event) {
		if (!this.geometry) return;
		const i = this.at(event);
		if (this.drag !== undefined) { this.dragTo = i; this.drawDrag(); }
		const { start, step, n } = this.geometry;
		this.tip.textContent = clock(start + i * step, step < 1e6 ? 2 : 0) + '  ' + plural(this.all[i] ?? 0, 'record') +
			(this.errors[i] ? ', ' + plural(this.errors[i], 'error') : '') + (this.findings[i] ? ', ' + this.findings[i] + ' with findings' : '');
		this.tip.hidden = false;
		this.tip.style.left = Math.min(Math.max((i + 0.5) / n * 100, 8), 92) + '%';
	}

	onUp() {
		if (this.drag === undefined) return;
		const { start, step } = this.geometry;
		const a = Math.min(this.drag, this.dragTo), b = Math.max(this.drag, this.dragTo) + 1;
		this.drag = undefined;
		if (this.selection) this.selection.remove();
		this.zoom(start + a * step, start + b * step);
	}
}

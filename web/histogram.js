/* Records over time, above the list: a column for each span of time, errors and findings apart. A click or a drag selects a span. */
import { el, h, s, clear } from './dom.js';
import { clock, duration, plural } from './text.js';

const STEPS = [1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7, 1.5e7, 3e7, 6e7, 1.2e8, 3e8, 6e8, 9e8, 1.8e9, 3.6e9, 7.2e9, 2.16e10, 4.32e10, 8.64e10];
const HEIGHT = 56;

export class Histogram {
	/** `zoom(from, to)` is called with the span that was selected, in microseconds. */
	constructor(zoom) {
		const at = (e) => { const box = this.svg.getBoundingClientRect(); return Math.max(0, Math.min(this.n - 1, Math.floor((e.clientX - box.left) / box.width * this.n))); };
		this.svg = s('svg', {
			class: 'histogram-plot', preserveAspectRatio: 'none', role: 'img', 'aria-label': 'Records over time',
			onpointerdown: (e) => { if (this.n && e.button === 0) { this.drag = this.dragTo = at(e); this.svg.setPointerCapture(e.pointerId); this.draw(); } },
			onpointermove: (e) => { if (this.n) this.point(at(e)); },
			onpointerleave: () => { this.tip.hidden = true; },
			onpointerup: () => {
				if (this.drag === undefined) return;
				const [a, b] = this.span();
				this.drag = undefined;
				zoom(this.start + a * this.step, this.start + b * this.step);
			},
		});
		this.tip = h('div.histogram-tip', { hidden: true });
		this.axis = [el('span'), el('span'), el('span')];
		this.root = el('div.histogram', this.svg, el('div.axis', this.axis), this.tip);
	}

	/** Show `records` between `from` and `to`, or all of them. */
	show(records, from = Infinity, to = -Infinity) {
		const width = this.svg.clientWidth;
		if (width === 0) return;
		let first = from, last = to;
		if (from > to) {
			for (const r of records) {
				if (r._t < first) first = r._t;
				if (r._t > last) last = r._t;
			}
		}
		if (!(last > first)) { last = (Number.isFinite(first) ? first : Date.now() * 1000) + 1; first = last - 1e6; }
		const wanted = Math.max(20, Math.min(240, Math.floor(width / 6)));
		const step = STEPS.find((x) => (last - first) / x <= wanted) ?? STEPS[STEPS.length - 1], start = Math.floor(first / step) * step;
		const n = Math.max(1, Math.min(2000, Math.floor((last - start) / step) + 1));
		const plain = new Uint32Array(n), findings = new Uint32Array(n), errors = new Uint32Array(n);
		for (const r of records) {
			const b = Math.floor((r._t - start) / step);
			if (b >= 0 && b < n && !r._note) (r.errno !== undefined ? errors : r.findings !== undefined ? findings : plain)[b]++;
		}
		Object.assign(this, { width, start, step, n, plain, findings, errors });
		this.draw();
		[clock(start, step < 1e6 ? 1 : 0), duration(step).replace(/\.0+(?= )/, '') + ' per column', clock(start + n * step, step < 1e6 ? 1 : 0)].forEach((t, i) => { this.axis[i].textContent = t; });
	}

	draw() {
		const { n, width, errors, findings, plain } = this, w = width / n, gap = w > 4 ? 1 : 0;
		const total = (i) => errors[i] + findings[i] + plain[i];
		let top = 1;
		for (let i = 0; i < n; i++) top = Math.max(top, total(i));
		const scale = (HEIGHT - 4) / top;
		const path = (name, counts, below) => {
			let d = '';
			for (let i = 0; i < n; i++) {
				const tall = Math.max(1.5, counts[i] * scale).toFixed(2);
				if (counts[i] > 0) d += 'M' + (i * w).toFixed(2) + ' ' + (HEIGHT - below(i) * scale).toFixed(2) + 'v-' + tall + 'h' + (w - gap).toFixed(2) + 'v' + tall + 'z';
			}
			return s('path', { class: 'bar-' + name, d });
		};
		const [a, b] = this.span();
		this.svg.setAttribute('viewBox', '0 0 ' + width + ' ' + HEIGHT);
		clear(this.svg, path('error', errors, () => 0), path('finding', findings, (i) => errors[i]), path('plain', plain, (i) => errors[i] + findings[i]),
			this.drag !== undefined && s('rect', { class: 'histogram-selection', x: a * w, width: (b - a) * w, height: HEIGHT }));
	}

	/** The columns that are being selected. */
	span() { return [Math.min(this.drag, this.dragTo), Math.max(this.drag, this.dragTo) + 1]; }

	/** The pointer is over column `i`. */
	point(i) {
		const { start, step, errors, findings, plain } = this;
		if (this.drag !== undefined) { this.dragTo = i; this.draw(); }
		this.tip.textContent = clock(start + i * step, step < 1e6 ? 2 : 0) + '  ' + plural(errors[i] + findings[i] + plain[i], 'record') + (errors[i] ? ', ' + plural(errors[i], 'error') : '') + (findings[i] ? ', ' + findings[i] + ' with findings' : '');
		this.tip.hidden = false;
		this.tip.style.left = Math.min(Math.max((i + 0.5) / this.n * 100, 8), 92) + '%';
	}
}

/* The view Memory: the proxy's own memory, stage by stage; whether it leaks, and what holds it. */
import { el, h, s, clear } from './dom.js';
import { shown, count, bytes, clock, plural } from './text.js';
import { getJson, getText } from './api.js';
import { View, heading, figures } from './view.js';
import { Table, number } from './table.js';
import { address, go } from './router.js';

function verdict(word) {
	const w = String(word);
	const kind = /RISES|UNBOUNDED/.test(w) ? 'error' : /FLAT|STABLE|LEVELS/.test(w) ? 'good' : 'other';
	return h('span', { class: 'verdict verdict-' + kind }, shown(w));
}

/** A curve of live bytes with its band from the least to the most of each point. */
function curve(points) {
	const W = 800, H = 160, P = 4;
	const ts = points.map((p) => p.unix_ns), top = Math.max(1, ...points.map((p) => p.max_bytes)) * 1.2;
	const x = (i) => P + (ts[i] - ts[0]) / Math.max(1, ts[ts.length - 1] - ts[0]) * (W - 2 * P);
	const y = (v) => H - v / top * H;
	const trace = (f) => points.map((p, i) => x(i).toFixed(1) + ' ' + y(f(p)).toFixed(1));
	const band = 'M' + trace((p) => p.max_bytes).join('L') + 'L' + trace((p) => p.floor_bytes).reverse().join('L') + 'z';
	return el('figure', el('div.curve', s('svg', { viewBox: '0 0 ' + W + ' ' + H, preserveAspectRatio: 'none', role: 'img', 'aria-label': 'Live bytes over time, up to ' + bytes(top / 1.2) },
		s('path', { class: 'spark-area', d: band }), s('path', { class: 'spark-line', d: 'M' + trace((p) => p.average_bytes).join('L'), 'vector-effect': 'non-scaling-stroke' })), el('span.curve-top', bytes(top / 1.2)), el('span.curve-zero', '0')),
	el('figcaption.histogram-axis', el('span', clock(ts[0] / 1000, 0)), el('span', 'Live bytes: the mean as a line, least to most as a band'), el('span', clock(ts[ts.length - 1] / 1000, 0))));
}

/** What is held now by place of allocation, from the text form of the heap profile. */
function sites(text) {
	const found = new Map();
	for (const block of text.split('\n\n')) {
		const lines = block.split('\n');
		const at = lines.findIndex((line) => /^-?\d+: -?\d+ \[/.test(line));
		if (at < 0) continue;
		const [, n, size] = /^(-?\d+): (-?\d+)/.exec(lines[at]);
		const frame = lines.map((line) => /^#\t(0x[0-9a-f]+)\t(?:(.*?)\+0x[0-9a-f]+\t(.*)|\[(.*)\])$/.exec(line)).find((m) => m && !/^(?:malloc|calloc|realloc|prof_)/.test(m[2] ?? ''));
		const stage = /stage=(\S+)/.exec(block);
		const site = !frame ? 'unknown' : frame[2] ? frame[2] + '  ' + frame[3].replace(/^(?:\.\.\/)+/, '') : frame[1] + '  ' + frame[4].replace(/^.*\//, '');
		const sum = found.get(site) ?? { site, stage: stage ? stage[1] : '', n: 0, size: 0 };
		sum.n += Number(n);
		sum.size += Number(size);
		found.set(site, sum);
	}
	return [...found.values()].filter((x) => x.size > 0).sort((a, b) => b.size - a.size);
}

/** Where an allocation record was born. */
function placeOf(b) {
	const frame = (b.stack ?? []).find((f) => f.function) ?? {};
	const name = b.caller_function ?? b.function ?? frame.function;
	const file = b.caller_file ?? b.file ?? frame.file ?? '';
	if (!name) return (b.module ?? '').replace(/^.*\//, '');
	return file ? name + '  ' + file.replace(/^(?:\.\.\/)+/, '') + ':' + (b.caller_line ?? b.line ?? frame.line ?? '') : name;
}

export class MemoryView extends View {
	constructor(root, route) { super(root, route, { every: 3000 }); }

	begin(route) {
		const stage = route.arg;
		this.table = new Table({
			label: 'Stages', key: (d) => d.stage, sort: 'bytes', open: (d) => go(address('memory', d.stage === stage ? '' : d.stage)),
			columns: [
				{ id: 'stage', head: 'Stage', sort: (d) => d.stage, cell: (d) => el('strong', shown(d.stage)) },
				{ id: 'bytes', head: 'In use', end: true, sort: (d) => d.current_number_of_bytes_used, cell: (d) => el('span.share', h('span.share-bar', { css: { width: (d.current_number_of_bytes_used / this.sum * 100).toFixed(1) + '%' } }), bytes(d.current_number_of_bytes_used)) },
				number('Most', 'high_number_of_bytes_used', bytes),
				number('Blocks', 'current_count_used', count),
				number('Allocations', 'count_alloc', count),
				number('Allocation records', 'records', count),
				{ id: 'leak', head: 'Does memory rise?', cell: (d) => verdict(d.bytes) },
				{ id: 'why', head: 'Do records grow?', cell: (d) => verdict(d.records_verdict) },
			],
		});
		this.figures = h('div');
		this.side = el('div.two');
		this.curve = el('section.card', el('p.note', 'Reading…'));
		clear(this.body, heading('Memory', 'What the proxy itself holds, by the part of the program that allocated it.'), this.figures, this.curve, this.table.root, this.side);
	}

	async load(route) {
		const optional = (promise) => promise.catch(() => null);
		const [stages, verdicts, series, births, heap] = await Promise.all([getJson('/stages'), getJson('/verdicts'), optional(getJson('/series', { stage: route.arg })), optional(getJson('/births', { n: 12 })), optional(getText('/debug/pprof/heap', { debug: 1 }))]);
		return { stages, verdicts: verdicts.verdicts, series, births, heap };
	}

	draw({ stages, verdicts, series, births, heap }, route) {
		const list = stages.stages.filter((d) => d.count_alloc > 0);
		this.sum = Math.max(1, list.reduce((n, d) => n + d.current_number_of_bytes_used, 0));
		const risers = verdicts.filter((v) => v.bytes === 'RISES').map((v) => v.stage);
		clear(this.figures, el('section.card', figures([['In use by stages', bytes(this.sum)], ['Resident', bytes(stages.rss_bytes ?? (series && series.points.length > 0 ? series.points[series.points.length - 1].rss_bytes : undefined))],
			['Unattributed', stages.unattributed_bytes !== undefined ? bytes(stages.unattributed_bytes) : undefined], ['Stages whose memory rises', risers.length > 0 ? shown(risers.join(', ')) : 'none']])));
		const said = verdicts.find((v) => v.stage === route.arg);
		const points = series ? series.points : [];
		clear(this.curve, el('h3', route.arg ? 'Stage ' + shown(route.arg) : 'The whole process'), points.length > 1 ? curve(points) : el('p.note', 'The curve begins with the second reading.'),
			said ? el('p', verdict(said.bytes), ' ', verdict(said.records_verdict), ' ', shown(said.sentence)) : el('p.note', 'Choose a stage below for its own curve and verdict.'));
		this.table.show(list);
		const held = heap ? sites(heap).filter((x) => !route.arg || x.stage === route.arg).slice(0, 15) : [];
		const born = births ? births.births.filter((b) => !route.arg || b.stage === route.arg).slice(-12).reverse() : [];
		clear(this.side, el('section.card', el('h3', 'Held by place in the code (sampled)'), this.smallTable([['Place', (x) => el('code.code-line', shown(x.site, 120))], ['Stage', (x) => shown(x.stage)], ['Bytes', (x) => bytes(x.size), true]], held)),
			el('section.card', el('h3', 'Latest allocation records (births)'), this.smallTable([['Time', (b) => clock(Date.parse(b.ts) * 1000, 0)], ['Stage', (b) => shown(b.stage)], ['Size', (b) => bytes(b.size), true],
				['Place', (b) => el('code.code-line', shown(placeOf(b), 120))]], born),
			births && el('p.note', plural(births.births.length, 'record') + ' shown since the start; a record stays when its memory is freed.')));
	}

	smallTable(columns, rows) {
		return el('div.scroll-x', el('table.table.compact', el('thead', el('tr', columns.map(([name, , e]) => h('th', { scope: 'col', class: e ? 'end' : '' }, name)))),
			el('tbody', rows.map((r) => el('tr', columns.map(([, cell, e]) => h('td', { class: e ? 'end num' : '' }, cell(r))))))));
	}
}

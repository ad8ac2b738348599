/* The view Memory: the proxy's own memory, stage by stage; whether it leaks, and what holds it. */
import { el, h, s, clear } from './dom.js';
import { shown, count, bytes, clock, plural } from './text.js';
import { getJson } from './api.js';
import { View, heading, figures, section, simpleTable, Table, number } from './view.js';
import { address, go } from './router.js';

const SITES_MAX = 15, RECORDS_MAX = 500, BIRTHS_MAX = 12;

const verdict = (word) => h('span', { class: 'verdict tone ' + (/RISES|UNBOUNDED/.test(word) ? 'bad' : /FLAT|STABLE|LEVELS/.test(word) ? 'good' : 'plain') }, shown(word));

/** A curve of live bytes with its band from the least to the most of each point. */
function curve(points) {
	const W = 800, H = 160, P = 4, ts = points.map((p) => p.unix_ns), most = Math.max(1, ...points.map((p) => p.max_bytes)), end = ts[ts.length - 1];
	const trace = (field) => points.map((p, i) => (P + (ts[i] - ts[0]) / Math.max(1, end - ts[0]) * (W - 2 * P)).toFixed(1) + ' ' + (H - p[field] / most / 1.2 * H).toFixed(1));
	return el('figure', el('div.curve', s('svg', { viewBox: '0 0 ' + W + ' ' + H, preserveAspectRatio: 'none', role: 'img', 'aria-label': 'Live bytes over time, up to ' + bytes(most) },
		s('path', { class: 'spark-area', d: 'M' + trace('max_bytes').join('L') + 'L' + trace('floor_bytes').reverse().join('L') + 'z' }),
		s('path', { class: 'spark-line', d: 'M' + trace('average_bytes').join('L'), 'vector-effect': 'non-scaling-stroke' })), el('span.note', '0'), el('span.note', bytes(most))),
	el('figcaption.axis', el('span', clock(ts[0] / 1000, 0)), el('span', 'Live bytes: the mean as a line, least to most as a band'), el('span', clock(end / 1000, 0))));
}

/** The place in the code of an allocation record. */
function placeOf(b) {
	const frame = b.stack?.find((f) => f.function) ?? {}, name = b.caller_function ?? b.function ?? frame.function, file = b.caller_file ?? b.file ?? frame.file;
	if (!name) return (b.module ?? 'unknown').replace(/^.*\//, '');
	return file ? name + '  ' + file.replace(/^(?:\.\.\/)+/, '') + ':' + (b.caller_line ?? b.line ?? frame.line ?? '') : name;
}

/** What is held by place, from the changes of allocation records since the start. */
function sites(records) {
	const found = new Map();
	for (const r of records) {
		const site = placeOf(r), row = found.get(site) ?? { site, stage: r.stage, size: 0 };
		row.size += r.live_bytes_change;
		found.set(site, row);
	}
	return [...found.values()].filter((x) => x.size > 0).sort((a, b) => b.size - a.size).slice(0, SITES_MAX);
}

export class MemoryView extends View {
	constructor(root, route) { super(root, route, 3000); }

	begin({ arg }) {
		const used = 'current_number_of_bytes_used';
		this.table = new Table({
			label: 'Stages', key: (d) => d.stage, sort: 'bytes', open: (d) => go(address('memory', d.stage === arg ? '' : d.stage)),
			columns: [
				{ id: 'stage', head: 'Stage', sort: (d) => d.stage, cell: (d) => el('strong', shown(d.stage)) },
				{ id: 'bytes', head: 'In use', end: true, sort: (d) => d[used], cell: (d) => el('span.share', h('span.share-bar', { css: { width: (d[used] / this.sum * 100).toFixed(1) + '%' } }), bytes(d[used])) },
				number('Most', 'high_number_of_bytes_used', bytes), number('Blocks', 'current_count_used', count), number('Allocations', 'count_alloc', count), number('Allocation records', 'records', count),
				{ id: 'leak', head: 'Does memory rise?', cell: (d) => verdict(d.bytes) },
				{ id: 'why', head: 'Do records grow?', cell: (d) => verdict(d.records_verdict) },
			],
		});
		this.figures = el('section.card');
		this.curve = el('section.card', 'Reading…');
		this.side = el('div.two');
		clear(this.body, heading('Memory', 'What the proxy itself holds, by the part of the program that allocated it.'), this.figures, this.curve, this.table.root, this.side);
	}

	async load({ arg }) {
		const optional = (path, params) => getJson(path, params).catch(() => ({}));
		const [stages, { verdicts }, { points = [] }, { births = [] }, { records = [] }] = await Promise.all([getJson('/stages'), getJson('/verdicts'), optional('/series', { stage: arg }),
			optional('/births', { n: BIRTHS_MAX }), optional('/marks/diff', { n: RECORDS_MAX })]);
		return { stages, verdicts, points, births, records };
	}

	draw({ stages, verdicts, points, births, records }, { arg }) {
		const list = stages.stages.filter((d) => d.count_alloc > 0), risers = verdicts.filter((v) => v.bytes === 'RISES').map((v) => v.stage), ours = (x) => !arg || x.stage === arg;
		const said = verdicts.find((v) => v.stage === arg), place = (f) => (x) => el('code', shown(f(x), 120)), stage = ['Stage', (x) => shown(x.stage)];
		this.sum = list.reduce((n, d) => n + d.current_number_of_bytes_used, 1);
		clear(this.figures, figures([['In use by stages', bytes(this.sum)], ['Resident', bytes(stages.rss_bytes ?? points.at(-1)?.rss_bytes)], ['Unattributed', bytes(stages.unattributed_bytes)],
			['Stages whose memory rises', shown(risers.join(', ')) || 'none']]));
		clear(this.curve, el('h3', arg ? 'Stage ' + shown(arg) : 'The whole process'), points.length > 1 ? curve(points) : el('p.note', 'The curve begins with the second reading.'),
			said ? el('p', verdict(said.bytes), ' ', verdict(said.records_verdict), ' ', shown(said.sentence)) : el('p.note', 'Choose a stage below for its own curve and verdict.'));
		this.table.show(list);
		clear(this.side, section('Held by place in the code (sampled)', simpleTable('Places', [['Place', place((x) => x.site), 'wrap'], stage, ['Bytes', (x) => bytes(x.size), 'end num']], sites(records.filter(ours)))),
			section('Latest allocation records (births)', simpleTable('Births', [['Time', (b) => clock(Date.parse(b.ts) * 1000, 0)], stage, ['Size', (b) => bytes(b.size), 'end num'], ['Place', place(placeOf), 'wrap']], births.filter(ours).reverse()),
				el('p.note', plural(births.length, 'record') + ' shown; a record stays when its memory is freed.')));
	}
}

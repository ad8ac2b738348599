/* The view Memory: the proxy's own memory, stage by stage; whether it leaks, and what holds it. */
import { el, h, s, clear } from './dom.js';
import { shown, count, bytes, clock, plural } from './text.js';
import { getJson, getText } from './api.js';
import { View, heading, figures, section, simpleTable, Table, number } from './view.js';
import { address, go } from './router.js';

const SITES_MAX = 15, BIRTHS_MAX = 12;

function verdict(word) { return h('span', { class: 'verdict tone ' + (/RISES|UNBOUNDED/.test(word) ? 'bad' : /FLAT|STABLE|LEVELS/.test(word) ? 'good' : 'plain') }, shown(word)); }

function withoutUps(path) { return path.replace(/^(?:\.\.\/)+/, ''); }

/** A curve of live bytes with its band from the least to the most of each point. */
function curve(points) {
	const W = 800, H = 160, P = 4, ts = points.map((p) => p.unix_ns), most = Math.max(1, ...points.map((p) => p.max_bytes)), end = ts[ts.length - 1];
	const trace = (field) => points.map((p, i) => (P + (ts[i] - ts[0]) / Math.max(1, end - ts[0]) * (W - 2 * P)).toFixed(1) + ' ' + (H - p[field] / most / 1.2 * H).toFixed(1));
	return el('figure', el('div.curve', s('svg', { viewBox: '0 0 ' + W + ' ' + H, preserveAspectRatio: 'none', role: 'img', 'aria-label': 'Live bytes over time, up to ' + bytes(most) },
		s('path', { class: 'spark-area', d: 'M' + trace('max_bytes').join('L') + 'L' + trace('floor_bytes').reverse().join('L') + 'z' }),
		s('path', { class: 'spark-line', d: 'M' + trace('average_bytes').join('L'), 'vector-effect': 'non-scaling-stroke' })), el('span.note', '0'), el('span.note', bytes(most))),
	el('figcaption.axis', el('span', clock(ts[0] / 1000, 0)), el('span', 'Live bytes: the mean as a line, least to most as a band'), el('span', clock(end / 1000, 0))));
}

/** What is held now by place of allocation, from the text form of the heap profile. */
function sites(text) {
	const found = new Map();
	for (const block of text.split('\n\n')) {
		const lines = block.split('\n'), sum = lines.map((line) => /^(-?\d+): (-?\d+) \[/.exec(line)).find(Boolean);
		if (!sum) continue;
		const frame = lines.map((line) => /^#\t(0x[0-9a-f]+)\t(?:(.*?)\+0x[0-9a-f]+\t(.*)|\[(.*)\])$/.exec(line)).find((m) => m && !/^(?:malloc|calloc|realloc|prof_)/.test(m[2] ?? ''));
		const site = !frame ? 'unknown' : frame[2] ? frame[2] + '  ' + withoutUps(frame[3]) : frame[1] + '  ' + frame[4].replace(/^.*\//, '');
		const row = found.get(site) ?? { site, stage: /stage=(\S+)/.exec(block)?.[1] ?? '', size: 0 };
		row.size += Number(sum[2]);
		found.set(site, row);
	}
	return [...found.values()].filter((x) => x.size > 0).sort((a, b) => b.size - a.size);
}

/** Where an allocation record was born. */
function placeOf(b) {
	const frame = (b.stack ?? []).find((f) => f.function) ?? {}, name = b.caller_function ?? b.function ?? frame.function, file = b.caller_file ?? b.file ?? frame.file;
	if (!name) return (b.module ?? '').replace(/^.*\//, '');
	return file ? name + '  ' + withoutUps(file) + ':' + (b.caller_line ?? b.line ?? frame.line ?? '') : name;
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
		const optional = (promise) => promise.catch(() => null);
		const [stages, { verdicts }, series, births, heap] = await Promise.all([getJson('/stages'), getJson('/verdicts'), optional(getJson('/series', { stage: arg })), optional(getJson('/births', { n: BIRTHS_MAX })),
			optional(getText('/debug/pprof/heap', { debug: 1 }))]);
		return { stages, verdicts, points: series?.points ?? [], births: births?.births ?? [], heap: heap ?? '' };
	}

	draw({ stages, verdicts, points, births, heap }, { arg }) {
		const list = stages.stages.filter((d) => d.count_alloc > 0), risers = verdicts.filter((v) => v.bytes === 'RISES').map((v) => v.stage), ours = (x) => !arg || x.stage === arg;
		const said = verdicts.find((v) => v.stage === arg), place = (f) => (x) => el('code', shown(f(x), 120)), stage = ['Stage', (x) => shown(x.stage)];
		this.sum = list.reduce((n, d) => n + d.current_number_of_bytes_used, 1);
		clear(this.figures, figures([['In use by stages', bytes(this.sum)], ['Resident', bytes(stages.rss_bytes ?? points.at(-1)?.rss_bytes)], ['Unattributed', bytes(stages.unattributed_bytes)],
			['Stages whose memory rises', shown(risers.join(', ')) || 'none']]));
		clear(this.curve, el('h3', arg ? 'Stage ' + shown(arg) : 'The whole process'), points.length > 1 ? curve(points) : el('p.note', 'The curve begins with the second reading.'),
			said ? el('p', verdict(said.bytes), ' ', verdict(said.records_verdict), ' ', shown(said.sentence)) : el('p.note', 'Choose a stage below for its own curve and verdict.'));
		this.table.show(list);
		clear(this.side, section('Held by place in the code (sampled)', simpleTable('Places', [['Place', place((x) => x.site), 'wrap'], stage, ['Bytes', (x) => bytes(x.size), 'end num']], sites(heap).filter(ours).slice(0, SITES_MAX))),
			section('Latest allocation records (births)', simpleTable('Births', [['Time', (b) => clock(Date.parse(b.ts) * 1000, 0)], stage, ['Size', (b) => bytes(b.size), 'end num'], ['Place', place(placeOf), 'wrap']], births.filter(ours).reverse()),
				el('p.note', plural(births.length, 'record') + ' shown; a record stays when its memory is freed.')));
	}
}

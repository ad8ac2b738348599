/* The view Digests: statements by their shape, with their times, and what changed since a mark. */
import { el, h, link, small, clear, toast } from './dom.js';
import { shown, cut, count, duration, ago, microseconds, clock } from './text.js';
import { getJson } from './api.js';
import { View, heading, digestFigures, section, Table, number, sparkline } from './view.js';
import { chip } from './columns.js';
import { oneLine, pretty, tidy } from './sql.js';
import { FilterBox } from './filterbox.js';
import { address, go, listOf } from './router.js';
import { source } from './source.js';

const POINTS = 60;
/* The counts of findings, and the findings. */
const COUNTS = ['no_index', 'slow', 'n_plus_one', 'in_write_loop', 'duplicates', 'transaction_idle', 'prepare_once', 'connection_per_statement', 'repeated_setup', 'large_result'];
const findingOf = (name) => (name === 'duplicates' ? 'duplicate' : name);

const rates = new Map();
let mark = null;

/** What a digest did since the mark, and before. */
function change(d) {
	const then = mark.digests.get(d.digest) ?? { count: 0, sum_us: 0 }, n = d.count - then.count;
	const before = then.count > 0 ? then.sum_us / then.count : undefined, after = n > 0 ? (d.sum_us - then.sum_us) / n : undefined;
	return { before, after, ratio: before > 0 && after !== undefined ? after / before - 1 : undefined };
}

function changeCell(d) {
	const { before, after, ratio } = change(d);
	if (after === undefined) return el('span.dim', 'none since');
	return el('span', before === undefined ? 'new' : duration(before), ' → ', duration(after), ' ',
		ratio !== undefined && h('span', { class: ratio > 0.2 ? 'error-text' : ratio < -0.2 ? 'good-text' : 'dim' }, (ratio >= 0 ? '+' : '−') + Math.abs(ratio * 100).toFixed(0) + ' %'));
}

export class DigestsView extends View {
	constructor(root, route) { super(root, route, 2000); }

	begin({ arg, params }) {
		this.table = null;
		if (arg) { clear(this.body); return; }
		this.filter ??= new FilterBox((q) => go(address('digests', '', { q })), 'Filter of digests');
		this.filter.set(params.q ?? '');
		this.makeTable();
		clear(this.body, heading('Digests', 'Statements of the same shape together, those that took the most time first. Times are those of this run of the proxy.',
			mark && el('span.note', 'Mark at ' + clock(mark.at, 0)), mark && small('Remove', () => this.setMark(null)),
			small(mark ? 'Mark again' : 'Mark now', () => this.setMark({ at: Date.now() * 1000, digests: new Map(this.latest.map((d) => [d.digest, d])) }), { icon: 'mark', title: 'Compare what follows with what was before' })),
		this.filter.root, this.table.root);
	}

	setMark(value) {
		mark = value;
		if (mark) toast('From now on, the table compares with this moment');
		this.show(this.route);
	}

	makeTable() {
		const rate = (d) => el('span.with-spark', sparkline(rates.get(d.digest) ?? [0], 'Statements a second, lately', { width: 70, height: 18 }), el('span.num', d.per_second.toFixed(d.per_second >= 10 ? 0 : 1)));
		this.table = new Table({
			label: 'Digests', key: (d) => d.digest, sort: 'total', open: (d) => go(address('digests', d.digest)), empty: 'No statement yet.',
			columns: [
				{ id: 'text', head: 'Statement', class: 'grow mono', cell: (d) => h('a.sql-link', { href: address('digests', d.digest) }, ...oneLine(tidy(cut(d.digest_text, 400)), 180)) },
				{ id: 'total', head: 'Total time', end: true, sort: (d) => d.sum_us, cell: (d) => el('span.share', h('span.share-bar', { css: { width: (d.sum_us / this.sum * 100).toFixed(1) + '%' } }), duration(d.sum_us)) },
				number('Count', 'count', count),
				mark ? { id: 'change', head: 'Mean since the mark', sort: (d) => change(d).ratio ?? -9, cell: changeCell } : { id: 'rate', head: 'Per second', sort: (d) => d.per_second, cell: rate },
				number('Median', 'p50_us', duration), number('95 %', 'p95_us', duration), number('99 %', 'p99_us', duration), number('Slowest', 'max_us', duration),
				number('Errors', 'errors', (n) => (n > 0 ? el('span.error-text', count(n)) : '')),
				{ id: 'findings', head: 'Findings', cell: (d) => COUNTS.filter((name) => d[name] > 0).map((name) => [chip(findingOf(name)), ' ']) },
			],
		});
	}

	load({ arg, params }) { return arg ? getJson('/digests/detail', { digest: arg }) : getJson('/digests', { n: 200, q: params.q }); }

	failed(error) {
		if (error.status !== 400 || this.route.arg) return;
		this.problem.hidden = true;
		this.filter.showProblem(error.message);
	}

	draw(data, { arg }) {
		if (arg) { this.drawDetail(data); return; }
		this.latest = data.digests;
		this.sum = this.latest.reduce((sum, d) => sum + d.sum_us, 1);
		for (const d of this.latest) rates.set(d.digest, [...(rates.get(d.digest) ?? []), d.per_second].slice(-POINTS));
		this.filter.hideProblem();
		this.table.show(this.latest);
	}

	drawDetail(d) {
		const times = source.executions(d.digest, 300).map((r) => r.duration_us), prefix = String(d.digest).slice(0, 16);
		clear(this.body, el('p.crumb', link(address('digests'), 'Digests'), ' / ', el('code', shown(prefix.slice(0, 8)))),
			el('section.card', pretty(tidy(String(d.digest_text))), el('p.links', link(listOf({ q: 'digest:' + prefix }), 'Its statements'))),
			el('section.card', digestFigures(d, [['Fastest', duration(d.min_us)], ['Rows', count(d.rows)], ['Rows changed', count(d.affected_rows)], ['First', ago(microseconds(d.first_seen))],
				['Last', ago(microseconds(d.last_seen))], ['Mean since the mark', mark ? changeCell(d) : undefined]]),
			el('p.copy-as', COUNTS.filter((name) => d[name] > 0).map((name) => el('span', chip(findingOf(name)), ' ' + count(d[name]))))),
			times.length > 1 && section('Its last ' + times.length + ' executions in the list', sparkline(times, 'Duration', { width: 800, height: 60 }), el('figcaption', 'Up to ' + duration(Math.max(...times)))),
			d.example && section('The slowest: ' + duration(d.example_us), pretty(d.example)));
	}
}

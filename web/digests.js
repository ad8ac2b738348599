/* The view Digests: statements by their shape, with their times, and what changed since a mark. */
import { el, h, button, clear, toast } from './dom.js';
import { shown, cut, count, duration, ago, microseconds, clock } from './text.js';
import { getJson } from './api.js';
import { View, heading, figures } from './view.js';
import { Table, number } from './table.js';
import { chip } from './columns.js';
import { sparkline } from './charts.js';
import { oneLine, pretty, tidy } from './sql.js';
import { FilterBox } from './filterbox.js';
import { address, go, listOf } from './router.js';
import { source } from './source.js';

const POINTS = 60;
const COUNTS = { no_index: 'no_index', slow: 'slow', n_plus_one: 'n_plus_one', in_write_loop: 'in_write_loop', duplicates: 'duplicate', transaction_idle: 'transaction_idle',
	prepare_once: 'prepare_once', connection_per_statement: 'connection_per_statement', repeated_setup: 'repeated_setup', large_result: 'large_result' };

/* Of this tab: rates seen so far, and the mark. */
const rates = new Map();
let mark = null;

function change(d) {
	const then = mark.digests.get(d.digest);
	const n = d.count - (then ? then.count : 0);
	const before = then && then.count > 0 ? then.sum_us / then.count : undefined;
	const after = n > 0 ? (d.sum_us - (then ? then.sum_us : 0)) / n : undefined;
	return { n, before, after, ratio: before > 0 && after !== undefined ? after / before - 1 : undefined };
}

function changeCell(d) {
	const { n, before, after, ratio } = change(d);
	if (n <= 0) return el('span.dim', 'none since');
	const kind = ratio > 0.2 ? 'error-text' : ratio < -0.2 ? 'good-text' : 'dim';
	return el('span', before === undefined ? 'new' : duration(before), ' → ', duration(after), ' ',
		ratio !== undefined && h('span', { class: kind }, (ratio >= 0 ? '+' : '−') + Math.abs(ratio * 100).toFixed(0) + ' %'));
}

export class DigestsView extends View {
	constructor(root, route) { super(root, route, { every: 2000 }); }

	begin(route) {
		if (route.arg) { this.table = null; clear(this.body); return; }
		if (!this.table || !this.filter) {
			this.filter = new FilterBox({ apply: (q) => go(address('digests', '', { q })), records: () => source.ring.records, label: 'Filter of digests' });
			this.makeTable();
		}
		this.filter.set(route.params.q ?? '');
		this.tools = el('div.panel-actions');
		clear(this.body, heading('Digests', 'Statements of the same shape together, those that took the most time first. Times are those of this run of the proxy.', this.tools), this.filter.root, this.table.root);
		this.drawTools();
	}

	drawTools() {
		clear(this.tools, mark && el('span.note', 'Mark at ' + clock(mark.at, 0)), mark && button('Remove', () => this.setMark(null), { class: 'button small' }),
			button(mark ? 'Mark again' : 'Mark now', () => this.setMark({ at: Date.now() * 1000, digests: new Map(this.latest.map((d) => [d.digest, d])) }),
				{ class: 'button small', icon: 'mark', title: 'Compare what follows with what was before' }));
	}

	setMark(value) {
		mark = value;
		if (mark) toast('From now on, the table compares with this moment');
		this.makeTable();
		this.begin(this.route);
		this.refresh();
	}

	makeTable() {
		this.table = new Table({
			label: 'Digests', key: (d) => d.digest, sort: 'total', open: (d) => go(address('digests', d.digest)), empty: 'No statement yet.',
			columns: [
				{ id: 'text', head: 'Statement', class: 'grow mono', cell: (d) => h('a', { href: address('digests', d.digest), class: 'sql-link' }, ...oneLine(tidy(cut(d.digest_text, 400)), 180)) },
				{ id: 'total', head: 'Total time', end: true, sort: (d) => d.sum_us, cell: (d) => el('span.share', h('span.share-bar', { css: { width: (d.sum_us / this.sum * 100).toFixed(1) + '%' } }), duration(d.sum_us)) },
				number('Count', 'count', count),
				mark ? { id: 'change', head: 'Mean since the mark', sort: (d) => change(d).ratio ?? -9, cell: changeCell }
					: { id: 'rate', head: 'Per second', sort: (d) => d.per_second, cell: (d) => el('span.with-spark', sparkline(rates.get(d.digest) ?? [0], { width: 70, height: 18, label: 'Statements a second, lately' }), el('span.num', d.per_second >= 10 ? d.per_second.toFixed(0) : d.per_second.toFixed(1))) },
				number('Median', 'p50_us', duration),
				number('95 %', 'p95_us', duration),
				number('99 %', 'p99_us', duration),
				number('Slowest', 'max_us', duration),
				{ id: 'errors', head: 'Errors', end: true, sort: (d) => d.errors, cell: (d) => (d.errors > 0 ? el('span.error-text', count(d.errors)) : '') },
				{ id: 'findings', head: 'Findings', cell: (d) => Object.entries(COUNTS).filter(([name]) => d[name] > 0).map(([, f]) => [chip(f), ' ']) },
			],
		});
	}

	load(route) {
		return route.arg ? getJson('/digests/detail', { digest: route.arg }) : getJson('/digests', { n: 200, q: route.params.q });
	}

	failed(error) {
		if (error.status === 400 && this.filter && !this.route.arg) { this.problem.hidden = true; this.filter.showProblem(error.message); }
	}

	draw(data, route) {
		if (route.arg) { this.drawDetail(data.digests ? data.digests[0] : data, route); return; }
		this.latest = data.digests;
		this.sum = Math.max(1, this.latest.reduce((sum, d) => sum + d.sum_us, 0));
		for (const d of this.latest) {
			const list = rates.get(d.digest) ?? [];
			list.push(d.per_second);
			if (list.length > POINTS) list.shift();
			rates.set(d.digest, list);
		}
		this.filter.hideProblem();
		this.table.show(this.latest);
	}

	drawDetail(d) {
		const same = source.ring.records.filter((r) => r.digest === d.digest && r.event === 'query' && r.duration_us !== undefined).slice(-300);
		clear(this.body, el('p.crumb', h('a', { href: address('digests') }, 'Digests'), ' / ', el('code', shown(String(d.digest).slice(0, 8)))),
			el('section.card', pretty(tidy(String(d.digest_text))), el('p.links', h('a', { href: listOf({ q: 'digest:' + String(d.digest).slice(0, 16) }) }, 'Its statements'))),
			el('section.card', figures([['Executions', count(d.count)], ['Errors', count(d.errors)], ['In all', duration(d.sum_us)], ['Fastest', duration(d.min_us)], ['Median', duration(d.p50_us)],
				['95 %', duration(d.p95_us)], ['99 %', duration(d.p99_us)], ['Slowest', duration(d.max_us)], ['Rows', count(d.rows)], ['Rows changed', count(d.affected_rows)],
				['First', ago(microseconds(d.first_seen))], ['Last', ago(microseconds(d.last_seen))], ['Mean since the mark', mark ? changeCell(d) : undefined]]),
			el('p.copy-as', Object.entries(COUNTS).filter(([name]) => d[name] > 0).map(([name, f]) => el('span', chip(f), ' ' + count(d[name]))))),
			same.length > 1 && el('section.card', el('h3', 'Its last ' + same.length + ' executions in the list'), sparkline(same.map((r) => r.duration_us), { width: 800, height: 60, label: 'Duration' }),
				el('figcaption', 'Up to ' + duration(Math.max(...same.map((r) => r.duration_us))))),
			d.example && el('section.card', el('h3', 'The slowest: ' + duration(d.example_us)), pretty(d.example)));
	}
}

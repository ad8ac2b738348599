/* The view Transactions: groups of statements, and each as a waterfall on one axis of time. */
import { el, h, icon, link, clear } from './dom.js';
import { shown, count, duration, clock, plural } from './text.js';
import { getRecords } from './api.js';
import { View, heading, figures, Table, number } from './view.js';
import { chip } from './columns.js';
import { statementOf, commandName, scopeOf, traceOf, failed, filterValue, groupBy, findingsOf } from './record.js';
import { shortName, withoutTags, oneLine } from './sql.js';
import { address, go } from './router.js';

const LOOK_BACK = 10000, ROWS_MAX = 2000, FOLD_MIN = 3, PERIOD_MAX = 4;
const KINDS = { __proto__: null, trx: 'Transactions', scope: 'Requests', session: 'Sessions' };

const end = (r) => r._t + (r.duration_us ?? 0);
const byTime = (a, b) => a._t - b._t;

function idleTime(records) {
	let idle = 0, until = records[0]._t;
	for (const r of records) {
		idle += Math.max(0, r._t - until);
		until = Math.max(until, end(r));
	}
	return idle;
}

const nameOf = (r) => shortName(statementOf(r)) || commandName(r) || r.event;

/** Rows of the waterfall: lists of records that repeat, as {records, period, after}. A run repeats one statement, or a few in turn. */
function folded(records) {
	const rows = [], id = (r) => (r.digest ?? r.command) + (r.errno ?? '');
	for (let i = 0; i < records.length;) {
		let best = 1, period = 1;
		for (let p = 1; p <= PERIOD_MAX; p++) {
			let n = i + p;
			while (n < records.length && id(records[n]) === id(records[n - p])) n++;
			const times = Math.floor((n - i) / p);
			if (times >= FOLD_MIN && times * p > best) { best = times * p; period = p; }
		}
		rows.push({ records: records.slice(i, i + best), period, after: records[i - 1] });
		i += best;
	}
	return rows;
}

/** The filter for the records that an address names. */
function selection(arg) {
	const [, kind, value] = /^(\w+):([^]*)$/.exec(arg) ?? [], trx = /^(\d+)\.(\d+)$/.exec(value), tag = /^([\w.-]+)=([^]*)$/.exec(value);
	if (kind === 'trx' && trx) return { kind, q: 'session:' + trx[1] + ' trx:' + trx[2], title: 'Transaction ' + trx[2] + ' of session ' + trx[1] };
	if (kind === 'session' && /^\d+$/.test(value)) return { kind, q: 'session:' + value, title: 'Session ' + value };
	if (kind === 'trace' && /^[0-9a-f]{4,32}$/i.test(value)) return { kind: 'scope', q: 'trace:' + value, title: 'Trace ' + value.slice(0, 16) };
	if (kind === 'scope' && tag) return tag[1] === 'trace' ? selection('trace:' + tag[2]) : { kind, q: 'tag.' + tag[1] + ':' + filterValue(tag[2]), title: tag[1] + ' ' + tag[2] };
	throw new Error('This address names neither a transaction, a request nor a session.');
}

export class TransactionsView extends View {
	begin({ arg, params }) {
		this.opened = new Set();
		this.table = null;
		if (arg) return;
		this.by = KINDS[params.by] ? params.by : 'trx';
		this.table = new Table({
			label: KINDS[this.by], key: (g) => g.key, sort: 'start', open: (g) => go(address('transactions', this.by + ':' + g.key)), empty: 'None among the recent records.',
			columns: [
				{ id: 'start', head: 'Start', class: 'num', sort: (g) => g.first, cell: (g) => clock(g.first) },
				{ id: 'name', head: KINDS[this.by].slice(0, -1), class: 'grow', cell: (g) => el('span', el('strong', shown(g.label, 90)), el('span.second', shown(g.names, 90))) },
				{ id: 'time', head: 'Time', end: true, sort: (g) => g.last - g.first, cell: (g) => duration(g.last - g.first) },
				number('Application', 'idle', duration, 'Time in which no statement ran: the application’s'),
				{ id: 'n', head: 'Statements', end: true, sort: (g) => g.records.length, cell: (g) => count(g.records.length) },
				number('Errors', 'errors', (n) => (n ? el('span.error-text', count(n)) : '')),
				{ id: 'findings', head: 'Findings', cell: (g) => [...g.findings].slice(0, 4).map((f) => [chip(f), ' ']) },
			],
		});
		this.body.replaceChildren(heading('Transactions and requests', 'A line for each; open one to see its statements on an axis of time.', h('div.panel-actions', { role: 'group', 'aria-label': 'Group by' },
			Object.entries(KINDS).map(([id, name]) => h('a.button.small', { 'aria-current': id === this.by && 'true', href: address('transactions', '', { by: id }) }, name)))), this.table.root);
	}

	load({ arg }) { return arg ? getRecords({ q: selection(arg).q + ' event:query', n: ROWS_MAX }) : getRecords({ q: this.by === 'trx' ? 'trx event:query' : 'event:query', n: LOOK_BACK, cut: 512 }); }

	draw(records, { arg }) {
		if (arg) { this.drawOne(records.sort(byTime), selection(arg)); return; }
		const groups = groupBy(records, this.by).filter((g) => g.key !== '');
		for (const g of groups) {
			g.idle = idleTime(g.records.sort(byTime));
			g.names = [...new Set(g.records.slice(0, 60).map(nameOf))].slice(0, 6).join(', ');
		}
		this.table.show(groups);
	}

	drawOne(records, { title, kind }) {
		const crumb = el('p.crumb', link(address('transactions', '', { by: kind }), 'Transactions and requests'), ' / ', shown(title, 80));
		if (records.length === 0) { clear(this.body, crumb, el('p.note', 'None of its statements are among the recent records.')); return; }
		const first = records[0]._t, last = records.reduce((t, r) => Math.max(t, end(r)), 0), span = Math.max(1, last - first), idle = idleTime(records);
		const place = (from, us) => ({ left: 'min(' + ((from - first) / span * 100).toFixed(3) + '%, 100% - 2px)', width: Math.max(0.15, us / span * 100).toFixed(3) + '%' });
		const bar = (r) => h('span', { class: 'wf-bar' + (failed(r) ? ' bad' : ''), css: place(r._t, r.duration_us ?? 0) });
		const line = (name, us, bars, more = '') => h('li', { class: 'wf-row ' + more }, el('span', name), el('span.wf-time.num', duration(us)), el('span.wf-axis', bars));
		const one = (r, more) => line([h('a', { href: address('statement', r.id), class: failed(r) ? 'error-text' : '' }, shown(nameOf(r), 80)), ' ', el('span.dim.mono', ...oneLine(withoutTags(statementOf(r)), 120))], r.duration_us ?? 0, bar(r), more);
		const list = [];
		let until = first;
		for (const { records: some, period, after } of folded(records)) {
			const [r] = some, wait = r._t - until, open = this.opened.has(r.id);
			if (wait >= Math.max(100, span / 500)) list.push(line('the application', wait, h('span.wf-idle', { css: place(until, wait) }), 'wf-gap dim'));
			if (some.length === 1) list.push(one(r));
			else {
				const toggle = () => { if (!this.opened.delete(r.id)) this.opened.add(r.id); this.drawOne(records, { title, kind }); };
				list.push(line([h('button.wf-fold', { 'aria-expanded': String(open), onclick: toggle }, icon(open ? 'down' : 'right'), el('strong', shown(count(some.length / period) + ' × ' + some.slice(0, period).map(nameOf).join(', '), 120)),
					after && shown(', after ' + nameOf(after), 80)), ' ', [...new Set(some.flatMap(findingsOf))].slice(0, 2).map((f) => chip(f))], some.reduce((n, x) => n + (x.duration_us ?? 0), 0), some.map(bar)));
				if (open) list.push(some.map((x) => one(x, 'wf-child')));
			}
			until = some.reduce((t, x) => Math.max(t, end(x)), until);
		}
		const traces = new Set(records.map(traceOf).filter(Boolean)), scope = scopeOf(records[0]);
		clear(this.body, crumb, el('section.card', el('h2', shown(title, 80)), figures([['Time', duration(span)], ['In statements', duration(span - idle)], ['The application', duration(idle)], ['Statements', count(records.length)],
			['Errors', count(records.filter(failed).length)], ['Start', clock(first, 6)], ['Route', scope && shown(scope.label, 60)], ['Traces', traces.size > 1 ? count(traces.size) : '']])),
		el('section.card', el('div.wf-row.wf-head', el('span', 'Statement'), el('span.wf-time', 'Time'), el('span.wf-axis', [0, 0.25, 0.5, 0.75, 1].map((x) => el('span', duration(span * x))))), el('ol', list)),
		records.length >= ROWS_MAX && el('p.note', 'These are the last ' + plural(ROWS_MAX, 'statement') + '.'));
	}
}

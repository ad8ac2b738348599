/* The view Transactions: groups of statements, and each as a waterfall on one axis of time. */
import { el, h, icon, clear } from './dom.js';
import { shown, count, duration, clock, plural } from './text.js';
import { getRecords } from './api.js';
import { View, heading, figures } from './view.js';
import { Table, number } from './table.js';
import { chip } from './columns.js';
import { statementOf, commandName, scopeOf, traceOf, failed, filterValue, groupOf } from './record.js';
import { shortName, withoutTags, oneLine } from './sql.js';
import { address, go } from './router.js';

const LOOK_BACK = 10000, ROWS_MAX = 2000, FOLD_MIN = 3, PERIOD_MAX = 4;
const KINDS = { __proto__: null, trx: 'Transactions', scope: 'Requests', session: 'Sessions' };

const end = (r) => r._t + (r.duration_us ?? 0);

/** Time within [first, last] in which none of the records ran. */
function idleTime(records) {
	let idle = 0, until = records.length > 0 ? records[0]._t : 0;
	for (const r of records) {
		if (r._t > until) idle += r._t - until;
		until = Math.max(until, end(r));
	}
	return idle;
}

function nameOf(r) { return shortName(withoutTags(statementOf(r))) || commandName(r) || r.event; }

/** Rows of the waterfall: records, and runs of records that repeat, as {fold, records}. A run repeats one statement, or a few in turn. */
export function folded(records) {
	const rows = [], id = (r) => (r.digest ?? r.command) + (r.errno ?? '');
	for (let i = 0; i < records.length;) {
		let best = 0, period = 1;
		for (let p = 1; p <= PERIOD_MAX; p++) {
			let n = i + p;
			while (n < records.length && id(records[n]) === id(records[n - p])) n++;
			const times = Math.floor((n - i) / p);
			if (times >= FOLD_MIN && times * p > best) { best = times * p; period = p; }
		}
		if (best > 0) rows.push({ fold: records.slice(i, i + best), period, after: records[i - 1], key: records[i].id });
		else rows.push(records[i]);
		i += best || 1;
	}
	return rows;
}

/** The filter for the records that an address names, and a test for what the filter can't say. */
function selection(arg) {
	const at = arg.indexOf(':');
	const kind = arg.slice(0, at), value = arg.slice(at + 1);
	const trx = /^(\d+)\.(\d+)$/.exec(value);
	if (kind === 'trx' && trx) return { kind, q: 'session:' + trx[1] + ' trx:' + trx[2] + ' event:query', title: 'Transaction ' + trx[2] + ' of session ' + trx[1] };
	if (kind === 'session' && /^\d+$/.test(value)) return { kind, q: 'session:' + value + ' event:query', title: 'Session ' + value };
	if (kind === 'trace' && /^[0-9a-f]{4,32}$/i.test(value)) return { kind, q: 'trace:' + value + ' event:query', title: 'Trace ' + value.slice(0, 16) };
	const tag = /^([\w.-]+)=([^]*)$/.exec(value);
	if (kind === 'scope' && tag && tag[1] === 'trace') return selection('trace:' + tag[2]);
	if (kind === 'scope' && tag) return { kind, q: 'tag.' + tag[1] + ':' + filterValue(tag[2]) + ' event:query', title: tag[1] + ' ' + tag[2] };
	throw new Error('This address names neither a transaction, a request nor a session.');
}

export class TransactionsView extends View {
	begin(route) {
		this.opened = new Set();
		this.table = null;
		if (route.arg) return;
		this.by = KINDS[route.params.by] ? route.params.by : 'trx';
		const plain = (v) => shown(v, 90);
		this.table = new Table({
			label: KINDS[this.by], key: (g) => g.key, sort: 'start', open: (g) => go(address('transactions', this.by + ':' + g.key)), empty: 'None among the recent records.',
			columns: [
				{ id: 'start', head: 'Start', class: 'num', sort: (g) => g.first, cell: (g) => clock(g.first) },
				{ id: 'name', head: KINDS[this.by].slice(0, -1), class: 'grow', cell: (g) => el('span', el('strong', plain(g.label)), el('span.second', plain(g.names))) },
				{ id: 'time', head: 'Time', end: true, sort: (g) => g.last - g.first, cell: (g) => duration(g.last - g.first) },
				number('Application', 'idle', duration, 'Time in which no statement ran: the application’s'),
				{ id: 'n', head: 'Statements', end: true, sort: (g) => g.records.length, cell: (g) => count(g.records.length) },
				{ id: 'errors', head: 'Errors', end: true, sort: (g) => g.errors, cell: (g) => (g.errors ? el('span.error-text', count(g.errors)) : '') },
				{ id: 'findings', head: 'Findings', cell: (g) => [...g.findings].slice(0, 4).map((f) => [chip(f), ' ']) },
			],
		});
		this.body.replaceChildren(heading('Transactions and requests', 'A line for each; open one to see its statements on an axis of time.',
			h('div.tabs', { role: 'group', 'aria-label': 'Group by' }, Object.entries(KINDS).map(([id, name]) => h('a.button.small', { 'aria-current': id === this.by ? 'true' : undefined, href: address('transactions', '', { by: id }) }, name)))),
		this.table.root);
	}

	load(route) {
		if (route.arg) return getRecords({ q: selection(route.arg).q, n: ROWS_MAX });
		return getRecords({ q: this.by === 'trx' ? 'trx event:query' : 'event:query', n: LOOK_BACK, cut: 512 });
	}

	draw(records, route) {
		if (route.arg) { this.drawOne(records, selection(route.arg)); return; }
		const groups = new Map();
		for (const r of records) {
			const found = groupOf(r, this.by === 'trx' ? 'transaction' : this.by);
			if (!found) continue;
			let g = groups.get(found.key);
			if (!g) groups.set(found.key, g = { ...found, records: [], first: r._t, last: 0, errors: 0, findings: new Set() });
			g.records.push(r);
			g.last = Math.max(g.last, end(r));
			if (failed(r)) g.errors++;
			for (const f of r.findings ?? []) g.findings.add(f);
		}
		for (const g of groups.values()) {
			g.records.sort((a, b) => a._t - b._t);
			g.idle = idleTime(g.records);
			g.names = [...new Set(g.records.slice(0, 60).map(nameOf))].slice(0, 6).join(', ');
		}
		this.table.show([...groups.values()]);
	}

	drawOne(found, { title, kind }) {
		const records = found.filter((r) => r.event === 'query').sort((a, b) => a._t - b._t);
		const crumb = el('p.crumb', h('a', { href: address('transactions', '', { by: kind === 'trace' ? 'scope' : kind }) }, 'Transactions and requests'), ' / ', shown(title, 80));
		if (records.length === 0) { clear(this.body, crumb, el('p.note', 'None of its statements are among the recent records.')); return; }
		const first = records[0]._t, last = records.reduce((t, r) => Math.max(t, end(r)), 0);
		const span = Math.max(1, last - first), idle = idleTime(records);
		const list = el('ol.waterfall');
		const scale = (t) => ((t - first) / span * 100).toFixed(3) + '%';
		const bar = (r) => h('span', { class: 'wf-bar' + (failed(r) ? ' wf-error' : ''), css: { left: scale(r._t), width: Math.max(0.15, (r.duration_us ?? 0) / span * 100).toFixed(3) + '%' } });
		const line = (cells, bars, props) => h('li.wf-row', { ...props }, el('span.wf-name', cells), el('span.wf-time.num', props.time), el('span.wf-axis', bars));
		const one = (r, child) => line([h('a', { href: address('statement', r.id), class: failed(r) ? 'error-text' : '' }, nameOf(r)), ' ', el('span.dim.mono', ...oneLine(withoutTags(statementOf(r)), 120))],
			bar(r), { time: duration(r.duration_us), class: 'wf-row' + (child ? ' wf-child' : '') });
		let until = first;
		const gap = (t) => { if (t - until >= Math.max(100, span / 500)) list.append(el('li.wf-row.wf-gap', el('span.wf-name.dim', 'the application'), el('span.wf-time.num.dim', duration(t - until)),
			el('span.wf-axis', h('span.wf-idle', { css: { left: scale(until), width: ((t - until) / span * 100).toFixed(3) + '%' } })))); };
		for (const row of folded(records)) {
			const rows = row.fold ?? [row];
			gap(rows[0]._t);
			if (row.fold) {
				const open = this.opened.has(row.key);
				const names = rows.slice(0, row.period).map(nameOf);
				list.append(line([h('button.wf-fold', { 'aria-expanded': String(open), onclick: () => {
					if (!this.opened.delete(row.key)) this.opened.add(row.key);
					this.drawOne(found, { title, kind });
				} }, icon(open ? 'down' : 'right'), el('strong', count(rows.length / row.period) + ' × ' + names.join(', ')), row.after && ', after ' + nameOf(row.after)), ' ',
				[...new Set(rows.flatMap((r) => r.findings ?? []))].slice(0, 2).map((f) => chip(f))], rows.map(bar), { time: duration(rows.reduce((n, r) => n + (r.duration_us ?? 0), 0)) }));
				if (open) for (const r of rows) list.append(one(r, true));
			} else {
				list.append(one(row));
			}
			until = Math.max(until, ...rows.map(end));
		}
		const traces = new Set(records.map(traceOf).filter(Boolean)), scope = scopeOf(records[0]);
		clear(this.body, crumb, el('section.card', el('h2', shown(title, 80)), figures([['Time', duration(span)], ['In statements', duration(span - idle)], ['The application', duration(idle)],
			['Statements', count(records.length)], ['Errors', count(records.filter(failed).length)], ['Start', clock(first, 6)], ['Route', scope && shown(scope.label, 60)], ['Traces', traces.size > 1 ? count(traces.size) : '']])),
		el('section.card', el('div.wf-row.wf-head', el('span.wf-name', 'Statement'), el('span.wf-time', 'Time'), el('span.wf-axis.wf-ticks', [0, 0.25, 0.5, 0.75, 1].map((x) => el('span', duration(span * x))))), list),
		found.length >= ROWS_MAX && el('p.note', 'These are the last ' + plural(ROWS_MAX, 'statement') + '.'));
	}
}

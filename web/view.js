/* What the views other than Live have in common: content that is loaded, and loaded again while it is looked at; tables, figures, small plots. */
import { el, h, s, clear } from './dom.js';
import { shown, count, duration } from './text.js';

export class View {
	/** Derived views have begin(route), load(route), which returns data, and draw(data, route), which shows them; `every` is in milliseconds. */
	constructor(root, route, every = 0) {
		this.every = every;
		this.problem = h('p.banner.tone.bad', { role: 'alert', hidden: true });
		this.body = el('div');
		this.again = () => { if (!document.hidden && this.route) this.refresh(); };
		document.addEventListener('visibilitychange', this.again);
		clear(root, el('div.page-body', this.problem, this.body));
		this.show(route);
	}

	show(route) {
		this.route = route;
		this.begin(route);
		this.refresh();
	}

	async refresh() {
		clearTimeout(this.timer);
		const { route } = this;
		let failure;
		try {
			const data = await this.load(route);
			if (this.route === route) this.draw(data, route);
		} catch (error) { failure = error; }
		if (this.route !== route) return;
		this.problem.textContent = failure ? shown(failure.message) : '';
		this.problem.hidden = !failure;
		if (failure) this.failed?.(failure);
		if (this.every > 0 && !document.hidden) this.timer = setTimeout(this.again, this.every);
	}

	key(event) { return this.table ? this.table.go(event) : false; }

	destroy() {
		this.route = null;
		clearTimeout(this.timer);
		document.removeEventListener('visibilitychange', this.again);
	}
}

/** A heading with a sentence, and what stands at its end. */
export const heading = (title, text, ...end) => el('header.view-head', el('div', el('h2', title), el('p.dim', text)), el('div.panel-actions', end));

export const section = (title, ...children) => el('section.card', el('h3', title), children);

export const figures = (entries) => el('dl.figures', entries.filter(([, v]) => v !== undefined && v !== '').map(([k, v]) => el('div', el('dt', k), el('dd', v))));

/** What is known of a digest, and `more`. */
export const digestFigures = (d, more = []) => figures([['Executions', count(d.count)], ['Errors', count(d.errors)], ['In all', duration(d.sum_us)], ['Median', duration(d.p50_us)], ['95 %', duration(d.p95_us)],
	['99 %', duration(d.p99_us)], ['Slowest', duration(d.max_us)], ...more]);

/** A column of numbers: a field of the rows, and the function that writes it. */
export const number = (head, field, write, title) => ({ id: field, head, title, end: true, sort: (row) => row[field], cell: (row) => write(row[field]) });

/** A table of `rows` without anything to click: columns are [heading, cell(row), class]. */
export function simpleTable(label, columns, rows) {
	return h('div.scroll-x', { tabIndex: 0, role: 'region', 'aria-label': label }, el('table.table', columns.some(([name]) => name) && el('thead', el('tr', columns.map(([name, , c]) => h('th', { scope: 'col', class: c }, name)))),
		el('tbody', rows.map((row) => el('tr', columns.map(([, cell, c]) => h('td', { class: c }, cell(row))))))));
}

export class Table {
	/** columns: {id, head, cell(row), sort(row), end, wide: only where there is room}; `key(row)` names a row, `open(row)` follows a click. */
	constructor({ label, columns, sort, key, open, empty = 'Nothing yet.' }) {
		Object.assign(this, { columns, key, open, empty, by: sort, down: true });
		this.head = el('tr');
		this.body = el('tbody');
		this.root = h('div.scroll-x.table-box', { role: 'region', 'aria-label': label, tabIndex: 0 }, el('table.table.list', el('thead', this.head), this.body));
	}

	show(rows) {
		const value = this.columns.find((c) => c.id === this.by)?.sort, sign = this.down ? -1 : 1;
		const list = value ? [...rows].sort((a, b) => (value(a) < value(b) ? -sign : value(a) > value(b) ? sign : 0)) : rows;
		const classOf = (c) => (c.end ? 'end num ' : '') + (c.wide ? 'wide ' : '') + (c.class ?? '');
		const sortBy = (id) => { this.down = this.by !== id || !this.down; this.by = id; this.show(rows); };
		clear(this.head, this.columns.map((c) => h('th', { scope: 'col', class: classOf(c).replace(/grow|mono/g, ''), title: c.title, 'aria-sort': c.id === this.by && (this.down ? 'descending' : 'ascending') },
			c.sort ? h('button.sort', { onclick: () => sortBy(c.id) }, c.head, c.id === this.by && (this.down ? ' ↓' : ' ↑')) : c.head)));
		const active = document.activeElement, row = this.body.contains(active) && active.closest('tr');
		const place = row && [...row.querySelectorAll('a, button')].indexOf(active);
		clear(this.body, list.length === 0 && el('tr', h('td.note', { colspan: this.columns.length }, this.empty)), list.map((r) => h('tr', this.open && {
			class: 'clickable', tabIndex: 0, onclick: (e) => { if (!e.target.closest('a, button')) this.open(r); }, onkeydown: (e) => { if (e.key === 'Enter' && e.target === e.currentTarget) this.open(r); },
		}, this.columns.map((c) => h('td', { class: classOf(c) }, c.cell(r))))));
		const again = row && this.body.children[list.findIndex((r) => this.key(r) === row.key)];
		[...this.body.children].forEach((tr, i) => { tr.key = list[i] && this.key(list[i]); });
		if (again) (again.querySelectorAll('a, button')[place] ?? again).focus();
	}

	/** j and k go through the rows. */
	go(event) {
		const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key], rows = [...this.body.querySelectorAll('[tabindex]')];
		if (!step || rows.length === 0) return false;
		const at = rows.indexOf(document.activeElement);
		rows[at < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, at + step))].focus();
		return true;
	}
}

/** A line of numbers, from 0 to the largest. `mark` is the index of a point to show. */
export function sparkline(values, label, { width = 220, height = 36, mark = -1 } = {}) {
	const top = Math.max(1e-9, ...values), n = values.length;
	const x = (i) => (n > 1 ? i / (n - 1) * (width - 4) + 2 : width / 2).toFixed(1);
	const d = values.map((v, i) => (i === 0 ? 'M' : 'L') + x(i) + ' ' + (height - 3 - v / top * (height - 6)).toFixed(1)).join('');
	const path = (name, line) => s('path', { class: 'spark-' + name, d: line, 'vector-effect': 'non-scaling-stroke' });
	return s('svg', { class: 'sparkline', viewBox: '0 0 ' + width + ' ' + height, preserveAspectRatio: 'none', role: 'img', 'aria-label': label },
		path('area', d + 'L' + x(n - 1) + ' ' + height + 'L' + x(0) + ' ' + height + 'z'), path('line', d), mark >= 0 && path('mark', 'M' + x(mark) + ' 0V' + height));
}

/* Tables that sort by their headings. */
import { el, h, clear } from './dom.js';

/** A column of numbers: a field of the rows, and the function that writes it. */
export function number(head, field, write, title) {
	return { id: field, head, title, end: true, sort: (row) => row[field], cell: (row) => write(row[field]) };
}

export class Table {
	/** columns: {id, head, cell(row), sort(row), end, wide: only where there is room}; `key(row)` names a row, `open(row)` follows a click. */
	constructor({ label, columns, sort, key, open, empty = 'Nothing yet.' }) {
		Object.assign(this, { columns, key, open, empty, by: sort, down: true });
		this.head = h('tr');
		this.body = h('tbody');
		this.root = h('div.scroll-x.table-box', { role: 'region', 'aria-label': label, tabIndex: 0 },
			el('table.table.list', el('thead', this.head), this.body));
	}

	show(rows) {
		this.rows = rows;
		const column = this.columns.find((c) => c.id === this.by);
		const value = column && column.sort;
		const list = value ? [...rows].sort((a, b) => (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0) * (this.down ? -1 : 1)) : rows;
		clear(this.head, this.columns.map((c) => h('th', { scope: 'col', class: (c.end ? 'end ' : '') + (c.wide ? 'wide' : ''), title: c.title,
			'aria-sort': c.id === this.by ? (this.down ? 'descending' : 'ascending') : undefined },
		c.sort ? h('button.sort', { onclick: () => {
			this.down = this.by === c.id ? !this.down : true;
			this.by = c.id;
			this.show(this.rows);
		} }, c.head, c.id === this.by && (this.down ? ' ↓' : ' ↑')) : c.head)));
		const active = document.activeElement, within = this.body.contains(active) && active.closest('tr');
		const focused = within && within.dataset.row, place = within && [...within.querySelectorAll('a, button')].indexOf(active);
		clear(this.body, list.length === 0 && el('tr', h('td', { colspan: this.columns.length, class: 'note' }, this.empty)),
			list.map((row) => {
				const tr = h('tr', { 'data-row': this.key(row), class: this.open ? 'clickable' : '', tabIndex: this.open ? 0 : undefined }, this.columns.map((c) => h('td', { class: (c.end ? 'end num ' : '') + (c.wide ? 'wide ' : '') + (c.class ?? '') }, c.cell(row))));
				if (this.open) {
					tr.addEventListener('click', (e) => { if (!e.target.closest('a, button')) this.open(row); });
					tr.addEventListener('keydown', (e) => { if (e.key === 'Enter' && e.target === tr) this.open(row); });
				}
				return tr;
			}));
		const again = focused && [...this.body.children].find((tr) => tr.dataset.row === focused);
		if (again) (again.querySelectorAll('a, button')[place] ?? again).focus();
	}

	/** j and k go through the rows. */
	key_(event) {
		const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
		const rows = [...this.body.querySelectorAll('[tabindex]')];
		if (!step || rows.length === 0) return false;
		const at = rows.indexOf(document.activeElement);
		rows[at < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, at + step))].focus();
		return true;
	}
}

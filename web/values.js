/* Values of parameters and rows (VALUES in querytap-record(5)) as cells. */
import { el, h } from './dom.js';
import { shown, count, Exact } from './text.js';

const ROWS_MAX = 50, COLUMNS_MAX = 40;

/** One value: an element whose class says what it is. */
export function valueNode(value, limit = 400) {
	if (value === null) return el('span.value-null', 'NULL');
	if (typeof value === 'number' || value instanceof Exact) return el('span.sql-n', String(value));
	if (typeof value === 'boolean') return el('span.sql-k', String(value));
	if (typeof value === 'string') return el('span.sql-s', "'" + shown(value, limit) + "'");
	if (Array.isArray(value)) return el('span', '[' + shown(value.map(String).join(', '), limit) + ']');
	if (typeof value.hex === 'string') return el('span.sql-n', '0x' + shown(value.hex, limit), more(value));
	if (typeof value.text === 'string') return el('span.sql-s', "'" + shown(value.text, limit) + "'", more(value));
	if (value.default || value.ignore) return el('span.value-null', value.default ? 'DEFAULT' : 'IGNORE');
	if (value.unknown) return el('span.value-null', 'unknown');
	return el('span', shown(JSON.stringify(value), limit));
}

function more(value) {
	return value.length !== undefined ? el('span.value-null', ' … ' + count(Number(value.length)) + ' bytes in all') : null;
}

function kindOf(value) {
	if (value === null) return 'NULL';
	if (typeof value === 'number' || value instanceof Exact) return 'number';
	if (typeof value === 'string') return 'text';
	if (Array.isArray(value)) return 'vector';
	return typeof value === 'object' && typeof value.hex === 'string' ? 'binary' : 'text' in Object(value) ? 'text' : '';
}

export function valuesTable(values) {
	return h('div.scroll-x', { tabIndex: 0, role: 'region', 'aria-label': 'Values' }, el('table.table.compact',
		el('thead', el('tr', ['No.', 'Type', 'Value'].map((t) => h('th', { scope: 'col' }, t)))),
		el('tbody', values.slice(0, 500).map((v, i) => el('tr', el('td.num.dim', String(i + 1)), el('td.dim', kindOf(v)), el('td.mono.wrap', valueNode(v, 4096)))))));
}

export function rowsTable(names, rows) {
	const list = rows.filter(Array.isArray).slice(0, ROWS_MAX);
	const width = Math.min(COLUMNS_MAX, Math.max(0, ...list.map((r) => r.length)));
	const heads = Array.isArray(names) ? names : [];
	return h('div.scroll-x', { tabIndex: 0, role: 'region', 'aria-label': 'Rows' }, el('table.table.compact',
		heads.length > 0 && el('thead', el('tr', heads.slice(0, width).map((n) => h('th', { scope: 'col' }, shown(n, 64))))),
		el('tbody', list.map((r) => el('tr', r.slice(0, width).map((v) => el('td.mono', valueNode(v, 120))))))));
}

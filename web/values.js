/* Values of parameters and rows (VALUES in querytap-record(5)) as cells. */
import { el } from './dom.js';
import { shown, count, Exact } from './text.js';
import { simpleTable } from './view.js';

const VALUES_MAX = 500, ROWS_MAX = 50, COLUMNS_MAX = 40;

/** One value: an element whose class says what it is. */
export function valueNode(value, limit = 400) {
	if (value === null) return el('span.value-null', 'NULL');
	if (typeof value === 'number' || value instanceof Exact) return el('span.sql-n', String(value));
	if (typeof value === 'boolean') return el('span.sql-k', String(value));
	if (typeof value === 'string') return el('span.sql-s', "'" + shown(value, limit) + "'");
	if (Array.isArray(value)) return el('span', '[' + shown(value.map(String).join(', '), limit) + ']');
	const more = value.length !== undefined && el('span.value-null', ' … ' + count(Number(value.length)) + ' bytes in all');
	if (typeof value.hex === 'string') return el('span.sql-n', '0x' + shown(value.hex, limit), more);
	if (typeof value.text === 'string') return el('span.sql-s', "'" + shown(value.text, limit) + "'", more);
	if (value.default || value.ignore || value.unknown) return el('span.value-null', value.default ? 'DEFAULT' : value.ignore ? 'IGNORE' : 'unknown');
	return el('span', shown(JSON.stringify(value), limit));
}

function kindOf(value) {
	if (value === null) return 'NULL';
	if (typeof value === 'number' || value instanceof Exact) return 'number';
	if (Array.isArray(value)) return 'vector';
	return typeof value === 'string' || typeof value.text === 'string' ? 'text' : typeof value.hex === 'string' ? 'binary' : '';
}

export function valuesTable(values) {
	return simpleTable('Values', [['No.', ([i]) => String(i + 1), 'num dim'], ['Type', ([, v]) => kindOf(v), 'dim'], ['Value', ([, v]) => valueNode(v, 4096), 'mono wrap']], [...values.entries()].slice(0, VALUES_MAX));
}

export function rowsTable(names, rows) {
	const list = rows.filter(Array.isArray).slice(0, ROWS_MAX), width = Math.min(COLUMNS_MAX, Math.max(0, ...list.map((r) => r.length)));
	return simpleTable('Rows', Array.from({ length: width }, (_, i) => [shown(names?.[i] ?? '', 64), (row) => (i < row.length ? valueNode(row[i], 120) : ''), 'mono']), list);
}

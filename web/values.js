/* Values of parameters and rows (VALUES in querytap-record(5)) as cells. */
import { h } from './dom.js';
import { shown, cut, count, Exact } from './text.js';

const ROWS_MAX = 50, COLUMNS_MAX = 40;

/** One value: an element whose class says what it is. */
export function valueNode(value, limit = 400) {
  if (value === null) return h('span', { class: 'value-null' }, 'NULL');
  if (typeof value === 'number' || value instanceof Exact) return h('span', { class: 'sql-n' }, String(value));
  if (typeof value === 'boolean') return h('span', { class: 'sql-k' }, String(value));
  if (typeof value === 'string') return h('span', { class: 'sql-s' }, "'" + shown(cut(value, limit)) + "'");
  if (Array.isArray(value)) return h('span', null, '[' + shown(cut(value.map(String).join(', '), limit)) + ']');
  if (typeof value.hex === 'string') return h('span', { class: 'sql-n' }, '0x' + shown(cut(value.hex, limit)), more(value));
  if (typeof value.text === 'string') return h('span', { class: 'sql-s' }, "'" + shown(cut(value.text, limit)) + "'", more(value));
  if (value.default || value.ignore) return h('span', { class: 'value-null' }, value.default ? 'DEFAULT' : 'IGNORE');
  if (value.unknown) return h('span', { class: 'value-null' }, 'unknown');
  return h('span', null, shown(cut(JSON.stringify(value), limit)));
}

function more(value) {
  return value.length !== undefined ? h('span', { class: 'value-null' }, ' … ' + count(Number(value.length)) + ' bytes in all') : null;
}

function kindOf(value) {
  if (value === null) return 'NULL';
  if (typeof value === 'number' || value instanceof Exact) return 'number';
  if (typeof value === 'string') return 'text';
  if (Array.isArray(value)) return 'vector';
  return typeof value === 'object' && typeof value.hex === 'string' ? 'binary' : 'text' in Object(value) ? 'text' : '';
}

export function valuesTable(values) {
  return h('div', { class: 'scroll-x', tabIndex: 0, role: 'region', 'aria-label': 'Values' }, h('table', { class: 'table compact' },
    h('thead', null, h('tr', null, ['No.', 'Type', 'Value'].map((t) => h('th', { scope: 'col' }, t)))),
    h('tbody', null, values.slice(0, 500).map((v, i) => h('tr', null, h('td', { class: 'num dim' }, String(i + 1)), h('td', { class: 'dim' }, kindOf(v)), h('td', { class: 'mono wrap' }, valueNode(v, 4096)))))));
}

export function rowsTable(names, rows) {
  const list = rows.filter(Array.isArray).slice(0, ROWS_MAX);
  const width = Math.min(COLUMNS_MAX, Math.max(0, ...list.map((r) => r.length)));
  const heads = Array.isArray(names) ? names : [];
  return h('div', { class: 'scroll-x', tabIndex: 0, role: 'region', 'aria-label': 'Rows' }, h('table', { class: 'table compact' },
    heads.length > 0 && h('thead', null, h('tr', null, heads.slice(0, width).map((n) => h('th', { scope: 'col' }, shown(cut(String(n), 64)))))),
    h('tbody', null, list.map((r) => h('tr', null, r.slice(0, width).map((v) => h('td', { class: 'mono' }, valueNode(v, 120))))))));
}

/* The columns of the list of records. */
import { el, h } from './dom.js';
import { clock, duration, shown, cut, bytes, count } from './text.js';
import { resultOf, eventText, commandName, statementOf, findingName, findingsOf, failed, codeLine, traceOf, FINDINGS } from './record.js';
import { oneLine, withoutTags, tidy } from './sql.js';

const LOG_MAX = Math.log(10e6); /* the bar of ten seconds fills its cell */
const EVENT_TONES = { __proto__: null, gap: 'warn', restart: 'warn' };

/** The duration, and a bar below it: part of the background, as each element of a row takes time while the list is scrolled. */
function durationCell(cell, r) {
	const us = r.event === 'disconnect' ? undefined : r.duration_us, slow = us >= 1e6 || findingsOf(r).includes('slow');
	cell.textContent = duration(r.duration_us);
	cell.style.backgroundSize = us === undefined ? '0' : Math.max(2, Math.min(100, Math.log(Math.max(us, 1)) / LOG_MAX * 100)) + '% 3px';
	cell.classList.toggle('long', us >= 1e5 && !slow);
	cell.classList.toggle('very-long', slow);
}

function valuesText(values) {
	const list = Array.isArray(values) ? values : [];
	const one = (v) => (v === null ? 'NULL' : typeof v === 'string' ? "'" + cut(v, 40) + "'" : typeof v !== 'object' ? String(v) : v.text ? cut(String(v.text), 40) : v.hex !== undefined ? '0x' + cut(String(v.hex), 24) : '…');
	return shown('[' + list.slice(0, 20).map(one).join(', ') + (list.length > 20 ? ', …' : '') + ']');
}

/** The classes that give an event or a finding its colours; `other` if it has none of its own. */
export const toneOf = (name, other = '') => 'tone ' + (FINDINGS[name]?.[2] ?? EVENT_TONES[name] ?? other);

function statementCell(cell, r, filter, fast) {
	const isQuery = r.event === 'query', sql = withoutTags(statementOf(r));
	if (fast) { cell.textContent = shown(isQuery ? sql : eventText(r), 200); return; }
	const word = isQuery ? commandName(r).replace('STMT_', '') : findingName(String(r.event));
	cell.replaceChildren();
	if (word) cell.append(h('span', { class: 'command ' + (isQuery ? '' : toneOf(r.event, 'plain')) }, shown(word)), ' ');
	if (isQuery || r.repeated !== undefined || r.event === 'deadlock' || r.event === 'lock_wait') {
		cell.append(...oneLine(sql));
		if (r.stmt_execute_values) cell.append(' ', el('span.dim', valuesText(r.stmt_execute_values)));
		if (r.repeated !== undefined && r.info && !isQuery) cell.append(' ', el('span.dim', shown(tidy(r.info), 300)));
		if (r.error) cell.append(' ', el('span.error-text', shown(r.error, 300)));
	} else cell.append(h('span', { class: failed(r) ? 'error-text' : 'dim' }, shown(eventText(r), 400)));
}

export function chip(name, onclick) {
	return h(onclick ? 'button' : 'span', { class: 'chip ' + toneOf(name), onclick, tabIndex: onclick && -1, title: onclick && 'Show only these' }, shown(findingName(name)));
}

function findingsCell(cell, r, filter) {
	const names = findingsOf(r);
	if (names.length > 0 || cell.firstChild) cell.replaceChildren(...names.map((name) => chip(name, () => filter('finding:' + name))));
}

function text(id, head, width, priority, value, className = 'dim') {
	return { id, head, width: width + 'rem', priority, class: className, draw(cell, r) { cell.textContent = shown(value(r) ?? '', 200); } };
}

/* id, heading, width, priority (the lowest are hidden first where there is no room), draw(cell, record, filter, fast) */
export const COLUMNS = [
	text('time', 'Time', 6.9, 9, (r) => clock(r._t), 'num dim'),
	text('session', 'Session', 4.2, 4, (r) => (r.conn_id !== undefined ? '#' + r.conn_id : ''), 'num dim'),
	text('user', 'User@database', 8.5, 2, (r) => (r.username === undefined ? '' : r.username + (r.database !== undefined ? '@' + r.database : ''))),
	{ id: 'duration', head: 'Duration', width: '6.5rem', priority: 10, draw: durationCell, class: 'num duration' },
	{ id: 'result', head: 'Result', width: '6rem', priority: 8, class: 'num', draw(cell, r) { cell.textContent = shown(resultOf(r), 40); cell.classList.toggle('error-text', failed(r)); } },
	{ id: 'statement', head: 'Statement', width: 'minmax(0, 1fr)', priority: 11, draw: statementCell, class: 'statement' },
	{ id: 'findings', head: 'Findings', width: '9.5rem', priority: 6, draw: findingsCell, class: 'findings' },
	text('command', 'Command', 8, 1, (r) => (r.command ?? '').replace('COM_', '')),
	text('code', 'Code', 12, 3, codeLine, 'dim mono'),
	text('route', 'Route', 9, 3, (r) => r.tags?.route ?? r.tags?.action),
	text('trace', 'Trace', 5.5, 1, (r) => traceOf(r).slice(0, 8), 'dim mono'),
	text('trx', 'Transaction', 5.5, 1, (r) => r.trx_id, 'num dim'),
	text('client', 'Client', 9, 1, (r) => r.client_addr),
	text('server', 'Server time', 6, 1, (r) => duration(r.server_us), 'num dim'),
	text('bytes', 'Bytes', 6, 1, (r) => (r.bytes_received === undefined ? '' : bytes(r.bytes_received + (r.bytes_sent ?? 0))), 'num dim'),
	text('warnings', 'Warnings', 5, 1, (r) => (r.warnings ? count(r.warnings) : ''), 'num dim'),
];

export const STANDARD = ['time', 'session', 'user', 'duration', 'result', 'statement', 'findings'];

/* The columns of the list of records. */
import { el, h } from './dom.js';
import { clock, duration, shown, cut, bytes, count } from './text.js';
import { resultOf, eventText, commandName, statementOf, findingName, failed, codeLine, traceOf } from './record.js';
import { oneLine, withoutTags } from './sql.js';

const LOG_MAX = Math.log(10e6); /* the bar of ten seconds fills its cell */

function durationCell(cell, r) {
	const us = r.duration_us;
	let bar = cell.firstChild;
	if (!bar) {
		bar = el('span.bar');
		cell.append(bar, el('span.bar-label'));
	}
	const some = us !== undefined && r.event !== 'disconnect';
	bar.hidden = !some;
	if (some) {
		bar.style.width = Math.max(2, Math.min(100, Math.log(Math.max(us, 1)) / LOG_MAX * 100)) + '%';
		const slow = r.findings && r.findings.includes('slow') || us >= 1e6;
		const kind = slow ? 'bar bar-slow' : us >= 1e5 ? 'bar bar-long' : 'bar';
		if (bar.className !== kind) bar.className = kind;
	}
	cell.lastChild.textContent = duration(us);
}

export function valuesText(values) {
	const list = Array.isArray(values) ? values : [];
	const one = (v) => (v === null ? 'NULL' : typeof v === 'string' ? "'" + cut(v, 40) + "'" : typeof v === 'object' && !v.text ? (v.hex !== undefined
		? '0x' + cut(String(v.hex), 24) : '…') : typeof v === 'object' ? cut(String(v.text), 40) : String(v));
	return '[' + list.slice(0, 20).map(one).join(', ') + (list.length > 20 ? ', …' : '') + ']';
}

function statementCell(cell, r, filter, fast) {
	if (fast) { cell.textContent = shown(r.event === 'query' ? withoutTags(statementOf(r)).slice(0, 200) : eventText(r), 200); return; }
	cell.replaceChildren();
	const sql = statementOf(r);
	if (r.event === 'query') {
		const name = commandName(r);
		if (name) cell.append(el('span.command', shown(name.replace('STMT_', ''))), ' ');
	} else {
		cell.append(h('span', { class: 'event event-' + (/^[a-z_]{1,20}$/.test(r.event) ? r.event : 'other') }, shown(findingName(String(r.event)))), ' ');
	}
	if (r.event === 'query' || r.repeated !== undefined || r.event === 'deadlock' || r.event === 'lock_wait') {
		cell.append(...oneLine(withoutTags(sql)));
		if (r.stmt_execute_values) cell.append(' ', el('span.dim', shown(valuesText(r.stmt_execute_values))));
		if (r.repeated !== undefined && r.info && r.event !== 'query') cell.append(' ', el('span.dim', shown(r.info, 300)));
		if (r.error) cell.append(' ', el('span.error-text', shown(r.error, 300)));
	} else {
		cell.append(h('span', { class: failed(r) ? 'error-text' : 'dim' }, shown(eventText(r), 400)));
	}
}

export function chip(name, onclick) {
	const known = /^[a-z_]{1,30}$/.test(name) ? name : 'other';
	return h(onclick ? 'button' : 'span', { class: 'chip chip-' + known, type: onclick ? 'button' : undefined, onclick, tabIndex: onclick ? -1 : undefined,
		title: onclick ? 'Show only these' : undefined }, shown(findingName(name)));
}

function findingsCell(cell, r, filter) {
	cell.replaceChildren();
	const list = Array.isArray(r.findings) ? r.findings : [];
	const seen = new Set();
	for (const name of list) {
		if (typeof name !== 'string' || seen.has(findingName(name))) continue;
		seen.add(findingName(name));
		cell.append(chip(name, (event) => { event.stopPropagation(); filter('finding:' + name); }));
	}
}

const text = (f) => (cell, r) => {
	const value = f(r);
	const s = value === undefined || value === null ? '' : shown(value, 200);
	if (cell.textContent !== s) cell.textContent = s;
};

/* id, heading, width, priority (the lowest are hidden first where there is no room), draw(cell, record, filter) */
export const COLUMNS = [
	{ id: 'time', head: 'Time', width: '6.9rem', priority: 9, draw: text((r) => clock(r._t)), class: 'num dim' },
	{ id: 'session', head: 'Session', width: '4.2rem', priority: 4, draw: text((r) => (r.conn_id !== undefined ? '#' + r.conn_id : '')), class: 'num dim' },
	{ id: 'user', head: 'User@database', width: '8.5rem', priority: 2,
		draw: text((r) => (r.username === undefined ? '' : r.username + (r.database !== undefined ? '@' + r.database : ''))), class: 'dim' },
	{ id: 'duration', head: 'Duration', width: '6.5rem', priority: 10, draw: durationCell, class: 'num duration' },
	{ id: 'result', head: 'Result', width: '6rem', priority: 8, class: 'num result',
		draw: (cell, r) => { text(resultOf)(cell, r); cell.classList.toggle('error-text', failed(r)); } },
	{ id: 'statement', head: 'Statement', width: 'minmax(0, 1fr)', priority: 11, draw: statementCell, class: 'statement' },
	{ id: 'findings', head: 'Findings', width: '9.5rem', priority: 6, draw: findingsCell, class: 'findings' },
	{ id: 'command', head: 'Command', width: '8rem', priority: 1, draw: text((r) => (r.command ?? '').replace('COM_', '')), class: 'dim' },
	{ id: 'code', head: 'Code', width: '12rem', priority: 3, draw: text(codeLine), class: 'dim mono' },
	{ id: 'route', head: 'Route', width: '9rem', priority: 3, draw: text((r) => r.tags && (r.tags.route ?? r.tags.action)), class: 'dim' },
	{ id: 'trace', head: 'Trace', width: '5.5rem', priority: 1, draw: text((r) => traceOf(r).slice(0, 8)), class: 'dim mono' },
	{ id: 'trx', head: 'Transaction', width: '5.5rem', priority: 1, draw: text((r) => r.trx_id), class: 'num dim' },
	{ id: 'client', head: 'Client', width: '9rem', priority: 1, draw: text((r) => r.client_addr), class: 'dim' },
	{ id: 'server', head: 'Server time', width: '6rem', priority: 1, draw: text((r) => duration(r.server_us)), class: 'num dim' },
	{ id: 'bytes', head: 'Bytes', width: '6rem', priority: 1, class: 'num dim',
		draw: text((r) => (r.bytes_received === undefined ? '' : bytes(r.bytes_received + (r.bytes_sent ?? 0)))) },
	{ id: 'warnings', head: 'Warnings', width: '5rem', priority: 1, draw: text((r) => (r.warnings ? count(r.warnings) : '')), class: 'num dim' },
];

export const STANDARD = ['time', 'session', 'user', 'duration', 'result', 'statement', 'findings'];

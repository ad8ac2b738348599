/* The view Statement: everything about one record. */
import { el, h, icon, button, clear, copyText } from './dom.js';
import { shown, cut, count, plural, duration, bytes, clock, ago, microseconds } from './text.js';
import { statementOf, resultOf, eventText, commandName, codeLine, traceOf, scopeOf, failed, filterValue, FINDINGS,
	findingName } from './record.js';
import { pretty, asSent, withoutTags, verbOf, shortName, oneLine } from './sql.js';
import { runnable, clientCommand, curlCommand, jsonOf, Refused } from './copy.js';
import { getWhole, getJson, describe } from './api.js';
import { valueNode, valuesTable, rowsTable } from './values.js';
import { exchangeOf, packetList } from './packets.js';
import { sparkline } from './charts.js';
import { figures } from './view.js';
import { address, go, listOf } from './router.js';
import { source } from './source.js';

const PHASES = [['request_us', 'request', 'The request arrives'], ['server_us', 'server', 'Until the first byte of the reply'],
	['stream_us', 'stream', 'From the first to the last byte of the reply'], ['stall_us', 'stall', 'Part of it in which the client did not read'],
	['proxy_us', 'proxy', 'Part of all of it that querytap took']];

const SESSION_FACTS = {
	'Client': 'client_addr', 'Server': 'remote_addr', 'Server’s connection ID': 'server_conn_id', 'Character set': 'character_set', 'Command': 'command',
	'Number in session': 'conn_seq_num', 'Time (UTC)': 'ts', 'Server version': 'server_version', 'Login': 'auth_path', 'TLS to the client': 'tls',
	'TLS to the server': 'remote_tls', 'Compression': 'compression',
};

function section(title, ...children) {
	return el('section.card', el('h3', title), ...children);
}

function fact(name, value) {
	if (value === undefined || value === null || value === '' || value === false) return null;
	return [el('dt', name), el('dd', value instanceof Node ? value : shown(value, 2000))];
}

function facts(...entries) {
	const some = entries.filter(Boolean);
	return some.length > 0 ? el('dl.facts', some) : null;
}

/* --- where the time went --- */

function timeBar(r) {
	const total = r.duration_us;
	if (total === undefined || r.server_us === undefined) return null;
	const stream = Math.max(0, (r.stream_us ?? 0) - (r.stall_us ?? 0));
	const parts = [['request', r.request_us ?? 0], ['server', r.server_us ?? 0], ['stream', stream], ['stall', r.stall_us ?? 0]];
	const sum = Math.max(1, parts.reduce((a, [, us]) => a + us, 0));
	const bar = h('div.time-bar', { role: 'img', 'aria-label': 'Time: ' + parts.filter(([, us]) => us > 0).map(([n, us]) => n + ' ' + duration(us)).join(', ') });
	for (const [name, us] of parts) {
		if (us === 0) continue;
		bar.append(h('span', { class: 'phase phase-' + name, css: { 'flex-grow': String(Math.max(us / sum, 0.004)) } }));
	}
	const legend = el('dl.time-legend', PHASES.map(([field, name, help]) => r[field] !== undefined &&
		h('div', { title: help }, el('dt', h('span', { class: 'dot phase-' + name }), name), el('dd', duration(r[field])))));
	return section('Time', bar, legend);
}

/* --- copy as --- */

function copyMenu(r) {
	const listen = describe().then((about) => about.listen, () => undefined);
	const as = (name, make) => button(name, async () => {
		try {
			await copyText(await make(), name);
			problem.hidden = true;
		} catch (error) {
			if (!(error instanceof Refused)) throw error;
			problem.textContent = name + ' was not copied: ' + error.message + '.';
			problem.hidden = false;
		}
	}, { class: 'button small', icon: 'copy' });
	const problem = h('p.copy-problem', { role: 'status', hidden: true });
	const whole = async () => (isCut(r) ? getWhole(r.id) : r);
	const sql = statementOf(r) !== '';
	let refusal = '';
	if (sql) { try { runnable(r); } catch (error) { refusal = error.message; } }
	return [h('div.copy-as', { role: 'group', 'aria-label': 'Copy as' }, el('span.dim', 'Copy as'),
		sql && as('SQL', async () => runnable(await whole()) + ';'),
		sql && as('mariadb', async () => clientCommand(await whole(), await listen)),
		as('JSON', async () => jsonOf(await whole())), as('curl', () => curlCommand(r, location.origin)),
		r.event === 'query' && as('Hex', async () => { const found = await exchangeOf(r); if (found.text === '') throw new Refused('its packets are no longer kept'); return found.text; })),
	sql && refusal && !isCut(r) && el('p.note', 'Not copied as a statement to run: ' + refusal + '.'), problem];
}

/** Does the page have only a part of the record? */
function isCut(r) { return r.truncated !== undefined || r.omitted !== undefined; }

/* --- its digest --- */

function digestHistory(r) {
	const body = el('div.loading', 'Reading…');
	const same = source.ring.records.filter((o) => o.digest === r.digest && o.event === 'query' && o.duration_us !== undefined).slice(-200);
	getJson('/digests/detail', { digest: r.digest }).then((found) => {
		const d = found.digests ? found.digests[0] : found.digest && typeof found.digest === 'object' ? found.digest : found;
		clear(body,
			figures([['Executions', count(d.count ?? 0)], ['Errors', count(d.errors ?? 0)], ['Median', duration(d.p50_us)], ['95 %', duration(d.p95_us)],
				['99 %', duration(d.p99_us)], ['Slowest', duration(d.max_us)], ['In all', duration(d.sum_us)]]),
			same.length > 1 && el('figure.spark', sparkline(same.map((o) => o.duration_us), { mark: same.indexOf(r), label: 'Duration of its executions' }),
				el('figcaption', 'Duration of the last ' + plural(same.length, 'execution') + ' in the list, up to ' + duration(Math.max(...same.map((o) => o.duration_us))))),
			el('p.links', h('a', { href: address('digests', r.digest) }, 'The digest'), h('a', { href: listOf({ q: 'digest:' + r.digest.slice(0, 16) }) }, 'Its statements')));
	}).catch((error) => clear(body, el('p.note', shown(error.message))));
	return section('All statements of this shape', body);
}

/* --- its packets --- */

function packets(r) {
	const body = el('div', button('Show the packets', () => load(), { class: 'button small', icon: 'hex' }));
	async function load() {
		clear(body, el('p.note', 'Reading…'));
		try {
			const { list, note } = await exchangeOf(r);
			clear(body, note && el('p.note', note), list.length > 0 && packetList(list));
		} catch (error) {
			clear(body, el('p.note', shown(error.message)));
		}
	}
	return section('Packets', body);
}

/* --- conflicts --- */

function conflict(r) {
	if (!Array.isArray(r.statements)) return null;
	const roles = Array.isArray(r.transactions) ? r.transactions : [];
	return [section('Transactions', el('ul.plain', roles.map((t) => el('li',
		h('span', { class: 'role role-' + (t.role === 'victim' ? 'victim' : 'other') }, shown(String(t.role).replaceAll('_', ' '))), ' ',
		shown('session ' + t.conn_id + (t.trx_id !== undefined ? ', transaction ' + t.trx_id : '') + (t.username !== undefined ? ', ' + t.username : '')))))),
	section('Their statements in the order of time', el('ol.story', r.statements.map((o) => el('li',
		el('span.num.dim', clock(microseconds(o.ts), 6)), el('span.dim', '#' + o.conn_id),
		h('span', { class: 'role role-' + (o.role === 'victim' ? 'victim' : 'other') }, shown(String(o.role).replaceAll('_', ' '))),
		el('code', ...oneLine(withoutTags(typeof statementOf(o) === 'string' ? statementOf(o) : String(statementOf(o).text ?? '')))),
		o.errno !== undefined && el('span.error-text', 'error ' + o.errno), o.state === 'running' && el('span.dim', 'running')))))];
}

/* --- the whole --- */

function title(r) {
	if (r.event === 'query') {
		const sql = statementOf(r);
		return sql ? shortName(sql) || verbOf(sql) : commandName(r) || r.command || 'statement';
	}
	return String(r.event).replaceAll('_', ' ');
}

function body(r, ctx) {
	const sql = statementOf(r);
	const filterButton = (term, text) => (ctx.filter ? h('button.link', { title: 'Add to the filter', onclick: () => ctx.filter(term) }, shown(text))
		: h('a', { href: listOf({ q: term }) }, shown(text)));
	const parts = [];
	if (r.error !== undefined || r.errno !== undefined) {
		parts.push(el('div.banner.banner-error', icon('error'), el('div', el('strong', 'Error ' + (r.errno ?? '') + (r.sqlstate ? ' (' + shown(r.sqlstate) + ')' : '')),
			el('p', shown(r.error ?? '', 4000)))));
	}
	for (const name of new Set(Array.isArray(r.findings) ? r.findings : [])) {
		parts.push(el('div.banner.banner-finding', icon('finding'), el('div', el('strong', shown(findingName(String(name)))),
			el('p', FINDINGS[name] ? FINDINGS[name][1] : '', r.repeated !== undefined ? ' ' + count(r.repeated) + ' times so far.' : '',
				name === 'duplicate' && r.duplicates ? ' Asked ' + plural(r.duplicates, 'time') + ' before.' : '',
				r.digest && r.event === 'query' && (name === 'n_plus_one' || name === 'in_write_loop') && h('a', { href: listOf({ q: 'event:n_plus_one,write_loop digest:' + r.digest.slice(0, 16) }) }, ' Its loops'),
				name === 'transaction_idle' && r.trx_idle_us ? ' For ' + duration(r.trx_idle_us) + '.' : ''),
			r.info && /^n_plus_one|write_loop$/.test(r.event) && el('p', shown(r.info, 1000)))));
	}
	if (sql) {
		const box = el('div.sql-box');
		let laidOut = true;
		const values = Array.isArray(r.stmt_execute_values) ? r.stmt_execute_values : null;
		const draw = () => clear(box, laidOut ? pretty(withoutTags(sql), values && ((i) => (i < values.length ? el('span.filled', valueNode(values[i], 60)) : undefined))) : asSent(sql));
		const toggle = button('As sent', () => { laidOut = !laidOut; toggle.lastChild.textContent = laidOut ? 'As sent' : 'Laid out'; draw(); }, { class: 'button small' });
		draw();
		parts.push(el('section.card', el('div.card-head', el('h3', r.event === 'query' ? 'Statement' : 'One of its statements'), toggle), box,
			(r.query_length !== undefined || r.stmt_prepare_query_length !== undefined) && el('p.note', 'The log has only the beginning: the statement has ' +
				bytes(r.query_length ?? r.stmt_prepare_query_length) + '.'),
			isCut(r) && el('p.note', 'This is a part of it. ', button('Show all', async () => ctx.replace(await getWhole(r.id)), { class: 'button small' })), copyMenu(r)));
	} else {
		parts.push(el('section.card', r.event !== 'query' && el('p', shown(eventText(r), 4000)), copyMenu(r)));
	}
	if (Array.isArray(r.stmt_execute_values) && r.stmt_execute_values.length > 0) parts.push(section('Values', valuesTable(r.stmt_execute_values)));
	if (Array.isArray(r.bulk_rows)) parts.push(section('Values of the first rows', rowsTable(null, r.bulk_rows), r.bulk_count > r.bulk_rows.length && el('p.note', count(r.bulk_count) + ' rows in all.')));
	parts.push(timeBar(r), conflict(r));
	if (r.event === 'query') {
		parts.push(section('Result', facts(fact('Rows', count(r.rows)), fact('Changed', count(r.affected_rows)),
			fact('Columns', r.columns), fact('Last insert ID', r.last_insert_id), fact('Warnings', r.warnings), fact('Info', r.info), fact('Reason', r.reason),
			fact('Sent', bytes(r.bytes_sent)), fact('Received', bytes(r.bytes_received)),
			fact('Status', Array.isArray(r.status_flags) ? r.status_flags.map(String).join(', ').toLowerCase() : undefined)),
		Array.isArray(r.first_rows) && r.first_rows.length > 0 && rowTables(r)));
	}
	const code = codeLine(r), trace = traceOf(r), scope = scopeOf(r);
	if (r.tags || trace) {
		parts.push(section('Application', facts(fact('Code', code && el('code.code-line', shown(code))), fact('Trace', trace && el('span', h('a', { href: address('transactions', 'trace:' + trace) }, trace.slice(0, 16) + '…'))),
			fact('Scope', scope && scope.kind !== 'trace' ? scope.label : ''),
			...Object.entries(r.tags ?? {}).filter(([k]) => !/^code\.|^traceparent$/.test(k)).slice(0, 40).map(([k, v]) => fact(shown(k, 60),
				/^[\w.-]+$/.test(k) ? filterButton('tag.' + k + ':' + filterValue(String(v)), cut(String(v), 300)) : String(v))))));
	}
	if (r.digest && r.event === 'query') parts.push(digestHistory(r));
	parts.push(section('Session', facts(
		fact('Session', r.conn_id !== undefined && el('span', filterButton('session:' + r.conn_id, '#' + r.conn_id), ' ', h('a', { href: address('transactions', 'session:' + r.conn_id) }, 'waterfall'))),
		fact('Transaction', r.trx_id !== undefined && h('a', { href: address('transactions', 'trx:' + r.conn_id + '.' + r.trx_id) }, 'number ' + r.trx_id + ', as a waterfall')),
		fact('User', r.username !== undefined && filterButton('user:' + filterValue(r.username), r.username)), fact('Database', r.database !== undefined && filterButton('db:' + filterValue(r.database), r.database)),
		fact('Database', r.database_unknown && 'unknown'), ...Object.entries(SESSION_FACTS).map(([name, field]) => fact(name, r[field])),
		...Object.entries(r.connect_attributes ?? {}).slice(0, 30).map(([k, v]) => fact(shown(k, 60), String(v))),
		...Object.entries(r.query_attributes ?? {}).slice(0, 30).map(([k, v]) => fact('attribute ' + shown(k, 60), valueNode(v, 200))))));
	if (r.event === 'query') parts.push(packets(r));
	return parts;
}

function rowTables(r) {
	const names = Array.isArray(r.column_names) ? r.column_names : [];
	const many = Array.isArray(r.first_rows[0]) && r.first_rows.every((x) => Array.isArray(x) && x.every((y) => Array.isArray(y))) && names.length > 1;
	const tables = many ? r.first_rows.map((rows, i) => rowsTable(names[i], rows)) : [rowsTable(Array.isArray(names[0]) ? names[0] : names, flatRows(r.first_rows))];
	return [...tables, el('p.note', 'The first rows of the result, as kept by log.rows.')];
}

/* With one result the list holds its rows; in some records it holds a list of lists. */
function flatRows(rows) {
	return rows.length === 1 && Array.isArray(rows[0]) && rows[0].length > 0 && rows[0].every((x) => Array.isArray(x)) ? rows[0] : rows;
}

function heading(r) {
	return [el('h2.statement-title', shown(title(r), 80)),
		el('p.statement-summary', r.duration_us !== undefined && el('strong', duration(r.duration_us)), h('span', { class: failed(r) ? 'error-text' : '' }, resultOf(r)),
			h('span.dim', { title: r.ts }, clock(r._t, 6)), el('span.dim', ago(r._t)))];
}

/** The panel beside the list. ctx: filter(term), close(), step(±1). */
export function statementPanel(r, ctx) {
	const root = el('div.statement');
	const draw = (record) => clear(root, el('header.panel-head', el('div', heading(record)),
		el('div.panel-actions',
			button('', () => ctx.step(-1), { class: 'icon-button', icon: 'up', 'aria-label': 'Previous record' }),
			button('', () => ctx.step(1), { class: 'icon-button', icon: 'down', 'aria-label': 'Next record' }),
			h('a.icon-button', { href: address('statement', record.id), 'aria-label': 'Open as a page', title: 'Open as a page (o)' }, icon('expand')),
			button('', () => ctx.close(), { class: 'icon-button', icon: 'close', 'aria-label': 'Close' }))), body(record, { ...ctx, replace: draw }));
	draw(r);
	return root;
}

/** The record with an ID: from the ring, else from the proxy. */
async function find(id) {
	if (!/^[\w-]{1,64}:\d{1,20}$/.test(id)) throw new Error('This address does not name a record.');
	return source.ring.records.find((r) => r.id === id) ?? getWhole(id);
}

export class StatementView {
	constructor(root, route) {
		this.root = root;
		this.show(route);
	}

	async show(route) {
		this.key = route.arg;
		clear(this.root, el('div.page-body', el('p.note', 'Reading…')));
		try {
			const r = await find(route.arg);
			if (this.key === route.arg) this.draw(r);
		} catch (error) {
			clear(this.root, el('div.empty', el('h2', 'No such record'), el('p', shown(error.message)), el('p', h('a', { href: address('live') }, 'All records'))));
		}
	}

	draw(r) {
		const node = el('div.page-body.statement.statement-page', el('header.panel-head', el('div', heading(r)),
			el('div.panel-actions', button('In the list', () => go(listOf({ q: source.q, r: r.id })), { class: 'button small', icon: 'list' }))),
		el('div.cards', body(r, { replace: (x) => this.draw(x) })));
		clear(this.root, node);
	}

	key() { return false; }
	destroy() { this.key = null; }
}

/* The view Statement: everything about one record. */
import { el, h, icon, link, button, small, iconButton, clear, copyText, toast } from './dom.js';
import { shown, cut, count, plural, duration, bytes, clock, ago, microseconds, Exact } from './text.js';
import { statementOf, resultOf, eventText, commandName, codeLine, traceOf, scopeOf, failed, filterValue, FINDINGS, findingName, findingsOf } from './record.js';
import { pretty, asSent, withoutTags, shortName, oneLine } from './sql.js';
import { runnable, clientCommand, curlCommand, jsonOf, Refused } from './copy.js';
import { getWhole, getJson, describe } from './api.js';
import { exchangeOf, packetList } from './packets.js';
import { toneOf } from './columns.js';
import { section, figures, digestFigures, simpleTable, sparkline } from './view.js';
import { address, go, listOf } from './router.js';
import { source } from './source.js';

const VALUES_MAX = 500, ROWS_MAX = 50, COLUMNS_MAX = 40;
const PHASES = [['request', 'The request arrives'], ['server', 'Until the first byte of the reply'], ['stream', 'From the first to the last byte of the reply'],
	['stall', 'Part of it in which the client did not read'], ['proxy', 'Part of all of it that querytap took']];

const SESSION_FACTS = [['Client', 'client_addr'], ['Server', 'remote_addr'], ['Server’s connection ID', 'server_conn_id'], ['Character set', 'character_set'], ['Command', 'command'],
	['Number in session', 'conn_seq_num'], ['Time (UTC)', 'ts'], ['Server version', 'server_version'], ['Login', 'auth_path'], ['TLS to the client', 'tls'], ['TLS to the server', 'remote_tls'],
	['Compression', 'compression']];

/* --- values (VALUES in querytap-record(5)) --- */

/** One value: an element whose class says what it is. */
function valueNode(value, limit = 400) {
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

function valuesTable(values) {
	return simpleTable('Values', [['No.', ([i]) => String(i + 1), 'num dim'], ['Type', ([, v]) => kindOf(v), 'dim'], ['Value', ([, v]) => valueNode(v, 4096), 'mono wrap']], [...values.entries()].slice(0, VALUES_MAX));
}

function rowsTable(names, rows) {
	const list = rows.filter(Array.isArray).slice(0, ROWS_MAX), width = Math.min(COLUMNS_MAX, Math.max(0, ...list.map((r) => r.length)));
	return simpleTable('Rows', Array.from({ length: width }, (_, i) => [shown(names?.[i] ?? '', 64), (row) => (i < row.length ? valueNode(row[i], 120) : ''), 'mono']), list);
}

/** Names with their values, without those that have none; undefined if none has. */
function facts(entries) {
	const some = entries.filter(([, v]) => v !== undefined && v !== null && v !== '' && v !== false);
	return some.length > 0 ? el('dl.facts', some.map(([name, v]) => [el('dt', shown(name, 60)), el('dd', v instanceof Node ? v : shown(v, 2000))])) : undefined;
}

function timeBar(r) {
	if (r.duration_us === undefined || r.server_us === undefined) return null;
	const parts = [['request', r.request_us ?? 0], ['server', r.server_us], ['stream', Math.max(0, (r.stream_us ?? 0) - (r.stall_us ?? 0))], ['stall', r.stall_us ?? 0]].filter(([, us]) => us > 0);
	const sum = parts.reduce((a, [, us]) => a + us, 1);
	return section('Time', h('div.time-bar', { role: 'img', 'aria-label': 'Time: ' + parts.map(([n, us]) => n + ' ' + duration(us)).join(', ') },
		parts.map(([name, us]) => h('span', { class: 'phase phase-' + name, css: { 'flex-grow': Math.max(us / sum, 0.004) } }))),
	figures(PHASES.filter(([name]) => r[name + '_us'] !== undefined).map(([name, help]) => [h('span', { title: help }, h('span', { class: 'dot phase-' + name }), ' ' + name), duration(r[name + '_us'])])));
}

const isCut = (r) => r.truncated !== undefined || r.omitted !== undefined;

function copyMenu(r) {
	const problem = h('p.error-text', { role: 'status', hidden: true });
	const as = (name, make) => small(name, async () => {
		try {
			await copyText(await make(isCut(r) ? await getWhole(r.id) : r), name);
			problem.hidden = true;
		} catch (error) {
			problem.textContent = shown(name + ' was not copied: ' + error.message + '.');
			problem.hidden = false;
		}
	}, { icon: 'copy' });
	const listen = describe().then((about) => about.listen, () => undefined);
	const sql = statementOf(r) !== '';
	let refusal = '';
	if (sql && !isCut(r)) { try { runnable(r); } catch (error) { refusal = error.message; } }
	return [h('div.copy-as', { role: 'group', 'aria-label': 'Copy as' }, el('span.dim', 'Copy as'),
		sql && as('SQL', (whole) => runnable(whole) + ';'), sql && as('mariadb', async (whole) => clientCommand(whole, await listen)), as('JSON', jsonOf), as('curl', () => curlCommand(r, location.origin)),
		r.event === 'query' && as('Hex', async () => { const { text } = await exchangeOf(r, true); if (text === '') throw new Refused('its packets are no longer kept'); return text; })),
	refusal && el('p.note', 'Not copied as a statement to run: ' + refusal + '.'), problem];
}

function digestHistory(r) {
	const body = el('div', 'Reading…'), same = source.executions(r.digest, 200), times = same.map((o) => o.duration_us);
	getJson('/digests/detail', { digest: r.digest }).then((d) => clear(body,
		digestFigures(d),
		same.length > 1 && el('figure', sparkline(times, 'Duration of its executions', { mark: same.indexOf(r) }),
			el('figcaption', 'Duration of the last ' + plural(same.length, 'execution') + ' in the list, up to ' + duration(Math.max(...times)))),
		el('p.links', link(address('digests', r.digest), 'The digest'), link(listOf({ q: 'digest:' + r.digest.slice(0, 16) }), 'Its statements')))).catch((error) => clear(body, el('p.note', shown(error.message))));
	return section('All statements of this shape', body);
}

function packets(r) {
	const body = el('div', small('Show the packets', () => {
		clear(body, el('p.note', 'Reading…'));
		exchangeOf(r).then(({ list, note }) => clear(body, note && el('p.note', note), packetList(list)), (error) => clear(body, el('p.note', shown(error.message))));
	}, { icon: 'packets' }));
	return section('Packets', body);
}

function conflict(r) {
	if (!Array.isArray(r.statements)) return null;
	const role = (o) => h('span', { class: 'verdict tone ' + (o.role === 'victim' ? 'bad' : 'plain') }, shown(String(o.role).replaceAll('_', ' ')));
	const sqlOf = (o) => { const sql = statementOf(o); return typeof sql === 'string' ? sql : String(sql.text ?? ''); };
	return [section('Transactions', el('ul', (Array.isArray(r.transactions) ? r.transactions : []).map((t) => el('li', role(t), ' ',
		shown('session ' + t.conn_id + (t.trx_id !== undefined ? ', transaction ' + t.trx_id : '') + (t.username !== undefined ? ', ' + t.username : '')))))),
	section('Their statements in the order of time', el('ol.story', r.statements.map((o) => el('li', el('span.num.dim', clock(microseconds(o.ts), 6)), el('span.dim', shown('#' + o.conn_id)), role(o),
		el('code', ...oneLine(withoutTags(sqlOf(o)))), o.errno !== undefined && el('span.error-text', shown('error ' + o.errno)), o.state === 'running' && el('span.dim', 'running')))))];
}

const banner = (tone, symbol, title, ...text) => h('div', { class: 'banner ' + tone }, icon(symbol), el('div', el('strong', title), text));

function banners(r) {
	const found = findingsOf(r), prefix = r.digest?.slice(0, 16);
	return [(r.error !== undefined || r.errno !== undefined) && banner('tone bad', 'error', shown('Error ' + (r.errno ?? '') + (r.sqlstate ? ' (' + r.sqlstate + ')' : '')), el('p', shown(r.error ?? '', 4000))),
		found.map((name) => banner(toneOf(name), 'findings', shown(findingName(name)),
			el('p', FINDINGS[name]?.[1], r.repeated !== undefined && ' ' + count(r.repeated) + ' times so far.', name === 'duplicate' && r.duplicates && ' Asked ' + plural(r.duplicates, 'time') + ' before.',
				name === 'transaction_idle' && r.trx_idle_us && ' For ' + duration(r.trx_idle_us) + '.',
				prefix && r.event === 'query' && /^n_plus_one|write_loop$/.test(name) && link(listOf({ q: 'event:n_plus_one,write_loop digest:' + prefix }), ' Its loops')),
			r.info && /^n_plus_one|write_loop$/.test(r.event) && el('p', shown(r.info, 1000)), codeLine(r) && el('p', el('code', shown(codeLine(r), 200)))))];
}

function statement(r, ctx) {
	const sql = statementOf(r);
	if (!sql) return el('section.card', r.event !== 'query' && el('p', shown(eventText(r), 4000)), copyMenu(r));
	const values = Array.isArray(r.stmt_execute_values) ? r.stmt_execute_values : null;
	const mark = values && ((i) => (i < values.length ? el('span.filled-in', valueNode(values[i], 60)) : undefined));
	const box = el('div'), length = r.query_length ?? r.stmt_prepare_query_length;
	let laidOut = true;
	const draw = () => clear(box, laidOut ? pretty(withoutTags(sql), mark) : asSent(sql));
	const toggle = small('As sent', () => { laidOut = !laidOut; toggle.lastChild.textContent = laidOut ? 'As sent' : 'Laid out'; draw(); });
	draw();
	return el('section.card', el('div.card-head', el('h3', r.event === 'query' ? 'Statement' : 'One of its statements'), toggle), box,
		length !== undefined && el('p.note', 'The log has only the beginning: the statement has ' + bytes(length) + '.'),
		isCut(r) && el('p.note', 'This is a part of it. ', small('Show all', () => getWhole(r.id).then(ctx.replace, (error) => toast(shown(error.message))))), copyMenu(r));
}

function result(r) {
	const names = Array.isArray(r.column_names) ? r.column_names : [], rows = Array.isArray(r.first_rows) ? r.first_rows : [];
	const isList = (x) => Array.isArray(x) && x.every(Array.isArray);
	const several = names.length > 1 && rows.every(isList);
	/* With one result the list holds its rows; in some records it holds a list of lists. */
	const tables = several ? rows.map((x, i) => rowsTable(names[i], x)) : [rowsTable(Array.isArray(names[0]) ? names[0] : names, rows.length === 1 && rows[0]?.length > 0 && isList(rows[0]) ? rows[0] : rows)];
	return section('Result', facts([['Rows', count(r.rows)], ['Changed', count(r.affected_rows)], ['Columns', r.columns], ['Last insert ID', r.last_insert_id], ['Warnings', r.warnings], ['Info', r.info], ['Reason', r.reason],
		['Sent', bytes(r.bytes_sent)], ['Received', bytes(r.bytes_received)], ['Status', Array.isArray(r.status_flags) ? r.status_flags.map(String).join(', ').toLowerCase() : '']]),
	rows.length > 0 && [tables, el('p.note', 'The first rows of the result, as kept by log.rows.')]);
}

function body(r, ctx) {
	const isQuery = r.event === 'query', values = r.stmt_execute_values, code = codeLine(r), trace = traceOf(r), scope = scopeOf(r);
	const filter = (term, text) => (ctx.filter ? h('button.link', { title: 'Add to the filter', onclick: () => ctx.filter(term) }, shown(text)) : link(listOf({ q: term }), shown(text)));
	const filterOf = (term, value, text = value) => value !== undefined && filter(term + ':' + filterValue(String(value)), cut(String(text), 300));
	const pairs = (map, of) => Object.entries(map ?? {}).slice(0, 40).map(([k, v]) => [k, of(v, k)]);
	return [banners(r), statement(r, ctx), Array.isArray(values) && values.length > 0 && section('Values', valuesTable(values)),
		Array.isArray(r.bulk_rows) && section('Values of the first rows', rowsTable([], r.bulk_rows), r.bulk_count > r.bulk_rows.length && el('p.note', count(r.bulk_count) + ' rows in all.')),
		timeBar(r), conflict(r), isQuery && result(r),
		(r.tags || trace) && section('Application', facts([['Code', code && el('code', shown(code))], ['Trace', trace && link(address('transactions', 'trace:' + trace), trace.slice(0, 16) + '…')],
			['Scope', scope && scope.kind !== 'trace' ? scope.label : ''],
			...pairs(r.tags, (v, k) => (/^[\w.-]+$/.test(k) ? filterOf('tag.' + k, v) : String(v))).filter(([k]) => !/^code\.|^traceparent$/.test(k))])),
		isQuery && r.digest && digestHistory(r),
		section('Session', facts([['Session', r.conn_id !== undefined && el('span', filterOf('session', r.conn_id, '#' + r.conn_id), ' ', link(address('transactions', 'session:' + r.conn_id), 'waterfall'))],
			['Transaction', r.trx_id !== undefined && link(address('transactions', 'trx:' + r.conn_id + '.' + r.trx_id), shown('number ' + r.trx_id + ', as a waterfall'))],
			['User', filterOf('user', r.username)], ['Database', r.database_unknown ? 'unknown' : filterOf('db', r.database)], ...SESSION_FACTS.map(([name, field]) => [name, r[field]]),
			...pairs(r.connect_attributes, String), ...pairs(r.query_attributes, (v) => valueNode(v, 200))])),
		isQuery && packets(r)];
}

function heading(r, ...actions) {
	const name = r.event === 'query' ? shortName(statementOf(r)) || commandName(r) || r.command || 'statement' : String(r.event).replaceAll('_', ' ');
	return el('header.panel-head', el('div', el('h2', shown(name, 80)), el('p.statement-summary', r.duration_us !== undefined && el('strong', duration(r.duration_us)),
		h('span', { class: failed(r) ? 'error-text' : '' }, shown(resultOf(r))), h('span.dim', { title: shown(r.ts) }, clock(r._t, 6)), el('span.dim', ago(r._t)))), el('div.panel-actions', actions));
}

export function statementPanel(r, ctx) {
	const root = el('div');
	const draw = (x) => clear(root, heading(x, iconButton('up', 'Previous record', () => ctx.step(-1)), iconButton('down', 'Next record', () => ctx.step(1)),
		h('a.icon-button', { href: address('statement', x.id), 'aria-label': 'Open as a page', title: 'Open as a page (o)' }, icon('expand')), iconButton('close', 'Close', ctx.close)), body(x, { ...ctx, replace: draw }));
	draw(r);
	return root;
}

export class StatementView {
	constructor(root, route) {
		this.root = root;
		this.show(route);
	}

	async show({ arg }) {
		this.arg = arg;
		clear(this.root, el('div.page-body', el('p.note', 'Reading…')));
		try {
			if (!/^[\w-]{1,64}:\d{1,20}$/.test(arg)) throw new Error('This address does not name a record.');
			const r = source.ring.records.find((x) => x.id === arg) ?? await getWhole(arg);
			if (this.arg === arg) this.draw(r);
		} catch (error) {
			if (this.arg === arg) clear(this.root, el('div.page-body', el('h2', 'No such record'), el('p', shown(error.message)), el('p', link(address('live'), 'All records'))));
		}
	}

	draw(r) {
		clear(this.root, el('div.page-body.statement-page', heading(r, button('In the list', () => go(listOf({ q: source.q, r: r.id })), { class: 'button small', icon: 'group' })),
			el('div.cards', body(r, { replace: (x) => this.draw(x) }))));
	}

	key() { return false; }
	destroy() { this.arg = null; }
}

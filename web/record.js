/* Log records (querytap-record(5)) as the views use them. */
import { microseconds, plural, count } from './text.js';

/* Texts are kept once, as many records have the same. */
const pool = new Map(), POOL_MAX = 50000, OWN = ['id', 'ts', 'query'];

/** Prepare a parsed record for the ring; `size` is the length of its JSON. */
export function prepare(r, size) {
	for (const name in r) {
		const text = r[name];
		if (typeof text !== 'string' || OWN.includes(name)) continue;
		if (pool.size > POOL_MAX) pool.clear();
		if (!pool.has(text)) pool.set(text, text);
		r[name] = pool.get(text);
	}
	r._t = microseconds(r.ts);
	r._size = size;
	return r;
}

export const statementOf = (r) => r.query ?? r.stmt_prepare_query ?? '';

export const failed = (r) => r.errno !== undefined || r.event === 'error';

/* Name, what it means, tone. Without a prototype: what is looked up comes from records, and may be "constructor". */
export const FINDINGS = {
	__proto__: null,
	n_plus_one: ['N+1', 'One statement for each row of an earlier result. A join, or IN (…) with all values, would take one.', 'loop'],
	write_loop: ['write loop', 'One write for each row. A statement with several rows, or a join, would take one.', 'loop'],
	in_write_loop: ['write loop', 'Part of a loop that writes row by row.', 'loop'],
	duplicate: ['duplicate', 'The same SELECT with the same values was just answered, and nothing was written to its tables in between.', 'info'],
	no_index: ['no index', 'The server used no index for a table that can have one.', 'warn'],
	slow: ['slow', 'It took at least log.slow_ms, or the server calls it slow.', 'warn'],
	transaction_idle: ['idle in transaction', 'Its transaction was held while nothing ran in it.', 'warn'],
	transaction_open: ['transaction left open', 'The session ended within a transaction, which the server rolled back.', 'bad'],
	prepare_once: ['prepared once', 'Statements were prepared, executed once and closed, again and again.', 'info'],
	connection_per_statement: ['connection per statement', 'The client opens a connection for each statement or two.', 'info'],
	repeated_setup: ['repeated setup', 'It sets what the session had already set.', 'info'],
	large_result: ['large result', 'It returned more rows than log.large_result.', 'warn'],
	deadlock: ['deadlock', 'The server chose this transaction as the victim of a deadlock.', 'bad'],
	lock_wait: ['lock wait', 'It waited for a lock until the server gave up.', 'bad'],
	error: ['error', 'The server refused the statement.', 'bad'],
};

export const findingsOf = (r) => Array.isArray(r.findings) ? [...new Set(r.findings.map(String))] : [];

export const findingName = (name) => FINDINGS[name]?.[0] ?? name.replaceAll('_', ' ');

/** What came of it, in a word or two. */
export function resultOf(r) {
	if (r.event === 'gap') return count(r.dropped ?? 0) + ' missing';
	if (r.errno !== undefined) return 'error ' + r.errno;
	if (r.event !== 'query') return r.repeated !== undefined ? count(r.repeated) + ' ×' : '';
	if (r.rows !== undefined) return plural(r.rows, 'row');
	if (r.affected_rows !== undefined && r.affected_rows > 0) return count(r.affected_rows) + ' changed';
	return r.reason && r.server_us === undefined ? 'no reply' : 'ok';
}

/** Records other than statements, described in a line. */
export function eventText(r) {
	switch (r.event) {
		case 'connect': return 'connected from ' + (r.client_addr ?? '?');
		case 'auth': return r.errno !== undefined ? 'login failed: ' + (r.error ?? '') : 'login ' + [r.auth_plugin, r.tls, r.compression].filter(Boolean).join(', ');
		case 'disconnect': return 'disconnected' + (r.reason ? ': ' + r.reason : '');
		case 'gap': return count(r.dropped ?? 0) + ' records are missing' + (r.reason ? ': ' + r.reason : '');
		case 'lint': return (r.rule ?? '') + ': ' + (r.reason ?? '');
		case 'notice': return [r.reason, r.info].filter(Boolean).join(': ');
		case 'error': return r.error ?? r.reason ?? '';
		case 'packet': return [r.direction, r.packet_name, r.packet_length + ' bytes'].join(' ');
		default: return r.reason ?? r.info ?? '';
	}
}

export const commandName = (r) => r.command && r.command !== 'COM_QUERY' ? r.command.replace('COM_', '') : '';

/** The place in the application's code, from the tags of sqlcommenter and its like. */
export function codeLine(r) {
	const t = r.tags;
	if (!t) return '';
	const file = t['code.filepath'] ?? t['code.file.path'] ?? t.file ?? t.source_location ?? t.line;
	if (!file) return '';
	const line = t['code.lineno'] ?? t['code.line.number'] ?? t.lineno;
	return String(file) + (line !== undefined && t.line !== file ? ':' + line : '');
}

export function traceOf(r) {
	const parts = typeof r.traceparent === 'string' ? r.traceparent.split('-') : [];
	return parts.length >= 3 && /^[0-9a-f]{32}$/i.test(parts[1]) ? parts[1] : '';
}

const SCOPES = ['scope', 'test', 'test_name', 'request_id', 'request', 'job', 'job_id'];
const ROUTES = ['route', 'action', 'controller'];

/** What the statement was done for: {key, label} of its test, request or trace; undefined where nothing says so. */
export function scopeOf(r) {
	const t = r.tags ?? {};
	const route = t.controller && t.action ? t.controller + '#' + t.action : ROUTES.map((n) => t[n]).find((v) => v !== undefined);
	for (const name of SCOPES) if (t[name] !== undefined) return { key: name + '=' + t[name], label: String(t[name]), kind: name };
	const trace = traceOf(r);
	if (trace) return { key: 'trace=' + trace, label: route ? String(route) : 'trace ' + trace.slice(0, 8), kind: 'trace' };
	return route ? { key: 'route=' + route, label: String(route), kind: 'route' } : undefined;
}

/** The transaction, scope or session that a record belongs to: {key, label}. */
function groupOf(r, by) {
	if (by === 'scope') return scopeOf(r);
	if (by === 'session') return r.conn_id === undefined ? undefined : { key: String(r.conn_id), label: 'Session ' + r.conn_id + (r.username !== undefined ? ', ' + r.username : '') };
	return r.trx_id === undefined ? undefined : { key: r.conn_id + '.' + r.trx_id, label: 'Transaction ' + r.trx_id + ' of session ' + r.conn_id };
}

/** Groups of records, in the order of their first records: {key, label, records, first, last, total, errors, findings}. Times are in
 * microseconds, `total` is that of the statements. */
export function groupBy(records, by) {
	const groups = new Map();
	for (const r of records) {
		const { key, label } = groupOf(r, by) ?? { key: '', label: 'Without a ' + by };
		let g = groups.get(key);
		if (!g) groups.set(key, g = { key, label, records: [], first: r._t, last: r._t, total: 0, errors: 0, findings: new Set() });
		const us = r.event === 'query' ? r.duration_us ?? 0 : 0;
		g.records.push(r);
		g.total += us;
		g.last = Math.max(g.last, r._t + us);
		if (failed(r)) g.errors++;
		for (const f of findingsOf(r)) g.findings.add(f);
	}
	return [...groups.values()];
}

export function filterValue(text) {
	return /^[\w.\-:/+@%]+$/.test(text) && !/^[/]|,|\.\.|\+$/.test(text) ? text : '"' + text.replace(/["\\]/g, '\\$&') + '"';
}

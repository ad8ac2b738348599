/* What is copied from the page: statements with their values, command lines, JSON. Nothing of it does more than it shows: what would
 * not be the statement that was sent is refused, and a shell runs nothing of what a statement contains. */
import { Exact, hasHidden, toJson } from './text.js';
import { statementOf } from './record.js';
import { tokens } from './sql.js';

export class Refused extends Error {}

function refuse(why) { throw new Refused(why); }

const SECRET = /<secret>|redacted:[0-9a-f]{16}/;

const hexOf = (text) => Array.from(new TextEncoder().encode(text), (b) => b.toString(16).padStart(2, '0')).join('').toUpperCase();

function textLiteral(text) {
	if (SECRET.test(text)) refuse('a value was replaced, because it may be confidential');
	/* Backslashes mean different things in different SQL modes; hexadecimal means the same in all. */
	if (hasHidden(text) || text.includes('\\')) return '_utf8mb4 0x' + hexOf(text);
	return "'" + text.replaceAll("'", "''") + "'";
}

function literal(value) {
	if (value === null) return 'NULL';
	if (value instanceof Exact) return value.text;
	if (typeof value === 'number') return String(value);
	if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
	if (typeof value === 'string') return textLiteral(value);
	if (Array.isArray(value)) refuse('a value is a vector');
	if (value.length !== undefined) refuse('a value is cut: the log has only its beginning');
	if (typeof value.hex === 'string' && /^(?:[0-9a-f]{2})*$/i.test(value.hex)) return value.hex === '' ? "''" : '0x' + value.hex.toUpperCase();
	refuse('a value is not known');
}

/** A string of the statement that has hidden characters, as one without them. */
function plainString(text, introduced) {
	const quote = text[0];
	if (text.length < 2 || !text.endsWith(quote)) refuse('a string in it does not end');
	const inner = text.slice(1, -1);
	if (introduced) refuse('a string with a character set has characters that cannot be shown');
	if (inner.includes('\\')) refuse('a string has both backslashes and characters that cannot be shown');
	return '_utf8mb4 0x' + hexOf(inner.replaceAll(quote + quote, quote));
}

/** The statement of a record in one line, with its values: what can be given to a client. */
export function runnable(r) {
	const sql = statementOf(r);
	if (sql === '') refuse('it has no statement');
	if (r.query_length !== undefined || r.stmt_prepare_query_length !== undefined || r.truncated) refuse('the statement is cut: the log has only its beginning');
	if (r.query_hex !== undefined || r.stmt_prepare_query_hex !== undefined) refuse('the statement is not valid in its character set');
	if (SECRET.test(sql)) refuse('a part of it was replaced, because it may be confidential');
	if (r.bulk_count !== undefined) refuse('it is a bulk execution with many rows of values');
	const values = r.stmt_execute_values, prepared = r.command === 'COM_STMT_EXECUTE';
	let used = 0, out = '', before = '';
	for (const { kind, text } of tokens(sql, Infinity)) {
		if (kind === 'space' || kind === 'comment') {
			if (/^\/\*[!+M]/.test(text) && hasHidden(text)) refuse('a comment with code has characters that cannot be shown');
			const isBlock = text.startsWith('/*');
			if (isBlock && (!text.endsWith('*/') || text.length < 4)) refuse('a comment in it does not end');
			out += isBlock && !hasHidden(text) ? text : ' ';
			continue;
		}
		if (kind === 'mark' && prepared) {
			if (!values || used >= values.length) refuse('a value is not known');
			out += literal(values[used++]);
		} else if (kind === 'string' && hasHidden(text)) {
			out += plainString(text, /^(?:_\w+|n)$/i.test(before));
		} else {
			if (hasHidden(text)) refuse('it has characters that cannot be shown, outside of strings');
			out += text;
		}
		before = text;
	}
	if (prepared && values && used !== values.length) refuse('its values do not fit its placeholders');
	return out.trim();
}

/** An argument for the shell. What a terminal, or a shell other than bash, could understand in another way is written as octal escapes: then
 * the text has neither quotes nor backslashes of its own, and stays one argument everywhere. */
function shellQuote(text) {
	if (/^[\w.,:/@%+=-]+$/.test(text)) return text;
	if (/^[\x20-\x7E]*$/.test(text) && !/['\\!]/.test(text)) return "'" + text + "'";
	let out = '';
	for (const c of text) {
		const plain = c >= ' ' && c <= '~' ? !/['\\!]/.test(c) : !hasHidden(c) && c > '\u00A0';
		out += plain ? c : Array.from(new TextEncoder().encode(c), (b) => '\\' + b.toString(8).padStart(3, '0')).join('');
	}
	return "$'" + out + "'";
}

function hostAndPort(address) {
	const m = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(address ?? '');
	return m ? { host: m[1] ?? m[2], port: m[3] } : undefined;
}

/** A command line of the client mariadb that sends the statement. --binary-mode switches off the commands of the client itself. */
export function clientCommand(r, listen) {
	const at = hostAndPort(r.proxy_listen_addr ?? listen);
	const words = ['mariadb'];
	if (at) words.push('--host=' + (/^(?:0\.0\.0\.0|::)$/.test(at.host) ? '127.0.0.1' : at.host), '--port=' + at.port);
	else if ((r.proxy_listen_addr ?? listen ?? '').startsWith('unix:')) words.push('--socket=' + (r.proxy_listen_addr ?? listen).slice(5));
	for (const [option, value] of [['--user=', r.username], ['--database=', r.database]]) {
		if (value === undefined) continue;
		if (hasHidden(value)) refuse('the name of the user or database has characters that cannot be shown');
		words.push(option + value);
	}
	words.push('--password', '--binary-mode', '--execute=' + runnable(r));
	return words.map(shellQuote).join(' ');
}

export const curlCommand = (r, origin) => 'curl -s ' + shellQuote(origin + '/records/' + r.id + '?format=json');

export function jsonOf(r) {
	return toJson(Object.fromEntries(Object.entries(r).filter(([name]) => !name.startsWith('_'))));
}

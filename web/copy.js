/* What is copied from the page: statements with their values, command lines, JSON. Nothing of it does more than it shows: what would
 * not be the statement that was sent is refused, and a shell runs nothing of what a statement contains. */
import { Exact, hasHidden, toJson } from './text.js';
import { statementOf } from './record.js';
import { tokens } from './sql.js';

export class Refused extends Error {}

const HIDDEN_OR_BACKSLASH = /\\/;

function hexOf(text) { return Array.from(new TextEncoder().encode(text), (b) => b.toString(16).padStart(2, '0')).join('').toUpperCase(); }

function textLiteral(text) {
	if (/<secret>|redacted:[0-9a-f]{16}/.test(text)) throw new Refused('a value was replaced, because it may be confidential');
	/* Backslashes mean different things in different SQL modes; hexadecimal means the same in all. */
	if (hasHidden(text) || HIDDEN_OR_BACKSLASH.test(text)) return '_utf8mb4 0x' + hexOf(text);
	return "'" + text.replaceAll("'", "''") + "'";
}

export function literal(value) {
	if (value === null) return 'NULL';
	if (value instanceof Exact) return value.text;
	if (typeof value === 'number') return String(value);
	if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
	if (typeof value === 'string') return textLiteral(value);
	if (Array.isArray(value)) throw new Refused('a value is a vector');
	if (value.length !== undefined) throw new Refused('a value is cut: the log has only its beginning');
	if (typeof value.hex === 'string' && /^(?:[0-9a-f]{2})*$/i.test(value.hex)) return value.hex === '' ? "''" : '0x' + value.hex.toUpperCase();
	throw new Refused('a value is not known');
}

/** A string of the statement that has hidden characters, as one without them. */
function plainString(text, introduced) {
	const quote = text[0];
	if (text.length < 2 || !text.endsWith(quote)) throw new Refused('a string in it does not end');
	const inner = text.slice(1, -1);
	if (introduced) throw new Refused('a string with a character set has characters that cannot be shown');
	if (inner.includes('\\')) throw new Refused('a string has both backslashes and characters that cannot be shown');
	return '_utf8mb4 0x' + hexOf(inner.replaceAll(quote + quote, quote));
}

/** The statement of a record in one line, with its values: what can be given to a client. */
export function runnable(r) {
	const sql = statementOf(r);
	if (sql === '') throw new Refused('it has no statement');
	if (r.query_length !== undefined || r.stmt_prepare_query_length !== undefined || r.truncated) throw new Refused('the statement is cut: the log has only its beginning');
	if (r.query_hex !== undefined || r.stmt_prepare_query_hex !== undefined) throw new Refused('the statement is not valid in its character set');
	if (/<secret>|redacted:[0-9a-f]{16}/.test(sql)) throw new Refused('a part of it was replaced, because it may be confidential');
	if (r.bulk_count !== undefined) throw new Refused('it is a bulk execution with many rows of values');
	const values = r.stmt_execute_values;
	const prepared = r.command === 'COM_STMT_EXECUTE';
	let used = 0, out = '', before = '';
	for (const { kind, text } of tokens(sql, Infinity)) {
		if (kind === 'space') { out += ' '; continue; }
		if (kind === 'comment') {
			if (/^\/\*[!+M]/.test(text) && hasHidden(text)) throw new Refused('a comment with code has characters that cannot be shown');
			if (text.startsWith('/*')) {
				if (!text.endsWith('*/') || text.length < 4) throw new Refused('a comment in it does not end');
				out += hasHidden(text) ? ' ' : text;
			} else {
				out += ' ';
			}
			continue;
		}
		if (kind === 'mark' && prepared) {
			if (!values || used >= values.length) throw new Refused('a value is not known');
			out += literal(values[used++]);
		} else if (kind === 'string' && hasHidden(text)) {
			out += plainString(text, /^(?:_\w+|n)$/i.test(before));
		} else {
			if (hasHidden(text)) throw new Refused('it has characters that cannot be shown, outside of strings');
			out += text;
		}
		before = text;
	}
	if (prepared && values && used !== values.length) throw new Refused('its values do not fit its placeholders');
	return out.trim();
}

/** An argument for the shell. What a terminal, or a shell other than bash, could understand in another way is written as octal escapes: then
 * the text has neither quotes nor backslashes of its own, and stays one argument everywhere. */
export function shellQuote(text) {
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
		if (hasHidden(value)) throw new Refused('the name of the user or database has characters that cannot be shown');
		words.push(option + value);
	}
	words.push('--password', '--binary-mode', '--execute=' + runnable(r));
	return words.map(shellQuote).join(' ');
}

export function curlCommand(r, origin) { return 'curl -s ' + shellQuote(origin + '/records/' + r.id + '?format=json'); }

export function jsonOf(r) {
	return toJson(Object.fromEntries(Object.entries(r).filter(([name]) => !name.startsWith('_'))));
}

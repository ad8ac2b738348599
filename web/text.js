/* Texts and numbers as people read them. Every text that came over the wire passes through shown() before it is displayed. */

/* Characters that are invisible, change the direction of what follows, or are spaces that look like another one; and piles of
 * combining marks, which would cover the lines around them. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{DI}\p{NChar}\p{Co}]|(?! )\p{Zs}|(?<=\p{M}{3})\p{M}/u;
const EVERY_HIDDEN = new RegExp(HIDDEN, 'gu'), SHORT = { '\n': '\\n', '\t': '\\t', '\r': '\\r' };

function escaped(c) {
	const code = c.codePointAt(0), hex = code.toString(16).toUpperCase();
	return SHORT[c] ?? (code < 256 ? '\\x' + hex.padStart(2, '0') : code < 65536 ? '\\u' + hex.padStart(4, '0') : '\\U' + hex.padStart(8, '0'));
}

/** `text`, or the first `length` characters of it, with hidden characters as escapes. */
export function shown(text, length = Infinity) {
	const s = cut(String(text), length);
	return HIDDEN.test(s) ? s.replace(EVERY_HIDDEN, escaped) : s;
}

export const hasHidden = (text) => HIDDEN.test(text);

/** The beginning of `text`, with a sign that it is one. It never ends within a character. */
export function cut(text, length) {
	if (text.length <= length) return text;
	const end = text.charCodeAt(length - 1) >= 0xD800 && text.charCodeAt(length - 1) < 0xDC00 ? length - 1 : length;
	return text.slice(0, end) + '…';
}

const grouped = new Intl.NumberFormat('en-US');
export const count = (n) => n === undefined ? '' : n >= 0 && n < 1000 && Number.isInteger(n) ? String(n) : grouped.format(n);

export const plural = (n, one, many = one + 's') => count(n) + ' ' + (n === 1 ? one : many);

const three = (x) => x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2);

/* Long durations: less than so many microseconds, the unit, the smaller unit, and their microseconds. */
const LONG = [[3.6e9, 'min', 's', 6e7, 1e6], [8.64e10, 'h', 'min', 3.6e9, 6e7], [Infinity, 'd', 'h', 8.64e10, 3.6e9]];

/** A duration in microseconds. */
export function duration(us) {
	if (us === undefined || us === null || Number.isNaN(us)) return '';
	if (us < 6e7) return us < 1000 ? Math.round(us) + ' µs' : us < 1e6 ? three(us / 1000) + ' ms' : three(us / 1e6) + ' s';
	const [, large, little, each, part] = LONG.find(([limit]) => us < limit) ?? LONG[2];
	return Math.floor(us / each) + ' ' + large + ' ' + Math.floor(us % each / part) + ' ' + little;
}

export function bytes(n) {
	if (n === undefined || n === null) return '';
	const sign = n < 0 ? '−' : '';
	let x = Math.abs(n), unit = 0;
	while (x >= 1024 && unit < 4) { x /= 1024; unit++; }
	return sign + (unit === 0 ? String(Math.round(x)) : three(x)) + ' ' + ['B', 'KiB', 'MiB', 'GiB', 'TiB'][unit];
}

/** Microseconds since 1970 of a time stamp such as 2026-11-30T12:15:47.810931Z; NaN if it is none. */
export function microseconds(ts) {
	const seconds = Date.parse(String(ts).slice(0, 19) + 'Z');
	const fraction = /\.(\d{1,6})/.exec(ts);
	return seconds * 1000 + (fraction ? Number(fraction[1].padEnd(6, '0')) : 0);
}

/** The time of day in the zone of the reader, to `digits` of a second. */
export function clock(us, digits = 3) {
	if (!Number.isFinite(us)) return '';
	const date = new Date(us / 1000), base = [date.getHours(), date.getMinutes(), date.getSeconds()].map((n) => String(n).padStart(2, '0')).join(':');
	return digits > 0 ? base + '.' + String(Math.floor(us % 1e6)).padStart(6, '0').slice(0, digits) : base;
}

export function ago(us) {
	const age = Date.now() * 1000 - us;
	return age < 1e6 ? 'just now' : duration(age).replace(/\.\d+/, '') + ' ago';
}

/** A number that JSON.parse would have rounded, with its exact digits. */
export class Exact {
	constructor(text) { this.text = text; }
	toString() { return this.text; }
	toJSON() { return MARK + this.text; }
}

/* Stands before the digits of exact numbers while they pass through JSON. It is random, so that no text can pretend to be a number. */
const MARK = 'exact-' + Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(16)).join('') + ':';

const ROUNDED = /[[:,]-?(?:\d{16,}|\d*\.\d{16,})/;

/** JSON.parse, except that integers and fractions with many digits keep all of them (as Exact). */
export function parseJson(text) {
	if (!ROUNDED.test(text)) return JSON.parse(text);
	const marked = text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g, (token) =>
		(token[0] === '"' || String(Number(token)) === token ? token : '"' + MARK + token + '"'));
	return JSON.parse(marked, (key, value) =>
		(typeof value === 'string' && value.startsWith(MARK) ? new Exact(value.slice(MARK.length)) : value));
}

/** JSON as querytap writes it: hidden characters are escapes, exact numbers are whole. */
export function toJson(value, indent = 2) {
	return JSON.stringify(value, null, indent)
		.replaceAll(new RegExp('"' + MARK + '([-+.0-9eE]+)"', 'g'), '$1')
		.replace(/[\p{Cf}\p{Zl}\p{Zp}\p{DI}\p{NChar}\u007F-\u009F]/gu, (c) =>
			Array.from({ length: c.length }, (_, i) => '\\u' + c.charCodeAt(i).toString(16).padStart(4, '0')).join(''));
}

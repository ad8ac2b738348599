/* SQL for reading: tokens, colours, a layout with a line for each clause, and a short name for a statement. */
import { h } from './dom.js';
import { shown } from './text.js';

const KEYWORDS = new Set(`add all alter analyze and as asc begin between by call cascade case check collate column commit constraint create cross database default
delete desc describe distinct drop duplicate each else end except exists explain false fetch for force foreign from full group having if ignore in
index inner insert intersect interval into is join key kill lateral left like limit lock locked match mod natural not nowait null offset on
or order outer over partition prepare primary procedure recursive references regexp release rename replace returning right rlike rollback row rows
savepoint schema select session set share show start straight_join table temporary then to transaction trigger true truncate union unique
unlock update use using values view when where window with work`.split(/\s+/));

const TOKEN = new RegExp([
	'(?<space>\\s+)',
	'(?<comment>\\/\\*[^]*?(?:\\*\\/|$)|#[^\\n]*|--(?=\\s|$)[^\\n]*)',
	"(?<string>'(?:[^'\\\\]|\\\\[^]|'')*(?:'|$)|\"(?:[^\"\\\\]|\\\\[^]|\"\")*(?:\"|$))",
	'(?<quoted>`(?:[^`]|``)*(?:`|$))',
	'(?<number>0x[0-9a-f]+|\\d+(?:\\.\\d*)?(?:e[-+]?\\d+)?|\\.\\d+(?:e[-+]?\\d+)?)',
	'(?<variable>@@?[\\w.$]*)',
	'(?<word>[\\p{L}_$][\\p{L}\\p{M}\\p{N}_$]*)',
	'(?<mark>\\?)',
	'(?<op><=>|<=|>=|<>|!=|:=|\\|\\||&&|->>?|[^]\\p{M}*)',
].join('|'), 'giuy');

const SCAN_MAX = 65536;

/** [{kind, text}]; the texts together are `sql`. Beyond a limit the rest is one token. */
export function tokens(sql, limit = SCAN_MAX) {
	const found = [];
	TOKEN.lastIndex = 0;
	while (TOKEN.lastIndex < sql.length) {
		if (TOKEN.lastIndex >= limit) {
			found.push({ kind: 'rest', text: sql.slice(TOKEN.lastIndex) });
			break;
		}
		const { 0: text, groups } = TOKEN.exec(sql), kind = Object.keys(groups).find((k) => groups[k] !== undefined);
		found.push({ kind: kind === 'word' && KEYWORDS.has(text.toLowerCase()) ? 'keyword' : kind, text });
	}
	return found;
}

const COLOURED = { keyword: 'k', string: 's', number: 'n', comment: 'c', quoted: 'q', variable: 'v', mark: 'm' };

function piece(kind, text) {
	const name = COLOURED[kind];
	return name ? h('span', { class: 'sql-' + name }, text) : document.createTextNode(text);
}

/** `sql` without the comment at its end, in which applications write tags. */
export function withoutTags(sql) {
	const end = sql.trimEnd();
	const start = end.endsWith('*/') ? end.lastIndexOf('/*') : -1;
	return start > 0 && !/[!+M]/.test(end[start + 2]) ? end.slice(0, start).trimEnd() : sql;
}

/** The text of a digest as people write SQL: without backticks where none are needed, and without most of its blanks. */
export function tidy(text) {
	return text.replace(/`([a-z_]\w*)`/gi, (all, name) => (KEYWORDS.has(name.toLowerCase()) ? all : name))
		.replace(/ (?=[,.)])|(?<=[(.]) /g, '').replace(/(?<=\b(?!in|values|and|or|exists|as|key|on|into|from|where|set|by\b)\w+) \(/gi, '(');
}

/** A statement in one line, in colour, at most `limit` characters. Returns nodes. */
export function oneLine(sql, limit = 400) {
	const nodes = [];
	let used = 0, plain = '';
	for (const { kind, text } of tokens(sql.slice(0, limit * 2), limit)) {
		if (used >= limit) { plain += '…'; break; }
		const part = kind === 'space' ? ' ' : shown(used + text.length > limit ? text.slice(0, limit - used) : text);
		used += text.length;
		if (COLOURED[kind]) {
			if (plain) nodes.push(document.createTextNode(plain));
			plain = '';
			nodes.push(piece(kind, part));
		} else {
			plain += part;
		}
	}
	if (plain) nodes.push(document.createTextNode(plain));
	return nodes;
}

const CLAUSES = new Set(['select', 'from', 'where', 'set', 'values', 'having', 'limit', 'union', 'except', 'intersect', 'returning', 'window', 'group', 'order', 'with', 'for']);
const VERBS = new Set(['insert', 'update', 'delete', 'replace']);
const JOINS = new Set(['join', 'left', 'right', 'inner', 'cross', 'natural', 'straight_join']);

const wordOf = (token) => token?.kind === 'keyword' ? token.text.toLowerCase() : '';

/** Does a clause begin with the keyword `word`? */
function isClause(word, previous, next) {
	if (word === 'for') return next === 'update' || next === 'share';
	if (word === 'set') return previous !== 'character';
	if (word === 'from') return previous !== 'distinct' && previous !== 'show';
	return CLAUSES.has(word);
}

/** The statement with a line for each clause: [[depth, [{kind, text}]]]. Only white space between tokens changes. */
function layout(sql) {
	const all = tokens(sql).filter((t) => t.kind !== 'space'), lines = [[0, []]], open = [];
	let depth = 0, inJoin = false, between = false, previous = '';
	const line = (d) => { if (lines.at(-1)[1].length > 0) lines.push([d, []]); else lines.at(-1)[0] = d; };
	all.forEach((t, i) => {
		const word = wordOf(t), next = wordOf(all[i + 1]), isOp = t.kind === 'op', outside = open.length === 0 || open.at(-1);
		if (isOp && t.text === ')') {
			if (open.pop()) { depth -= 2; line(depth + 1); }
		} else if (outside && i > 0) {
			if (previous === ';' || isClause(word, previous, next)) { line(depth); inJoin = false; }
			else if (word === 'on' && next === 'duplicate') line(depth);
			else if (JOINS.has(word) && !inJoin && previous !== '(' && all[i + 1]?.text !== '(') { line(depth); inJoin = true; }
			else if (word === 'between') between = true;
			else if (word === 'and' && between) between = false;
			else if (word === 'and' || word === 'or') line(depth + 1);
			if (word === 'join') inJoin = false;
		}
		lines.at(-1)[1].push(t);
		if (isOp && t.text === '(') {
			open.push(next === 'select' || next === 'with');
			if (open.at(-1)) { depth += 2; line(depth); }
		}
		if (t.kind === 'comment' && !t.text.startsWith('/*')) line(depth);
		previous = word || t.text;
	});
	return lines.filter(([, list]) => list.length > 0);
}

/** Is there no space between two tokens? */
function tight(before, t) {
	if ([',', ')', ';', '.'].includes(t.text) || ['(', '.', '@'].includes(before.text)) return true;
	if (t.text === '(') return before.kind === 'word' || before.kind === 'quoted' || /^(?:if|left|right|replace|mod|database|count)$/i.test(before.text);
	return t.kind === 'string' && /^_\w+$/.test(before.text);
}

/** A statement laid out and in colour: an element. `onMark(i)` may replace the i-th placeholder by a node. */
export function pretty(sql, onMark) {
	const pre = h('pre.sql', { tabIndex: 0, 'aria-label': 'Statement' });
	let marks = 0;
	for (const [depth, list] of layout(sql)) {
		const line = h('div.sql-line', { css: { 'padding-inline-start': depth * 1.2 + 1.2 + 'em' } });
		list.forEach((t, i) => line.append(i > 0 && !tight(list[i - 1], t) ? ' ' : '', (t.kind === 'mark' && onMark?.(marks++)) || piece(t.kind, shown(t.text))));
		pre.append(line);
	}
	return pre;
}

/** The statement as it was sent, in colour. Line breaks stay, other hidden characters are escapes. */
export function asSent(sql) {
	const pre = h('pre.sql.sql-raw', { tabIndex: 0, 'aria-label': 'Statement as it was sent' });
	for (const t of tokens(sql)) pre.append(piece(t.kind, t.text.split('\n').map((line) => shown(line)).join('\n')));
	return pre;
}

const bare = (t) => t.kind === 'quoted' ? t.text.slice(1, -1) : t.text;

/** A short name: "author by id", "insert post", "commit". */
export function shortName(sql) {
	const list = tokens(sql.slice(0, 4000), 2000).filter((t) => t.kind !== 'space' && t.kind !== 'comment' && t.text !== '(');
	if (list.length === 0) return '';
	/* The name at a place, without what qualifies it; '' if there is none. */
	const nameAt = (i) => {
		const t = list[i], isName = t && (t.kind === 'word' || t.kind === 'quoted' || (t.kind === 'keyword' && !CLAUSES.has(wordOf(t)) && !VERBS.has(wordOf(t))));
		return !isName ? '' : bare(list[i + 1]?.text === '.' && list[i + 2] ? list[i + 2] : t);
	};
	const after = (word) => nameAt(list.findIndex((t, i) => wordOf(t) === word && nameAt(i + 1) !== '') + 1 || list.length);
	const verb = list[0].text.toLowerCase(), by = after('where') && ' by ' + after('where');
	const name = verb === 'select' ? (after('from') ? after('from') + by : 'select') : verb === 'update' ? 'update ' + nameAt(1) + by : verb === 'delete' ? 'delete ' + after('from') + by
		: verb === 'insert' || verb === 'replace' ? verb + ' ' + (after('into') || nameAt(1)) : list.slice(0, 3).filter((t) => t.kind !== 'op' && t.kind !== 'number').map((t) => t.text.toLowerCase()).join(' ');
	return shown(name.trim().slice(0, 60));
}

/* The box for a filter: completion of terms and values, the error of the proxy at its column, and saved filters. */
import { el, h, icon, button, small, iconButton, clear, menu, toast, announce } from './dom.js';
import { shown } from './text.js';
import { filterValue, traceOf, FINDINGS } from './record.js';
import { savedFilters, saveFilter } from './settings.js';
import { source } from './source.js';

/* The terms of querytap-filter(7): term, help, values; =FIELD stands for the values of that field in the latest records. */
const TERMS = `
d:|Duration, such as d:100ms+ or d:1s..5s|1ms+ 10ms+ 100ms+ 1s+
err|Statements that failed; err:1213 for one number|=errno
finding:|A finding; finding alone means any|${Object.keys(FINDINGS).filter((n) => !/^(?:error|deadlock|lock_wait)$/.test(n)).join(' ')}
op:|Verb of the statement|select insert update delete replace begin commit rollback set create alter drop call show use
table:|Table that the statement names|=_tables
clause:|Clause of the statement|where limit join into for_update for_share group_by having order_by union with
user:|User name; * stands for any characters|=username
db:|Default database|=database
rows:|Rows that were returned|1+ 100+ 1k+
affected:|Rows that were changed|1+ 100+
session:|Session ID|=conn_id
trx:|Number of the transaction within its session|=trx_id
trx|Statements within transactions
client:|Address or network of the client|=_client
cmd:|Command of the protocol|query prepare execute close ping init_db quit reset_connection change_user field_list
event:|Event of the record|query connect auth disconnect error n_plus_one write_loop prepare_once deadlock lock_wait lint notice
digest:|First digits of the digest|=digest
trace:|First digits of the trace ID|=_trace
tag.|A tag in a comment, such as tag.route:/posts*|=_tag
text:|Text in the statement, in upper or lower case
re:|Regular expression, also as /pattern/i
value:|Parameter of a prepared statement
sqlstate:|SQLSTATE of the error|=sqlstate
server:|Time until the first byte of the reply|50ms+ 1s+
stream:|Time from the first to the last byte of the reply|50ms+ 1s+
stall:|Time in which the client did not read|10ms+ 1s+
request:|Time in which the request arrived|10ms+
proxy:|Time that querytap itself added|1ms+
bytes:|Bytes of request and reply|64Ki+ 1Mi+
warnings|Statements with warnings
statements:|Statements in one command|2+
column:|Column of the result (needs log.rows)|=_column
attr.|Attribute that the client sent at its login|program_name:
qattr.|Query attribute
not|The next term must not match
or|One of both sides matches`.slice(1).split('\n').map((line) => line.split('|'));

const VALUES_MAX = 12, LOOK_BACK = 3000;
const EXAMPLES = [['Slow or failed', 'd:100ms+ or err'], ['Any finding', 'finding'], ['N+1', 'finding:n_plus_one or event:n_plus_one'],
	['Writes', 'op:insert,update,delete,replace'], ['Without housekeeping', 'event:query not op:set,begin,commit,rollback']];

/* Values that are not those of a field. */
const DERIVED = {
	__proto__: null,
	digest: (r) => [r.digest?.slice(0, 8)],
	_client: (r) => [r.client_addr?.replace(/:\d+$/, '')],
	_trace: (r) => [traceOf(r).slice(0, 8)],
	_tag: (r) => Object.keys(r.tags ?? {}).map((k) => k + ':'),
	_column: (r) => (r.column_names ?? []).flat(),
	_tables: (r) => Array.from((r.digest_text ?? '').matchAll(/(?:FROM|JOIN|INTO|UPDATE) `([^`]+)`(?! \.)/g), (m) => m[1]),
};

/** Values of a field in the latest records, the most frequent first. */
function seen(field) {
	const counts = new Map();
	for (const r of source.ring.records.slice(-LOOK_BACK)) {
		for (const v of DERIVED[field]?.(r) ?? [r[field]]) if (v !== undefined && v !== '') counts.set(String(v), (counts.get(String(v)) ?? 0) + 1);
	}
	return [...counts].sort((a, b) => b[1] - a[1]).map(([v]) => v);
}

/** `apply(q)` is called with a filter to show. */
export function FilterBox(apply, label = 'Filter') {
	let entries = [], active = -1;
	const input = h('input.filter-input', {
		type: 'text', role: 'combobox', 'aria-label': label, 'aria-autocomplete': 'list', 'aria-expanded': 'false', 'aria-controls': 'filter-list', spellcheck: 'false', autocomplete: 'off',
		autocapitalize: 'off', maxlength: '2000', placeholder: 'Filter: d:100ms+ or err', oninput: complete, onfocus: complete, onkeydown: onKey, onblur: () => setTimeout(close, 120),
	});
	const list = h('ul.filter-list', { id: 'filter-list', role: 'listbox', 'aria-label': 'Completions', hidden: true });
	const problem = h('div.filter-problem', { role: 'alert', hidden: true });
	const clearButton = iconButton('close', 'Clear the filter', () => { use(''); input.focus(); });
	const root = el('div.filter', el('div.filter-field', icon('filter'), input, clearButton, list), menu('', 'bookmark', savedMenu, { 'aria-label': 'Saved filters', title: 'Saved filters' }), problem);
	const value = () => input.value.trim();

	function set(q) {
		input.value = q;
		clearButton.hidden = q === '';
		hideProblem();
	}

	function use(q) {
		close();
		set(q);
		apply(q);
	}

	/** Add a term to the filter, as a click on a value does. */
	function add(term) {
		const q = value();
		if ((' ' + q + ' ').includes(' ' + term + ' ')) return;
		use(q === '' ? term : (/(?:^|\s)or(?:\s|$)|\|/i.test(q) ? '(' + q + ') ' : q + ' ') + term);
	}

	function hideProblem() {
		problem.hidden = true;
		input.removeAttribute('aria-invalid');
	}

	/** Show what the proxy says of a wrong filter, below the word that it is about. */
	function showProblem(message) {
		const characters = Array.from(input.value), join = (a, b) => characters.slice(Math.max(0, a), b).join('');
		const at = /^column (\d+): /.exec(message), nearest = /did you mean '([^']+)'\?/.exec(message)?.[1];
		const start = at ? Math.min(Math.max(Number(at[1]) - 1, 0), characters.length) : -1;
		const end = start + Math.max(1, /^[\w.*-]*/.exec(join(start))[0].length);
		clear(problem, el('span', shown(message, 300)), start >= 0 && [
			el('code.filter-echo', shown(join(start - 40, start), 60), el('mark', shown(join(start, end) || ' ')), shown(join(end, end + 40), 60)),
			nearest && small('Use ' + shown(nearest), () => use(join(0, start) + nearest + join(end)))]);
		problem.hidden = false;
		input.setAttribute('aria-invalid', 'true');
		if (start >= 0 && document.activeElement === input) input.setSelectionRange(join(0, start).length, join(0, start).length);
		announce(message);
	}

	/* --- completion --- */

	const word = () => /[^\s()|!]*$/.exec(input.value.slice(0, input.selectionStart ?? 0))[0];

	function candidates() {
		const text = word().toLowerCase(), split = /^([a-z_]+)(:|=|\.)(.*)$/i.exec(word());
		if (!split) {
			return TERMS.filter(([t]) => t.startsWith(text) && t !== text).slice(0, text === '' ? 9 : VALUES_MAX).map(([t, help]) => ({ insert: t, replace: text.length, help, more: /[:.]$/.test(t) }));
		}
		const [, name, sign, rest] = split, last = rest.slice(rest.lastIndexOf(',') + 1);
		const values = TERMS.find(([t]) => t === name + (sign === '=' ? ':' : sign) || (sign !== '.' && t === name))?.[2] ?? '';
		const list = values[0] === '=' ? seen(values.slice(1)).map((v) => (sign === '.' ? v : filterValue(v))) : values.split(' ');
		return list.filter((v) => v.toLowerCase().startsWith(last.toLowerCase()) && v !== last).slice(0, VALUES_MAX).map((v) => ({ insert: v, replace: last.length, more: v.endsWith(':') }));
	}

	function complete() {
		offer(document.activeElement === input ? candidates() : []);
		clear(list, entries.map((entry, i) => h('li', { role: 'option', id: 'filter-option-' + i, 'aria-selected': 'false', onpointerdown: (event) => { event.preventDefault(); choose(i); } },
			el('code', shown(entry.insert, 60)), el('span', entry.help))));
	}

	function close() { offer([]); }

	function offer(some) {
		entries = some;
		active = -1;
		list.hidden = entries.length === 0;
		input.setAttribute('aria-expanded', String(!list.hidden));
		input.removeAttribute('aria-activedescendant');
	}

	function move(step) {
		const n = entries.length;
		if (n === 0) return;
		active = (active + step + (active < 0 && step < 0 ? 1 : 0) + n) % n;
		[...list.children].forEach((node, i) => node.setAttribute('aria-selected', String(i === active)));
		list.children[active].scrollIntoView({ block: 'nearest' });
		input.setAttribute('aria-activedescendant', 'filter-option-' + active);
	}

	function choose(i) {
		const { insert, replace, more } = entries[i], at = input.selectionStart ?? input.value.length, before = input.value.slice(0, at - replace) + insert + (more ? '' : ' ');
		input.value = before + input.value.slice(at).replace(/^ /, more ? ' ' : '');
		input.setSelectionRange(before.length, before.length);
		complete();
	}

	function onKey(event) {
		const { key } = event;
		if (key === 'ArrowDown' || key === 'ArrowUp') {
			if (list.hidden) complete();
			move(key === 'ArrowDown' ? 1 : -1);
		} else if (key === 'Tab' && !event.shiftKey && entries.length > 0 && (active >= 0 || word() !== '')) choose(Math.max(active, 0));
		else if (key === 'Enter' && active >= 0) choose(active);
		else if (key === 'Enter') use(value());
		else if (key === 'Escape' && list.hidden) input.blur();
		else if (key === 'Escape') close();
		else return;
		event.preventDefault();
		event.stopPropagation();
	}

	function savedMenu(shut) {
		const saved = savedFilters(), q = value(), item = (one, ...content) => h('button.menu-item', { onclick: () => { shut(); use(one); } }, content);
		return [el('h3', 'Saved filters'), saved.length === 0 && el('p.note', 'None yet.'),
			saved.map((one) => el('div.menu-row', item(one, el('code', shown(one, 80))), iconButton('close', 'Forget ' + shown(one, 60), () => { saveFilter(one, false); shut(); }))),
			q !== '' && !saved.includes(q) && button('Save this filter', () => { saveFilter(q, true); shut(); toast('Filter saved'); }, { class: 'menu-item', icon: 'plus' }),
			el('h3', 'Examples'), EXAMPLES.map(([name, one]) => item(one, el('span', name), el('code', one)))];
	}

	return { root, input, set, add, showProblem, hideProblem };
}

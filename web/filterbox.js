/* The box for a filter: completion of terms and values, the error of the proxy at its column, and saved filters. */
import { el, h, icon, button, small, iconButton, clear, menu, toast, announce } from './dom.js';
import { TERMS } from './terms.js';
import { shown } from './text.js';
import { filterValue, traceOf } from './record.js';
import { savedFilters, saveFilter } from './settings.js';
import { source } from './source.js';

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

export class FilterBox {
	/** `apply(q)` is called with a filter to show. */
	constructor(apply, label = 'Filter') {
		this.apply = apply;
		this.entries = [];
		this.active = -1;
		this.input = h('input.filter-input', {
			type: 'text', role: 'combobox', 'aria-label': label, 'aria-autocomplete': 'list', 'aria-expanded': 'false', 'aria-controls': 'filter-list', spellcheck: 'false', autocomplete: 'off',
			autocapitalize: 'off', maxlength: '2000', placeholder: 'Filter: d:100ms+ or err',
			oninput: () => this.complete(), onfocus: () => this.complete(), onkeydown: (e) => this.onKey(e), onblur: () => setTimeout(() => this.close(), 120),
		});
		this.list = h('ul.filter-list', { id: 'filter-list', role: 'listbox', 'aria-label': 'Completions', hidden: true });
		this.problem = h('div.filter-problem', { role: 'alert', hidden: true });
		this.clearButton = iconButton('close', 'Clear the filter', () => { this.use(''); this.input.focus(); });
		this.root = el('div.filter', el('div.filter-field', icon('filter'), this.input, this.clearButton, this.list),
			menu('', 'bookmark', (close) => this.savedMenu(close), { 'aria-label': 'Saved filters', title: 'Saved filters' }), this.problem);
	}

	get value() { return this.input.value.trim(); }

	set(q) {
		this.input.value = q;
		this.clearButton.hidden = q === '';
		this.hideProblem();
	}

	/** Apply a filter. */
	use(q) {
		this.close();
		this.set(q);
		this.apply(q);
	}

	/** Add a term to the filter, as a click on a value does. */
	add(term) {
		const q = this.value;
		if ((' ' + q + ' ').includes(' ' + term + ' ')) return;
		this.use(q === '' ? term : (/(?:^|\s)or(?:\s|$)|\|/i.test(q) ? '(' + q + ') ' : q + ' ') + term);
	}

	hideProblem() {
		this.problem.hidden = true;
		this.input.removeAttribute('aria-invalid');
	}

	/** Show what the proxy says of a wrong filter, below the word that it is about. */
	showProblem(message) {
		const characters = Array.from(this.input.value), join = (a, b) => characters.slice(Math.max(0, a), b).join('');
		const at = /^column (\d+): /.exec(message), nearest = /did you mean '([^']+)'\?/.exec(message)?.[1];
		const start = at ? Math.min(Math.max(Number(at[1]) - 1, 0), characters.length) : -1;
		const end = start + Math.max(1, /^[\w.*-]*/.exec(join(start))[0].length);
		clear(this.problem, el('span', shown(message, 300)), start >= 0 && [
			el('code.filter-echo', shown(join(start - 40, start), 60), el('mark', shown(join(start, end) || ' ')), shown(join(end, end + 40), 60)),
			nearest && small('Use ' + shown(nearest), () => this.use(join(0, start) + nearest + join(end)))]);
		this.problem.hidden = false;
		this.input.setAttribute('aria-invalid', 'true');
		if (start >= 0 && document.activeElement === this.input) this.input.setSelectionRange(join(0, start).length, join(0, start).length);
		announce(message);
	}

	/* --- completion --- */

	word() { return /[^\s()|!]*$/.exec(this.input.value.slice(0, this.input.selectionStart ?? 0))[0]; }

	candidates() {
		const word = this.word(), split = /^([a-z_]+)(:|=|\.)(.*)$/i.exec(word);
		if (!split) {
			return TERMS.filter(([t]) => t.startsWith(word.toLowerCase()) && t !== word.toLowerCase()).slice(0, word === '' ? 9 : VALUES_MAX)
				.map(([t, help]) => ({ insert: t, replace: word.length, help, more: /[:.]$/.test(t) }));
		}
		const [, name, sign, rest] = split;
		const term = TERMS.find(([t]) => t === name + (sign === '=' ? ':' : sign) || (sign !== '.' && t === name));
		const last = rest.slice(rest.lastIndexOf(',') + 1);
		const values = term?.[2] ?? (term?.[3] ? seen(term[3]).map((v) => (sign === '.' ? v : filterValue(v))) : []);
		return values.filter((v) => v.toLowerCase().startsWith(last.toLowerCase()) && v !== last).slice(0, VALUES_MAX).map((v) => ({ insert: v, replace: last.length, more: v.endsWith(':') }));
	}

	complete() {
		this.offer(document.activeElement === this.input ? this.candidates() : []);
		clear(this.list, this.entries.map((entry, i) => h('li', {
			role: 'option', id: 'filter-option-' + i, 'aria-selected': 'false', onpointerdown: (event) => { event.preventDefault(); this.choose(i); },
		}, el('code', shown(entry.insert, 60)), el('span', entry.help))));
	}

	close() { this.offer([]); }

	offer(entries) {
		this.entries = entries;
		this.active = -1;
		this.list.hidden = entries.length === 0;
		this.input.setAttribute('aria-expanded', String(!this.list.hidden));
		this.input.removeAttribute('aria-activedescendant');
	}

	move(step) {
		const n = this.entries.length;
		if (n === 0) return;
		this.active = (this.active + step + (this.active < 0 && step < 0 ? 1 : 0) + n) % n;
		[...this.list.children].forEach((node, i) => node.setAttribute('aria-selected', String(i === this.active)));
		this.list.children[this.active].scrollIntoView({ block: 'nearest' });
		this.input.setAttribute('aria-activedescendant', 'filter-option-' + this.active);
	}

	choose(i) {
		const { insert, replace, more } = this.entries[i], { input } = this;
		const at = input.selectionStart ?? input.value.length, before = input.value.slice(0, at - replace) + insert + (more ? '' : ' ');
		input.value = before + input.value.slice(at).replace(/^ /, more ? ' ' : '');
		input.setSelectionRange(before.length, before.length);
		this.complete();
	}

	onKey(event) {
		const { key } = event;
		if (key === 'ArrowDown' || key === 'ArrowUp') {
			if (this.list.hidden) this.complete();
			this.move(key === 'ArrowDown' ? 1 : -1);
		} else if (key === 'Tab' && !event.shiftKey && this.entries.length > 0 && (this.active >= 0 || this.word() !== '')) this.choose(Math.max(this.active, 0));
		else if (key === 'Enter' && this.active >= 0) this.choose(this.active);
		else if (key === 'Enter') this.use(this.value);
		else if (key === 'Escape' && this.list.hidden) this.input.blur();
		else if (key === 'Escape') this.close();
		else return;
		event.preventDefault();
		event.stopPropagation();
	}

	/* --- saved filters --- */

	savedMenu(close) {
		const { value } = this, saved = savedFilters();
		const item = (q, ...content) => h('button.menu-item', { onclick: () => { close(); this.use(q); } }, content);
		return [el('h3', 'Saved filters'), saved.length === 0 && el('p.note', 'None yet.'),
			saved.map((q) => el('div.menu-row', item(q, el('code', shown(q, 80))), iconButton('close', 'Forget ' + shown(q, 60), () => { saveFilter(q, false); close(); }))),
			value !== '' && !saved.includes(value) && button('Save this filter', () => { saveFilter(value, true); close(); toast('Filter saved'); }, { class: 'menu-item', icon: 'plus' }),
			el('h3', 'Examples'), EXAMPLES.map(([name, q]) => item(q, el('span', name), el('code', q)))];
	}
}

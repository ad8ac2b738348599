/* The box for a filter: completion of terms and values, the error of the proxy at its column, and saved filters. */
import { el, h, icon, button, clear, menu, toast, announce } from './dom.js';
import { TERMS } from './terms.js';
import { shown } from './text.js';
import { filterValue, traceOf } from './record.js';
import { savedFilters, saveFilter, forgetFilter } from './settings.js';

const VALUES_MAX = 12;
const LOOK_BACK = 3000;

/** Values of a field in the latest records, the most frequent first. */
function seen(records, field) {
	const counts = new Map();
	const add = (v) => { if (v !== undefined && v !== '') counts.set(String(v), (counts.get(String(v)) ?? 0) + 1); };
	for (let i = Math.max(0, records.length - LOOK_BACK); i < records.length; i++) {
		const r = records[i];
		if (field === '_client') add(r.client_addr && r.client_addr.replace(/:\d+$/, ''));
		else if (field === '_trace') add(traceOf(r).slice(0, 8));
		else if (field === '_tag') for (const k of Object.keys(r.tags ?? {})) add(k + ':');
		else if (field === '_column') for (const list of r.column_names ?? []) if (Array.isArray(list)) list.forEach(add);
		else if (field === '_tables') for (const m of (r.digest_text ?? '').matchAll(/(?:FROM|JOIN|INTO|UPDATE) `([^`]+)`(?! \.)/g)) add(m[1]);
		else add(field === 'digest' && r.digest ? r.digest.slice(0, 8) : r[field]);
	}
	return [...counts].sort((a, b) => b[1] - a[1]).map(([v]) => v);
}

export class FilterBox {
	/** `apply(q)` is called with a filter to show, `records()` returns what values are taken from. */
	constructor({ apply, records, label = 'Filter' }) {
		this.apply = apply;
		this.records = records;
		this.entries = [];
		this.active = -1;
		this.input = h('input', {
			class: 'filter-input', type: 'text', role: 'combobox', 'aria-label': label, 'aria-autocomplete': 'list', 'aria-expanded': 'false',
			'aria-controls': 'filter-list', spellcheck: 'false', autocomplete: 'off', autocapitalize: 'off', maxlength: '2000',
			placeholder: 'Filter: d:100ms+ or err',
			oninput: () => this.complete(), onfocus: () => this.complete(), onkeydown: (e) => this.onKey(e), onblur: () => setTimeout(() => this.close(), 120),
		});
		this.list = h('ul.filter-list', { id: 'filter-list', role: 'listbox', 'aria-label': 'Completions', hidden: true });
		this.problem = h('div.filter-problem', { role: 'alert', hidden: true });
		this.clearButton = button('', () => { this.input.value = ''; this.submit(); this.input.focus(); },
			{ class: 'icon-button filter-clear', icon: 'close', 'aria-label': 'Clear the filter', hidden: true });
		this.saved = menu('', 'bookmark', (close) => this.savedMenu(close), { 'aria-label': 'Saved filters', title: 'Saved filters' });
		this.root = el('div.filter',
			el('div.filter-field', icon('filter'), this.input, this.clearButton, this.list), this.saved, this.problem);
	}

	get value() { return this.input.value.trim(); }

	set(q) {
		this.input.value = q;
		this.clearButton.hidden = q === '';
		this.hideProblem();
	}

	submit() {
		this.close();
		this.clearButton.hidden = this.value === '';
		this.hideProblem();
		this.apply(this.value);
	}

	/** Add a term to the filter, as a click on a value does. */
	add(term) {
		const q = this.value;
		if (!(' ' + q + ' ').includes(' ' + term + ' ')) {
			this.input.value = q === '' ? term : (/(?:^|\s)or(?:\s|$)|\|/i.test(q) ? '(' + q + ') ' : q + ' ') + term;
		}
		this.submit();
	}

	hideProblem() {
		this.problem.hidden = true;
		this.input.removeAttribute('aria-invalid');
	}

	/** Show what the proxy says of a wrong filter, below the word that it is about. */
	showProblem(message) {
		const text = this.input.value;
		const at = /^column (\d+): /.exec(message);
		const nearest = /did you mean '([^']+)'\?/.exec(message);
		const characters = Array.from(text);
		const start = at ? Math.min(Math.max(Number(at[1]) - 1, 0), characters.length) : -1;
		const parts = [];
		if (start >= 0) {
			let end = start;
			while (end < characters.length && /[\w.*-]/.test(characters[end])) end++;
			if (end === start) end = Math.min(start + 1, characters.length);
			const word = characters.slice(start, end).join('');
			parts.push(el('code.filter-echo', shown(characters.slice(Math.max(0, start - 40), start).join(''), 60),
				el('mark', word === '' ? ' ' : shown(word)), shown(characters.slice(end, end + 40).join(''), 60)));
			if (nearest) {
				parts.push(button('Use ' + shown(nearest[1]), () => {
					const rest = characters.slice(end).join('');
					this.input.value = characters.slice(0, start).join('') + nearest[1] + rest;
					this.submit();
				}, { class: 'button small' }));
			}
		}
		clear(this.problem, el('span', shown(message, 300)), ...parts);
		this.problem.hidden = false;
		this.input.setAttribute('aria-invalid', 'true');
		if (start >= 0 && document.activeElement === this.input) {
			const units = characters.slice(0, start).join('').length;
			this.input.setSelectionRange(units, units);
		}
		announce(message);
	}

	/* --- completion --- */

	word() {
		const before = this.input.value.slice(0, this.input.selectionStart ?? 0);
		return /[^\s()|!]*$/.exec(before)[0];
	}

	candidates() {
		const word = this.word();
		const split = /^([a-z_]+)(:|=|\.)(.*)$/i.exec(word);
		if (split) {
			const [, name, sign, rest] = split;
			const term = TERMS.find(([t]) => t === name + (sign === '=' ? ':' : sign) || (sign !== '.' && t === name));
			if (!term) return [];
			const last = rest.slice(rest.lastIndexOf(',') + 1);
			const values = term[2] ?? (term[3] ? seen(this.records(), term[3]).map((v) => (sign === '.' ? v : filterValue(v))) : []);
			return values.filter((v) => v.toLowerCase().startsWith(last.toLowerCase()) && v !== last).slice(0, VALUES_MAX)
				.map((v) => ({ insert: v, replace: last.length, label: v, help: '', more: v.endsWith(':') }));
		}
		return TERMS.filter(([t]) => t.startsWith(word.toLowerCase()) && t !== word.toLowerCase())
			.slice(0, word === '' ? 9 : VALUES_MAX).map(([t, help]) => ({ insert: t, replace: word.length, label: t, help, more: /[:.]$/.test(t) }));
	}

	complete() {
		this.entries = document.activeElement === this.input ? this.candidates() : [];
		this.active = -1;
		clear(this.list, this.entries.map((entry, i) => h('li', {
			role: 'option', id: 'filter-option-' + i, 'aria-selected': 'false',
			onpointerdown: (event) => { event.preventDefault(); this.choose(i); },
		}, el('code', shown(entry.label, 60)), el('span', entry.help))));
		this.list.hidden = this.entries.length === 0;
		this.input.setAttribute('aria-expanded', String(!this.list.hidden));
		this.input.removeAttribute('aria-activedescendant');
	}

	close() {
		this.list.hidden = true;
		this.entries = [];
		this.input.setAttribute('aria-expanded', 'false');
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
		const entry = this.entries[i];
		const at = this.input.selectionStart ?? this.input.value.length;
		const before = this.input.value.slice(0, at - entry.replace) + entry.insert + (entry.more ? '' : ' ');
		this.input.value = before + this.input.value.slice(at).replace(/^ /, entry.more ? ' ' : '');
		this.input.setSelectionRange(before.length, before.length);
		this.complete();
	}

	onKey(event) {
		if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
			if (this.list.hidden) this.complete();
			this.move(event.key === 'ArrowDown' ? 1 : -1);
		} else if (event.key === 'Tab' && !event.shiftKey && this.entries.length > 0 && (this.active >= 0 || this.word() !== '')) {
			this.choose(Math.max(this.active, 0));
		} else if (event.key === 'Enter') {
			if (this.active >= 0) this.choose(this.active);
			else this.submit();
		} else if (event.key === 'Escape') {
			if (this.list.hidden) this.input.blur();
			else this.close();
		} else {
			return;
		}
		event.preventDefault();
		event.stopPropagation();
	}

	/* --- saved filters --- */

	savedMenu(close) {
		const examples = [['Slow or failed', 'd:100ms+ or err'], ['Any finding', 'finding'], ['N+1', 'finding:n_plus_one or event:n_plus_one'],
			['Writes', 'op:insert,update,delete,replace'], ['Without housekeeping', 'event:query not op:set,begin,commit,rollback']];
		const use = (q) => { close(); this.input.value = q; this.submit(); };
		const saved = savedFilters();
		return [
			el('div.menu-title', 'Saved filters'),
			saved.length === 0 && el('p.menu-note', 'None yet.'),
			saved.map((q) => el('div.menu-row',
				h('button.menu-item', { onclick: () => use(q) }, el('code', shown(q, 80))),
				button('', () => { forgetFilter(q); close(); }, { class: 'icon-button', icon: 'close', 'aria-label': 'Forget ' + shown(q, 60) }))),
			this.value !== '' && !saved.includes(this.value) &&
				h('button.menu-item', { onclick: () => { saveFilter(this.value); close(); toast('Filter saved'); } },
					icon('plus'), ' Save this filter'),
			el('div.menu-title', 'Examples'),
			examples.map(([name, q]) => h('button.menu-item', { onclick: () => use(q) }, el('span', name), el('code', q))),
		];
	}
}

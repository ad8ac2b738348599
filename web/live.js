/* The view Live: the records of the stream as they come. */
import { el, h, icon, button, clear, menu, announce } from './dom.js';
import { count, duration, shown, clock, plural } from './text.js';
import { groupBy, failed } from './record.js';
import { VirtualList } from './vlist.js';
import { Histogram } from './histogram.js';
import { FilterBox } from './filterbox.js';
import { COLUMNS, STANDARD, chip } from './columns.js';
import { source, MAX } from './source.js';
import { address, go, note, listOf } from './router.js';
import { choice, remember, choices } from './settings.js';
import { statementPanel } from './statement.js';

const GROUPS = { __proto__: null, none: 'No groups', transaction: 'Transaction', scope: 'Scope', session: 'Session' };
const NARROW = 720, NARROW_COLUMNS = ['time', 'duration', 'result', 'statement', 'findings'];
const HEIGHT = 27, HEIGHT_NARROW = 54, HEAD = 28;
const DRAW_MS = 80, REGROUP_MS = 400, HISTOGRAM_MS = 400;

/* What is said where the list is empty, by the state of the stream. */
const EMPTY = {
	wrong: ['Nothing to show', 'The filter is wrong.'],
	refused: ['The proxy refuses the stream', '%. The page tries again every few seconds.'],
	lost: ['The proxy does not answer', '%. The page keeps trying.'],
	connecting: ['Reading…', ''],
	hidden: ['Paused', 'A tab that is hidden does not read.'],
};

/** Groups are made anew as records come, and have a key. */
function same(a, b) { return a === b || (a?.key !== undefined && a.key === b?.key); }

export class LiveView {
	constructor(root, route) {
		this.root = root;
		this.following = true;
		this.fresh = this.dropped = 0;
		this.list = [];
		this.opened = new Set();
		this.selected = null;
		this.group = choice('group', Object.keys(GROUPS));
		this.columns = choices('columns', COLUMNS.map((c) => c.id), STANDARD);
		this.build();
		this.listeners = { records: (e) => this.onRecords(e.detail), clear: () => this.onClear(), state: () => this.onState() };
		for (const type in this.listeners) source.addEventListener(type, this.listeners[type]);
		this.show(route);
	}

	build() {
		this.filter = new FilterBox((q) => this.goto({ q, r: '', from: '', to: '' }));
		this.add = (term) => this.filter.add(term);
		this.followButton = button('Following', () => this.setFollowing(!this.following), { class: 'button follow', 'aria-pressed': 'true', title: 'Follow new records (f)' });
		this.newer = button('', () => this.setFollowing(true), { class: 'newer', icon: 'down', hidden: true });
		this.histogram = new Histogram((from, to) => this.goto({ from, to }));
		this.zoomed = h('div.zoomed', { hidden: true });
		this.vlist = new VirtualList({ draw: (row, item, i, fast) => this.draw(row, item, i, fast), height: HEIGHT, label: 'Records', onscroll: (atEnd) => this.onScroll(atEnd) });
		this.head = h('div.row.head', { role: 'row' });
		this.vlist.scroller.prepend(h('div.vlist-head', { role: 'rowgroup' }, this.head));
		this.vlist.scroller.addEventListener('keydown', (e) => this.onKey(e));
		this.vlist.rows.addEventListener('click', (e) => this.onClick(e));
		this.empty = h('div.empty', { hidden: true });
		this.status = el('div.status-line');
		this.panel = h('aside.panel', { 'aria-label': 'Statement', hidden: true });
		this.frame = el('div.split', h('section.list-pane', { 'aria-label': 'Records' }, this.vlist.scroller, this.empty, this.newer, this.status), this.panel);
		clear(this.root, el('div.toolbar', this.filter.root, el('div.toolbar-end', this.followButton,
			menu('Group', 'group', (close) => this.groupMenu(close), { title: 'Group the list (g)' }), menu('Columns', 'columns', () => this.columnMenu(), { title: 'Choose columns' }))),
		this.histogram.root, this.zoomed, this.frame);
		this.resized = new ResizeObserver(() => this.layout());
		this.resized.observe(this.vlist.scroller);
	}

	destroy() {
		for (const type in this.listeners) source.removeEventListener(type, this.listeners[type]);
		this.vlist.destroy();
		this.resized.disconnect();
		clearTimeout(this.timer);
		clearTimeout(this.histogramTimer);
	}

	addressWith(changes) { return listOf({ ...this.route.params, group: this.group === 'none' ? '' : this.group, ...changes }); }

	goto(changes, replace) { go(this.addressWith(changes), replace); }

	/** Show what an address says. */
	show(route) {
		const { q = '', group, from, to, r } = route.params;
		const a = Number(from), b = Number(to), zoom = from && to && b > a ? [a, b] : null;
		const changed = String(zoom) !== String(this.zoom ?? null);
		this.route = route;
		if (GROUPS[group]) this.group = group;
		this.filter.set(q);
		source.use(q);
		this.zoom = zoom;
		if (zoom && changed) this.setFollowing(false, true);
		this.zoomed.hidden = !zoom;
		if (zoom) clear(this.zoomed, el('span', 'From ' + clock(a, 2) + ' to ' + clock(b, 2) + ', ' + duration(b - a)), button('Show all', () => this.unzoom(), { class: 'button small', icon: 'zoom-out', title: 'Show all (z)' }));
		this.layout();
		this.rebuild();
		this.onState();
		this.openKey(r);
	}

	unzoom() { this.goto({ from: '', to: '' }); }

	/* --- the list --- */

	onClear() {
		this.list = [];
		this.fresh = 0;
		this.selected = null;
		this.following = true;
		this.rebuild();
		this.drawHistogram();
	}

	onRecords({ list, dropped }) {
		if (!this.following) this.fresh += list.length;
		this.dropped += dropped;
		this.timer ||= setTimeout(() => { this.timer = 0; this.rebuild(); }, this.group === 'none' ? DRAW_MS : REGROUP_MS);
		this.drawHistogramSoon();
	}

	/** Bring the list up to date with the ring. */
	rebuild() {
		const plain = this.group === 'none', shift = plain && !this.zoom ? this.dropped * this.vlist.height : 0;
		this.dropped = 0;
		const { records } = source.ring;
		this.list = this.zoom ? records.filter((r) => r._t >= this.zoom[0] && r._t < this.zoom[1]) : records;
		if (!plain) this.list = this.grouped(this.list);
		this.vlist.scroller.setAttribute('role', plain ? 'grid' : 'treegrid');
		this.vlist.show(this.list);
		if (this.following) this.vlist.toEnd();
		else if (shift) this.vlist.scrollTo(Math.max(0, this.vlist.top - shift));
		this.drawStatus();
	}

	grouped(records) {
		const lines = [];
		for (const group of groupBy(records, this.group)) {
			lines.push(group);
			if (this.opened.has(group.key)) for (const r of group.records) lines.push(r);
		}
		return lines;
	}

	shownColumns(width) {
		const em = parseFloat(getComputedStyle(document.documentElement).fontSize);
		const needed = (c) => (c.width.endsWith('rem') ? parseFloat(c.width) * em + 11 : 20 * em);
		let list = COLUMNS.filter((c) => this.columns.includes(c.id));
		while (list.length > 3 && list.reduce((sum, c) => sum + needed(c), 0) > width) {
			const least = list.reduce((a, b) => (b.priority < a.priority ? b : a));
			list = list.filter((c) => c !== least);
		}
		return list;
	}

	layout() {
		const width = this.vlist.scroller.clientWidth || 1000;
		const narrow = width < NARROW;
		this.visible = narrow ? COLUMNS.filter((c) => NARROW_COLUMNS.includes(c.id)) : this.shownColumns(width);
		this.frame.classList.toggle('narrow', narrow);
		this.vlist.setHeight(narrow ? HEIGHT_NARROW : HEIGHT, narrow ? 0 : HEAD);
		const key = narrow ? 'none' : this.visible.map((c) => c.width).join(' ');
		if (key !== this.layoutKey) {
			this.layoutKey = key;
			this.vlist.scroller.style.setProperty('--columns', key);
			clear(this.head, this.visible.map((c) => h('div', { class: 'cell ' + (c.class ?? '').replace('dim', ''), role: 'columnheader' }, c.head)));
			for (const row of this.vlist.pool) row.kind = '';
		}
		if (this.following) this.vlist.toEnd();
		this.vlist.refresh();
		this.drawHistogramSoon();
	}

	draw(row, item, i, fast) {
		const isGroup = item.records !== undefined, selected = same(item, this.selected), level = this.group === 'none' ? '' : isGroup ? '1' : '2';
		row.id = 'row-' + i;
		row.setAttribute('aria-selected', String(selected));
		for (const [name, value] of [['aria-level', level], ['aria-expanded', isGroup ? String(this.opened.has(item.key)) : '']]) {
			if (value) row.setAttribute(name, value);
			else row.removeAttribute(name);
		}
		const wanted = 'row' + (selected ? ' selected' : '') + (isGroup ? ' group-row' : (failed(item) ? ' failed' : '') +
			(item._note || item.event === 'gap' ? ' gap' : item.event !== 'query' ? ' other' : '') + (level ? ' child' : ''));
		if (row.className !== wanted) row.className = wanted;
		if (isGroup) { this.drawGroup(row, item); return; }
		if (row.kind !== 'record' || row.childElementCount !== this.visible.length) {
			clear(row, this.visible.map((c) => h('div', { class: 'cell cell-' + c.id + ' ' + (c.class ?? ''), role: 'gridcell' })));
			row.kind = 'record';
		}
		this.visible.forEach((c, k) => c.draw(row.children[k], item, this.add, fast));
	}

	drawGroup(row, g) {
		row.kind = 'group';
		clear(row, h('div.cell.group-cell', { role: 'gridcell' }, icon(this.opened.has(g.key) ? 'down' : 'right'), el('strong', shown(g.label, 90)), el('span.dim', plural(g.records.length, 'record')),
			el('span.dim', duration(g.total) + ' in statements of ' + duration(g.last - g.first)), g.errors > 0 && el('span.error-text', plural(g.errors, 'error')), [...g.findings].slice(0, 3).map((f) => chip(f))));
	}

	drawStatus() {
		const { ring, state, q } = source;
		this.status.textContent = plural(ring.records.length, 'record') + (this.list !== ring.records ? ' · ' + count(this.list.length) + ' lines shown' : '') +
			(ring.dropped > 0 ? ' · the oldest ' + count(ring.dropped) + ' were dropped here (at most ' + count(MAX) + ' are kept)' : '');
		this.newer.hidden = this.following || this.fresh === 0;
		this.newer.lastChild.textContent = count(this.fresh) + ' new';
		this.empty.hidden = this.list.length > 0;
		if (this.empty.hidden) return;
		const [title, text] = EMPTY[state.state === 'reconnecting' ? 'lost' : state.state] ?? (q ? ['No record matches', 'None of the recent records match this filter. New ones appear as they come.']
			: ['Waiting for the first statement', 'Let your application connect to the proxy instead of the server. Each statement appears here.']);
		const whole = text.replace('%', () => shown(state.message));
		if (this.empty.textContent !== title + whole) clear(this.empty, el('h2', title), el('p', whole));
	}

	drawHistogramSoon() { this.histogramTimer ||= setTimeout(() => { this.histogramTimer = 0; this.drawHistogram(); }, this.histogramMs ?? 0); }

	/** The more there is, the less often. */
	drawHistogram() {
		const start = performance.now();
		this.histogram.show(source.ring.records, ...(this.zoom ?? []));
		this.histogramMs = HISTOGRAM_MS + 30 * (performance.now() - start);
	}

	onState() {
		const { state, message } = source.state;
		if (state === 'wrong') this.filter.showProblem(message);
		else if (state === 'live') this.filter.hideProblem();
		this.drawStatus();
	}

	setFollowing(on, quiet = false) {
		this.following = on;
		if (on) {
			this.fresh = 0;
			if (this.zoom && !quiet) { this.unzoom(); return; }
			this.vlist.toEnd();
		}
		this.followButton.setAttribute('aria-pressed', String(on));
		this.followButton.lastChild.textContent = on ? 'Following' : 'Paused';
		this.drawStatus();
	}

	onScroll(atEnd) {
		if (this.following && !atEnd && this.vlist.length === this.list.length) this.setFollowing(false, true);
		else if (!this.following && atEnd && !this.selected && !this.zoom && this.fresh > 0) this.setFollowing(true, true);
	}

	/* --- selection and the panel --- */

	onClick(event) {
		const row = event.target.closest('.row');
		if (!row || event.target.closest('button')) return;
		this.select(row.index);
		this.open();
	}

	/** Open what is selected: a group, or a record in the panel. */
	open() {
		const r = this.selected;
		if (!r) return;
		if (r.records) {
			if (!this.opened.delete(r.key)) this.opened.add(r.key);
			this.rebuild();
			this.vlist.refresh();
		} else if (r.id) {
			this.route.params.r = r.id;
			if (this.panel.hidden) this.goto({});
			else note(this.addressWith({}));
			this.fillPanel(r);
		}
	}

	select(i) {
		if (this.list.length === 0) return;
		this.index = Math.max(0, Math.min(this.list.length - 1, i));
		this.selected = this.list[this.index];
		if (this.following) this.setFollowing(false, true);
		this.vlist.reveal(this.index);
		this.vlist.refresh();
		this.vlist.scroller.setAttribute('aria-activedescendant', 'row-' + this.index);
	}

	fillPanel(r) {
		this.current = r;
		this.showPanel(true);
		clear(this.panel, statementPanel(r, { filter: this.add, close: () => this.closePanel(), step: (d) => this.step(d) }));
		this.panel.scrollTop = 0;
	}

	showPanel(on) {
		this.panel.hidden = !on;
		this.frame.classList.toggle('with-panel', on);
		this.layout();
	}

	openKey(key) {
		if (!key) {
			this.current = null;
			if (!this.panel.hidden) this.showPanel(false);
			clear(this.panel);
		} else if (this.current?.id !== key) {
			const i = this.list.findIndex((r) => r.id === key);
			if (i >= 0) { this.select(i); this.fillPanel(this.list[i]); }
			else if (!this.sought) { this.sought = true; go(address('statement', key), true); }
		}
	}

	closePanel() {
		this.goto({ r: '' });
		this.vlist.scroller.focus();
	}

	/** Select the record `d` lines further; without a selection one of those in sight. */
	step(d) {
		const at = same(this.list[this.index], this.selected) ? this.index : this.list.findIndex((r) => same(r, this.selected));
		if (this.selected && at >= 0) this.select(at + d);
		else this.select(this.following ? this.list.length - 1 : Math.floor(this.vlist.top / this.vlist.height));
		if (!this.panel.hidden && !this.selected.records) this.open();
	}

	onKey(event) {
		const page = this.vlist.pageSize, step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, PageDown: page, PageUp: -page }[event.key];
		if (event.ctrlKey || event.metaKey || event.altKey) return;
		if (step) this.step(step);
		else if (event.key === 'Home') this.select(0);
		else if (event.key === 'End') {
			this.selected = null;
			this.setFollowing(true);
			this.vlist.refresh();
		} else if (event.key === 'Enter' || event.key === ' ') this.open();
		else return;
		event.preventDefault();
	}

	/** Keys that work anywhere in the view. Returns whether this was one. */
	key(event) {
		const names = Object.keys(GROUPS);
		switch (event.key) {
			case '/': this.filter.input.select(); return true;
			case 'f': this.setFollowing(!this.following); return true;
			case 'z': this.unzoom(); return true;
			case 'g': this.setGroup(names[(names.indexOf(this.group) + 1) % names.length]); return true;
			case 'j': case 'k': case 'ArrowDown': case 'ArrowUp': this.onKey(event); return true;
			case 'o': if (this.current) go(address('statement', this.current.id)); return true;
			case 'Escape': if (!this.panel.hidden) this.closePanel(); return true;
			default: return false;
		}
	}

	/* --- menus --- */

	setGroup(by) {
		this.group = by;
		remember('group', by);
		this.selected = null;
		announce('Grouped by ' + GROUPS[by]);
		this.goto({}, true);
		this.rebuild();
	}

	groupMenu(close) {
		return Object.entries(GROUPS).map(([id, label]) => button(label, () => { close(); this.setGroup(id); }, { class: 'menu-item', icon: this.group === id ? 'check' : 'blank', 'aria-pressed': String(this.group === id) }));
	}

	columnMenu() {
		const set = (id, on) => {
			this.columns = COLUMNS.map((c) => c.id).filter((c) => c === 'statement' || (c === id ? on : this.columns.includes(c)));
			remember('columns', this.columns);
			this.layout();
		};
		return [el('h3', 'Columns'), COLUMNS.filter((c) => c.id !== 'statement').map((c) => el('label.menu-item', h('input', { type: 'checkbox', checked: this.columns.includes(c.id), onchange: (e) => set(c.id, e.target.checked) }), c.head)),
			el('p.note', 'Where there is no room for all of them, the list shows the most important.')];
	}
}

/* The view Live: the records of the stream as they come. */
import { el, h, icon, button, clear, menu, announce } from './dom.js';
import { count, duration, shown, clock, plural } from './text.js';
import { groupOf, failed } from './record.js';
import { VirtualList } from './vlist.js';
import { Histogram } from './histogram.js';
import { FilterBox } from './filterbox.js';
import { COLUMNS, STANDARD, chip } from './columns.js';
import { source } from './source.js';
import { MAX } from './ring.js';
import { address, go, note, listOf } from './router.js';
import { choice, setChoice, choices } from './settings.js';
import { statementPanel } from './statement.js';

const GROUPS = { __proto__: null, none: 'No groups', transaction: 'Transaction', scope: 'Scope', session: 'Session' };
const NARROW = 720, HEIGHT = 27, HEIGHT_NARROW = 54, HEAD = 28;
const DRAW_MS = 80, REGROUP_MS = 400, HISTOGRAM_MS = 400;

export class LiveView {
	constructor(root, route) {
		this.root = root;
		this.following = true;
		this.fresh = 0;
		this.list = [];
		this.opened = new Set();
		this.add = (term) => this.filter.add(term);
		this.selected = null;
		this.group = choice('group', Object.keys(GROUPS));
		this.columns = choices('columns', COLUMNS.map((c) => c.id), STANDARD);
		this.build();
		this.listeners = [['records', (e) => this.onRecords(e.detail)], ['clear', () => this.onClear()], ['state', () => this.onState()]];
		for (const [type, f] of this.listeners) source.addEventListener(type, f);
		this.show(route);
	}

	build() {
		this.filter = new FilterBox({ apply: (q) => go(this.addressWith({ q, r: undefined, from: undefined, to: undefined })), records: () => source.ring.records });
		this.followButton = button('Following', () => this.setFollowing(!this.following), { class: 'button follow', 'aria-pressed': 'true', title: 'Follow new records (f)' });
		this.newer = button('', () => this.setFollowing(true), { class: 'newer', icon: 'down', hidden: true });
		const tools = el('div.toolbar-end', this.followButton,
			menu('Group', 'group', (close) => this.groupMenu(close), { title: 'Group the list (g)' }),
			menu('Columns', 'columns', () => this.columnMenu(), { title: 'Choose columns' }));
		this.histogram = new Histogram((from, to) => go(this.addressWith({ from: String(from), to: String(to) })));
		this.zoomed = h('div.zoomed', { hidden: true });
		this.vlist = new VirtualList({ draw: (row, item, i, fast) => this.draw(row, item, i, fast), height: HEIGHT, label: 'Records', onscroll: (atEnd) => this.onScroll(atEnd) });
		this.head = h('div.row.head', { role: 'row' });
		this.vlist.scroller.prepend(h('div.vlist-head', { role: 'rowgroup' }, this.head));
		this.vlist.scroller.addEventListener('keydown', (e) => this.onKey(e));
		this.vlist.rows.addEventListener('click', (e) => this.onClick(e));
		this.empty = h('div.empty', { hidden: true });
		this.status = el('div.status-line');
		this.panel = h('aside.panel', { 'aria-label': 'Statement', hidden: true });
		this.frame = el('div.split',
			h('section.list-pane', { 'aria-label': 'Records' }, this.vlist.scroller, this.empty, this.newer, this.status), this.panel);
		clear(this.root, el('div.toolbar', this.filter.root, tools), this.histogram.root, this.zoomed, this.frame);
		this.resized = new ResizeObserver(() => this.layout());
		this.resized.observe(this.vlist.scroller);
	}

	destroy() {
		for (const [type, f] of this.listeners) source.removeEventListener(type, f);
		this.vlist.destroy();
		this.resized.disconnect();
		clearTimeout(this.timer);
		clearTimeout(this.histogramTimer);
	}

	addressWith(changes) {
		const { params } = this.route;
		return listOf({ q: params.q, from: params.from, to: params.to, group: this.group === 'none' ? '' : this.group, r: params.r, ...changes });
	}

	/** Show what an address says. */
	show(route) {
		this.route = route;
		const { q = '', group, from, to, r } = route.params;
		if (group && GROUPS[group]) this.group = group;
		this.filter.set(q);
		source.use(q);
		const a = Number(from), b = Number(to);
		const zoom = from && to && b > a ? [a, b] : null;
		const changed = String(zoom) !== String(this.zoom ?? null);
		this.zoom = zoom;
		if (zoom && changed) this.setFollowing(false, true);
		this.zoomed.hidden = !zoom;
		if (zoom) {
			clear(this.zoomed, el('span', 'From ' + clock(a, 2) + ' to ' + clock(b, 2) + ', ' + duration(b - a)),
				button('Show all', () => go(this.addressWith({ from: undefined, to: undefined })), { class: 'button small', icon: 'zoom-out', title: 'Show all (z)' }));
		}
		this.layout();
		this.rebuild();
		this.onState();
		this.openKey(r);
	}

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
		this.dropped = (this.dropped ?? 0) + dropped;
		if (!this.timer) this.timer = setTimeout(() => { this.timer = 0; this.rebuild(); }, this.group === 'none' ? DRAW_MS : REGROUP_MS);
		this.drawHistogramSoon();
	}

	/** Bring the list up to date with the ring. */
	rebuild() {
		const dropped = this.dropped ?? 0;
		this.dropped = 0;
		let records = source.ring.records;
		if (this.zoom) records = records.filter((r) => r._t >= this.zoom[0] && r._t < this.zoom[1]);
		this.list = this.group === 'none' ? records : this.grouped(records);
		const { scroller } = this.vlist;
		scroller.setAttribute('role', this.group === 'none' ? 'grid' : 'treegrid');
		const shift = dropped > 0 && !this.following && this.group === 'none' && !this.zoom ? dropped * this.vlist.height : 0;
		this.vlist.show(this.list);
		if (this.following) this.vlist.toEnd();
		else if (shift) this.vlist.scrollTo(Math.max(0, this.vlist.top - shift));
		this.drawStatus();
	}

	grouped(records) {
		const groups = new Map();
		for (const r of records) {
			const g = groupOf(r, this.group) ?? { key: '', label: 'Without a ' + this.group };
			let group = groups.get(g.key);
			if (!group) groups.set(g.key, group = { group: true, key: g.key, label: g.label, records: [], total: 0, errors: 0, findings: new Map(), first: r._t, last: r._t });
			group.records.push(r);
			if (r.event === 'query') group.total += r.duration_us ?? 0;
			group.last = Math.max(group.last, r._t + (r.event === 'query' ? r.duration_us ?? 0 : 0));
			if (failed(r)) group.errors++;
			for (const f of r.findings ?? []) group.findings.set(f, (group.findings.get(f) ?? 0) + 1);
		}
		const lines = [];
		for (const group of groups.values()) {
			lines.push(group);
			if (this.opened.has(group.key)) for (const r of group.records) lines.push(r);
		}
		return lines;
	}

	shownColumns() {
		const width = this.vlist.scroller.clientWidth || 1000;
		const em = parseFloat(getComputedStyle(document.documentElement).fontSize);
		let list = COLUMNS.filter((c) => this.columns.includes(c.id));
		const needed = () => list.reduce((sum, c) => sum + (c.width.endsWith('rem') ? parseFloat(c.width) * em + 11 : 20 * em), 0);
		while (needed() > width && list.length > 3) {
			const least = list.reduce((a, b) => (b.priority < a.priority ? b : a));
			list = list.filter((c) => c !== least);
		}
		return list;
	}

	layout() {
		const width = this.vlist.scroller.clientWidth;
		this.narrow = width > 0 && width < NARROW;
		this.visible = this.narrow ? COLUMNS.filter((c) => ['time', 'duration', 'result', 'statement', 'findings'].includes(c.id)) : this.shownColumns();
		this.frame.classList.toggle('narrow', this.narrow);
		const template = this.narrow ? '' : this.visible.map((c) => c.width).join(' ');
		const key = this.narrow + template;
		this.vlist.setHeight(this.narrow ? HEIGHT_NARROW : HEIGHT, this.narrow ? 0 : HEAD);
		if (key !== this.layoutKey) {
			this.layoutKey = key;
			this.vlist.scroller.style.setProperty('--columns', template || 'none');
			clear(this.head, this.visible.map((c) => h('div', { class: 'cell ' + (c.class ?? '').replace('dim', ''), role: 'columnheader' }, c.head)));
			for (const row of this.vlist.pool) row.replaceChildren();
		}
		if (this.following) this.vlist.toEnd();
		this.vlist.refresh();
		this.drawHistogramSoon();
	}

	draw(row, item, i, fast) {
		row.id = 'row-' + i;
		if (item.group) { this.drawGroup(row, item); return; }
		if (row.kind !== 'record' || row.childElementCount !== this.visible.length) {
			row.replaceChildren(...this.visible.map((c) => h('div', { class: 'cell cell-' + c.id + ' ' + (c.class ?? ''), role: 'gridcell' })));
			row.kind = 'record';
		}
		const wanted = 'row' + (item === this.selected ? ' selected' : '') + (failed(item) ? ' failed' : '') +
			(item.event === 'gap' || item.event === 'restart' ? ' gap' : item.event !== 'query' ? ' other' : '') + (this.group !== 'none' ? ' child' : '');
		if (row.className !== wanted) row.className = wanted;
		row.setAttribute('aria-selected', String(item === this.selected));
		row.removeAttribute('aria-expanded');
		if (this.group === 'none') row.removeAttribute('aria-level');
		else row.setAttribute('aria-level', '2');
		this.visible.forEach((c, k) => c.draw(row.children[k], item, this.add, fast));
	}

	drawGroup(row, g) {
		row.kind = 'group';
		row.className = 'row group-row' + (g === this.selected || (this.selected && this.selected.group && this.selected.key === g.key) ? ' selected' : '');
		const open = this.opened.has(g.key);
		row.setAttribute('aria-expanded', String(open));
		row.setAttribute('aria-level', '1');
		const findings = [...g.findings.keys()].slice(0, 3);
		row.replaceChildren(h('div.cell.group-cell', { role: 'gridcell' },
			icon(open ? 'down' : 'right'), el('strong', shown(g.label, 90)),
			el('span.dim', plural(g.records.length, 'record')),
			el('span.dim', duration(g.total) + ' in statements of ' + duration(g.last - g.first)),
			g.errors > 0 && el('span.error-text', plural(g.errors, 'error')),
			findings.map((f) => chip(f))));
	}

	drawStatus() {
		const { ring } = source;
		const parts = [plural(ring.records.length, 'record')];
		if (this.zoom || this.group !== 'none') parts.push(count(this.list.length) + ' lines shown');
		if (ring.dropped > 0) parts.push('the oldest ' + count(ring.dropped) + ' were dropped here (at most ' + count(MAX) + ' are kept)');
		const text = parts.join(' · ');
		if (this.status.textContent !== text) this.status.textContent = text;
		this.newer.hidden = this.following || this.fresh === 0;
		this.newer.lastChild.textContent = count(this.fresh) + ' new';
		this.showEmpty();
	}

	showEmpty() {
		const { state, message } = source.state;
		const none = this.list.length === 0;
		this.empty.hidden = !none;
		if (!none) return;
		const text = state === 'wrong' ? ['Nothing to show', 'The filter is wrong.']
			: state === 'refused' ? ['The proxy refuses the stream', shown(message) + '. The page tries again every few seconds.']
			: state === 'lost' || state === 'reconnecting' ? ['The proxy does not answer', shown(message) + '. The page keeps trying.']
				: state === 'connecting' ? ['Reading…', '']
					: source.q ? ['No record matches', 'None of the recent records match this filter. New ones appear as they come.']
						: ['Waiting for the first statement', 'Let your application connect to the proxy instead of the server. Each statement appears here.'];
		if (this.empty.textContent !== text.join('')) clear(this.empty, el('h2', text[0]), el('p', text[1]));
	}

	drawHistogramSoon() {
		if (!this.histogramTimer) this.histogramTimer = setTimeout(() => { this.histogramTimer = 0; this.drawHistogram(); }, this.histogramMs ?? 0);
	}

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
			if (this.zoom && !quiet) return go(this.addressWith({ from: undefined, to: undefined }));
			this.vlist.toEnd();
		}
		this.followButton.setAttribute('aria-pressed', String(on));
		this.followButton.lastChild.textContent = on ? 'Following' : 'Paused';
		this.drawStatus();
		return undefined;
	}

	onScroll(end) {
		if (this.following && !end && this.vlist.length === this.list.length) this.setFollowing(false, true);
		else if (!this.following && end && !this.selected && !this.zoom && this.fresh > 0) this.setFollowing(true, true);
	}

	/* --- selection and the panel --- */

	onClick(event) {
		const row = event.target.closest('.row');
		if (!row || row.index < 0 || event.target.closest('button')) return;
		this.select(row.index);
		const item = this.list[row.index];
		if (item.group) this.toggle(item);
		else this.openPanel(item);
	}

	select(i) {
		const item = this.list[i];
		if (!item) return;
		if (this.following) this.setFollowing(false, true);
		this.selected = item;
		this.index = i;
		this.vlist.reveal(i);
		this.vlist.refresh();
		this.vlist.scroller.setAttribute('aria-activedescendant', 'row-' + i);
	}

	toggle(group) {
		if (this.opened.has(group.key)) this.opened.delete(group.key);
		else this.opened.add(group.key);
		this.rebuild();
	}

	openPanel(r) {
		if (r._note || r.event === 'gap') return;
		this.route.params.r = r.id;
		const hash = this.addressWith({});
		if (this.panel.hidden) go(hash);
		else note(hash);
		this.fillPanel(r);
	}

	fillPanel(r) {
		this.current = r;
		this.panel.hidden = false;
		this.frame.classList.add('with-panel');
		clear(this.panel, statementPanel(r, {
			filter: (term) => this.filter.add(term),
			close: () => this.closePanel(),
			step: (d) => this.step(d),
		}));
		this.panel.scrollTop = 0;
		this.layout();
	}

	openKey(key) {
		if (!key) {
			if (!this.panel.hidden) {
				this.panel.hidden = true;
				this.frame.classList.remove('with-panel');
				this.current = null;
				clear(this.panel);
				this.layout();
			}
			return;
		}
		if (this.current && this.current.id === key) return;
		const i = this.list.findIndex((r) => !r.group && r.id === key);
		if (i >= 0) { this.select(i); this.fillPanel(this.list[i]); }
		else if (!this.sought) { this.sought = true; go(address('statement', key), true); }
	}

	closePanel() {
		if (this.panel.hidden) return;
		go(this.addressWith({ r: undefined }));
		this.vlist.scroller.focus();
	}

	step(d) {
		let i = (this.index ?? (d > 0 ? -1 : this.list.length)) + d;
		if (this.selected && this.list[this.index] !== this.selected) i = this.list.indexOf(this.selected) + d;
		if (i < 0 || i >= this.list.length) return;
		this.select(i);
		if (!this.panel.hidden && !this.list[i].group) this.openPanel(this.list[i]);
	}

	onKey(event) {
		const n = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, PageDown: this.vlist.pageSize, PageUp: -this.vlist.pageSize }[event.key];
		if (event.ctrlKey || event.metaKey || event.altKey) return;
		if (n !== undefined) {
			const at = this.selected ? this.list.indexOf(this.selected) : -1;
			if (at < 0) this.select(Math.max(0, Math.min(this.list.length - 1, Math.floor(this.vlist.top / this.vlist.height) + (this.following ? this.vlist.pageSize : 0))));
			else if (Math.abs(n) === 1) this.step(n);
			else this.select(Math.max(0, Math.min(this.list.length - 1, at + n)));
		} else if (event.key === 'Home') {
			this.select(0);
		} else if (event.key === 'End') {
			this.setFollowing(true);
			this.selected = null;
			this.vlist.refresh();
		} else if (event.key === 'Enter' || event.key === ' ') {
			const item = this.selected;
			if (!item) return;
			if (item.group) this.toggle(item);
			else this.openPanel(item);
		} else {
			return;
		}
		event.preventDefault();
	}

	/** Keys that work anywhere in the view. Returns whether this was one. */
	key(event) {
		switch (event.key) {
			case '/': this.filter.input.focus(); this.filter.input.select(); return true;
			case 'f': this.setFollowing(!this.following); return true;
			case 'z': if (this.zoom) go(this.addressWith({ from: undefined, to: undefined })); return true;
			case 'g': this.setGroup(Object.keys(GROUPS)[(Object.keys(GROUPS).indexOf(this.group) + 1) % 4]); return true;
			case 'j': case 'k': case 'ArrowDown': case 'ArrowUp': this.onKey(event); return true;
			case 'o': if (this.current) go(address('statement', this.current.id)); return true;
			case 'Escape': if (!this.panel.hidden) { this.closePanel(); return true; } return false;
			default: return false;
		}
	}

	/* --- menus --- */

	setGroup(by) {
		this.group = by;
		setChoice('group', by);
		this.selected = null;
		announce('Grouped by ' + GROUPS[by]);
		go(this.addressWith({}), true);
		this.rebuild();
	}

	groupMenu(close) {
		return Object.entries(GROUPS).map(([id, label]) => h('button', {
			class: 'menu-item', 'aria-pressed': String(this.group === id), onclick: () => { close(); this.setGroup(id); },
		}, icon(this.group === id ? 'check' : 'blank'), ' ' + label));
	}

	columnMenu() {
		const set = (id, on) => {
			const ids = COLUMNS.map((c) => c.id).filter((c) => (c === id ? on : this.columns.includes(c)));
			this.columns = ids.includes('statement') ? ids : [...ids, 'statement'];
			setChoice('columns', this.columns);
			this.layoutKey = '';
			this.layout();
		};
		return [el('div.menu-title', 'Columns'), COLUMNS.filter((c) => c.id !== 'statement').map((c) => el('label.menu-item',
			h('input', { type: 'checkbox', checked: this.columns.includes(c.id), onchange: (e) => set(c.id, e.target.checked) }), ' ' + c.head)),
		el('p.menu-note', 'Where there is no room for all of them, the list shows the most important.')];
	}
}

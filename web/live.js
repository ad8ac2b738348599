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

const GROUPS = { __proto__: null, none: 'No groups', transaction: 'Transaction', scope: 'Scope', session: 'Session' }, GROUP_NAMES = Object.keys(GROUPS), IDS = COLUMNS.map((c) => c.id);
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
const same = (a, b) => a === b || (a?.key !== undefined && a.key === b?.key);

export function LiveView(root, route) {
	let following = true, fresh = 0, dropped = 0, list = [], selected = null, index, current = null, sought = false, zoom = null, visible, layoutKey, timer = 0, histogramTimer = 0, histogramMs = 0;
	let group = choice('group', GROUP_NAMES), columns = choices('columns', IDS, STANDARD);
	const opened = new Set();
	const filter = new FilterBox((q) => goto({ q, r: '', from: '', to: '' })), add = (term) => filter.add(term);
	const followButton = button('Following', () => follow(!following), { class: 'button follow', title: 'Follow new records (f)' });
	const newer = button('', () => follow(true), { class: 'newer', icon: 'down', hidden: true });
	const histogram = new Histogram((from, to) => goto({ from, to }));
	const zoomed = h('div.zoomed', { hidden: true }), head = h('div.row.head', { role: 'row' }), empty = h('div.empty', { hidden: true }), status = el('div.status-line');
	const vlist = new VirtualList({ draw, height: HEIGHT, label: 'Records', onscroll: onScroll });
	const panel = h('aside.panel', { 'aria-label': 'Statement', hidden: true });
	const frame = el('div.split', h('section.list-pane', { 'aria-label': 'Records' }, vlist.scroller, empty, newer, status), panel);
	vlist.scroller.prepend(h('div.vlist-head', { role: 'rowgroup' }, head));
	vlist.scroller.addEventListener('keydown', onKey);
	vlist.rows.addEventListener('click', (event) => {
		const row = event.target.closest('.row');
		if (!row || event.target.closest('button')) return;
		select(row.index);
		open();
	});
	clear(root, el('div.toolbar', filter.root, el('div.toolbar-end', followButton, menu('Group', 'group', groupMenu, { title: 'Group the list (g)' }), menu('Columns', 'columns', columnMenu, { title: 'Choose columns' }))),
		histogram.root, zoomed, frame);
	const resized = new ResizeObserver(layout);
	resized.observe(vlist.scroller);

	const addressWith = (changes) => listOf({ ...route.params, group: group === 'none' ? '' : group, ...changes });
	const goto = (changes, replace) => go(addressWith(changes), replace);
	const unzoom = () => goto({ from: '', to: '' });

	function show(to) {
		const { q = '', group: by, from, to: until, r } = to.params, a = Number(from), b = Number(until), span = from && until && b > a ? [a, b] : null, changed = String(span) !== String(zoom);
		route = to;
		if (GROUPS[by]) group = by;
		filter.set(q);
		source.use(q);
		zoom = span;
		if (zoom && changed) follow(false, true);
		zoomed.hidden = !zoom;
		if (zoom) clear(zoomed, el('span', 'From ' + clock(a, 2) + ' to ' + clock(b, 2) + ', ' + duration(b - a)), button('Show all', unzoom, { class: 'button small', icon: 'zoom-out', title: 'Show all (z)' }));
		layout();
		rebuild();
		onState();
		openKey(r);
	}

	/* --- the list --- */

	const listeners = {
		clear() {
			list = [];
			fresh = 0;
			selected = null;
			following = true;
			rebuild();
			drawHistogram();
		},
		records({ detail }) {
			if (!following) fresh += detail.list.length;
			dropped += detail.dropped;
			timer ||= setTimeout(() => { timer = 0; rebuild(); }, group === 'none' ? DRAW_MS : REGROUP_MS);
			drawHistogramSoon();
		},
		state: onState,
	};

	/** Bring the list up to date with the ring. */
	function rebuild() {
		const plain = group === 'none', shift = plain && !zoom ? dropped * vlist.height : 0, { records } = source.ring;
		dropped = 0;
		list = zoom ? records.filter((r) => r._t >= zoom[0] && r._t < zoom[1]) : records;
		if (!plain) list = groupBy(list, group).flatMap((g) => (opened.has(g.key) ? [g, ...g.records] : g));
		vlist.scroller.setAttribute('role', plain ? 'grid' : 'treegrid');
		vlist.show(list);
		if (following) vlist.toEnd();
		else if (shift) vlist.scrollTo(Math.max(0, vlist.top - shift));
		drawStatus();
	}

	function shownColumns(width) {
		const em = parseFloat(getComputedStyle(document.documentElement).fontSize);
		const needed = (c) => (c.width.endsWith('rem') ? parseFloat(c.width) * em + 11 : 20 * em);
		let some = COLUMNS.filter((c) => columns.includes(c.id));
		while (some.length > 3 && some.reduce((sum, c) => sum + needed(c), 0) > width) {
			const least = some.reduce((a, b) => (b.priority < a.priority ? b : a));
			some = some.filter((c) => c !== least);
		}
		return some;
	}

	function layout() {
		const width = vlist.scroller.clientWidth || 1000, narrow = width < NARROW;
		visible = narrow ? COLUMNS.filter((c) => NARROW_COLUMNS.includes(c.id)) : shownColumns(width);
		frame.classList.toggle('narrow', narrow);
		vlist.setHeight(narrow ? HEIGHT_NARROW : HEIGHT, narrow ? 0 : HEAD);
		const key = narrow ? 'none' : visible.map((c) => c.width).join(' ');
		if (key !== layoutKey) {
			layoutKey = key;
			vlist.scroller.style.setProperty('--columns', key);
			clear(head, visible.map((c) => h('div', { class: 'cell ' + (c.class ?? '').replace('dim', ''), role: 'columnheader' }, c.head)));
			for (const row of vlist.pool) row.kind = '';
		}
		if (following) vlist.toEnd();
		vlist.refresh();
		drawHistogramSoon();
	}

	function draw(row, item, i, fast) {
		const isGroup = item.records !== undefined, isSelected = same(item, selected), level = group === 'none' ? '' : isGroup ? '1' : '2';
		row.id = 'row-' + i;
		row.setAttribute('aria-selected', String(isSelected));
		for (const [name, value] of [['aria-level', level], ['aria-expanded', isGroup ? String(opened.has(item.key)) : '']]) {
			if (value) row.setAttribute(name, value);
			else row.removeAttribute(name);
		}
		const wanted = 'row' + (isSelected ? ' selected' : '') + (isGroup ? ' group-row' : (failed(item) ? ' failed' : '') +
			(item._note || item.event === 'gap' ? ' gap' : item.event !== 'query' ? ' other' : '') + (level ? ' child' : ''));
		if (row.className !== wanted) row.className = wanted;
		if (isGroup) {
			row.kind = 'group';
			clear(row, h('div.cell.group-cell', { role: 'gridcell' }, icon(opened.has(item.key) ? 'down' : 'right'), el('strong', shown(item.label, 90)), el('span.dim', plural(item.records.length, 'record')),
				el('span.dim', duration(item.total) + ' in statements of ' + duration(item.last - item.first)), item.errors > 0 && el('span.error-text', plural(item.errors, 'error')), [...item.findings].slice(0, 3).map((f) => chip(f))));
			return;
		}
		if (row.kind !== 'record' || row.childElementCount !== visible.length) {
			clear(row, visible.map((c) => h('div', { class: 'cell cell-' + c.id + ' ' + (c.class ?? ''), role: 'gridcell' })));
			row.kind = 'record';
		}
		visible.forEach((c, k) => c.draw(row.children[k], item, add, fast));
	}

	function drawStatus() {
		const { ring, state, q } = source;
		status.textContent = plural(ring.records.length, 'record') + (list !== ring.records ? ' · ' + count(list.length) + ' lines shown' : '') +
			(ring.dropped > 0 ? ' · the oldest ' + count(ring.dropped) + ' were dropped here (at most ' + count(MAX) + ' are kept)' : '');
		newer.hidden = following || fresh === 0;
		newer.lastChild.textContent = count(fresh) + ' new';
		empty.hidden = list.length > 0;
		if (empty.hidden) return;
		const [title, text] = EMPTY[state.state === 'reconnecting' ? 'lost' : state.state] ?? (q ? ['No record matches', 'None of the recent records match this filter. New ones appear as they come.']
			: ['Waiting for the first statement', 'Let your application connect to the proxy instead of the server. Each statement appears here.']);
		const whole = text.replace('%', () => shown(state.message));
		if (empty.textContent !== title + whole) clear(empty, el('h2', title), el('p', whole));
	}

	function drawHistogramSoon() { histogramTimer ||= setTimeout(() => { histogramTimer = 0; drawHistogram(); }, histogramMs); }

	/** The more there is, the less often. */
	function drawHistogram() {
		const start = performance.now();
		histogram.show(source.ring.records, ...(zoom ?? []));
		histogramMs = HISTOGRAM_MS + 30 * (performance.now() - start);
	}

	function onState() {
		const { state, message } = source.state;
		if (state === 'wrong') filter.showProblem(message);
		else if (state === 'live') filter.hideProblem();
		drawStatus();
	}

	function follow(on, quiet = false) {
		following = on;
		if (on) {
			fresh = 0;
			if (zoom && !quiet) { unzoom(); return; }
			vlist.toEnd();
		}
		followButton.setAttribute('aria-pressed', String(on));
		followButton.lastChild.textContent = on ? 'Following' : 'Paused';
		drawStatus();
	}

	function onScroll(atEnd) {
		if (following && !atEnd && vlist.length === list.length) follow(false, true);
		else if (!following && atEnd && !selected && !zoom && fresh > 0) follow(true, true);
	}

	/* --- selection and the panel --- */

	/** Open what is selected: a group, or a record in the panel. */
	function open() {
		const r = selected;
		if (!r) return;
		if (r.records) {
			if (!opened.delete(r.key)) opened.add(r.key);
			rebuild();
			vlist.refresh();
		} else if (r.id) {
			route.params.r = r.id;
			if (panel.hidden) goto({});
			else note(addressWith({}));
			fillPanel(r);
		}
	}

	function select(i) {
		if (list.length === 0) return;
		index = Math.max(0, Math.min(list.length - 1, i));
		selected = list[index];
		if (following) follow(false, true);
		vlist.reveal(index);
		vlist.refresh();
		vlist.scroller.setAttribute('aria-activedescendant', 'row-' + index);
	}

	function fillPanel(r) {
		current = r;
		showPanel(true);
		clear(panel, statementPanel(r, { filter: add, close: closePanel, step }));
		panel.scrollTop = 0;
	}

	function showPanel(on) {
		panel.hidden = !on;
		frame.classList.toggle('with-panel', on);
		layout();
	}

	function openKey(key) {
		if (!key) {
			current = null;
			if (!panel.hidden) showPanel(false);
			clear(panel);
		} else if (current?.id !== key) {
			const i = list.findIndex((r) => r.id === key);
			if (i >= 0) { select(i); fillPanel(list[i]); }
			else if (!sought) { sought = true; go(address('statement', key), true); }
		}
	}

	function closePanel() {
		goto({ r: '' });
		vlist.scroller.focus();
	}

	/** Select the record `d` lines further; without a selection one of those in sight. */
	function step(d) {
		const at = same(list[index], selected) ? index : list.findIndex((r) => same(r, selected));
		if (selected && at >= 0) select(at + d);
		else select(following ? list.length - 1 : Math.floor(vlist.top / vlist.height));
		if (!panel.hidden && !selected.records) open();
	}

	function onKey(event) {
		const page = vlist.pageSize, lines = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, PageDown: page, PageUp: -page }[event.key];
		if (event.ctrlKey || event.metaKey || event.altKey) return;
		if (lines) step(lines);
		else if (event.key === 'Home') select(0);
		else if (event.key === 'End') {
			selected = null;
			follow(true);
			vlist.refresh();
		} else if (event.key === 'Enter' || event.key === ' ') open();
		else return;
		event.preventDefault();
	}

	/* Keys that work anywhere in the view. */
	const keys = {
		'/': () => filter.input.select(), f: () => follow(!following), z: unzoom, g: () => setGroup(GROUP_NAMES[(GROUP_NAMES.indexOf(group) + 1) % GROUP_NAMES.length]),
		j: onKey, k: onKey, ArrowDown: onKey, ArrowUp: onKey, o: () => { if (current) go(address('statement', current.id)); }, Escape: () => { if (!panel.hidden) closePanel(); },
	};

	/* --- menus --- */

	function setGroup(by) {
		group = by;
		remember('group', by);
		selected = null;
		announce('Grouped by ' + GROUPS[by]);
		goto({}, true);
		rebuild();
	}

	function groupMenu(close) {
		return GROUP_NAMES.map((id) => button(GROUPS[id], () => { close(); setGroup(id); }, { class: 'menu-item', icon: group === id ? 'check' : 'blank', 'aria-pressed': String(group === id) }));
	}

	function columnMenu() {
		const set = (id, on) => {
			columns = IDS.filter((c) => c === 'statement' || (c === id ? on : columns.includes(c)));
			remember('columns', columns);
			layout();
		};
		return [el('h3', 'Columns'), COLUMNS.filter((c) => c.id !== 'statement').map((c) => el('label.menu-item', h('input', { type: 'checkbox', checked: columns.includes(c.id), onchange: (e) => set(c.id, e.target.checked) }), c.head)),
			el('p.note', 'Where there is no room for all of them, the list shows the most important.')];
	}

	for (const type in listeners) source.addEventListener(type, listeners[type]);
	follow(true, true);
	show(route);
	return {
		show,
		key(event) {
			keys[event.key]?.(event);
			return Object.hasOwn(keys, event.key);
		},
		destroy() {
			for (const type in listeners) source.removeEventListener(type, listeners[type]);
			vlist.destroy();
			resized.disconnect();
			clearTimeout(timer);
			clearTimeout(histogramTimer);
		},
	};
}

const SVG = 'http://www.w3.org/2000/svg';
/* Paths of 24 by 24. */
const ICONS = {
	live: 'M3 12h4l3-8 4 16 3-8h4',
	digests: 'M4 20V10M10 20V4M16 20v-7M21 20H3',
	findings: 'M12 3a6 6 0 0 0-4 10.5V16h8v-2.500A6 6 0 0 0 12 3zM9 20h6',
	transactions: 'M3 6h9M8 12h9M14 18h7',
	sessions: 'M9 12a3 3 0 1 1 -6 0 3 3 0 1 1 6 0M21 12a3 3 0 1 1 -6 0 3 3 0 1 1 6 0M9 12h6',
	packets: 'M12 3l8 4.500v9L12 21l-8-4.500v-9zM4 7.500l8 4.5 8-4.500M12 12v9',
	memory: 'M6 6h12v12h-12zM10 2v4M14 2v4M10 18v4M14 18v4M2 10h4M2 14h4M18 10h4M18 14h4',
	filter: 'M3 5h18l-7 8v6l-4-2v-4z',
	bookmark: 'M6 3h12v18l-6-4-6 4z',
	close: 'M6 6l12 12M18 6L6 18',
	plus: 'M12 5v14M5 12h14',
	check: 'M5 12l5 5 9-10',
	blank: '',
	down: 'M6 9l6 6 6-6',
	up: 'M6 15l6-6 6 6',
	right: 'M9 6l6 6-6 6',
	group: 'M4 6h16M8 12h12M8 18h12',
	columns: 'M3 4h18v16h-18zM9 4v16M15 4v16',
	'zoom-out': 'M16 10a6 6 0 1 1 -12 0 6 6 0 1 1 12 0M15 15l6 6M7 10h6',
	copy: 'M8 8h12v12h-12zM16 4H6a2 2 0 0 0-2 2v10',
	expand: 'M14 4h6v6M20 4l-8 8M10 20H4v-6M4 20l8-8',
	error: 'M21 12a9 9 0 1 1 -18 0 9 9 0 1 1 18 0M12 7v6M12 16.500v.5',
	theme: 'M20 12a8 8 0 1 1 -16 0 8 8 0 1 1 16 0M12 4v16M15 5v14M18 7v10',
	help: 'M21 12a9 9 0 1 1 -18 0 9 9 0 1 1 18 0M9.5 9a2.5 2.5 0 1 1 3.5 2.300c-.7.4-1 .9-1 1.700M12 16.500v.5',
	mark: 'M6 21V4h12l-3 4 3 4H6',
};
const PROPERTIES = ['value', 'checked', 'hidden', 'tabIndex', 'open'];

function fill(node, props, children) {
	for (const [key, value] of Object.entries(props ?? {})) {
		if (value === undefined || value === null || value === false) continue;
		if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
		else if (key === 'css') for (const name in value) node.style.setProperty(name, value[name]);
		else if (PROPERTIES.includes(key)) node[key] = value;
		else node.setAttribute(key, value);
	}
	append(node, children);
	return node;
}

function append(node, children) {
	for (const child of children) {
		if (child === undefined || child === null || child === false) continue;
		if (Array.isArray(child)) append(node, child);
		else node.append(child);
	}
}

/** An element: h('a.x.y', { href: '#/live', onclick: f }, 'text', otherElement) has the classes x and y. */
export function h(name, props, ...children) {
	const [tag, ...classes] = name.split('.');
	const node = document.createElement(tag);
	if (tag === 'button') node.type = 'button';
	if (classes.length > 0) node.className = classes.join(' ');
	return fill(node, props, children);
}

/** The same without properties. They are two functions, so that nothing that came over the wire is ever taken for properties. */
export const el = (name, ...children) => h(name, null, ...children);

export const link = (href, ...children) => h('a', { href }, ...children);

/** The same for SVG. */
export const s = (tag, props, ...children) => fill(document.createElementNS(SVG, tag), props, children);

export const icon = (name) => s('svg', { class: 'icon', viewBox: '0 0 24 24', 'aria-hidden': 'true' }, s('path', { d: ICONS[name] }));

export function button(label, onclick, { icon: symbol, ...props } = {}) {
	return h('button', { onclick, ...props }, symbol && icon(symbol), label && el('span', label));
}

export const small = (label, onclick, props) => button(label, onclick, { class: 'button small', ...props });

export const iconButton = (name, label, onclick) => button('', onclick, { class: 'icon-button', icon: name, 'aria-label': label, title: label });

export function clear(node, ...children) {
	node.replaceChildren();
	append(node, children);
	return node;
}

export function announce(text) { document.getElementById('announcer').textContent = text; }

let toastTimer;
export function toast(text) {
	const node = document.getElementById('toast');
	node.textContent = text;
	node.hidden = false;
	clearTimeout(toastTimer);
	toastTimer = setTimeout(() => { node.hidden = true; }, 3500);
}

/** Open a dialog. Resolves to the value with which it is closed: the last child is made by actions(close). */
export function ask(title, content, actions) {
	return new Promise((resolve) => {
		const dialog = h('dialog.dialog', { 'aria-labelledby': 'dialog-title' }, h('h2', { id: 'dialog-title' }, title), content, el('div.dialog-actions', actions((value) => dialog.close(value))));
		dialog.addEventListener('close', () => { dialog.remove(); resolve(dialog.returnValue); });
		document.body.append(dialog);
		dialog.showModal();
	});
}

/** A menu that opens below its button. `entries(close)` returns the entries whenever it opens. */
export function menu(label, symbol, entries, props = {}) {
	const panel = h('div.menu-panel', { hidden: true });
	const opener = button(label, () => toggle(), { class: 'button', icon: symbol, 'aria-expanded': 'false', 'aria-haspopup': 'true', ...props });
	const root = el('div.menu', opener, panel);
	const outside = (event) => { if (!root.contains(event.target)) toggle(false); };
	function toggle(open = panel.hidden) {
		panel.hidden = !open;
		opener.setAttribute('aria-expanded', String(open));
		document.removeEventListener('pointerdown', outside);
		if (!open) return;
		clear(panel, entries(() => toggle(false)));
		document.addEventListener('pointerdown', outside);
		panel.querySelector('input, button')?.focus();
	}
	root.addEventListener('keydown', (event) => {
		if (event.key !== 'Escape' || panel.hidden) return;
		toggle(false);
		opener.focus();
		event.stopPropagation();
	});
	return root;
}

export async function copyText(text, what) {
	let done = true;
	try {
		await navigator.clipboard.writeText(text);
	} catch {
		const area = h('textarea.offscreen', { 'aria-hidden': 'true', value: text });
		document.body.append(area);
		area.select();
		done = document.execCommand('copy');
		area.remove();
	}
	toast(done ? what + ' copied' : 'The browser refused to copy');
}

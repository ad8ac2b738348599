/* Building the page's elements. Text only ever becomes text: no function here takes markup. */
const SVG = 'http://www.w3.org/2000/svg';
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
export function el(name, ...children) { return h(name, null, ...children); }

/** A link. */
export function link(href, ...children) { return h('a', { href }, ...children); }

/** The same for SVG. */
export function s(tag, props, ...children) { return fill(document.createElementNS(SVG, tag), props, children); }

/** One of the symbols of index.html. */
export function icon(name) { return s('svg', { class: 'icon', 'aria-hidden': 'true' }, s('use', { href: '#i-' + name })); }

export function button(label, onclick, { icon: symbol, ...props } = {}) {
	return h('button', { onclick, ...props }, symbol && icon(symbol), label && el('span', label));
}

/** A small button. */
export function small(label, onclick, props) { return button(label, onclick, { class: 'button small', ...props }); }

/** A button that has only a symbol. */
export function iconButton(name, label, onclick) { return button('', onclick, { class: 'icon-button', icon: name, 'aria-label': label, title: label }); }

export function clear(node, ...children) {
	node.replaceChildren();
	append(node, children);
	return node;
}

/** A sentence for screen readers only. */
export function announce(text) { document.getElementById('announcer').textContent = text; }

let toastTimer;
/** A short message at the bottom of the window. */
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

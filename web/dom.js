/* Building the page's elements. Text only ever becomes text: no function here takes markup. */

const SVG = 'http://www.w3.org/2000/svg';

function apply(node, props) {
	for (const [key, value] of Object.entries(props)) {
		if (value === undefined || value === null || value === false) continue;
		if (key === 'class') node.setAttribute('class', value);
		else if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
		else if (key === 'css') for (const [name, v] of Object.entries(value)) node.style.setProperty(name, v);
		else if (key === 'value' || key === 'checked' || key === 'disabled' || key === 'hidden' || key === 'tabIndex') node[key] = value;
		else node.setAttribute(key, value === true ? '' : String(value));
	}
}

function append(node, children) {
	for (const child of children) {
		if (child === undefined || child === null || child === false) continue;
		if (Array.isArray(child)) append(node, child);
		else node.append(child instanceof Node ? child : String(child));
	}
}

/** An element: h('a.x.y', { href: '#/live', onclick: f }, 'text', otherElement) has the classes x and y. */
export function h(name, props, ...children) {
	const [tag, ...classes] = name.split('.');
	const node = document.createElement(tag);
	if (tag === 'button') node.type = 'button';
	if (classes.length > 0) node.className = classes.join(' ');
	if (props) apply(node, props);
	append(node, children);
	return node;
}

/** The same without properties. They are two functions, so that nothing that came over the wire is ever taken for properties. */
export function el(name, ...children) { return h(name, null, ...children); }

/** The same for SVG. */
export function s(tag, props, ...children) {
	const node = document.createElementNS(SVG, tag);
	if (props) apply(node, props);
	append(node, children);
	return node;
}

/** One of the symbols of index.html. */
export function icon(name) {
	return s('svg', { class: 'icon', 'aria-hidden': 'true' }, s('use', { href: '#i-' + name }));
}

export function button(label, onclick, props = {}) {
	const { icon: symbol, ...rest } = props;
	return h('button', { onclick, ...rest }, symbol && icon(symbol), label && h('span', null, label));
}

export function clear(node, ...children) {
	node.replaceChildren();
	append(node, children);
	return node;
}

/** A sentence for screen readers only. */
export function announce(text) {
	const region = document.getElementById('announcer');
	if (region.textContent !== text) region.textContent = text;
}

let toastTimer;
/** A short message at the bottom of the window. */
export function toast(text) {
	const node = document.getElementById('toast');
	node.textContent = text;
	node.hidden = false;
	clearTimeout(toastTimer);
	toastTimer = setTimeout(() => { node.hidden = true; }, 3500);
}

/** Ask before something that cannot be undone. Resolves to whether it was confirmed. */
export function confirmed(title, text, verb) {
	return new Promise((resolve) => {
		const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': 'confirm-title' },
			h('h2', { id: 'confirm-title' }, title), h('p', null, text),
			h('div', { class: 'dialog-actions' },
				button('Cancel', () => dialog.close('no'), { class: 'button' }),
				button(verb, () => dialog.close('yes'), { class: 'button danger' })));
		dialog.addEventListener('close', () => { dialog.remove(); resolve(dialog.returnValue === 'yes'); });
		document.body.append(dialog);
		dialog.showModal();
	});
}

/** A menu that opens below its button. `fill` returns the entries whenever it opens. */
export function menu(label, symbol, fill, props = {}) {
	const panel = h('div', { class: 'menu-panel', hidden: true });
	const opener = button(label, () => toggle(), { class: 'button', icon: symbol, 'aria-expanded': 'false', 'aria-haspopup': 'true', ...props });
	const root = h('div', { class: 'menu' }, opener, panel);
	function outside(event) { if (!root.contains(event.target)) toggle(false); }
	function toggle(open = panel.hidden) {
		if (open) {
			clear(panel, ...fill(() => toggle(false)));
			panel.hidden = false;
			document.addEventListener('pointerdown', outside);
			const first = panel.querySelector('input, button, a');
			if (first) first.focus();
		} else {
			panel.hidden = true;
			document.removeEventListener('pointerdown', outside);
		}
		opener.setAttribute('aria-expanded', String(open));
	}
	root.addEventListener('keydown', (event) => {
		if (event.key === 'Escape' && !panel.hidden) { toggle(false); opener.focus(); event.stopPropagation(); }
	});
	return root;
}

export async function copyText(text, what) {
	try {
		await navigator.clipboard.writeText(text);
		toast(what + ' copied');
		return true;
	} catch {
		const area = h('textarea', { class: 'offscreen', 'aria-hidden': 'true' });
		area.value = text;
		document.body.append(area);
		area.select();
		const done = document.execCommand('copy');
		area.remove();
		toast(done ? what + ' copied' : 'The browser refused to copy');
		return done;
	}
}

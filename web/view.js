/* What the views other than Live have in common: a heading, content that is loaded, and loading it again while it is looked at. */
import { el, h, clear } from './dom.js';
import { shown } from './text.js';

export class View {
	/** Derived views have load(route), which returns data, and draw(data, route), which shows them; `every` is in milliseconds. */
	constructor(root, route, { every = 0 } = {}) {
		this.root = root;
		this.every = every;
		this.problem = h('p.banner.banner-error', { role: 'alert', hidden: true });
		this.body = h('div');
		this.page = el('div.page-body', this.problem, this.body);
		this.again = () => { if (!document.hidden && this.alive) this.refresh(); };
		this.alive = true;
		document.addEventListener('visibilitychange', this.again);
		clear(root, this.page);
		this.show(route);
	}

	show(route) {
		this.route = route;
		if (this.begin) this.begin(route);
		this.refresh();
	}

	async refresh() {
		clearTimeout(this.timer);
		const { route } = this;
		try {
			const data = await this.load(route);
			if (!this.alive || this.route !== route) return;
			this.problem.hidden = true;
			this.draw(data, route);
		} catch (error) {
			if (!this.alive || this.route !== route) return;
			this.problem.textContent = shown(error.message);
			this.problem.hidden = false;
			if (this.failed) this.failed(error);
		}
		if (this.every > 0 && !document.hidden) this.timer = setTimeout(this.again, this.every);
	}

	key(event) { return this.table ? this.table.key_(event) : false; }

	destroy() {
		this.alive = false;
		clearTimeout(this.timer);
		document.removeEventListener('visibilitychange', this.again);
	}
}

/** A heading with a sentence, and what stands at its end. */
export function heading(title, text, ...end) {
	return el('header.view-head', el('div', el('h2', title), text && el('p.dim', text)), el('div.panel-actions', end));
}

export function figures(entries) {
	return el('dl.figures', entries.filter(([, v]) => v !== undefined && v !== '').map(([k, v]) => el('div', el('dt', k), el('dd', v))));
}

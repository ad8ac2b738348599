/* A list of any length with rows of one height. Only the rows in sight have elements, and these are reused. */
import { h } from './dom.js';

export class VirtualList {
	/** `draw(row, index)` fills the element of a row; `height` is that of a row in pixels. */
	constructor({ draw, height, label, onscroll, rowClass = 'row' }) {
		this.draw = draw;
		this.height = height;
		this.rowClass = rowClass;
		this.length = 0;
		this.pool = [];
		this.headHeight = 0;
		this.spacer = h('div.vlist-spacer', { role: 'presentation' });
		this.rows = h('div.vlist-rows', { role: 'rowgroup' });
		this.scroller = h('div.vlist', { tabIndex: 0, role: 'grid', 'aria-label': label }, this.spacer, this.rows);
		this.scroller.addEventListener('scroll', () => {
			this.schedule();
			if (onscroll) onscroll();
		}, { passive: true });
		this.observer = new ResizeObserver(() => this.refresh());
		this.observer.observe(this.scroller);
	}

	destroy() { this.observer.disconnect(); cancelAnimationFrame(this.frame); }

	setLength(length) {
		this.length = length;
		this.scroller.setAttribute('aria-rowcount', String(length));
		this.spacer.style.height = length * this.height + 'px';
	}

	setHeight(height) {
		if (height === this.height) return;
		const top = this.scroller.scrollTop / this.height;
		this.height = height;
		this.setLength(this.length);
		this.scroller.scrollTop = top * height;
	}

	get atEnd() {
		const { scrollTop, clientHeight, scrollHeight } = this.scroller;
		return scrollTop + clientHeight >= scrollHeight - this.height;
	}

	toEnd() { this.scroller.scrollTop = this.length * this.height; }

	show(index) {
		const top = index * this.height, view = this.scroller.clientHeight - this.headHeight;
		if (top < this.scroller.scrollTop) this.scroller.scrollTop = top;
		else if (top + this.height > this.scroller.scrollTop + view) this.scroller.scrollTop = top + this.height - view;
	}

	get pageSize() { return Math.max(1, Math.floor(this.scroller.clientHeight / this.height) - 1); }

	schedule() {
		if (!this.frame) this.frame = requestAnimationFrame(() => { this.frame = 0; this.place(false); });
	}

	refresh() { this.place(true); }

	/** Give the rows in sight their elements; those that show the right record already stay as they are, unless `all`. */
	place(all) {
		const view = this.scroller.clientHeight;
		if (view === 0) return;
		const first = Math.max(0, Math.floor(this.scroller.scrollTop / this.height) - 3);
		const n = Math.min(this.length - first, Math.ceil(view / this.height) + 7);
		while (this.pool.length < n) {
			const row = h('div', { class: this.rowClass, role: 'row' });
			this.pool.push(row);
			this.rows.append(row);
		}
		const size = this.pool.length;
		for (let i = first; i < first + size; i++) {
			const row = this.pool[i % size];
			const hidden = i >= first + n;
			if (row.hidden !== hidden) row.hidden = hidden;
			if (hidden) { row.index = -1; continue; }
			if (all || row.index !== i) {
				row.index = i;
				row.style.transform = 'translateY(' + i * this.height + 'px)';
				row.setAttribute('aria-rowindex', String(i + 1));
				this.draw(row, i);
			}
		}
	}
}

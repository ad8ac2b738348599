/* A list of any length with rows of one height. Only the rows in sight have elements, and these are reused. */
import { h } from './dom.js';

const FAST_ROWS = 6, REST_MS = 120;

export class VirtualList {
	/** `draw(row, item, index, fast)` fills the element of a row, with less work if `fast`: then it is drawn again when the list rests. `height` is
	 * that of a row in pixels; `onscroll(atEnd)` is called when the list was scrolled. */
	constructor({ draw, height, label, onscroll }) {
		Object.assign(this, { draw, height, list: [], length: 0, pool: [], view: 0, top: 0, first: 0, head: 0 });
		this.spacer = h('div.vlist-spacer', { role: 'presentation' });
		this.rows = h('div.vlist-rows', { role: 'rowgroup' });
		this.scroller = h('div.vlist', { tabIndex: 0, role: 'grid', 'aria-label': label }, this.spacer, this.rows);
		this.scroller.addEventListener('scroll', () => {
			this.top = this.scroller.scrollTop;
			if (!this.frame) this.frame = requestAnimationFrame(() => { this.frame = 0; this.place(false); });
			onscroll(this.top + this.view >= (this.length - 1) * this.height + this.head);
		}, { passive: true });
		this.observer = new ResizeObserver(() => { this.view = this.scroller.clientHeight; this.refresh(); });
		this.observer.observe(this.scroller);
	}

	destroy() {
		this.observer.disconnect();
		cancelAnimationFrame(this.frame);
		clearTimeout(this.resting);
	}

	/** Show `list`, which may have grown since. Rows whose record is the same stay as they are. */
	show(list) {
		this.list = list;
		if (list.length !== this.length) {
			this.length = list.length;
			this.scroller.setAttribute('aria-rowcount', String(this.length));
			this.resize();
		}
		this.place(false);
	}

	resize() { this.spacer.style.height = this.length * this.height + 'px'; }

	/** The height of a row, and of what stands above the first one, in pixels. */
	setHeight(height, head) {
		const row = this.top / this.height;
		this.head = head;
		if (height === this.height) return;
		this.height = height;
		for (const one of this.pool) one.index = -1;
		this.resize();
		this.scrollTo(row * height);
	}

	/** Scroll, without asking the browser for a layout before. */
	scrollTo(top) {
		this.scroller.scrollTop = top;
		this.top = Math.max(0, Math.min(top, this.length * this.height + this.head - this.view));
	}

	toEnd() { this.scrollTo(this.length * this.height + this.head); }

	reveal(index) {
		const top = index * this.height, view = this.view - this.head;
		if (top < this.top) this.scrollTo(top);
		else if (top + this.height > this.top + view) this.scrollTo(top + this.height - view);
	}

	get pageSize() { return Math.max(1, Math.floor(this.view / this.height) - 1); }

	refresh() { this.place(true); }

	/** Give the rows in sight their elements, and draw those that show another record than before, or all of them. */
	place(all) {
		if (this.view === 0) return;
		const first = Math.max(0, Math.floor(this.top / this.height) - 3);
		const n = Math.min(this.length - first, Math.ceil(this.view / this.height) + 7);
		const fast = !all && Math.abs(first - this.first) > FAST_ROWS;
		this.first = first;
		while (this.pool.length < n) {
			const row = h('div.row', { role: 'row' });
			this.pool.push(row);
			this.rows.append(row);
		}
		const size = this.pool.length;
		for (let i = first; i < first + size; i++) {
			const row = this.pool[i % size];
			const hidden = i >= first + n;
			if (row.hidden !== hidden) row.hidden = hidden;
			if (hidden) { row.item = null; continue; }
			if (row.index !== i) {
				row.index = i;
				row.style.top = i * this.height + 'px';
				row.setAttribute('aria-rowindex', String(i + 1));
			} else if (!all && row.item === this.list[i]) {
				continue;
			}
			row.item = this.list[i];
			this.draw(row, row.item, i, fast);
		}
		if (fast) {
			clearTimeout(this.resting);
			this.resting = setTimeout(() => this.refresh(), REST_MS);
		}
	}
}

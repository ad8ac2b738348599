/* The records of the present filter: one ring and one stream for all views of this tab. */
import { Feed } from './feed.js';
import { Ring } from './ring.js';

class Source extends EventTarget {
	constructor() {
		super();
		this.ring = new Ring();
		this.q = undefined;
		this.state = { state: 'connecting', message: '' };
	}

	/** Read the records that `q` selects, from now on. */
	use(q) {
		if (q === this.q) return;
		if (this.feed) this.feed.stop();
		this.q = q;
		this.ring.clear();
		this.emit('clear');
		this.feed = new Feed(q, {
			records: (list) => {
				const dropped = this.ring.add(list);
				this.emit('records', { list, dropped });
			},
			state: (state) => { this.state = state; this.emit('state'); },
		});
		this.feed.start();
	}

	/** Try again at once. */
	again() {
		const q = this.q;
		this.q = undefined;
		this.use(q);
	}

	/** Records a second, in the last five seconds. */
	perSecond() {
		const since = (Date.now() - 5000) * 1000, { records } = this.ring;
		let i = records.length;
		while (i > 0 && records[i - 1]._t > since) i--;
		return (records.length - i) / 5;
	}

	emit(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }
}

export const source = new Source();

/* A page that is left may be kept for the way back. Until then another tab may read. */
addEventListener('pagehide', () => { if (source.feed) source.feed.leave(); });
addEventListener('pageshow', (event) => { if (event.persisted && source.feed) source.feed.onVisible(); });

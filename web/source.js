/* The records of the present filter: one ring and one stream for all views of this tab. */
import { Feed } from './feed.js';

/** Records that are kept, and characters of their JSON. */
export const MAX = 100000;
const MAX_CHARS = 160e6, STEP = 5000;

/** The last records of the stream. The oldest are dropped, and counted. */
class Ring {
	records = [];
	dropped = 0;
	chars = 0;

	/** Add records; returns how many of the oldest were dropped for them. */
	add(list) {
		for (const r of list) { this.records.push(r); this.chars += r._size; }
		const { length } = this.records, many = length > MAX ? Math.min(length, length - MAX + STEP) : 0;
		let n = 0;
		while (n < many || (n < length && this.chars > MAX_CHARS)) this.chars -= this.records[n++]._size;
		if (n > 0) this.records.splice(0, n);
		this.dropped += n;
		return n;
	}
}

class Source extends EventTarget {
	ring = new Ring();
	state = { state: 'connecting', message: '' };

	/** Read the records that `q` selects, from now on. */
	use(q) {
		if (q === this.q) return;
		this.feed?.stop();
		this.q = q;
		this.ring = new Ring();
		this.emit('clear');
		this.feed = Feed(q, (list) => this.emit('records', { list, dropped: this.ring.add(list) }), (state) => {
			this.state = state;
			this.emit('state');
		});
	}

	again() {
		const { q } = this;
		this.q = undefined;
		this.use(q);
	}

	/** The latest executions of a digest that are here, at most `n`. */
	executions(digest, n) { return this.ring.records.filter((r) => r.digest === digest && r.event === 'query' && r.duration_us !== undefined).slice(-n); }

	/** Records a second, in the last five seconds. */
	perSecond() {
		const since = (Date.now() - 5000) * 1000, { records } = this.ring;
		return (records.length - 1 - records.findLastIndex((r) => r._t <= since)) / 5;
	}

	emit(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }
}

export const source = new Source();

/* A page that is left may be kept for the way back. Until then another tab may read. */
addEventListener('pagehide', () => source.feed?.leave());
addEventListener('pageshow', (event) => { if (event.persisted) source.feed?.onVisible(); });

/* The last records of the stream: at most MAX, and at most MAX_CHARS of JSON. The oldest are dropped, and counted. */
export const MAX = 100000;
export const MAX_CHARS = 160e6;
const STEP = 5000;

export class Ring {
	constructor() { this.clear(); }

	clear() {
		this.records = [];
		this.dropped = 0;
		this.chars = 0;
	}

	/** Add records; returns how many of the oldest were dropped for them. */
	add(list) {
		for (const r of list) { this.records.push(r); this.chars += r._size; }
		let n = 0;
		if (this.records.length > MAX) n = Math.min(this.records.length, this.records.length - MAX + STEP);
		let chars = this.chars;
		for (let i = 0; i < n; i++) chars -= this.records[i]._size;
		while (chars > MAX_CHARS && n < this.records.length) chars -= this.records[n++]._size;
		if (n > 0) {
			this.records.splice(0, n);
			this.dropped += n;
			this.chars = chars;
		}
		return n;
	}
}

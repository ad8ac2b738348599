/* The stream of records. Tabs with the same filter share one connection: the tab that holds a lock reads, and passes what it reads on to
 * the others. A hidden tab gives the lock up. Whoever reads next continues after the last record that it knows. */
import { request, getRecords } from './api.js';
import { parseJson } from './text.js';
import { prepare } from './record.js';

const BACKLOG = 20000;
const HIDDEN_MS = 1500, BATCH_MS = 60, HELLO_MS = 4000, LOST_MS = 2000, WORK_MS = 15;

export class Feed {
	/** `onRecords(list)` gets new records, `onState({ state, message })` what becomes of the stream. */
	constructor(q, onRecords, onState) {
		Object.assign(this, { q, onRecords, onState });
		this.pending = [];
		this.followers = new Map();
		this.name = 'querytap-stream:' + q;
		this.me = Math.random().toString(36).slice(2);
		this.visible = () => this.onVisible();
	}

	start() {
		this.channel = new BroadcastChannel(this.name);
		this.channel.onmessage = (event) => this.onMessage(event.data);
		this.hello = setInterval(() => { if (this.turn && !this.reading) this.say({ kind: 'hello', from: this.me }); }, HELLO_MS);
		document.addEventListener('visibilitychange', this.visible);
		if (document.hidden) this.set('hidden');
		else this.join();
	}

	stop() {
		this.stopped = true;
		document.removeEventListener('visibilitychange', this.visible);
		clearTimeout(this.hiding);
		clearInterval(this.hello);
		this.leave();
		this.channel.close();
		clearTimeout(this.flushing);
	}

	say(message) { if (!this.stopped) this.channel.postMessage(message); }

	set(state, message = '') {
		this.state = { state, message };
		this.onState(this.state);
		if (this.reading) this.say({ kind: 'state', ...this.state });
	}

	onVisible() {
		clearTimeout(this.hiding);
		if (document.hidden) this.hiding = setTimeout(() => { this.leave(); this.set('hidden'); }, HIDDEN_MS);
		else if (!this.turn) this.join();
	}

	/** Wait for the lock; until it comes, take what another tab reads. */
	async join() {
		const turn = this.turn = new AbortController();
		const { signal } = turn;
		if (!navigator.locks) { this.read(signal); return; }
		const { held } = await navigator.locks.query();
		if (signal.aborted) return;
		if (held.some((lock) => lock.name === this.name)) this.follow(signal);
		navigator.locks.request(this.name, { signal }, () => {
			this.gathering = null;
			return this.read(signal);
		}).catch(() => {}); /* it was given up */
	}

	leave() {
		this.reading = false;
		if (this.turn) this.turn.abort();
		this.turn = this.gathering = null;
	}

	/** Load what there is, while what the reading tab sends is kept aside. */
	async follow(signal) {
		this.gathering = [];
		this.say({ kind: 'hello', from: this.me });
		this.set('connecting');
		try {
			const found = await getRecords({ q: this.q, ...(this.lastId ? { after: this.lastId, n: 100000 } : { n: BACKLOG }) }, { signal });
			if (!this.gathering) return;
			this.take(found);
			for (const events of this.gathering) this.takeEvents(events);
			this.gathering = null;
			this.set('live', 'shared');
		} catch (error) {
			this.gathering = null;
			if (!signal.aborted && !this.reading) this.set(stateOf(error), error.message);
		}
	}

	onMessage(m) {
		if (m.kind === 'hello') {
			this.followers.set(m.from, Date.now());
			if (this.reading) this.say({ kind: 'state', ...this.state });
		} else if (this.reading || !this.turn) {
			return;
		} else if (m.kind === 'events') {
			if (this.gathering) this.gathering.push(m.events);
			else this.takeEvents(m.events);
		} else if (m.kind === 'state' && !this.gathering) {
			this.onState({ state: m.state, message: m.state === 'live' ? 'shared' : m.message });
		}
	}

	async read(signal) {
		this.reading = true;
		for (let delay = 400; !signal.aborted; delay *= 1.7) {
			this.set(this.lastId ? 'reconnecting' : 'connecting');
			let state = 'lost', message = 'the connection ended';
			try {
				await this.readOnce(signal, () => { delay = 400; });
			} catch (error) {
				state = stateOf(error);
				message = error.message;
				if (state === 'wrong') delay = 1e9;
				else if (state === 'refused') delay = Math.max(Math.min(delay, 8000), 4000);
			}
			if (state === 'lost') delay = Math.min(delay, LOST_MS);
			if (signal.aborted) break;
			this.set(state, message);
			await pause(delay, signal);
		}
	}

	async readOnce(signal, onLive) {
		const from = this.lastId ? { last_event_id: this.lastId } : { n: BACKLOG };
		const response = await request('/records/stream', { q: this.q, ...from }, { signal, headers: { Accept: 'text/event-stream' } });
		this.set('live');
		onLive();
		const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
		const split = splitter();
		for (let rested = performance.now(); ;) {
			if (performance.now() - rested > WORK_MS) { /* let the browser draw */
				await pause(0, signal);
				rested = performance.now();
			}
			const { value, done } = await reader.read();
			if (done || signal.aborted) return;
			const events = split(value);
			if (events.length === 0) continue;
			this.takeEvents(events);
			const since = Date.now() - 3 * HELLO_MS;
			for (const [who, at] of this.followers) if (at < since) this.followers.delete(who);
			if (this.followers.size > 0) this.say({ kind: 'events', events });
		}
	}

	takeEvents(events) {
		const list = [];
		for (const { type, id, data } of events) {
			let value;
			try { value = parseJson(data); } catch { continue; }
			if (type === 'message') {
				list.push(prepare(value, data.length));
			} else if (type === 'gap') {
				list.push(note('gap', { dropped: value.count, reason: value.count === undefined ? 'records of the run before may be missing'
					: 'they were overwritten before this page could read them' }));
			} else if (type === 'run' && this.run !== undefined && value.run !== this.run) {
				list.push(note('restart', { reason: 'the proxy was restarted; sessions are counted from 1 again' }));
				this.number = -1;
			}
			if (type === 'run') this.run = value.run;
			if (id) this.lastId = id;
		}
		this.take(list);
	}

	/** Add what is new. */
	take(list) {
		for (const r of list) {
			if (r.id) {
				const number = Number(r.id.split(':')[1]);
				if (number <= this.number) continue;
				this.number = number;
				this.lastId = r.id;
			}
			this.pending.push(r);
		}
		if (this.pending.length > 0 && !this.flushing) this.flushing = setTimeout(() => this.flush(), BATCH_MS);
	}

	flush() {
		this.flushing = 0;
		const list = this.pending;
		this.pending = [];
		if (!this.stopped) this.onRecords(list);
	}
}

/** A filter that is wrong stays wrong; what is refused otherwise, as a stream too many, may be accepted later. */
function stateOf(error) { return error.status === 400 ? 'wrong' : error.status > 0 ? 'refused' : 'lost'; }

/** A line of the page's own among the records. */
function note(event, fields) { return { event, ...fields, _t: Date.now() * 1000, _size: 0, _note: true }; }

function pause(ms, signal) {
	return new Promise((resolve) => {
		const timer = setTimeout(resolve, Math.min(ms, 2e9));
		signal.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true });
	});
}

/** Parts of a stream of server-sent events to events: {type, id, data}. */
function splitter() {
	let rest = '', id = '', type = 'message', data = [];
	return (chunk) => {
		const found = [];
		const lines = (rest + chunk).split('\n');
		rest = lines.pop();
		for (const line of lines) {
			const at = line.indexOf(':');
			const value = line.slice(at + (line[at + 1] === ' ' ? 2 : 1));
			if (line === '') {
				if (data.length > 0) found.push({ type, id, data: data.join('\n') });
				type = 'message';
				data = [];
			} else if (line.startsWith('id:')) id = value;
			else if (line.startsWith('event:')) type = value;
			else if (line.startsWith('data:')) data.push(value);
		}
		return found;
	};
}

/* The stream of records. Tabs with the same filter share one connection: the tab that holds a lock reads, and passes what it reads on to
 * the others. A hidden tab gives the lock up. Whoever reads next continues after the last record that it knows. */
import { request, getRecords } from './api.js';
import { parseJson } from './text.js';
import { prepare } from './record.js';

const BACKLOG = 20000;
const HIDDEN_MS = 1500, BATCH_MS = 60, HELLO_MS = 4000, LOST_MS = 2000, WORK_MS = 15;

/** Begin to read. `onRecords(list)` gets new records, `onState({ state, message })` what becomes of the stream. */
export function Feed(q, onRecords, onState) {
	const name = 'querytap-stream:' + q, me = Math.random().toString(36).slice(2), channel = new BroadcastChannel(name), followers = new Map();
	let pending = [], stopped = false, reading = false, turn = null, gathering = null, state, lastId, run, number = -1, flushing = 0, hiding;
	const hello = setInterval(() => { if (turn && !reading) say({ kind: 'hello', from: me }); }, HELLO_MS);

	function say(message) { if (!stopped) channel.postMessage(message); }

	function set(word, message = '') {
		state = { state: word, message };
		onState(state);
		if (reading) say({ kind: 'state', ...state });
	}

	function onVisible() {
		clearTimeout(hiding);
		if (document.hidden) hiding = setTimeout(() => { leave(); set('hidden'); }, HIDDEN_MS);
		else if (!turn) join();
	}

	/** Wait for the lock; until it comes, take what another tab reads. */
	async function join() {
		turn = new AbortController();
		const { signal } = turn;
		if (!navigator.locks) { read(signal); return; }
		const { held } = await navigator.locks.query();
		if (signal.aborted) return;
		if (held.some((lock) => lock.name === name)) follow(signal);
		navigator.locks.request(name, { signal }, () => {
			gathering = null;
			return read(signal);
		}).catch(() => {}); /* it was given up */
	}

	function leave() {
		reading = false;
		turn?.abort();
		turn = gathering = null;
	}

	/** Load what there is, while what the reading tab sends is kept aside. */
	async function follow(signal) {
		gathering = [];
		say({ kind: 'hello', from: me });
		set('connecting');
		try {
			const found = await getRecords({ q, ...(lastId ? { after: lastId, n: 100000 } : { n: BACKLOG }) }, { signal });
			if (!gathering) return;
			take(found);
			for (const events of gathering) takeEvents(events);
			gathering = null;
			set('live', 'shared');
		} catch (error) {
			gathering = null;
			if (!signal.aborted && !reading) set(stateOf(error), error.message);
		}
	}

	channel.onmessage = ({ data: m }) => {
		if (m.kind === 'hello') {
			followers.set(m.from, Date.now());
			if (reading) say({ kind: 'state', ...state });
		} else if (reading || !turn) return;
		else if (m.kind === 'events' && gathering) gathering.push(m.events);
		else if (m.kind === 'events') takeEvents(m.events);
		else if (!gathering) onState({ state: m.state, message: m.state === 'live' ? 'shared' : m.message });
	};

	async function read(signal) {
		reading = true;
		for (let delay = 400; !signal.aborted; delay *= 1.7) {
			set(lastId ? 'reconnecting' : 'connecting');
			let word = 'lost', message = 'the connection ended';
			try {
				await readOnce(signal, () => { delay = 400; });
			} catch (error) {
				word = stateOf(error);
				message = error.message;
				if (word === 'wrong') delay = 1e9;
				else if (word === 'refused') delay = Math.max(Math.min(delay, 8000), 4000);
			}
			if (word === 'lost') delay = Math.min(delay, LOST_MS);
			if (signal.aborted) break;
			set(word, message);
			await pause(delay, signal);
		}
	}

	async function readOnce(signal, onLive) {
		const response = await request('/records/stream', { q, ...(lastId ? { last_event_id: lastId } : { n: BACKLOG }) }, { signal, headers: { Accept: 'text/event-stream' } });
		set('live');
		onLive();
		const reader = response.body.pipeThrough(new TextDecoderStream()).getReader(), split = splitter();
		for (let rested = performance.now(); ;) {
			if (performance.now() - rested > WORK_MS) { /* let the browser draw */
				await pause(0, signal);
				rested = performance.now();
			}
			const { value, done } = await reader.read();
			if (done || signal.aborted) return;
			const events = split(value);
			if (events.length === 0) continue;
			takeEvents(events);
			for (const [who, at] of followers) if (at < Date.now() - 3 * HELLO_MS) followers.delete(who);
			if (followers.size > 0) say({ kind: 'events', events });
		}
	}

	function takeEvents(events) {
		const list = [];
		for (const { type, id, data } of events) {
			let value;
			try { value = parseJson(data); } catch { continue; }
			if (type === 'message') list.push(prepare(value, data.length));
			else if (type === 'gap') {
				list.push(note('gap', { dropped: value.count, reason: value.count === undefined ? 'records of the run before may be missing' : 'they were overwritten before this page could read them' }));
			} else if (type === 'run') {
				if (run !== undefined && value.run !== run) {
					list.push(note('restart', { reason: 'the proxy was restarted; sessions are counted from 1 again' }));
					number = -1;
				}
				({ run } = value);
			}
			if (id) lastId = id;
		}
		take(list);
	}

	/** Take those of `list` that are new. */
	function take(list) {
		for (const r of list) {
			if (r.id) {
				const n = Number(r.id.split(':')[1]);
				if (n <= number) continue;
				number = n;
				lastId = r.id;
			}
			pending.push(r);
		}
		if (pending.length > 0) flushing ||= setTimeout(flush, BATCH_MS);
	}

	function flush() {
		const list = pending;
		flushing = 0;
		pending = [];
		if (!stopped) onRecords(list);
	}

	document.addEventListener('visibilitychange', onVisible);
	if (document.hidden) set('hidden');
	else join();
	return {
		leave, onVisible,
		get number() { return number; },
		stop() {
			stopped = true;
			document.removeEventListener('visibilitychange', onVisible);
			clearTimeout(hiding);
			clearInterval(hello);
			leave();
			channel.close();
			clearTimeout(flushing);
		},
	};
}

/** A filter that is wrong stays wrong; what is refused otherwise, as a stream too many, may be accepted later. */
const stateOf = (error) => error.status === 400 ? 'wrong' : error.status > 0 ? 'refused' : 'lost';

/** A line of the page's own among the records. */
const note = (event, fields) => ({ event, ...fields, _t: Date.now() * 1000, _size: 0, _note: true });

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
		const found = [], lines = (rest + chunk).split('\n');
		rest = lines.pop();
		for (const line of lines) {
			const [, name, value] = /^(\w*):? ?(.*)$/s.exec(line);
			if (line === '') {
				if (data.length > 0) found.push({ type, id, data: data.join('\n') });
				type = 'message';
				data = [];
			} else if (name === 'id') id = value;
			else if (name === 'event') type = value;
			else if (name === 'data') data.push(value);
		}
		return found;
	};
}

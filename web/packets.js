/* The view Packets: the last packets of a session, and the packets of one statement. */
import { el, h } from './dom.js';
import { shown, count, plural, microseconds, clock } from './text.js';
import { getText, getJson } from './api.js';
import { View, heading } from './view.js';
import { address, go } from './router.js';
import { source } from './source.js';

const HEAD = /^(\S+Z)  #(\d+) (client|server) > (?:client|server)  seq (\d+)  len (\d+)\s*(.*)$/;
const SHOWN_MAX = 400;

/** A hex dump of the proxy, taken apart: [{t, from, seq, length, name, lines}]. */
export function parseDump(text) {
	const list = [];
	for (const line of text.split('\n')) {
		const m = HEAD.exec(line);
		if (m) list.push({ t: microseconds(m[1]), from: m[3], seq: m[4], length: Number(m[5]), name: m[6], lines: [], head: line });
		else if (list.length > 0 && line !== '') list[list.length - 1].lines.push(line);
	}
	return list;
}

/** The packets of the exchange that a record is about: {list, text, note}. */
export async function exchangeOf(r) {
	const all = parseDump(await getText('/sessions/' + r.conn_id + '/hex'));
	const end = r._t + (r.duration_us ?? 0);
	const list = all.filter((p) => p.t >= r._t - 1 && p.t <= end + 1);
	const cutOff = list.length > 0 && list[0].from !== 'client';
	return {
		list,
		text: list.map((p) => [p.head, ...p.lines].join('\n')).join('\n'),
		note: list.length === 0 ? 'The packets of this statement are no longer kept (capture.bytes).' : cutOff ? 'The first of its packets are no longer kept.' : '',
	};
}

/** Packets as a list with their bytes. */
export function packetList(list) {
	const some = list.slice(-SHOWN_MAX);
	return el('div.packets', list.length > some.length && el('p.note', 'The last ' + SHOWN_MAX + ' of ' + count(list.length) + ' packets.'),
		some.map((p) => h('details', { class: 'packet packet-' + p.from, open: some.length <= 12 },
			el('summary', el('span.direction', p.from === 'client' ? 'client → server' : 'server → client'), el('strong', shown(p.name || 'packet', 80)),
				el('span.dim', plural(p.length, 'byte')), el('span.dim', 'seq ' + p.seq), el('span.dim.num', clock(p.t, 6))),
			h('pre.hex', { tabIndex: 0, 'aria-label': 'Bytes' }, p.lines.map((line) => shown(line)).join('\n') || 'its bytes are not shown'))));
}

export class PacketsView extends View {
	begin(route) {
		this.input = h('input.text-input', { type: 'number', min: 1, 'aria-label': 'Session', value: route.arg, placeholder: 'Session',
			onchange: () => { if (/^\d+$/.test(this.input.value)) go(address('packets', this.input.value)); } });
		this.choices = el('div.tabs');
		this.list = h('div');
		this.body.replaceChildren(heading('Packets', 'The last packets of a session in hexadecimal, also after its end. Packets that may hold a password are shown without their bytes. Open a packet to see its bytes.', el('label', 'Session ', this.input)), this.choices, this.list);
	}

	async load(route) {
		const { sessions } = await getJson('/sessions');
		const text = /^\d+$/.test(route.arg) ? await getText('/sessions/' + route.arg + '/hex') : '';
		return { sessions, text };
	}

	draw({ sessions, text }, route) {
		const recent = source.ring.records.slice(-2000).map((r) => r.conn_id).filter(Boolean).reverse();
		const ids = [...new Set([...sessions.map((x) => x.conn_id), ...recent])].slice(0, 24);
		this.choices.replaceChildren(...ids.map((id) => h('a.button.small', { 'aria-current': String(id) === route.arg ? 'true' : undefined, href: address('packets', String(id)) }, '#' + id)));
		const list = parseDump(text);
		this.list.replaceChildren(el('section.card', list.length > 0 ? packetList(list) : el('p.note', route.arg ? 'No packet of this session is kept.' : 'Choose a session.')));
	}
}

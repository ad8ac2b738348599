/* The view Packets: the last packets of a session, and the packets of one statement. */
import { el, h, link } from './dom.js';
import { shown, count, plural, microseconds, clock } from './text.js';
import { getText, getJson } from './api.js';
import { View, heading } from './view.js';
import { address, go } from './router.js';
import { source } from './source.js';

const HEAD = /^(\S+Z)  #(\d+) (client|server) > (?:client|server)  seq (\d+)  len (\d+)\s*(.*)$/;
const SHOWN_MAX = 400, OPEN_MAX = 12, SESSIONS_MAX = 24;

const dumpOf = (session, plain) => getText('/sessions/' + session + '/hex', plain ? {} : { annotate: 1 });

function parseDump(text) {
	const list = [];
	for (const line of text.split('\n')) {
		const m = HEAD.exec(line);
		if (m) list.push({ t: microseconds(m[1]), from: m[3], seq: m[4], length: Number(m[5]), name: m[6], lines: [], head: line });
		else if (list.length > 0 && line !== '') list[list.length - 1].lines.push(line);
	}
	return list;
}

/** The packets of the exchange that a record is about: {list, text, note}. */
export async function exchangeOf(r, plain) {
	const end = r._t + (r.duration_us ?? 0), list = parseDump(await dumpOf(r.conn_id, plain)).filter((p) => p.t >= r._t - 1 && p.t <= end + 1);
	return {
		list,
		text: list.map((p) => [p.head, ...p.lines].join('\n')).join('\n'),
		note: list.length === 0 ? 'The packets of this statement are no longer kept (capture.bytes).' : list[0].from !== 'client' ? 'The first of its packets are no longer kept.' : '',
	};
}

export function packetList(list) {
	const some = list.slice(-SHOWN_MAX);
	return el('div.packets', list.length > some.length && el('p.note', 'The last ' + SHOWN_MAX + ' of ' + count(list.length) + ' packets.'), some.map((p) => h('details', { open: some.length <= OPEN_MAX },
		el('summary', h('span', { class: 'direction tone ' + (p.from === 'client' ? '' : 'info') }, p.from === 'client' ? 'client → server' : 'server → client'), el('strong', shown(p.name || 'packet', 80)),
			el('span.dim', plural(p.length, 'byte')), el('span.dim', 'seq ' + p.seq), el('span.dim.num', clock(p.t, 6))),
		h('pre.hex', { tabIndex: 0, 'aria-label': 'Bytes' }, p.lines.map((line) => shown(line)).join('\n') || 'its bytes are not shown'))));
}

export class PacketsView extends View {
	begin({ arg, params }) {
		const input = h('input.text-input', { type: 'number', min: 1, 'aria-label': 'Session', value: arg, placeholder: 'Session', onchange: () => { if (/^\d+$/.test(input.value)) go(address('packets', input.value)); } });
		const form = (as, name) => h('a.button.small', { href: address('packets', arg, { as }), 'aria-current': (params.as ?? '') === as && 'true' }, name);
		this.choices = el('div.tabs');
		this.list = el('section.card');
		this.body.replaceChildren(heading('Packets', 'The last packets of a session, also after its end. Packets that may hold a password are shown without their bytes. Open one to see its bytes and their meaning.',
			el('label', 'Session ', input), /^\d+$/.test(arg) && [form('', 'Fields'), form('hex', 'Hex'), link('/sessions/' + arg + '/pcap', 'For Wireshark')]), this.choices, this.list);
	}

	async load({ arg, params }) { return { sessions: (await getJson('/sessions')).sessions, text: /^\d+$/.test(arg) ? await dumpOf(arg, params.as === 'hex') : '' }; }

	draw({ sessions, text }, { arg }) {
		const recent = source.ring.records.slice(-2000).map((r) => r.conn_id).filter(Boolean).reverse(), list = parseDump(text);
		const ids = [...new Set([...sessions.map((x) => x.conn_id), ...recent])].slice(0, SESSIONS_MAX);
		this.choices.replaceChildren(...ids.map((id) => h('a.button.small', { 'aria-current': String(id) === arg && 'true', href: address('packets', id) }, shown('#' + id, 20))));
		this.list.replaceChildren(list.length > 0 ? packetList(list) : el('p.note', arg ? 'No packet of this session is kept.' : 'Choose a session.'));
	}
}

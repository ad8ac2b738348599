/* The view Sessions: who is connected, what each session is doing, and closing one. */
import { el, h, button, confirmed, toast } from './dom.js';
import { shown, count, duration, bytes, plural } from './text.js';
import { getJson, post } from './api.js';
import { View, heading } from './view.js';
import { Table, number } from './table.js';
import { oneLine } from './sql.js';
import { address, listOf } from './router.js';

export class SessionsView extends View {
	constructor(root, route) { super(root, route, { every: 1500 }); }

	begin() {
		const text = (v) => shown(v ?? '', 80);
		this.table = new Table({
			label: 'Sessions', key: (s) => String(s.conn_id), sort: 'busy', empty: 'Nobody is connected. The statements of sessions that have ended are in Live, their last packets in Packets.',
			columns: [
				{ id: 'id', head: 'Session', sort: (s) => s.conn_id, cell: (s) => h('a', { href: listOf({ q: 'session:' + s.conn_id }) }, '#' + s.conn_id) },
				{ id: 'user', head: 'User', sort: (s) => String(s.username), cell: (s) => text(s.username) },
				{ id: 'db', head: 'Database', cell: (s) => text(s.database) },
				{ id: 'client', head: 'Client', cell: (s) => text(s.client_addr) },
				{ id: 'busy', head: 'Doing', sort: (s) => (s.command ? s.command_us : -1), class: 'grow', cell: (s) => (s.command ? el('span', el('strong', text(s.command)), ' for ' + duration(s.command_us), s.query && el('span.second.mono', ...oneLine(String(s.query), 120)))
					: el('span.dim', text(s.phase), s.opaque_reason ? el('span.error-text', ' opaque: ' + text(s.opaque_reason)) : '')) },
				number('Connected', 'age_us', duration),
				number('Commands', 'records', count),
				number('Sent', 'bytes_sent', bytes),
				number('Received', 'bytes_received', bytes),
				{ id: 'open', head: 'Prepared', title: 'Prepared statements that are open', end: true, sort: (s) => s.statements, cell: (s) => (s.statements ? count(s.statements) : '') },
				{ id: 'act', head: el('span.offscreen', 'Actions'), cell: (s) => el('span.row-actions', h('a', { href: address('transactions', 'session:' + s.conn_id) }, 'Waterfall'), h('a', { href: address('packets', String(s.conn_id)) }, 'Packets'),
					button('Kill', () => this.kill(s), { class: 'button small', 'aria-label': 'Kill session ' + s.conn_id })) },
			],
		});
		this.line = h('span');
		this.body.replaceChildren(heading('Sessions', this.line), this.table.root);
	}

	async kill(s) {
		if (!await confirmed('Close session ' + s.conn_id + '?', 'The connection of ' + shown(s.username || 'this client', 60) + ' from ' + shown(s.client_addr, 60) +
			' to the server is closed. A transaction that is open is rolled back by the server.', 'Close the session')) return;
		try { await post('/sessions/' + s.conn_id + '/kill'); toast('Session ' + s.conn_id + ' is closed'); } catch (error) { toast(shown(error.message)); }
		this.refresh();
	}

	load() { return getJson('/sessions'); }

	draw({ sessions }) {
		this.line.textContent = plural(sessions.length, 'session') + ', ' + sessions.filter((s) => s.command).length + ' of them busy';
		this.table.show(sessions);
	}
}

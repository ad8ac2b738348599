/* The view Sessions: who is connected, what each session is doing, and closing one. */
import { el, h, link, small, ask, toast } from './dom.js';
import { shown, count, duration, bytes, plural } from './text.js';
import { getJson, post } from './api.js';
import { View, heading, Table, number } from './view.js';
import { oneLine } from './sql.js';
import { address, listOf } from './router.js';

export class SessionsView extends View {
	constructor(root, route) { super(root, route, 1500); }

	begin() {
		const text = (v) => shown(v ?? '', 80);
		const doing = (s) => (s.command ? el('span', el('strong', text(s.command)), ' for ' + duration(s.command_us), s.query && el('span.second.mono', ...oneLine(String(s.query), 120)))
			: el('span.dim', text(s.phase), s.opaque_reason && el('span.error-text', ' opaque: ' + text(s.opaque_reason))));
		this.table = new Table({
			label: 'Sessions', key: (s) => s.conn_id, sort: 'busy', empty: 'Nobody is connected. The statements of sessions that have ended are in Live, their last packets in Packets.',
			columns: [
				{ id: 'id', head: 'Session', sort: (s) => s.conn_id, cell: (s) => link(listOf({ q: 'session:' + s.conn_id }), '#' + s.conn_id) },
				{ id: 'user', head: 'User', sort: (s) => String(s.username), cell: (s) => text(s.username) },
				{ id: 'db', head: 'Database', cell: (s) => text(s.database) },
				{ id: 'client', head: 'Client', cell: (s) => text(s.client_addr) },
				{ id: 'busy', head: 'Doing', sort: (s) => (s.command ? s.command_us : -1), class: 'grow', cell: doing },
				number('Connected', 'age_us', duration), number('Commands', 'records', count), number('Sent', 'bytes_sent', bytes), number('Received', 'bytes_received', bytes),
				number('Prepared', 'statements', (n) => (n ? count(n) : ''), 'Prepared statements that are open'),
				{ id: 'act', head: el('span.offscreen', 'Actions'), cell: (s) => el('span.row-actions', link(address('transactions', 'session:' + s.conn_id), 'Waterfall'), link(address('packets', s.conn_id), 'Packets'),
					small('Kill', () => this.kill(s), { 'aria-label': 'Kill session ' + s.conn_id })) },
			],
		});
		this.line = h('span');
		this.body.replaceChildren(heading('Sessions', this.line), this.table.root);
	}

	async kill(s) {
		const answer = await ask('Close session ' + s.conn_id + '?', el('p', 'The connection of ' + shown(s.username || 'this client', 60) + ' from ' + shown(s.client_addr, 60) +
			' to the server is closed. A transaction that is open is rolled back by the server.'),
		(close) => [small('Cancel', () => close('no')), small('Close the session', () => close('yes'), { class: 'button small danger' })]);
		if (answer !== 'yes') return;
		try { await post('/sessions/' + s.conn_id + '/kill'); toast('Session ' + s.conn_id + ' is closed'); } catch (error) { toast(shown(error.message)); }
		this.refresh();
	}

	load() { return getJson('/sessions'); }

	draw({ sessions }) {
		this.line.textContent = plural(sessions.length, 'session') + ', ' + sessions.filter((s) => s.command).length + ' of them busy';
		this.table.show(sessions);
	}
}

/* The view Sessions: who is connected, what each session is doing, and closing one. */
import { h, button, confirmed, toast } from './dom.js';
import { shown, cut, count, duration, bytes, plural } from './text.js';
import { getJson, post } from './api.js';
import { View, heading } from './view.js';
import { Table } from './table.js';
import { oneLine } from './sql.js';
import { address } from './router.js';

export class SessionsView extends View {
  constructor(root, route) { super(root, route, { every: 1500 }); }

  begin() {
    const text = (v) => shown(cut(String(v ?? ''), 80));
    this.table = new Table({
      label: 'Sessions', key: (s) => String(s.conn_id), sort: 'busy', empty: 'Nobody is connected.',
      columns: [
        { id: 'id', head: 'Session', sort: (s) => s.conn_id, cell: (s) => h('a', { href: address('live', '', { q: 'session:' + s.conn_id }) }, '#' + s.conn_id) },
        { id: 'user', head: 'User', sort: (s) => String(s.username), cell: (s) => text(s.username) },
        { id: 'db', head: 'Database', cell: (s) => text(s.database) },
        { id: 'client', head: 'Client', cell: (s) => text(s.client_addr) },
        { id: 'busy', head: 'Doing', sort: (s) => (s.command ? s.command_us : -1), class: 'grow', cell: (s) => (s.command ? h('span', null, h('strong', null, text(s.command)), ' for ' + duration(s.command_us), s.query && h('span', { class: 'second mono' }, ...oneLine(String(s.query), 120)))
          : h('span', { class: 'dim' }, text(s.phase), s.opaque_reason ? h('span', { class: 'error-text' }, ' opaque: ' + text(s.opaque_reason)) : '')) },
        { id: 'age', head: 'Connected', end: true, sort: (s) => s.age_us, cell: (s) => duration(s.age_us) },
        { id: 'records', head: 'Commands', end: true, sort: (s) => s.records, cell: (s) => count(s.records) },
        { id: 'sent', head: 'Sent', end: true, sort: (s) => s.bytes_sent, cell: (s) => bytes(s.bytes_sent) },
        { id: 'received', head: 'Received', end: true, sort: (s) => s.bytes_received, cell: (s) => bytes(s.bytes_received) },
        { id: 'open', head: 'Prepared', title: 'Prepared statements that are open', end: true, sort: (s) => s.statements, cell: (s) => (s.statements ? count(s.statements) : '') },
        { id: 'act', head: h('span', { class: 'offscreen' }, 'Actions'), cell: (s) => h('span', { class: 'row-actions' }, h('a', { href: address('transactions', 'session:' + s.conn_id) }, 'Waterfall'), h('a', { href: address('packets', String(s.conn_id)) }, 'Packets'),
          button('Kill', () => this.kill(s), { class: 'button small', 'aria-label': 'Kill session ' + s.conn_id })) },
      ],
    });
    this.line = h('span');
    this.body.replaceChildren(heading('Sessions', this.line), this.table.root);
  }

  async kill(s) {
    if (!await confirmed('Close session ' + s.conn_id + '?', 'The connection of ' + shown(cut(String(s.username || 'this client'), 60)) + ' from ' + shown(cut(s.client_addr, 60)) +
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

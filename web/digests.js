/* The view Digests: statements by their shape, with their times, and what changed since a mark. */
import { h, button, clear, toast } from './dom.js';
import { shown, cut, count, duration, ago, microseconds, clock } from './text.js';
import { getJson } from './api.js';
import { View, heading, figures } from './view.js';
import { Table } from './table.js';
import { chip } from './columns.js';
import { sparkline } from './charts.js';
import { oneLine, pretty, tidy } from './sql.js';
import { FilterBox } from './filterbox.js';
import { address, go } from './router.js';
import { source } from './source.js';

const POINTS = 60;
const COUNTS = { no_index: 'no_index', slow: 'slow', n_plus_one: 'n_plus_one', in_write_loop: 'in_write_loop', duplicates: 'duplicate', transaction_idle: 'transaction_idle',
  prepare_once: 'prepare_once', connection_per_statement: 'connection_per_statement', repeated_setup: 'repeated_setup', large_result: 'large_result' };

/* Of this tab: rates seen so far, and the mark. */
const rates = new Map();
let mark = null;

function change(d) {
  const then = mark.digests.get(d.digest);
  const n = d.count - (then ? then.count : 0);
  const before = then && then.count > 0 ? then.sum_us / then.count : undefined;
  const after = n > 0 ? (d.sum_us - (then ? then.sum_us : 0)) / n : undefined;
  return { n, before, after, ratio: before > 0 && after !== undefined ? after / before - 1 : undefined };
}

function changeCell(d) {
  const { n, before, after, ratio } = change(d);
  if (n <= 0) return h('span', { class: 'dim' }, 'none since');
  const kind = ratio > 0.2 ? 'error-text' : ratio < -0.2 ? 'good-text' : 'dim';
  return h('span', null, before === undefined ? 'new' : duration(before), ' → ', duration(after), ' ',
    ratio !== undefined && h('span', { class: kind }, (ratio >= 0 ? '+' : '−') + Math.abs(ratio * 100).toFixed(0) + ' %'));
}

export class DigestsView extends View {
  constructor(root, route) { super(root, route, { every: 2000 }); }

  begin(route) {
    if (route.arg) { this.table = null; clear(this.body); return; }
    if (!this.table || !this.filter) {
      this.filter = new FilterBox({ apply: (q) => go(address('digests', '', { q })), records: () => source.ring.records, label: 'Filter of digests' });
      this.makeTable();
    }
    this.filter.set(route.params.q ?? '');
    this.tools = h('div', { class: 'panel-actions' });
    clear(this.body, heading('Digests', 'Statements of the same shape together, those that took the most time first. Times are those of this run of the proxy.', this.tools), this.filter.root, this.table.root);
    this.drawTools();
  }

  drawTools() {
    clear(this.tools, mark && h('span', { class: 'note' }, 'Mark at ' + clock(mark.at, 0)), mark && button('Remove', () => this.setMark(null), { class: 'button small' }),
      button(mark ? 'Mark again' : 'Mark now', () => this.setMark({ at: Date.now() * 1000, digests: new Map(this.latest.map((d) => [d.digest, d])) }),
        { class: 'button small', icon: 'mark', title: 'Compare what follows with what was before' }));
  }

  setMark(value) {
    mark = value;
    if (mark) toast('From now on, the table compares with this moment');
    this.makeTable();
    this.begin(this.route);
    this.refresh();
  }

  makeTable() {
    this.table = new Table({
      label: 'Digests', key: (d) => d.digest, sort: 'total', open: (d) => go(address('digests', d.digest)), empty: 'No statement yet.',
      columns: [
        { id: 'text', head: 'Statement', class: 'grow mono', cell: (d) => h('a', { href: address('digests', d.digest), class: 'sql-link' }, ...oneLine(tidy(cut(d.digest_text, 400)), 180)) },
        { id: 'total', head: 'Time', end: true, sort: (d) => d.sum_us, cell: (d) => h('span', { class: 'share' }, h('span', { class: 'share-bar', css: { width: (d.sum_us / this.sum * 100).toFixed(1) + '%' } }), duration(d.sum_us)) },
        { id: 'count', head: 'Count', end: true, sort: (d) => d.count, cell: (d) => count(d.count) },
        mark ? { id: 'change', head: 'Mean since the mark', sort: (d) => change(d).ratio ?? -9, cell: changeCell }
          : { id: 'rate', head: 'Per second', sort: (d) => d.per_second, cell: (d) => h('span', { class: 'with-spark' }, sparkline(rates.get(d.digest) ?? [0], { width: 70, height: 18, label: 'Statements a second, lately' }), h('span', { class: 'num' }, d.per_second >= 10 ? d.per_second.toFixed(0) : d.per_second.toFixed(1))) },
        { id: 'p50', head: 'Median', end: true, sort: (d) => d.p50_us, cell: (d) => duration(d.p50_us) },
        { id: 'p95', head: '95 %', end: true, sort: (d) => d.p95_us, cell: (d) => duration(d.p95_us) },
        { id: 'p99', head: '99 %', end: true, sort: (d) => d.p99_us, cell: (d) => duration(d.p99_us) },
        { id: 'max', head: 'Slowest', end: true, sort: (d) => d.max_us, cell: (d) => duration(d.max_us) },
        { id: 'errors', head: 'Errors', end: true, sort: (d) => d.errors, cell: (d) => (d.errors > 0 ? h('span', { class: 'error-text' }, count(d.errors)) : '') },
        { id: 'findings', head: 'Findings', cell: (d) => Object.entries(COUNTS).filter(([name]) => d[name] > 0).map(([, f]) => [chip(f), ' ']) },
      ],
    });
  }

  load(route) {
    return route.arg ? getJson('/digests/detail', { digest: route.arg }) : getJson('/digests', { n: 200, q: route.params.q });
  }

  failed(error) {
    if (error.status === 400 && this.filter && !this.route.arg) { this.problem.hidden = true; this.filter.showProblem(error.message); }
  }

  draw(data, route) {
    if (route.arg) { this.drawDetail(data.digests ? data.digests[0] : data, route); return; }
    this.latest = data.digests;
    this.sum = Math.max(1, this.latest.reduce((sum, d) => sum + d.sum_us, 0));
    for (const d of this.latest) {
      const list = rates.get(d.digest) ?? [];
      list.push(d.per_second);
      if (list.length > POINTS) list.shift();
      rates.set(d.digest, list);
    }
    this.filter.hideProblem();
    this.table.show(this.latest);
  }

  drawDetail(d) {
    const same = source.ring.records.filter((r) => r.digest === d.digest && r.event === 'query' && r.duration_us !== undefined).slice(-300);
    clear(this.body, h('p', { class: 'crumb' }, h('a', { href: address('digests') }, 'Digests'), ' / ', h('code', null, shown(String(d.digest).slice(0, 8)))),
      h('section', { class: 'card' }, pretty(tidy(String(d.digest_text))), h('p', { class: 'links' }, h('a', { href: address('live', '', { q: 'digest:' + String(d.digest).slice(0, 16) }) }, 'Its statements'))),
      h('section', { class: 'card' }, figures([['Executions', count(d.count)], ['Errors', count(d.errors)], ['In all', duration(d.sum_us)], ['Fastest', duration(d.min_us)], ['Median', duration(d.p50_us)],
        ['95 %', duration(d.p95_us)], ['99 %', duration(d.p99_us)], ['Slowest', duration(d.max_us)], ['Rows', count(d.rows)], ['Rows changed', count(d.affected_rows)],
        ['First', ago(microseconds(d.first_seen))], ['Last', ago(microseconds(d.last_seen))], ['Mean since the mark', mark ? changeCell(d) : undefined]]),
      h('p', { class: 'copy-as' }, Object.entries(COUNTS).filter(([name]) => d[name] > 0).map(([name, f]) => h('span', null, chip(f), ' ' + count(d[name]))))),
      same.length > 1 && h('section', { class: 'card' }, h('h3', null, 'Its last ' + same.length + ' executions in the list'), sparkline(same.map((r) => r.duration_us), { width: 800, height: 60, label: 'Duration' }),
        h('figcaption', null, 'Up to ' + duration(Math.max(...same.map((r) => r.duration_us))))),
      d.example && h('section', { class: 'card' }, h('h3', null, 'The slowest: ' + duration(d.example_us)), pretty(d.example)));
  }
}

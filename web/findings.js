/* The view Findings: what may deserve attention, one line for each kind, statement and place in the code. */
import { el, h } from './dom.js';
import { shown, count, duration, ago } from './text.js';
import { getRecords } from './api.js';
import { View, heading } from './view.js';
import { Table, number } from './table.js';
import { chip } from './columns.js';
import { statementOf, codeLine, FINDINGS } from './record.js';
import { shortName, withoutTags, oneLine } from './sql.js';
import { address, go, listOf } from './router.js';

const LOOK_BACK = 20000;

/** What a finding of a record cost, in microseconds; undefined if that is no time. */
function lost(name, r) {
	if (name === 'transaction_idle') return r.trx_idle_us ?? 0;
	if (['transaction_open', 'connection_per_statement', 'no_index'].includes(name) && r.event === 'disconnect') return 0;
	return r.duration_us ?? 0;
}

export function collect(records) {
	const groups = new Map();
	for (const r of records) {
		if (r.event === 'transaction' || r.event === 'scope') continue; /* they repeat what is in the records of their commands */
		const names = new Set(Array.isArray(r.findings) ? r.findings : []);
		if (r.errno !== undefined && r.event !== 'deadlock' && r.event !== 'lock_wait') names.add('error');
		if (r.event === 'deadlock' || r.event === 'lock_wait') { names.clear(); names.add(r.event); }
		for (const name of names) {
			/* A loop is counted by the record of its end; its statements are its examples. */
			const loop = name === 'n_plus_one' || name === 'in_write_loop' || name === 'write_loop';
			const kind = name === 'in_write_loop' ? 'write_loop' : name;
			const code = codeLine(r);
			const key = [kind, r.digest ?? '', code, name === 'error' ? r.errno : ''].join('\n');
			let g = groups.get(key);
			if (!g) groups.set(key, g = { key, kind, code, count: 0, statements: 0, lost: 0, last: 0, example: r, digest: r.digest });
			if (!loop || r.event !== 'query') {
				g.count++;
				g.lost += lost(name, r);
				g.statements += r.repeated !== undefined && r.event !== 'query' ? r.repeated : 1;
				if (r.event !== 'query' || (r.duration_us ?? 0) > (g.example.duration_us ?? 0)) g.example = r;
			}
			g.last = Math.max(g.last, r._t);
		}
	}
	return [...groups.values()];
}

function description(g) {
	const r = g.example;
	const sql = withoutTags(statementOf(r));
	if (g.kind === 'error') return el('span', el('span.error-text', 'error ' + r.errno + ': '), shown(r.error ?? '', 160));
	if ((g.kind === 'n_plus_one' || g.kind === 'write_loop') && r.repeated !== undefined) {
		const after = /after \d+ rows? of (.*)$/s.exec(r.info ?? '');
		return el('span', count(r.repeated) + ' × ', el('strong', shortName(sql)), after && [', after ', el('strong', shortName(after[1]))], el('span.second.mono', ...oneLine(sql, 140)));
	}
	return sql ? el('span.mono', ...oneLine(sql, 200)) : el('span', shown(r.reason ?? r.info ?? '', 200));
}

export class FindingsView extends View {
	constructor(root, route) { super(root, route, { every: 4000 }); }

	begin() {
		this.table = new Table({
			label: 'Findings', key: (g) => g.key, sort: 'lost', open: (g) => go(address('statement', g.example.id)), empty: 'No finding among the recent records.',
			columns: [
				{ id: 'kind', head: 'Finding', sort: (g) => g.kind, cell: (g) => h('span', { title: FINDINGS[g.kind] ? FINDINGS[g.kind][1] : '' }, chip(g.kind)) },
				{ id: 'what', head: 'What', class: 'grow', cell: (g) => [description(g), g.code && el('code.second.narrow-only', shown(g.code, 80))] },
				{ id: 'code', head: 'Code', class: 'mono', wide: true, sort: (g) => g.code, cell: (g) => el('code.code-line', shown(g.code, 80)) },
				{ id: 'count', head: 'Count', end: true, sort: (g) => g.count, title: 'How often: for loops, the loops', cell: (g) => count(Math.max(1, g.count)) },
				{ id: 'lost', head: 'Time', end: true, sort: (g) => g.lost, title: 'Time of the statements, or for which transactions were idle', cell: (g) => (g.lost > 0 ? duration(g.lost) : '') },
				number('Last', 'last', ago),
				{ id: 'example', head: el('span.offscreen', 'Links'), cell: (g) => el('span.row-actions', h('a', { href: address('statement', g.example.id) }, 'Example'), g.digest && h('a', { href: listOf({ q: (g.kind === 'error' ? 'err:' + g.example.errno : 'finding:' + g.kind) + ' digest:' + g.digest.slice(0, 16) }) }, 'All')) },
			],
		});
		this.note = el('p.note');
		this.body.replaceChildren(heading('Findings', 'What may deserve attention, with the place in the code where the application says it. The most expensive first.'), this.table.root, this.note);
	}

	load() {
		return getRecords({ q: 'finding or err or event:n_plus_one,write_loop,deadlock,lock_wait,prepare_once', n: LOOK_BACK, cut: 512 });
	}

	draw(records) {
		this.table.show(collect(records));
		this.note.textContent = 'Taken from the last ' + count(records.length) + ' records with findings or errors that the proxy still has' + (records.length === LOOK_BACK ? '; there are older ones.' : '.');
	}
}

/* The view Findings: what may deserve attention, one line for each kind, statement and place in the code. */
import { el, h, link } from './dom.js';
import { shown, count, duration, ago } from './text.js';
import { getRecords } from './api.js';
import { View, heading, Table, number } from './view.js';
import { chip } from './columns.js';
import { statementOf, codeLine, findingsOf, FINDINGS } from './record.js';
import { shortName, withoutTags, oneLine } from './sql.js';
import { address, go, listOf } from './router.js';

const LOOK_BACK = 20000;
const LOOPS = ['n_plus_one', 'write_loop', 'in_write_loop'], CONFLICTS = ['deadlock', 'lock_wait'];

/** What a finding of a record cost, in microseconds; 0 if that is no time. */
function lost(name, r) { return name === 'transaction_idle' ? r.trx_idle_us ?? 0 : r.event === 'disconnect' ? 0 : r.duration_us ?? 0; }

function collect(records) {
	const groups = new Map();
	for (const r of records) {
		if (r.event === 'transaction' || r.event === 'scope') continue; /* they repeat what is in the records of their commands */
		const names = CONFLICTS.includes(r.event) ? [r.event] : [...findingsOf(r), ...(r.errno !== undefined ? ['error'] : [])];
		for (const name of new Set(names)) {
			const kind = name === 'in_write_loop' ? 'write_loop' : name, code = codeLine(r), isQuery = r.event === 'query';
			const key = [kind, r.digest ?? '', code, name === 'error' ? r.errno : ''].join('\n');
			let g = groups.get(key);
			if (!g) groups.set(key, g = { key, kind, code, count: 0, lost: 0, last: 0, example: r, digest: r.digest });
			g.last = Math.max(g.last, r._t);
			if (LOOPS.includes(name) && isQuery) continue; /* a loop is counted by the record of its end; its statements are its examples */
			g.count++;
			g.lost += lost(name, r);
			if (!isQuery || (r.duration_us ?? 0) > (g.example.duration_us ?? 0)) g.example = r;
		}
	}
	return [...groups.values()];
}

function description({ kind, example: r }) {
	const sql = withoutTags(statementOf(r));
	if (kind === 'error') return el('span', el('span.error-text', 'error ' + r.errno + ': '), shown(r.error ?? '', 160));
	if (LOOPS.includes(kind) && r.repeated !== undefined) {
		const after = /after \d+ rows? of (.*)$/s.exec(r.info ?? '');
		return el('span', count(r.repeated) + ' × ', el('strong', shortName(sql)), after && [', after ', el('strong', shortName(after[1]))], el('span.second.mono', ...oneLine(sql, 140)));
	}
	return sql ? el('span.mono', ...oneLine(sql, 200)) : shown(r.reason ?? r.info ?? '', 200);
}

export class FindingsView extends View {
	constructor(root, route) { super(root, route, 4000); }

	begin() {
		this.table = new Table({
			label: 'Findings', key: (g) => g.key, sort: 'lost', open: (g) => go(address('statement', g.example.id)), empty: 'No finding among the recent records.',
			columns: [
				{ id: 'kind', head: 'Finding', sort: (g) => g.kind, cell: (g) => h('span', { title: FINDINGS[g.kind]?.[1] }, chip(g.kind)) },
				{ id: 'what', head: 'What', class: 'grow', cell: (g) => [description(g), g.code && el('code.second.narrow-only', shown(g.code, 80))] },
				{ id: 'code', head: 'Code', class: 'mono', wide: true, sort: (g) => g.code, cell: (g) => el('code', shown(g.code, 80)) },
				number('Count', 'count', (n) => count(Math.max(1, n)), 'How often: for loops, the loops'),
				number('Time', 'lost', (us) => (us > 0 ? duration(us) : ''), 'Time of the statements, or for which transactions were idle'),
				number('Last', 'last', ago),
				{ id: 'example', head: el('span.offscreen', 'Links'), cell: (g) => el('span.row-actions', link(address('statement', g.example.id), 'Example'),
					g.digest && link(listOf({ q: (g.kind === 'error' ? 'err:' + g.example.errno : 'finding:' + g.kind) + ' digest:' + g.digest.slice(0, 16) }), 'All')) },
			],
		});
		this.note = el('p.note');
		this.body.replaceChildren(heading('Findings', 'What may deserve attention, with the place in the code where the application says it. The most expensive first.'), this.table.root, this.note);
	}

	load() { return getRecords({ q: 'finding or err or event:n_plus_one,write_loop,deadlock,lock_wait,prepare_once', n: LOOK_BACK, cut: 512 }); }

	draw(records) {
		this.table.show(collect(records));
		this.note.textContent = 'Taken from the last ' + count(records.length) + ' records with findings or errors that the proxy still has' + (records.length === LOOK_BACK ? '; there are older ones.' : '.');
	}
}

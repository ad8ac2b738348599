/* The view Findings: what may deserve attention, one line for each kind and statement, since the start of the proxy; and errors. */
import { el, h, link } from './dom.js';
import { shown, count, plural, duration, ago, microseconds } from './text.js';
import { getJson, getRecords } from './api.js';
import { View, heading, Table, number } from './view.js';
import { chip } from './columns.js';
import { statementOf, codeLine, FINDINGS } from './record.js';
import { shortName, withoutTags, oneLine, tidy } from './sql.js';
import { address, go, listOf } from './router.js';

const FINDINGS_MAX = 128, ERRORS_MAX = 2000;

function fromTable(f) {
	const tags = Object.fromEntries((f.tags ?? []).map((t) => [t.name, t.value])), after = /^after \d+ rows? of (.*)$/s.exec(f.info ?? '');
	const sql = tidy(String(f.digest_text ?? '')), first = after && el('span', count(f.count) + ' × ', el('strong', shortName(sql)), ', after ', el('strong', shortName(after[1])));
	return {
		key: f.kind + ' ' + f.digest, kind: String(f.kind), digest: f.digest, code: codeLine({ tags }), count: f.count, lost: f.time_us, last: microseconds(f.last_seen), example: f.example,
		what: [first, sql ? h('span', { class: 'mono' + (first ? ' second' : '') }, ...oneLine(sql, 200)) : shown('session ' + f.conn_id)],
	};
}

function fromRecords(records) {
	const rows = new Map();
	for (const r of records) {
		const kind = r.event === 'query' || r.errno !== undefined ? 'error' : String(r.event), code = codeLine(r), key = [kind, r.digest, code, r.errno].join('\n');
		if (r.event === 'transaction' || r.event === 'scope') continue; /* they repeat what is in the records of their commands */
		const row = rows.get(key) ?? { key, kind, digest: r.digest, code, count: 0, lost: 0 };
		row.count++;
		row.lost += r.event === 'disconnect' ? 0 : r.duration_us ?? 0;
		Object.assign(row, { last: r._t, example: r.id, errno: r.errno, what: kind === 'error' ? el('span', el('span.error-text', 'error ' + (r.errno ?? '') + ': '), shown(r.error ?? '', 160))
			: el('span.mono', ...oneLine(withoutTags(statementOf(r)), 200)) });
		rows.set(key, row);
	}
	return [...rows.values()];
}

export class FindingsView extends View {
	constructor(root, route) { super(root, route, 4000); }

	begin() {
		this.table = new Table({
			label: 'Findings', key: (g) => g.key, sort: 'lost', open: (g) => go(address('statement', g.example)), empty: 'No finding yet.',
			columns: [
				{ id: 'kind', head: 'Finding', sort: (g) => g.kind, cell: (g) => h('span', { title: FINDINGS[g.kind]?.[1] }, chip(g.kind)) },
				{ id: 'what', head: 'What', class: 'grow', cell: (g) => [g.what, el('span.second.narrow-only', plural(g.count, 'time'), ', ', ago(g.last), ' ', el('code', shown(g.code, 80)))] },
				{ id: 'code', head: 'Code', class: 'mono', wide: true, sort: (g) => g.code, cell: (g) => el('code', shown(g.code, 80)) },
				{ ...number('Count', 'count', count, 'How often: statements, or sessions'), wide: true },
				number('Time', 'lost', (us) => (us > 0 ? duration(us) : ''), 'Time of the statements, or for which transactions were idle'),
				{ ...number('Last', 'last', ago), wide: true },
				{ id: 'example', wide: true, head: el('span.offscreen', 'Links'), cell: (g) => el('span.row-actions', link(address('statement', g.example), 'Example'), g.digest && link(address('digests', g.digest), 'Digest'),
					g.digest && link(listOf({ q: (g.errno ? 'err:' + g.errno : 'finding:' + g.kind) + ' digest:' + g.digest.slice(0, 16) }), 'All')) },
			],
		});
		this.note = el('p.note');
		this.body.replaceChildren(heading('Findings', 'What may deserve attention, with the place in the code where the application says it. The most expensive first.'), this.table.root, this.note);
	}

	load() { return Promise.all([getJson('/findings', { n: FINDINGS_MAX }), getRecords({ q: 'err or event:deadlock,lock_wait', n: ERRORS_MAX, cut: 512 })]); }

	draw([{ findings, evicted }, errors]) {
		this.table.show([...findings.map(fromTable), ...fromRecords(errors)]);
		this.note.textContent = 'Findings since the start of the proxy' + (evicted > 0 ? ', of which ' + count(evicted) + ' were replaced by newer ones' : '') + '; errors and conflicts among the records that it still has.';
	}
}

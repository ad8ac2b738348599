/* The frame of the page: views and their addresses, the state of the stream, themes, keys and their help. */
import { el, h, icon, button, clear, announce } from './dom.js';
import { count, shown } from './text.js';
import { here, address, go } from './router.js';
import { applyTheme, nextTheme } from './settings.js';
import { source } from './source.js';
import { describe } from './api.js';
import { LiveView } from './live.js';
import { StatementView } from './statement.js';
import { DigestsView } from './digests.js';
import { FindingsView } from './findings.js';
import { TransactionsView } from './transactions.js';
import { MemoryView } from './memory.js';
import { PacketsView } from './packets.js';
import { SessionsView } from './sessions.js';

const VIEWS = [
	{ id: 'live', name: 'Live', icon: 'live', make: LiveView },
	{ id: 'digests', name: 'Digests', icon: 'digests', make: DigestsView },
	{ id: 'findings', name: 'Findings', icon: 'finding', make: FindingsView },
	{ id: 'transactions', name: 'Transactions', icon: 'transactions', make: TransactionsView },
	{ id: 'sessions', name: 'Sessions', icon: 'sessions', make: SessionsView },
	{ id: 'packets', name: 'Packets', icon: 'hex', make: PacketsView },
	{ id: 'memory', name: 'Memory', icon: 'memory', make: MemoryView },
];
const HIDDEN_VIEWS = { statement: { id: 'statement', name: 'Statement', make: StatementView, parent: 'live' } };

const KEYS = [
	['Everywhere', [['1 … 7', 'Go to a view'], ['?', 'This help'], ['t', 'Light or dark'], ['Esc', 'Close what is open']]],
	['In the list', [['j k ↓ ↑', 'Next, previous record'], ['Enter', 'Open the record'], ['o', 'Open it as a page'], ['Home End', 'Oldest; newest, and follow'],
		['f', 'Follow or pause'], ['/', 'Filter'], ['g', 'Group'], ['z', 'Show all times again']]],
	['In the filter', [['Tab', 'Take the completion'], ['↓ ↑', 'Choose a completion'], ['Enter', 'Apply'], ['Esc', 'Close the completions']]],
];

const main = document.getElementById('main');
let current = null, currentId = '';

function viewOf(id) { return VIEWS.find((v) => v.id === id) ?? (Object.hasOwn(HIDDEN_VIEWS, id) ? HIDDEN_VIEWS[id] : undefined); }

function show() {
	const route = here();
	const view = viewOf(route.view);
	if (!view) { go(address('live'), true); return; }
	if (view.id !== 'live' && source.q === undefined) source.use('');
	document.title = document.getElementById('title').textContent = view.name + ' – querytap';
	for (const link of document.querySelectorAll('#nav a')) {
		const on = link.dataset.view === (view.parent ?? view.id);
		if (on) {
			link.setAttribute('aria-current', 'page');
			link.scrollIntoView({ inline: 'center', block: 'nearest' });
		} else link.removeAttribute('aria-current');
	}
	if (current && currentId === view.id) { current.show(route); return; }
	if (current) current.destroy();
	clear(main);
	main.className = 'view view-' + view.id;
	currentId = view.id;
	current = new view.make(main, route);
	announce(view.name);
}

/* --- the state of the stream --- */

const STATES = {
	connecting: ['Connecting', 'busy'], reconnecting: ['Reconnecting', 'busy'], live: ['Live', 'good'], lost: ['Connection lost', 'bad'],
	refused: ['Refused', 'bad'], wrong: ['Wrong filter', 'bad'], hidden: ['Paused while hidden', 'busy'],
};

function drawState() {
	const node = document.getElementById('state');
	const { state, message } = source.state;
	const [name, kind] = STATES[state] ?? [state, 'busy'];
	const rate = source.perSecond();
	node.className = 'pill pill-' + kind;
	const detail = state === 'live' ? count(rate < 10 ? Math.round(rate * 10) / 10 : Math.round(rate)) + '/s' : '';
	const text = name + (detail ? ' ' + detail : '');
	if (node.textContent !== text) clear(node, el('span.dot'), el('span.pill-name', name), detail && el('span.num', ' ' + detail));
	node.title = state === 'live' ? (message === 'shared' ? 'Records come from another tab of this browser, which reads the stream. ' : '') + 'Click to read again.'
		: shown(message || name, 300) + '. Click to try again at once.';
	node.setAttribute('aria-label', text + '. Read again');
}

/* --- help --- */

async function help() {
	if (document.querySelector('dialog[open]')) return;
	const about = el('p.note');
	const dialog = h('dialog.dialog.help', { 'aria-labelledby': 'help-title' },
		el('div.panel-head', h('h2', { id: 'help-title' }, 'Keys'), button('', () => dialog.close(), { class: 'icon-button', icon: 'close', 'aria-label': 'Close' })),
		el('div.keys', KEYS.map(([name, list]) => el('section', el('h3', name), el('dl', list.map(([k, what]) => el('div',
			el('dt', k.split(' ').map((one) => el('kbd', one))), el('dd', what))))))),
		el('h3', 'Filters'), el('p', 'Terms side by side mean “and”: ', el('code', 'd:100ms+ op:select'), '. Also ', el('code', 'or'), ', ', el('code', 'not'), ', ',
			el('code', '( )'), '. The manual is ', el('code', 'man 7 querytap-filter'), '.'), about,
		el('p.note', h('a', { href: '/?format=json' }, 'All endpoints'), ' · every action of this page is one of them.'));
	dialog.addEventListener('close', () => dialog.remove());
	document.body.append(dialog);
	dialog.showModal();
	describe().then((d) => { about.textContent = shown('The proxy listens on ' + d.listen + ' and forwards to ' + d.remote + '.'); }, () => {});
}

function onKey(event) {
	if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
	const target = event.target;
	const typing = target instanceof HTMLInputElement && target.type !== 'checkbox' || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
	if (typing) return;
	if (['Enter', ' '].includes(event.key)) return;
	if (event.key === '?') help();
	else if (event.key === 't') announce(nextTheme());
	else if (/^[1-9]$/.test(event.key) && VIEWS[Number(event.key) - 1]) go(address(VIEWS[Number(event.key) - 1].id));
	else if (!current || !current.key || !current.key(event)) return;
	event.preventDefault();
}

applyTheme();
clear(document.getElementById('nav'), VIEWS.map((v) => h('a', { href: address(v.id), 'data-view': v.id }, icon(v.icon), el('span', v.name))));
const themeButton = document.getElementById('theme');
clear(themeButton, icon('theme'));
themeButton.setAttribute('aria-label', 'Light or dark');
themeButton.title = 'Light or dark (t)';
themeButton.addEventListener('click', () => announce(nextTheme()));
const helpButton = document.getElementById('help');
clear(helpButton, icon('help'));
helpButton.setAttribute('aria-label', 'Help');
helpButton.title = 'Keys and help (?)';
helpButton.addEventListener('click', help);
document.getElementById('state').addEventListener('click', () => source.again());
document.querySelector('.skip').addEventListener('click', (event) => { event.preventDefault(); main.focus(); });
source.addEventListener('state', drawState);
setInterval(() => { if (!document.hidden) drawState(); }, 1000);
addEventListener('hashchange', show);
addEventListener('keydown', onKey);
show();
drawState();

/* The frame of the page: views and their addresses, the state of the stream, themes, keys and their help. */
import { el, h, icon, link, small, clear, announce, ask } from './dom.js';
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

/* Name, the view; the statement has no entry in the navigation. Views are numbered in this order. */
const VIEWS = Object.entries({ Live: LiveView, Digests: DigestsView, Findings: FindingsView, Transactions: TransactionsView, Sessions: SessionsView, Packets: PacketsView, Memory: MemoryView, Statement: StatementView })
	.map(([name, Make]) => ({ id: name.toLowerCase(), name, Make }));
const SHOWN = VIEWS.slice(0, -1);

const KEYS = [
	['Everywhere', [['1 … 7', 'Go to a view'], ['?', 'This help'], ['t', 'Light or dark'], ['Esc', 'Close what is open']]],
	['In the list', [['j k ↓ ↑', 'Next, previous record'], ['Enter', 'Open the record'], ['o', 'Open it as a page'], ['Home End', 'Oldest; newest, and follow'], ['f', 'Follow or pause'], ['/', 'Filter'], ['g', 'Group'],
		['z', 'Show all times again']]],
	['In the filter', [['Tab', 'Take the completion'], ['↓ ↑', 'Choose a completion'], ['Enter', 'Apply'], ['Esc', 'Close the completions']]],
];

const $ = (id) => document.getElementById(id);
const main = $('main');
let current = null, currentId = '';

function show() {
	const route = here(), view = VIEWS.find((v) => v.id === route.view);
	if (!view) { go(address('live'), true); return; }
	if (view.id !== 'live' && source.q === undefined) source.use('');
	document.title = $('title').textContent = view.name + ' – querytap';
	for (const a of $('nav').children) {
		const on = a.dataset.view === (view.id === 'statement' ? 'live' : view.id);
		if (on) a.setAttribute('aria-current', 'page');
		else a.removeAttribute('aria-current');
		if (on) a.scrollIntoView({ inline: 'center', block: 'nearest' });
	}
	if (currentId === view.id) { current.show(route); return; }
	current?.destroy();
	clear(main);
	main.className = 'view-' + view.id;
	currentId = view.id;
	current = new view.Make(main, route);
	announce(view.name);
}

const STATES = {
	connecting: ['Connecting', 'warn'], reconnecting: ['Reconnecting', 'warn'], live: ['Live', 'good'], lost: ['Connection lost', 'bad'], refused: ['Refused', 'bad'], wrong: ['Wrong filter', 'bad'],
	hidden: ['Paused while hidden', 'warn'],
};

function drawState() {
	const node = $('state'), { state, message } = source.state, isLive = state === 'live', [name, tone] = STATES[state];
	const rate = source.perSecond(), text = name + (isLive ? ' ' + count(rate < 10 ? Math.round(rate * 10) / 10 : Math.round(rate)) + '/s' : '');
	node.className = 'pill tone ' + tone;
	if (node.textContent !== text) clear(node, el('span.dot'), el('span', name), isLive && el('span.num', text.slice(name.length)));
	node.title = isLive ? (message === 'shared' ? 'Records come from another tab of this browser, which reads the stream. ' : '') + 'Click to read again.' : shown(message || name, 300) + '. Click to try again at once.';
	node.setAttribute('aria-label', text + '. Read again');
}

function help() {
	const about = el('p.note');
	describe().then((d) => { about.textContent = shown('The proxy listens on ' + d.listen + ' and forwards to ' + d.remote + '.'); }, () => {});
	ask('Keys', [el('div.keys', KEYS.map(([name, list]) => el('section', el('h3', name), el('dl', list.map(([k, what]) => el('div', el('dt', k.split(' ').map((one) => el('kbd', one))), el('dd', what))))))),
		el('h3', 'Filters'), el('p', 'Terms side by side mean “and”: ', el('code', 'd:100ms+ op:select'), '. Also ', el('code', 'or'), ', ', el('code', 'not'), ', ', el('code', '( )'), '. The manual is ',
			el('code', 'man 7 querytap-filter'), '.'), about, el('p.note', link('/?format=json', 'All endpoints'), ' · every action of this page is one of them.')], (close) => small('Close', () => close('')));
}

function onKey(event) {
	const { key, target } = event;
	if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
	if ((target instanceof HTMLInputElement && target.type !== 'checkbox') || key === 'Enter' || key === ' ') return;
	if (key === '?') help();
	else if (key === 't') announce(nextTheme());
	else if (/^[1-9]$/.test(key) && SHOWN[key - 1]) go(address(SHOWN[key - 1].id));
	else if (!current?.key(event)) return;
	event.preventDefault();
}

applyTheme();
clear($('nav'), SHOWN.map((v) => h('a', { href: address(v.id), 'data-view': v.id }, icon(v.id), el('span', v.name))));
for (const [id, name, key, act] of [['theme', 'Light or dark', 't', () => announce(nextTheme())], ['help', 'Keys and help', '?', help]]) {
	clear($(id), icon(id));
	$(id).setAttribute('aria-label', name);
	$(id).title = name + ' (' + key + ')';
	$(id).addEventListener('click', act);
}
$('state').addEventListener('click', () => source.again());
document.querySelector('.skip').addEventListener('click', (event) => { event.preventDefault(); main.focus(); });
source.addEventListener('state', drawState);
setInterval(() => { if (!document.hidden) drawState(); }, 1000);
addEventListener('hashchange', show);
addEventListener('keydown', onKey);
show();
drawState();

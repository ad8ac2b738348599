/* What the page remembers in this browser. What is found there may be of another version, or anybody's: each value is checked. */

const PREFIX = 'querytap.';
const TEXT_MAX = 2000;

function read(name) {
	try { return JSON.parse(localStorage.getItem(PREFIX + name)); } catch { return null; }
}

function write(name, value) {
	try { localStorage.setItem(PREFIX + name, JSON.stringify(value)); } catch { /* without storage nothing is remembered */ }
}

/** One of `words`, else the first of them. */
export function choice(name, words) {
	const value = read(name);
	return words.includes(value) ? value : words[0];
}

export function setChoice(name, value) { write(name, value); }

/** A list of some of `words`, else `standard`. */
export function choices(name, words, standard) {
	const value = read(name);
	const found = Array.isArray(value) ? value.filter((w, i) => words.includes(w) && value.indexOf(w) === i) : [];
	return found.length > 0 ? found : standard;
}

/** Filters that were saved: texts, newest first. */
export function savedFilters() {
	const value = read('filters');
	if (!Array.isArray(value)) return [];
	return value.filter((q) => typeof q === 'string' && q !== '' && q.length <= TEXT_MAX).slice(0, 50);
}

export function saveFilter(q) { write('filters', [q, ...savedFilters().filter((other) => other !== q)].slice(0, 50)); }

export function forgetFilter(q) { write('filters', savedFilters().filter((other) => other !== q)); }

const THEMES = ['auto', 'light', 'dark'];
export function theme() { return choice('theme', THEMES); }

export function applyTheme(value = theme()) {
	if (value === 'auto') document.documentElement.removeAttribute('data-theme');
	else document.documentElement.setAttribute('data-theme', value);
}

export function nextTheme() {
	const dark = matchMedia('(prefers-color-scheme: dark)').matches;
	const now = theme() === 'auto' ? (dark ? 'dark' : 'light') : theme();
	const next = now === 'dark' ? 'light' : 'dark';
	const value = (next === 'dark') === dark ? 'auto' : next;
	write('theme', value);
	applyTheme(value);
	return next;
}

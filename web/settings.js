/* What the page remembers in this browser. What is found there may be of another version, or anybody's: each value is checked. */
const PREFIX = 'querytap.', TEXT_MAX = 2000, FILTERS_MAX = 50;

function read(name) {
	try { return JSON.parse(localStorage.getItem(PREFIX + name)); } catch { return null; }
}

export function remember(name, value) {
	try { localStorage.setItem(PREFIX + name, JSON.stringify(value)); } catch {  }
}

export function choice(name, words) {
	const value = read(name);
	return words.includes(value) ? value : words[0];
}

export function choices(name, words, standard) {
	const value = read(name);
	const found = Array.isArray(value) ? words.filter((w) => value.includes(w)) : [];
	return found.length > 0 ? found : standard;
}

/** Filters that were saved: texts, newest first. */
export function savedFilters() {
	const value = read('filters');
	return Array.isArray(value) ? value.filter((q) => typeof q === 'string' && q !== '' && q.length <= TEXT_MAX).slice(0, FILTERS_MAX) : [];
}

export function saveFilter(q, on) {
	const others = savedFilters().filter((other) => other !== q);
	remember('filters', on ? [q, ...others].slice(0, FILTERS_MAX) : others);
}

const theme = () => choice('theme', ['auto', 'light', 'dark']);

export function applyTheme() {
	if (theme() === 'auto') document.documentElement.removeAttribute('data-theme');
	else document.documentElement.setAttribute('data-theme', theme());
}

/** Change between light and dark. Returns what it is now. */
export function nextTheme() {
	const dark = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
	const next = (theme() === 'auto' ? dark : theme()) === 'dark' ? 'light' : 'dark';
	remember('theme', next === dark ? 'auto' : next);
	applyTheme();
	return next;
}

/* Addresses within the page: #/view/argument?name=value. The browser's history is the page's history. */

const PART_MAX = 4000;

function decode(text) {
	try { return decodeURIComponent(text.replaceAll('+', ' ')); } catch { return text; }
}

/** For an address. A half of a surrogate pair, as where a text was cut, would be an error. */
export const encode = (value) => encodeURIComponent(String(value).replace(/\p{Surrogate}/gu, '\ufffd'));

export function here() {
	const hash = location.hash.replace(/^#\/?/, '');
	const cutAt = hash.indexOf('?');
	const path = (cutAt < 0 ? hash : hash.slice(0, cutAt)).split('/');
	const params = {};
	if (cutAt >= 0) {
		for (const pair of hash.slice(cutAt + 1).split('&')) {
			const at = pair.indexOf('=');
			if (at > 0) params[decode(pair.slice(0, at))] = decode(pair.slice(at + 1)).slice(0, PART_MAX);
		}
	}
	return { view: path[0] || 'live', arg: decode(path.slice(1).join('/')), params };
}

/** The address of a view. Parameters that are empty are left out. */
export function address(view, arg = '', params = {}) {
	const query = Object.entries(params).filter(([, v]) => v !== undefined && v !== null && v !== '')
		.map(([k, v]) => encode(k) + '=' + encode(v)).join('&');
	return '#/' + view + (arg !== '' ? '/' + encode(arg) : '') + (query ? '?' + query : '');
}

export const listOf = (params) => address('live', '', params);

/** Go to an address; with `replace` without a step of the history. */
export function go(hash, replace = false) {
	if (hash === location.hash) return;
	if (replace) {
		history.replaceState(null, '', hash);
		dispatchEvent(new HashChangeEvent('hashchange'));
	} else {
		location.hash = hash;
	}
}

export function note(hash) { history.replaceState(null, '', hash); }

/* Requests to the admin port. All of the page's actions are endpoints of it. */
import { parseJson } from './text.js';
import { prepare } from './record.js';
import { encode } from './router.js';

class ApiError extends Error {
	constructor(status, message) { super(message); this.status = status; }
}

async function failure(response) {
	const body = await response.text().catch(() => '');
	let message = body.trim();
	try { message = JSON.parse(body).error ?? message; } catch {  }
	return new ApiError(response.status, message || 'the proxy answered with status ' + response.status);
}

/** The response of an endpoint; throws ApiError. */
export async function request(path, params, options) {
	let response;
	try {
		const query = new URLSearchParams(Object.entries(params ?? {}).filter(([, v]) => v !== undefined && v !== ''));
		response = await fetch(query.size > 0 ? path + '?' + query : path, { cache: 'no-store', ...options });
	} catch (error) {
		if (error.name === 'AbortError') throw error;
		throw new ApiError(0, 'the proxy does not answer');
	}
	if (!response.ok) throw await failure(response);
	return response;
}

export async function getJson(path, params, options) {
	return parseJson(await (await request(path, { ...params, format: 'json' }, options)).text());
}

export async function getText(path, params, options) {
	return (await request(path, params, options)).text();
}

export const post = async (path, params) => (await request(path, params, { method: 'POST' })).text();

/** Records, oldest first; `params` has q, n, after … of /records. Long texts are cut: see getWhole. */
export async function getRecords(params, options) {
	const text = await getText('/records', { ...params, format: 'json', ids: 1 }, options);
	return text.split('\n').filter((line) => line !== '').map((line) => prepare(parseJson(line), line.length));
}

export async function getWhole(id) {
	const text = await getText('/records/' + encode(id), { format: 'json' });
	return prepare({ id, ...parseJson(text) }, text.length);
}

let about;
/** What the proxy says of itself: its addresses and endpoints. */
export function describe() {
	about ??= getJson('/').catch((error) => { about = undefined; throw error; });
	return about;
}

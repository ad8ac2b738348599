/* Requests to the admin port. All of the page's actions are endpoints of it. */
import { parseJson } from './text.js';
import { prepare } from './record.js';
import { encode } from './router.js';

export class ApiError extends Error {
	constructor(status, message) { super(message); this.status = status; }
}

async function failure(response) {
	const body = await response.text().catch(() => '');
	let message = body.trim();
	try { message = JSON.parse(body).error ?? message; } catch { /* it is text */ }
	return new ApiError(response.status, message || 'the proxy answered with status ' + response.status);
}

function address(path, params) {
	const query = new URLSearchParams();
	for (const [key, value] of Object.entries(params ?? {})) if (value !== undefined && value !== '') query.set(key, value);
	const text = query.toString();
	return path + (text ? '?' + text : '');
}

async function request(path, params, options) {
	let response;
	try {
		response = await fetch(address(path, params), { cache: 'no-store', ...options });
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

export async function post(path, params) { return (await request(path, params, { method: 'POST' })).text(); }

/** An open response whose body is read in parts. */
export function open(path, params, options) { return request(path, params, options); }

/** Records, oldest first; `params` has q, n, after … of /records. Long texts are cut: see getWhole. */
export async function getRecords(params, options) {
	const text = await getText('/records', { ...params, format: 'json', ids: 1 }, options);
	return text.split('\n').filter((line) => line !== '').map((line) => prepare(parseJson(line), line.length));
}

/** The record with an ID, with all of its texts. */
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

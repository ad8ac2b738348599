// The official client of the Model Context Protocol: node mcp.mjs QUERYTAP ADMIN URL. Prints what each transport gave.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(process.env.NODE_PATH + '/');
const load = (name) => import(pathToFileURL(require.resolve('@modelcontextprotocol/sdk/' + name)));
const { Client } = await load('client/index.js');
const { StdioClientTransport } = await load('client/stdio.js');
const { StreamableHTTPClientTransport } = await load('client/streamableHttp.js');
const [binary, admin, url] = process.argv.slice(2);
const args = { search: { q: 'err' }, statement: { number: 3 }, scopes: { by: 'user' }, hex: { session: 1 }, set_mark: { name: 'official' }, kill: { session: 99999 } };

async function tryAll(transport) {
	const client = new Client({ name: 'a test', version: '1' });
	await client.connect(transport);
	const { tools } = await client.listTools();
	const answers = {}, resources = {};
	await Promise.all(tools.map(async ({ name }) => {
		answers[name] = (await client.callTool({ name, arguments: args[name] ?? {} })).content[0].text;
	}));
	for (const { uri } of (await client.listResources()).resources) resources[uri] = (await client.readResource({ uri })).contents[0].text.length;
	const error = await client.callTool({ name: 'recent', arguments: { n: 'many' } }).then(() => 'none', (e) => String(e.message));
	await client.ping();
	await client.close();
	return { tools: tools.map((t) => t.name), answers, resources, error };
}

console.log(JSON.stringify([
	await tryAll(new StdioClientTransport({ command: binary, args: ['mcp', '--admin', admin, '--allow-actions'] })),
	await tryAll(new StreamableHTTPClientTransport(new URL(url)))]));

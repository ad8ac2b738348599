const { test, beforeEach, after } = require('node:test');
const assert = require('node:assert');
const { env } = process;
const db = require('knex')({
	client: 'mysql2',
	connection: { host: env.MYSQL_HOST, port: env.MYSQL_TCP_PORT, user: env.DB_USER, password: env.DB_PASSWORD, database: 'shop' },
	pool: { min: 1, max: 1 },
});

beforeEach(async (t) => {
	await db.raw('SET @querytap_scope = ?', [t.fullName ?? t.name]);
	await db.raw('CREATE OR REPLACE TEMPORARY TABLE author (id INT PRIMARY KEY, name VARCHAR(40))');
	await db.raw('CREATE OR REPLACE TEMPORARY TABLE book (id INT PRIMARY KEY, title VARCHAR(40), author_id INT)');
});
after(() => db.destroy());

async function lines() {
	if (!env.PLANT) return (await db('book').join('author', 'author.id', 'book.author_id').orderBy('book.id')).map((b) => b.name + ': ' + b.title);
	const all = [];
	for (const book of await db('book').orderBy('id')) {
		const { name } = await db('author').where({ id: book.author_id }).first();
		all.push(name + ': ' + book.title);
	}
	return all;
}

test('lines', async () => {
	const numbers = [1, 2, 3, 4, 5, 6, 7, 8];
	await db('author').insert(numbers.map((id) => ({ id, name: 'author ' + id })));
	await db('book').insert(numbers.map((id) => ({ id, title: 'book ' + id, author_id: id })));
	assert.strictEqual((await lines())[7], 'author 8: book 8');
});

test('nothing', async () => assert.deepStrictEqual(await lines(), []));

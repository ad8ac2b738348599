// A small application with mysql2: blog.js PORT SCENARIO runs one scenario of test_applications.py.
const mysql = require('mysql2/promise');

const options = { host: '127.0.0.1', port: +process.argv[2], user: 'root', database: 'shop' };
const comments = 'SELECT COUNT(*) AS n FROM app_comment WHERE post_id = ?';

const scenarios = {
    async lazy(page, one) {
        for (const post of await page(20)) await one.query(comments, [post.id]);
    },
    async preloaded(page, one) {
        const posts = await page(20);
        await one.query('SELECT id, name FROM app_author WHERE id IN (?)', [posts.map((p) => p.author_id)]);
        await one.query('SELECT post_id, body FROM app_comment WHERE post_id IN (?)', [posts.map((p) => p.id)]);
    },
    async batches(page, one) {
        for (let id = 0; ;) {
            const [posts] = await one.query('SELECT id, title FROM app_post WHERE id > ? ORDER BY id LIMIT 10', [id]);
            if (posts.length === 0) return;
            await one.query('SELECT post_id, body FROM app_comment WHERE post_id IN (?)', [posts.map((p) => p.id)]);
            id = posts[posts.length - 1].id;
        }
    },
    async updates(page, one) {
        for (const post of await page(15)) await one.query('UPDATE app_post SET title = ? WHERE id = ?', [`${post.title}.`, post.id]);
    },
    async inserts(page, one) {
        for (let i = 0; i < 12; i++) await one.query("INSERT INTO app_comment (post_id, body) VALUES (?, 'x')", [1000 + 7 * i % 60]);
    },
    async again(page, one) {
        for (let i = 0; i < 6; i++) await one.query('SELECT COUNT(*) AS n FROM app_author');
    },
    async at_once(page, one, pool) { // all rows at once, over the connections of a pool
        await Promise.all((await page(24)).map((post) => pool.query(comments, [post.id])));
    },
    async visitors(page, one, pool) { // several visitors, each of whom looks at some posts, in no order
        await page(30);
        await Promise.all([0, 1, 2, 3].map(async (visitor) => {
            for (let i = 1; i <= 12; i++) await pool.query(comments, [1000 + visitor * 15 + i * 7 % 15]);
        }));
    },
};

(async () => {
    const pool = mysql.createPool({ ...options, connectionLimit: 4 });
    const one = await pool.getConnection();
    const page = async (n) => (await one.query('SELECT id, title, author_id FROM app_post ORDER BY id LIMIT ?', [n]))[0];
    await scenarios[process.argv[3]](page, one, pool);
    one.release();
    await pool.end();
})().catch((error) => {
    console.error(error);
    process.exit(1);
});

// mariadb-connector-nodejs sends everything before it reads the replies: pipeline.js PORT QUERIES
const mariadb = require('mariadb');
(async () => {
  const [port, n] = [+process.argv[2], +process.argv[3]];
  const o = {host: '127.0.0.1', port, user: 'pw', password: 'secret', database: 'shop', compress: true, pipelining: true,
             ssl: {rejectUnauthorized: false}};
  const c = await mariadb.createConnection(o);
  await c.query('CREATE OR REPLACE TABLE nb (a INT, b VARCHAR(100))');
  const waits = [];
  for (let i = 0; i < n; i++) waits.push(c.query(`SELECT ${i} AS a, REPEAT('x', ${i % 300}) AS b`));
  const rows = await Promise.all(waits);
  rows.forEach((r, i) => { if (Number(r[0].a) !== i || r[0].b.length !== i % 300) throw new Error('mixed up ' + i); });
  const values = []; for (let i = 0; i < 3000; i++) values.push([i, 'value ' + i]);
  const b = await c.batch('INSERT INTO nb VALUES (?, ?)', values);
  if (b.affectedRows !== 3000) throw new Error('batch ' + b.affectedRows);
  const ex = []; for (let i = 0; i < 500; i++) ex.push(c.execute('SELECT a FROM nb WHERE a = ?', [i]));
  (await Promise.all(ex)).forEach((r, i) => { if (r[0].a !== i) throw new Error('execute ' + i); });
  const errors = await Promise.allSettled([c.query('SELECT 1 AS one'), c.query('SELEC 2'), c.query('SELECT 3 AS three')]);
  if (errors[1].status !== 'rejected' || errors[2].value[0].three !== 3) throw new Error('errors');
  await c.end();
  console.log('done');
})().catch(e => { console.log('FAILED', e); process.exit(1); });

// Node.js: node.js DRIVER JSON, with DRIVER mysql2 or mariadb.
'use strict';
const fs = require('fs');
const [driver, o] = [process.argv[2], JSON.parse(process.argv[3])];
const options = {
  host: o.host, port: o.port, user: o.user, password: o.password, database: 'shop', multipleStatements: true,
  ssl: o.tls ? { rejectUnauthorized: false } : undefined, dateStrings: true, connectTimeout: 600000, charset: driver === 'mysql2' ? 'utf8mb4_general_ci' : undefined,
};
if (o.socket) {
  Object.assign(options, { socketPath: o.socket, host: undefined, port: undefined });
}
if (driver === 'mysql2') {
  Object.assign(options, { enableCleartextPlugin: true, compress: o.compress === 'zlib', infileStreamFactory: (p) => fs.createReadStream(p) });
} else {
  Object.assign(options, { compress: o.compress === 'zlib', permitLocalInfile: true, bigIntAsNumber: true, insertIdAsNumber: true,
    allowPublicKeyRetrieval: true, ssl: o.tls ? { rejectUnauthorized: false } : false });
}
const show = (step, result) => console.log(JSON.stringify({ step, result },
  (k, v) => (typeof v === 'bigint' ? v.toString() : typeof v === 'string' && v.length > 1000 ? v.length : v)));
async function attempt(step, work) {
  try {
    show(step, await work());
  } catch (error) {
    console.log(JSON.stringify({ step, error: error.errno || error.code || String(error) }));
    return false;
  }
  return true;
}
(async () => {
  let db;
  const connected = await attempt('connect', async () => {
    db = driver === 'mysql2' ? await require('mysql2/promise').createConnection(options)
      : await require('mariadb').createConnection(options);
    return 'ok';
  });
  if (!connected) return;
  const rows = async (text, values) => {
    const r = driver === 'mysql2' ? (await db.query(text, values))[0] : await db.query(text, values);
    return Array.isArray(r) ? r.map((x) => (Array.isArray(x) ? x : { ...x })) : 'ok';
  };
  const prepared = async (text, values) => {
    const r = driver === 'mysql2' ? (await db.execute(text, values))[0] : await db.execute(text, values);
    return Array.isArray(r) ? r : 'ok';
  };
  await attempt('text', () => rows("SELECT 1 AS a, 'zwei' AS b, NULL AS c, 3.50 AS d, DATE'2026-01-02' AS e /* text */"));
  await attempt('ddl', () => rows('CREATE TEMPORARY TABLE m (a BIGINT, b VARCHAR(40), c BLOB, d DOUBLE) /* ddl */'));
  await attempt('prepared', () => prepared('INSERT INTO m VALUES (?, ?, ?, ?) /* prepared */', [-5, "tea 'n' 茶", Buffer.from([0, 255]), 2.5]));
  await attempt('binary', () => prepared('SELECT a, b, HEX(c) AS c, d FROM m WHERE a > ? /* binary */', [-100]));
  await attempt('multi', async () => (await rows('SELECT 1 /* multi */; SELECT 2, 3')).length);
  await attempt('procedure', async () => (await rows('CALL two(7) /* procedure */')).length);
  await attempt('error', () => rows('SELECT * FROM nowhere /* error */'));
  await attempt('pipelined', () => Promise.all([1, 2, 3, 4].map((i) => rows(`SELECT ${i} AS i /* pipelined */`))));
  if (driver === 'mariadb') {
    await attempt('batch', async () => { await db.batch('INSERT INTO m (a, b) VALUES (?, ?) /* batch */', [[1, 'x'], [2, null], [3, 'z']]); return 'ok'; });
    await attempt('reset', async () => { await db.reset(); return 'ok'; });
  }
  await attempt('transaction', async () => { await db.beginTransaction(); await rows('DO 1 /* transaction */'); await db.rollback(); return 'ok'; });
  await attempt('big', () => rows("SELECT REPEAT('x', 300000) AS x, REPEAT('y', 20000000) AS y /* big */"));
  await attempt('ping', async () => { await db.ping(); return 'ok'; });
  await attempt('user', async () => { await db.changeUser({ user: o.user, password: o.password, database: 'shop' });
    return rows("SELECT DATABASE() AS d /* user */"); });
  await db.end();
})();

// Node's pure JavaScript clients: mysql2 (text and prepared statements) or mysql. node node.js PORT; 77 = neither is there.
'use strict'
const load = name => { try { return require(name) } catch (_) { return null } }
const mysql2 = load('mysql2')
const mysql = mysql2 || load('mysql')
if (!mysql) process.exit(77)
const db = mysql.createConnection({ host: '127.0.0.1', port: Number(process.argv[2]), user: 'pw', password: 'secret', database: 'shop' })
const seen = []
const run = (f, ...args) => new Promise(done => f.call(db, ...args, (error, rows) => { seen.push(error ? error.errno : rows); done() }))
;(async () => {
  await run(db.query, 'SELECT 1 AS one, ? AS two', ['zw"ei'])
  await run(db.query, 'SELECT broken FROM nowhere')
  await run(mysql2 ? db.execute : db.query, 'SELECT ? AS number, ? AS text, ? AS nothing', [1.5, 'prepared', null])
  console.log(JSON.stringify(seen))
  db.end()
})()

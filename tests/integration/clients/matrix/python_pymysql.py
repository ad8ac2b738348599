#!/usr/bin/python3
"""PyMySQL."""
import json
import ssl
import sys

import pymysql
import pymysql.constants.CLIENT as CLIENT

o = json.loads(sys.argv[1])
context = None
if o["tls"]:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE


class Dialog:
    """Answers each question of the dialog plugin with the password."""

    def __init__(self, connection):
        pass

    def prompt(self, echo, text):
        return o["password"].encode()


def show(step, result):
    print(json.dumps({"step": step, "result": result}, default=str), flush=True)


def attempt(step, work):
    try:
        show(step, work())
    except pymysql.err.MySQLError as error:
        print(json.dumps({"step": step, "error": error.args[0]}), flush=True)


def query(text, *values):
    with db.cursor() as c:
        c.execute(text, values or None)
        rows = [list(c.fetchall())]
        while c.nextset():
            rows.append(list(c.fetchall()))
        return [c.rowcount, rows]


try:
    db = pymysql.connect(host=o["host"], port=o["port"], user=o["user"], password=o["password"], database="shop", ssl=context,
                         unix_socket=o["socket"] or None,
                         local_infile=True, client_flag=CLIENT.MULTI_STATEMENTS, autocommit=True,
                         auth_plugin_map={b"dialog": Dialog})
except pymysql.err.MySQLError as error:
    print(json.dumps({"step": "connect", "error": error.args[0]}))
    sys.exit(0)
show("connect", "ok")
attempt("text", lambda: query("SELECT 1 AS a, 'zwei' AS b, NULL AS c, 3.50 AS d, DATE'2026-01-02' AS e /* text */"))
attempt("ddl", lambda: query("CREATE TEMPORARY TABLE m (a BIGINT, b VARCHAR(40), c BLOB, d DATETIME(6)) /* ddl */"))
attempt("values", lambda: query("INSERT INTO m VALUES (%s, %s, %s, NULL) /* values */", -5, "tea 'n' 茶", b"\0\xff'"))
attempt("select", lambda: query("SELECT a, b, HEX(c) FROM m /* select */"))
attempt("multi", lambda: query("SELECT 1 /* multi */; SELECT 2, 3; DO 1"))
attempt("procedure", lambda: query("CALL two(7) /* procedure */"))
attempt("error", lambda: query("SELECT * FROM nowhere /* error */"))
attempt("infile", lambda: query("LOAD DATA LOCAL INFILE '%s' INTO TABLE m /* infile */" % o["file"]))
attempt("no infile", lambda: query("LOAD DATA LOCAL INFILE '/nonexistent' INTO TABLE m /* no infile */"))
attempt("transaction", lambda: [db.begin(), query("INSERT INTO m (a) VALUES (9) /* transaction */"), db.rollback(),
                                query("SELECT COUNT(*) FROM m WHERE a = 9 /* transaction */")])
attempt("big", lambda: len(query("SELECT REPEAT('x', 300000), REPEAT('y', 20000000) /* big */")[1][0][0][1]))
attempt("rows", lambda: len(query("SELECT a.n, b.n FROM digits a, digits b, digits c, digits d /* rows */")[1][0]))
attempt("charset", lambda: [db.set_charset("latin1"), query("SELECT 'café', HEX('café') /* charset */")])
attempt("ping", lambda: db.ping(reconnect=False))
attempt("database", lambda: [db.select_db("information_schema"), query("SELECT DATABASE() /* database */")])
db.close()

#!/usr/bin/python3
"""mysqlclient (MySQLdb), on the C library."""
import json
import sys

import MySQLdb
from MySQLdb.constants import CLIENT

o = json.loads(sys.argv[1])
more = {"ssl": {"cipher": "ALL:@SECLEVEL=0"}} if o["tls"] else {}
if o["socket"]:
    more["unix_socket"] = o["socket"]
if o["compress"] == "zlib":
    more["compress"] = True


def show(step, result):
    print(json.dumps({"step": step, "result": result}, default=str), flush=True)


def attempt(step, work):
    try:
        show(step, work())
    except MySQLdb.Error as error:
        print(json.dumps({"step": step, "error": error.args[0]}), flush=True)


def query(text, *values):
    c = db.cursor()
    c.execute(text, values or None)
    rows = [list(c.fetchall())]
    while c.nextset() == 1:
        rows.append(list(c.fetchall()))
    c.close()
    return rows


def user(name):
    db.change_user(name, o["password"], "shop")
    return query("SELECT USER() LIKE %s /* user */", name + "@%")


try:
    db = MySQLdb.connect(host="localhost" if o["socket"] else o["host"], port=o["port"], user=o["user"], password=o["password"], database="shop",
                         local_infile=1, client_flag=CLIENT.MULTI_STATEMENTS, charset="utf8mb4",
                         autocommit=True, **more)
except MySQLdb.Error as error:
    print(json.dumps({"step": "connect", "error": error.args[0]}))
    sys.exit(0)
show("connect", "ok")
attempt("text", lambda: query("SELECT 1 AS a, 'zwei' AS b, NULL AS c, 3.50 AS d, DATE'2026-01-02' AS e /* text */"))
attempt("ddl", lambda: query("CREATE TEMPORARY TABLE m (a BIGINT, b VARCHAR(40), c BLOB) /* ddl */"))
attempt("values", lambda: query("INSERT INTO m VALUES (%s, %s, %s) /* values */", -5, "tea 'n' 茶", b"\0\xff'"))
attempt("select", lambda: query("SELECT a, b, HEX(c) FROM m /* select */"))
attempt("multi", lambda: query("SELECT 1 /* multi */; SELECT 2, 3; DO 1"))
attempt("procedure", lambda: query("CALL two(7) /* procedure */"))
attempt("error", lambda: query("SELECT * FROM nowhere /* error */"))
attempt("infile", lambda: query("LOAD DATA LOCAL INFILE '%s' INTO TABLE m /* infile */" % o["file"]))
attempt("big", lambda: len(query("SELECT REPEAT('x', 300000), REPEAT('y', 20000000) /* big */")[0][0][1]))
attempt("rows", lambda: len(query("SELECT a.n, b.n FROM digits a, digits b, digits c, digits d /* rows */")[0]))
attempt("charset", lambda: [db.set_character_set("latin1"), query("SELECT 'café', HEX('café') /* charset */")])
attempt("statistics", lambda: db.stat()[:7])
attempt("ping", db.ping)
attempt("user", lambda: user(o["user"]))
attempt("database", lambda: [db.select_db("information_schema"), query("SELECT DATABASE() /* database */")])
db.close()

// Go's driver. Prints what it saw; see README.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"

	"github.com/go-sql-driver/mysql"
)

var ctx = context.Background()

var o struct {
	Host, User, Password, Compress, File, Socket string
	Port                                         int
	Tls                                          bool
}

func show(step string, result interface{}, err error) bool {
	line := map[string]interface{}{"step": step, "result": result}
	if err != nil {
		line = map[string]interface{}{"step": step, "error": err.Error()}
		if e, ok := err.(*mysql.MySQLError); ok {
			line["error"] = e.Number
		}
	}
	text, _ := json.Marshal(line)
	fmt.Println(string(text))
	return err == nil
}

func rows(db *sql.Conn, step, text string, values ...interface{}) {
	r, err := db.QueryContext(ctx, text, values...)
	all := [][]string{}
	for more := err == nil; more; more = r.NextResultSet() {
		names, _ := r.Columns()
		for r.Next() {
			cells := make([]sql.NullString, len(names))
			targets := make([]interface{}, len(names))
			for i := range cells {
				targets[i] = &cells[i]
			}
			err = r.Scan(targets...)
			row := []string{}
			for _, c := range cells {
				if len(c.String) > 1000 {
					c.String = fmt.Sprint(len(c.String))
				}
				row = append(row, fmt.Sprint(c.Valid, c.String))
			}
			all = append(all, row)
		}
	}
	if err == nil {
		err = r.Err()
		r.Close()
	}
	show(step, all, err)
}

func main() {
	if err := json.Unmarshal([]byte(os.Args[1]), &o); err != nil {
		panic(err)
	}
	to := fmt.Sprintf("tcp(%s:%d)", o.Host, o.Port)
	if o.Socket != "" {
		to = "unix(" + o.Socket + ")"
	}
	dsn := fmt.Sprintf("%s:%s@%s/shop?multiStatements=true&allowAllFiles=true&allowCleartextPasswords=true&charset=utf8mb4", o.User, o.Password, to)
	if o.Tls {
		dsn += "&tls=skip-verify"
	}
	pool, err := sql.Open("mysql", dsn)
	if err != nil {
		panic(err)
	}
	defer pool.Close()
	db, err := pool.Conn(ctx)
	if !show("connect", "ok", err) {
		return
	}
	rows(db, "text", "SELECT 1 AS a, 'zwei' AS b, NULL AS c, 3.50 AS d, DATE'2026-01-02' AS e /* text */")
	rows(db, "ddl", "CREATE TEMPORARY TABLE m (a BIGINT, b VARCHAR(40), c BLOB, d DOUBLE) /* ddl */")
	rows(db, "prepared", "INSERT INTO m VALUES (?, ?, ?, ?) /* prepared */", -5, "tea 'n' 茶", []byte{0, 255}, 2.5)
	rows(db, "binary", "SELECT a, b, HEX(c), d FROM m WHERE a > ? /* binary */", -100)
	rows(db, "multi", "SELECT 1 /* multi */; SELECT 2, 3")
	rows(db, "procedure", "CALL two(7) /* procedure */")
	rows(db, "error", "SELECT * FROM nowhere /* error */")
	rows(db, "infile", "LOAD DATA LOCAL INFILE '"+o.File+"' INTO TABLE m /* infile */")
	rows(db, "big", "SELECT REPEAT('x', 300000), REPEAT('y', 20000000) /* big */")
	tx, err := db.BeginTx(ctx, nil)
	if err == nil {
		_, err = tx.Exec("INSERT INTO m (a) VALUES (9) /* transaction */")
		_ = tx.Rollback()
	}
	show("transaction", "ok", err)
	rows(db, "rolled back", "SELECT COUNT(*) FROM m WHERE a = 9 /* rolled back */")
	show("ping", "ok", db.PingContext(ctx))
	db.Close()
}

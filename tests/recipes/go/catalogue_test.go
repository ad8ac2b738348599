package shop

import (
	"database/sql"
	"fmt"
	"os"
	"testing"

	_ "github.com/go-sql-driver/mysql"
)

func open(t *testing.T) *sql.DB {
	db, err := sql.Open("mysql", os.Getenv("DSN"))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	if _, err := db.Exec("SET @querytap_scope = ?", t.Name()); err != nil {
		t.Fatal(err)
	}
	run(t, db, "CREATE TEMPORARY TABLE author (id INT PRIMARY KEY, name VARCHAR(40))")
	run(t, db, "CREATE TEMPORARY TABLE book (id INT PRIMARY KEY, title VARCHAR(40), author_id INT)")
	return db
}

func run(t *testing.T, db *sql.DB, text string) {
	if _, err := db.Exec(text); err != nil {
		t.Fatal(err)
	}
}

func column(t *testing.T, db *sql.DB, text string) (all []string) {
	rows, err := db.Query(text)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return all
}

func lines(t *testing.T, db *sql.DB) (all []string) {
	if os.Getenv("PLANT") == "" {
		return column(t, db, "SELECT CONCAT(a.name, ': ', b.title) FROM book b JOIN author a ON a.id = b.author_id ORDER BY b.id")
	}
	for _, id := range column(t, db, "SELECT author_id FROM book ORDER BY id") {
		all = append(all, column(t, db, "SELECT name FROM author WHERE id = "+id)...)
	}
	return all
}

func TestLines(t *testing.T) {
	db := open(t)
	for n := 1; n <= 8; n++ {
		run(t, db, fmt.Sprintf("INSERT INTO author VALUES (%d, 'author %d')", n, n))
		run(t, db, fmt.Sprintf("INSERT INTO book VALUES (%d, 'book %d', %d)", n, n, n))
	}
	if len(lines(t, db)) != 8 {
		t.Fatal("not 8 lines")
	}
}

func TestNothing(t *testing.T) {
	if len(lines(t, open(t))) != 0 {
		t.Fatal("there are lines")
	}
}

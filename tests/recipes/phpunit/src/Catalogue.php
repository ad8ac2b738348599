<?php
class Catalogue
{
    public function __construct(private PDO $pdo) {}

    /** A loop that sends a statement for each book, if PLANT is set. */
    public function lines(): array
    {
        if (getenv('PLANT') === false) {
            return $this->pdo->query('SELECT CONCAT(a.name, ": ", b.title) FROM book b JOIN author a ON a.id = b.author_id ORDER BY b.id')
                ->fetchAll(PDO::FETCH_COLUMN);
        }
        $lines = [];
        foreach ($this->pdo->query('SELECT id, title, author_id FROM book ORDER BY id')->fetchAll() as $book) {
            $name = $this->pdo->query('SELECT name FROM author WHERE id = ' . $book['author_id'] . " /*file='" . basename(__FILE__) . "',line='" . __LINE__ . "'*/");
            $lines[] = $name->fetchColumn() . ': ' . $book['title'];
        }
        return $lines;
    }
}

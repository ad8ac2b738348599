<?php
require_once __DIR__ . '/../src/Catalogue.php';

class CatalogueTest extends PHPUnit\Framework\TestCase
{
    private PDO $pdo;

    protected function setUp(): void
    {
        parent::setUp();
        $this->pdo = new PDO('mysql:host=' . getenv('DB_HOST') . ';port=' . getenv('DB_PORT') . ';dbname=shop', getenv('DB_USER'), getenv('DB_PASSWORD'));
        $this->pdo->exec('SET @querytap_scope = ' . $this->pdo->quote(static::class . '::' . $this->getName()));
        $this->pdo->exec('CREATE TEMPORARY TABLE author (id INT PRIMARY KEY, name VARCHAR(40))');
        $this->pdo->exec('CREATE TEMPORARY TABLE book (id INT PRIMARY KEY, title VARCHAR(40), author_id INT)');
    }

    public function testLines(): void
    {
        for ($n = 1; $n <= 8; $n++) {
            $values[] = "($n, 'name $n')";
            $books[] = "($n, 'book $n', $n)";
        }
        $this->pdo->exec('INSERT INTO author VALUES ' . implode(', ', $values));
        $this->pdo->exec('INSERT INTO book VALUES ' . implode(', ', $books));
        $this->assertSame('name 8: book 8', (new Catalogue($this->pdo))->lines()[7]);
    }

    public function testNothing(): void
    {
        $this->assertSame([], (new Catalogue($this->pdo))->lines());
    }
}

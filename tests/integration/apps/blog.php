<?php
// A small application with PDO: blog.php PORT SCENARIO runs one scenario of test_applications.py.
function connect(): PDO
{
    global $argv;
    return new PDO("mysql:host=127.0.0.1;port=$argv[1];dbname=shop", 'root', '', [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_ASSOC]);
}

function ask(PDO $db, string $sql, array $values = []): array
{
    $statement = $db->prepare($sql);
    $statement->execute($values);
    return $statement->columnCount() > 0 ? $statement->fetchAll() : [];
}

const COMMENTS = 'SELECT COUNT(*) FROM app_comment WHERE post_id = ?';
$page = fn(PDO $db, int $n) => ask($db, "SELECT id, title, author_id FROM app_post ORDER BY id LIMIT $n");
$scenarios = [
    'lazy' => function (PDO $db) use ($page) {
        foreach ($page($db, 20) as $post) {
            ask($db, COMMENTS, [$post['id']]);
        }
    },
    'preloaded' => function (PDO $db) use ($page) {
        $posts = $page($db, 20);
        foreach (['author_id' => 'SELECT id, name FROM app_author WHERE id', 'id' => 'SELECT post_id, body FROM app_comment WHERE post_id'] as $key => $sql) {
            $values = array_values(array_unique(array_column($posts, $key)));
            ask($db, "$sql IN (" . implode(', ', array_fill(0, count($values), '?')) . ')', $values);
        }
    },
    'batches' => function (PDO $db) {
        for ($id = 0; $posts = ask($db, 'SELECT id, title FROM app_post WHERE id > ? ORDER BY id LIMIT 10', [$id]); $id = end($posts)['id']) {
            ask($db, 'SELECT post_id, body FROM app_comment WHERE post_id IN (' . implode(', ', array_column($posts, 'id')) . ')');
        }
    },
    'updates' => function (PDO $db) use ($page) {
        foreach ($page($db, 15) as $post) {
            ask($db, 'UPDATE app_post SET title = ? WHERE id = ?', [$post['title'] . '.', $post['id']]);
        }
    },
    'inserts' => function (PDO $db) {
        for ($i = 0; $i < 12; $i++) {
            ask($db, "INSERT INTO app_comment (post_id, body) VALUES (?, 'x')", [1000 + 7 * $i % 60]);
        }
    },
    'again' => function (PDO $db) {
        for ($i = 0; $i < 6; $i++) {
            ask($db, 'SELECT COUNT(*) FROM app_author');
        }
    },
    'requests' => function (PDO $db) use ($page) { // a list, and then a request for each of its posts, with a connection of its own
        $posts = $page($db, 20);
        $db = null;
        foreach ($posts as $post) {
            $db = connect();
            ask($db, 'SELECT title FROM app_post WHERE id = ?', [$post['id']]);
            ask($db, 'SELECT body FROM app_comment WHERE post_id = ?', [$post['id']]);
            ask($db, 'SELECT name FROM app_author WHERE id = ?', [$post['author_id']]);
            $db = null;
        }
    },
];
$scenarios[$argv[2]](connect());

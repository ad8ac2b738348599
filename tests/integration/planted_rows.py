"""Secrets in what servers answer: rows, definitions, errors and warnings. Their data is made beside the proxy, which sees only the
statements that ask for it; planted_statements.py has those that hold the secrets themselves.

ROWS has a dict for each: its name, the section of the manual, whose it is ("mariadb", "mysql" or "both"), `setup` (run beside the
proxy, as root), `run` (through it), `secrets`, and `visible`: words of the same rows that are no secrets and must be told. `again`
false: not as prepared statements, whose parameters or plans would make it something else.
"""

ROWS = []


def plant(name, section, server, setup, run, visible=(), again=True):
    """%S% stands for a new secret, %L% for the last one again."""
    secrets = []

    def fill(text):
        while "%S%" in text or "%L%" in text:
            place = "%S%" if "%S%" in text and ("%L%" not in text or text.index("%S%") < text.index("%L%")) else "%L%"
            if place == "%S%":
                plant.count += 1
                secrets.append(f"Sekret{plant.count:03d}r")
            text = text.replace(place, secrets[-1], 1)
        return text
    ROWS.append({"name": name, "section": section, "server": server, "setup": [fill(s) for s in setup], "run": [fill(s) for s in run],
                 "secrets": secrets, "visible": list(visible), "again": again})


plant.count = 0

def of_table(name, section, server, *run, visible=("Visiblenick",), again=True):
    plant(name, section, server, ["DROP TABLE IF EXISTS person", "CREATE TABLE person (id INT, nick VARCHAR(40), password VARCHAR(40), bio TEXT)",
                                  "INSERT INTO person (id, nick, password, bio) VALUES (7, 'Visiblenick', '%S%', 'it is Visiblebio''s')"], run, visible, again)


# --- columns, under whatever name -------------------------------------------------------------------------------------------

of_table("column", "SELECT", "both", "SELECT id, nick, password, bio FROM person", visible=("Visiblenick", "Visiblebio"))
of_table("star", "SELECT", "both", "SELECT * FROM person", "SELECT person.*, 1 FROM person", "TABLE person", visible=("Visiblenick", "Visiblebio"))
of_table("alias", "SELECT", "both", "SELECT nick, password AS p FROM person", "SELECT nick, t.password q FROM person t")
of_table("derived", "Derived Tables", "both", "SELECT nick, p FROM (SELECT nick, password AS p FROM person) t",
         "SELECT nick, q FROM (SELECT nick, p AS q FROM (SELECT nick, password p FROM person) t) u",
         "SELECT nick, p FROM (SELECT nick, MAX(password) AS p FROM person GROUP BY nick) t",
         "SELECT t.p AS r, t.nick FROM (SELECT DISTINCT CONCAT(password, '') AS p, nick FROM person) t")
of_table("cte", "WITH (Common Table Expressions)", "both", "WITH t AS (SELECT password AS p, nick FROM person) SELECT nick, p FROM t",
         "WITH t AS (SELECT DISTINCT password AS p, nick FROM person) SELECT nick, p FROM t")
of_table("cte-names", "WITH (Common Table Expressions)", "both",
         "WITH t (a, b) AS (SELECT nick, password FROM person) SELECT a, b FROM t",
         "WITH t (a, b) AS (SELECT DISTINCT nick, password FROM person) SELECT b FROM t", visible=())
of_table("union-behind", "UNION", "both", "SELECT nick FROM person UNION SELECT password FROM person",
         "SELECT x FROM (SELECT nick AS x FROM person UNION ALL SELECT password FROM person) t", visible=())
of_table("functions", "Aggregate Functions", "both", "SELECT nick, MAX(password), COUNT(*) FROM person GROUP BY nick",
         "SELECT nick, CONCAT('<', password, '>'), UPPER(nick) FROM person", "SELECT nick, GROUP_CONCAT(password) AS g FROM person GROUP BY nick",
         "SELECT nick, JSON_OBJECT('x', password) AS j FROM person", "SELECT nick, LEFT(password, 99) l FROM person")
of_table("subquery", "The Subquery as Scalar Operand", "both", "SELECT nick, (SELECT password FROM person LIMIT 1) AS x FROM person")
of_table("window", "Window Functions", "both", "SELECT nick, FIRST_VALUE(password) OVER (ORDER BY id) AS w FROM person")
of_table("case", "CASE Operator", "both", "SELECT nick, CASE WHEN id > 0 THEN password ELSE NULL END AS c, IF(id, password, nick) AS d FROM person")
plant("returning", "INSERT ... RETURNING", "mariadb",
      ["CREATE OR REPLACE TABLE person_r (id INT, nick VARCHAR(40), password VARCHAR(40) DEFAULT '%S%')"],
      ["INSERT INTO person_r (id, nick) VALUES (1, 'Visiblenick') RETURNING nick, password", "INSERT INTO person_r (id) VALUES (1) RETURNING password AS p",
       "DELETE FROM person_r WHERE id = 1 RETURNING CONCAT(password), nick"], again=False)
plant("view-star", "CREATE VIEW", "both", ["DROP VIEW IF EXISTS person_v", "DROP TABLE IF EXISTS person_b",
      "CREATE TABLE person_b (id INT, nick VARCHAR(40), passwd VARCHAR(40))", "INSERT INTO person_b (id, nick, passwd) VALUES (1, 'Visiblenick', '%S%')",
      "CREATE VIEW person_v AS SELECT nick, passwd FROM person_b"], ["SELECT * FROM person_v", "SELECT passwd p FROM person_v"], ["Visiblenick"])
of_table("into-variable", "SELECT ... INTO", "both", "SELECT password INTO @x FROM person", "SELECT @x", "SELECT CONCAT(@x, '')", visible=(), again=False)
of_table("prepared-by-name", "PREPARE", "both", "PREPARE s FROM 'SELECT nick, p FROM (SELECT nick, password AS p FROM person) t'", "EXECUTE s",
         "DEALLOCATE PREPARE s", visible=(), again=False)
of_table("prepared-by-variable", "PREPARE", "both", "SET @q = 'SELECT MAX(password) AS p FROM person'", "PREPARE s FROM @q", "EXECUTE s", visible=(),
         again=False)
plant("procedure-result", "CALL", "both", ["DROP PROCEDURE IF EXISTS person_p", "DROP TABLE IF EXISTS person_c",
      "CREATE TABLE person_c (nick VARCHAR(40), password VARCHAR(40))", "INSERT INTO person_c (nick, password) VALUES ('Visiblenick', '%S%')",
      "CREATE PROCEDURE person_p() BEGIN SELECT nick FROM person_c; SELECT password AS p FROM person_c; SELECT MAX(password) FROM person_c; END"],
      ["CALL person_p()"], ["Visiblenick"], again=False)
plant("constant-name", "SELECT", "both", ["DROP PROCEDURE IF EXISTS person_q", "CREATE PROCEDURE person_q() SELECT 1, STRCMP(SHA1('password=%S%'), 'x')"],
      ["CALL person_q()"], again=False)
plant("binary-column", "The BINARY and VARBINARY Types", "both", ["DROP TABLE IF EXISTS person_x",
      "CREATE TABLE person_x (nick VARCHAR(40), password_hash VARBINARY(64))", "INSERT INTO person_x (nick, password_hash) VALUES ('Visiblenick', CONCAT(0x0102, '%S%'))"],
      ["SELECT nick, password_hash FROM person_x", "SELECT nick, password_hash AS h FROM person_x"], ["Visiblenick"])
plant("json", "The JSON Data Type", "both", ["DROP TABLE IF EXISTS doc", "CREATE TABLE doc (id INT, nick VARCHAR(40), body JSON)",
      "INSERT INTO doc VALUES (1, 'Visiblenick', '{\"user\": \"u\", \"password\": \"%S%\"}')"], ["SELECT id, nick, body FROM doc", "SELECT * FROM doc"],
      ["Visiblenick"])
plant("wide", "character_set_results", "both", ["DROP TABLE IF EXISTS person_w", "CREATE TABLE person_w (nick VARCHAR(40), password VARCHAR(40))",
      "INSERT INTO person_w (nick, password) VALUES ('Visiblenick', '%S%')"], ["SET character_set_results = utf16", "SELECT nick, password AS p FROM person_w",
      "SET character_set_results = utf8mb4"], ["Visiblenick"], again=False)
plant("settings", "SELECT", "both", ["DROP TABLE IF EXISTS setting", "CREATE TABLE setting (name VARCHAR(40), value VARCHAR(40))",
      "INSERT INTO setting VALUES ('smtp_host', 'Visiblehost'), ('smtp_password', '%S%')"], ["SELECT * FROM setting", "SELECT value, name FROM setting"],
      ["Visiblehost"])

# --- what the server knows of tables ----------------------------------------------------------------------------------------

plant("defaults", "SHOW COLUMNS", "both", ["DROP TABLE IF EXISTS def", "CREATE TABLE def (nick VARCHAR(40) DEFAULT 'Visibledefault', "
      "password VARCHAR(40) DEFAULT '%S%')"], ["DESCRIBE def", "SHOW COLUMNS FROM def", "SHOW FULL COLUMNS FROM def", "SHOW FIELDS FROM def LIKE 'pass%'",
      "SELECT COLUMN_NAME, COLUMN_DEFAULT FROM information_schema.COLUMNS WHERE TABLE_NAME = 'def'",
      "SELECT COLUMN_DEFAULT FROM information_schema.COLUMNS WHERE TABLE_NAME = 'def' AND COLUMN_NAME = 'password'",
      "SELECT * FROM information_schema.COLUMNS WHERE TABLE_NAME = 'def'", "SHOW CREATE TABLE def", "SELECT DEFAULT(password) FROM def"], ["Visibledefault"])
plant("statistics", "ANALYZE TABLE", "mariadb", ["CREATE OR REPLACE TABLE stat (password VARCHAR(40))", "INSERT INTO stat (password) VALUES ('%S%'), ('%L%')",
      "ANALYZE TABLE stat PERSISTENT FOR ALL"], ["SELECT * FROM mysql.column_stats", "SELECT column_name, min_value, max_value FROM mysql.column_stats"])
plant("histograms", "Optimizer Statistics", "mysql", ["DROP TABLE IF EXISTS stat", "CREATE TABLE stat (password VARCHAR(40))",
      "INSERT INTO stat (password) VALUES ('%S%'), ('%L%')", "ANALYZE TABLE stat UPDATE HISTOGRAM ON password"],
      ["SELECT * FROM information_schema.COLUMN_STATISTICS", "SELECT COLUMN_NAME, CAST(HISTOGRAM AS CHAR) AS h FROM information_schema.COLUMN_STATISTICS"])
plant("comment", "CREATE TABLE", "both", ["DROP TABLE IF EXISTS com", "CREATE TABLE com (a INT) COMMENT='host \"h\", password \"%S%\"'"],
      ["SHOW CREATE TABLE com", "SHOW TABLE STATUS LIKE 'com'", "SELECT TABLE_NAME, TABLE_COMMENT FROM information_schema.TABLES WHERE TABLE_NAME='com'"])

# --- statements that the server shows ---------------------------------------------------------------------------------------

plant("programs", "SHOW CREATE PROCEDURE", "both", ["DROP PROCEDURE IF EXISTS prog", "DROP FUNCTION IF EXISTS progf", "SET GLOBAL log_bin_trust_function_creators=1",
      "CREATE PROCEDURE prog() UPDATE person SET password = '%S%'", "CREATE FUNCTION progf() RETURNS INT DETERMINISTIC RETURN STRCMP('password=%S%', 'x')"],
      ["SHOW CREATE PROCEDURE prog", "SHOW CREATE FUNCTION progf", "SELECT ROUTINE_NAME, ROUTINE_DEFINITION FROM information_schema.ROUTINES",
       "SELECT * FROM information_schema.ROUTINES WHERE ROUTINE_NAME LIKE 'prog%'"], ["progf"])
plant("keys", "Encryption Functions", "both", ["DROP PROCEDURE IF EXISTS progk",
      "CREATE PROCEDURE progk() SELECT HEX(AES_ENCRYPT('x', '%S%'))"], ["SHOW CREATE PROCEDURE progk",
      "SELECT ROUTINE_NAME, ROUTINE_DEFINITION FROM information_schema.ROUTINES"], ["progk"])
plant("events", "SHOW CREATE EVENT", "both", ["DROP EVENT IF EXISTS ev", "CREATE EVENT ev ON SCHEDULE EVERY 9 DAY DISABLE DO UPDATE person SET password = '%S%'"],
      ["SHOW CREATE EVENT ev", "SELECT EVENT_NAME, EVENT_DEFINITION FROM information_schema.EVENTS", "SHOW EVENTS"], ["ev"])
plant("triggers", "SHOW TRIGGERS", "both", ["DROP TABLE IF EXISTS trg", "CREATE TABLE trg (password VARCHAR(40))",
      "CREATE TRIGGER trgt BEFORE INSERT ON trg FOR EACH ROW SET NEW.password = '%S%'"],
      ["SHOW TRIGGERS", "SHOW CREATE TRIGGER trgt", "SELECT TRIGGER_NAME, ACTION_STATEMENT FROM information_schema.TRIGGERS"], ["trgt"])
plant("views", "SHOW CREATE VIEW", "both", ["DROP VIEW IF EXISTS vw", "CREATE VIEW vw AS SELECT id FROM person WHERE password = '%S%'"],
      ["SHOW CREATE VIEW vw", "SELECT TABLE_NAME, VIEW_DEFINITION FROM information_schema.VIEWS WHERE TABLE_NAME = 'vw'"], ["vw"])
plant("servers", "CREATE SERVER", "both", ["DROP SERVER IF EXISTS srv", "CREATE SERVER srv FOREIGN DATA WRAPPER mysql OPTIONS (USER 'Visibleuser', "
      "PASSWORD '%S%', HOST '127.0.0.1')"], ["SELECT * FROM mysql.servers", "SELECT Username, Password AS p FROM mysql.servers", "SHOW CREATE SERVER srv"],
      ["Visibleuser"])
plant("replica", "CHANGE REPLICATION SOURCE TO", "mysql", ["CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', SOURCE_USER='u', SOURCE_PASSWORD='%S%', "
      "SOURCE_PORT=1 FOR CHANNEL 'rows'"], ["SELECT * FROM mysql.slave_master_info", "SELECT User_name, User_password AS p FROM mysql.slave_master_info",
      "SHOW REPLICA STATUS", "SELECT * FROM performance_schema.replication_connection_configuration"])
plant("general-log", "The General Query Log", "both", ["SET GLOBAL log_output='TABLE'", "SET GLOBAL general_log=1", "SELECT id FROM person WHERE password = '%S%'",
      "DO AES_ENCRYPT('x', '%S%')", "SET GLOBAL general_log=0"], ["SELECT event_time, argument FROM mysql.general_log", "SELECT * FROM mysql.general_log",
      "SELECT CONVERT(argument USING utf8mb4) a FROM mysql.general_log"])
plant("slow-log", "The Slow Query Log", "both", ["SET GLOBAL slow_query_log=1", "SET SESSION long_query_time=0", "SELECT id FROM person WHERE password = '%S%'",
      "SET GLOBAL slow_query_log=0"], ["SELECT start_time, sql_text FROM mysql.slow_log", "SELECT * FROM mysql.slow_log"])
plant("binlog", "SHOW BINLOG EVENTS", "both", ["SET SESSION binlog_format='STATEMENT'", "UPDATE person SET password = '%S%'",
      "DROP TABLE IF EXISTS bl", "CREATE TABLE bl (id INT, password VARCHAR(32) DEFAULT '%S%')"], ["SHOW BINLOG EVENTS", "SHOW BINLOG EVENTS LIMIT 900"])
plant("history", "Performance Schema Statement Event Tables", "both", ["SELECT id FROM person WHERE password = '%S%'",
      "SELECT HEX(AES_ENCRYPT('x', '%S%'))"], ["SELECT EVENT_NAME, SQL_TEXT FROM performance_schema.events_statements_history_long",
      "SELECT * FROM performance_schema.events_statements_history", "SELECT DIGEST_TEXT, QUERY_SAMPLE_TEXT FROM performance_schema.events_statements_summary_by_digest"])
plant("init-connect", "Server System Variables", "both", ["SET GLOBAL init_connect = 'SET @password = ''%S%'''"],
      ["SHOW VARIABLES LIKE 'init_connect'", "SELECT @@init_connect", "SELECT * FROM information_schema.GLOBAL_VARIABLES WHERE VARIABLE_NAME='INIT_CONNECT'",
       "SELECT * FROM performance_schema.global_variables WHERE VARIABLE_NAME='init_connect'"])
plant("user-variables", "Performance Schema User-Defined Variable Tables", "both", [], ["SELECT password FROM person INTO @smtp_password",
      "SELECT * FROM performance_schema.user_variables_by_thread", "SELECT * FROM information_schema.USER_VARIABLES"])

# --- warnings and errors ----------------------------------------------------------------------------------------------------

plant("warnings", "SHOW WARNINGS", "both", ["DROP TABLE IF EXISTS warn", "CREATE TABLE warn (id INT, password INT)", "DROP TABLE IF EXISTS warn_from",
      "CREATE TABLE warn_from (id INT, password VARCHAR(40))", "INSERT INTO warn_from (id, password) VALUES (1, '%S%')"],
      ["SET sql_mode = ''", "INSERT IGNORE INTO warn SELECT * FROM warn_from", "SHOW WARNINGS",
       "INSERT IGNORE INTO warn (id) SELECT password FROM warn_from", "SHOW WARNINGS", "SELECT password + 0 FROM warn_from", "SHOW WARNINGS LIMIT 5",
       "SELECT SUM(password) x FROM warn_from", "GET DIAGNOSTICS CONDITION 1 @m = MESSAGE_TEXT", "SELECT @m", "SET sql_mode = DEFAULT"],
      ["Warning"], again=False)
plant("errors", "SHOW ERRORS", "both", ["DROP TABLE IF EXISTS err", "CREATE TABLE err (password VARCHAR(40), UNIQUE KEY (password), "
      "n INT)", "INSERT INTO err (password, n) VALUES ('%S%', 1)", "DROP TABLE IF EXISTS err_to", "CREATE TABLE err_to (p VARCHAR(40) PRIMARY KEY, n INT)",
      "INSERT INTO err_to SELECT password, 1 FROM err"], ["INSERT INTO err SELECT * FROM err LIMIT 1", "SHOW ERRORS", "INSERT INTO err_to SELECT password, 1 FROM err",
      "SHOW ERRORS", "SHOW WARNINGS"], again=False)
plant("notes", "EXPLAIN Extended Output", "both", ["DROP TABLE IF EXISTS exp", "CREATE TABLE exp (id INT PRIMARY KEY, password VARCHAR(40))",
      "INSERT INTO exp (id, password) VALUES (1, '%S%')", "DROP VIEW IF EXISTS exp_v", "CREATE VIEW exp_v AS SELECT id FROM exp WHERE password = '%L%'"],
      ["EXPLAIN EXTENDED SELECT * FROM exp_v", "SHOW WARNINGS", "EXPLAIN FORMAT=JSON SELECT * FROM exp_v", "EXPLAIN SELECT * FROM exp_v", "SHOW WARNINGS",
       "ANALYZE FORMAT=JSON SELECT * FROM exp_v", "EXPLAIN FORMAT=TREE SELECT * FROM exp_v", "EXPLAIN SELECT e.password FROM exp e JOIN exp f ON "
       "e.password = f.id WHERE e.id = 1", "SHOW WARNINGS"], again=False)

"""Statements with passwords and keys, taken from the reference manuals of both servers, for tests that look for what leaks.

PLANTED has a tuple for each: its name, the section of the manual that has it, whose it is ("mariadb", "mysql" or "both"), the
statements in their order, the secrets in them. Each secret is a text that stands nowhere else (Sekrit007x). Not every statement
succeeds: one that its server refuses is quoted by the error, which is a place to look at too. Statements that only prepare have no
secret. They run in a schema of their own, as root, one at a time; SETUP first.
"""

SETUP = [
    "CREATE TABLE account (id INT, name VARCHAR(64), password VARCHAR(255), note VARCHAR(255))",
    "INSERT INTO account VALUES (1, 'ann', NULL, 'n')",
]

PLANTED = []


def plant(name, section, server, *statements):
    """%S% stands for a new secret, %H% for a new one in hex, %L% for the last one again."""
    secrets = []
    sql = []
    for text in statements:
        while True:
            places = {p: text.find(p) for p in ("%S%", "%H%", "%L%") if p in text}
            if not places:
                break
            place = min(places, key=places.get)
            if place != "%L%":
                plant.count += 1
                secrets.append(f"Sekrit{plant.count:03d}x")
            text = text.replace(place, secrets[-1].encode().hex() if place == "%H%" else secrets[-1], 1)
        sql.append(text)
    PLANTED.append((name, section, server, sql, secrets))


plant.count = 0

# --- accounts ---------------------------------------------------------------------------------------------------------------

USER = "CREATE USER"
plant("create-user", USER, "both", "CREATE USER p1@localhost IDENTIFIED BY '%S%'", "DROP USER p1@localhost")
plant("create-users", USER, "both", "CREATE USER p1@localhost IDENTIFIED BY '%S%', p2@localhost IDENTIFIED BY \"%S%\"",
      "DROP USER p1@localhost, p2@localhost")
plant("create-user-adjacent", "String Literals", "both", "CREATE USER p1@localhost IDENTIFIED BY '%S%' '%S%'")
plant("create-user-comments", "Comments", "both", "CREATE/**/USER/**/p1@localhost/**/IDENTIFIED/**/BY/**/'%S%'/* %S% password */")
plant("create-user-lines", "Comments", "both", "create user p1@localhost identified -- who\n by # how\n\t'%S%'")
plant("create-user-versioned", "Comments", "both", "CREATE USER p1@localhost /*!50000 IDENTIFIED BY '%S%' */")
plant("create-user-mariadb-comment", "Comment Syntax", "mariadb", "CREATE USER p1@localhost /*M!100100 IDENTIFIED BY '%S%' */")
plant("create-user-unquoted", USER, "both", "CREATE USER p1@localhost IDENTIFIED BY %S%")
plant("create-user-backticks", USER, "both", "CREATE USER p1@localhost IDENTIFIED BY `%S%`")
plant("create-user-hex", USER, "both", "CREATE USER p1@localhost IDENTIFIED BY x'%H%'")
plant("create-user-plugin-by", USER, "mysql", "CREATE USER p1@localhost IDENTIFIED WITH caching_sha2_password BY '%S%'",
      "DROP USER p1@localhost")
plant("create-user-plugin-as", USER, "both", "CREATE USER p1@localhost IDENTIFIED WITH mysql_native_password AS '%S%'")
plant("create-user-factors", USER, "mysql",
      "CREATE USER p1@localhost IDENTIFIED WITH caching_sha2_password BY '%S%' AND IDENTIFIED WITH authentication_ldap_sasl AS '%S%'")
plant("create-user-initial", USER, "mysql",
      "CREATE USER p1@localhost IDENTIFIED WITH authentication_webauthn INITIAL AUTHENTICATION IDENTIFIED BY '%S%'")
plant("create-user-via", USER, "mariadb",
      "CREATE USER p1@localhost IDENTIFIED VIA ed25519 USING PASSWORD('%S%') OR mysql_native_password USING '%S%'")
plant("create-user-via-as", USER, "mariadb", "CREATE USER p1@localhost IDENTIFIED VIA ed25519 AS PASSWORD('%S%')")
plant("create-user-old-hash", USER, "both", "CREATE USER p1@localhost IDENTIFIED BY PASSWORD '%S%'")
plant("create-user-attribute", USER, "mysql",
      "CREATE USER p1@localhost IDENTIFIED BY '%S%' REQUIRE NONE PASSWORD EXPIRE INTERVAL 90 DAY ATTRIBUTE '{\"password\": \"%S%\"}'",
      "DROP USER p1@localhost")
plant("alter-user", "ALTER USER", "both", "CREATE USER p1@localhost", "ALTER USER p1@localhost IDENTIFIED BY '%S%'",
      "DROP USER p1@localhost")
plant("alter-user-replace", "ALTER USER", "mysql", "ALTER USER USER() IDENTIFIED BY '%S%' REPLACE '%S%' RETAIN CURRENT PASSWORD")
plant("alter-user-factor", "ALTER USER", "mysql", "ALTER USER p1@localhost ADD 2 FACTOR IDENTIFIED WITH sha256_password BY '%S%'",
      "ALTER USER p1@localhost MODIFY 2 FACTOR IDENTIFIED BY '%S%'")
plant("alter-user-registration", "ALTER USER", "mysql",
      "ALTER USER p1@localhost 2 FACTOR FINISH REGISTRATION SET CHALLENGE_RESPONSE AS '%S%'")
plant("alter-user-random", "ALTER USER", "mysql", "CREATE USER p1@localhost IDENTIFIED BY RANDOM PASSWORD", "DROP USER p1@localhost")
plant("set-password", "SET PASSWORD", "both", "CREATE USER p1@localhost", "SET PASSWORD FOR 'p1'@'localhost' = '%S%'",
      "SET PASSWORD FOR p1@localhost = PASSWORD('%S%')", "DROP USER p1@localhost")
plant("set-password-replace", "SET PASSWORD", "mysql", "SET PASSWORD FOR p1@localhost = '%S%' REPLACE '%S%' RETAIN CURRENT PASSWORD")
plant("grant", "GRANT", "mariadb", "GRANT SELECT ON *.* TO p1@localhost IDENTIFIED BY '%S%' REQUIRE SSL WITH GRANT OPTION",
      "DROP USER p1@localhost")
plant("grant-proxy", "GRANT", "mariadb", "GRANT PROXY ON root@localhost TO p1@localhost IDENTIFIED BY '%S%'")

# --- replication, servers, clones -------------------------------------------------------------------------------------------

plant("change-master", "CHANGE MASTER TO", "mariadb",
      "CHANGE MASTER 'planted' TO MASTER_HOST='127.0.0.1', MASTER_USER='u', MASTER_PASSWORD='%S%', MASTER_PORT=1",
      "RESET SLAVE 'planted' ALL")
plant("change-source", "CHANGE REPLICATION SOURCE TO", "mysql",
      "CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', SOURCE_USER='u', SOURCE_PASSWORD='%S%', SOURCE_PORT=1 FOR CHANNEL 'planted'",
      "RESET REPLICA ALL FOR CHANNEL 'planted'")
plant("start-replica", "START REPLICA", "both", "START REPLICA USER='u' PASSWORD='%S%' DEFAULT_AUTH='mysql_native_password'",
      "START SLAVE USER='u' PASSWORD='%S%'")
plant("start-group-replication", "START GROUP_REPLICATION", "mysql", "START GROUP_REPLICATION USER='u', PASSWORD='%S%'")
plant("clone-instance", "CLONE", "mysql", "CLONE INSTANCE FROM 'u'@'127.0.0.1':1 IDENTIFIED BY '%S%' REQUIRE NO SSL")
plant("create-server", "CREATE SERVER", "both",
      "CREATE SERVER planted FOREIGN DATA WRAPPER mysql OPTIONS (USER 'u', PASSWORD '%S%', HOST '127.0.0.1')",
      "ALTER SERVER planted OPTIONS (PASSWORD '%S%', USER 'v')", "DROP SERVER planted")
plant("federated", "FEDERATED Storage Engine", "both",
      "CREATE TABLE planted_f (a INT) ENGINE=FEDERATED CONNECTION='mysql://u:%S%@127.0.0.1:1/d/t'")
plant("connect-options", "CONNECT Storage Engine", "mariadb",
      "CREATE TABLE planted_c (a INT) ENGINE=CONNECT TABLE_TYPE=MYSQL OPTION_LIST='user=u,Password=%S%,host=h'")
plant("spider", "Spider Storage Engine", "mariadb",
      "CREATE TABLE planted_s (a INT) ENGINE=SPIDER COMMENT='wrapper \"mysql\", user \"u\", password \"%S%\", port \"1\"'")
plant("sst-auth", "Galera System Variables", "mariadb", "SET GLOBAL wsrep_sst_auth = 'u:%S%'")
plant("s3-secret-key", "S3 Storage Engine System Variables", "mariadb", "SET GLOBAL s3_secret_key = '%S%'")
plant("keyring-secret-id", "Keyring System Variables", "mysql", "SET GLOBAL keyring_hashicorp_secret_id = '%S%'",
      "SET GLOBAL keyring_encrypted_file_password = '%S%'")
plant("ldap-root", "Pluggable Authentication System Variables", "mysql",
      "SET GLOBAL authentication_ldap_simple_bind_root_pwd = '%S%'", "SET PERSIST authentication_ldap_sasl_bind_root_pwd = '%S%'")
plant("filekey", "File Key Management Encryption Plugin", "mariadb", "SET GLOBAL file_key_management_filekey = '%S%'")
plant("hashicorp-token", "Hashicorp Key Management Plugin", "mariadb", "SET GLOBAL hashicorp_key_management_token = '%S%'")

# --- functions --------------------------------------------------------------------------------------------------------------

CRYPT = "Encryption and Compression Functions"
plant("aes", CRYPT, "both", "SELECT AES_ENCRYPT('plain', '%S%'), AES_DECRYPT(note, UNHEX(SHA2('%S%', 512))) FROM account")
plant("aes-nested", CRYPT, "both", "SELECT AES_ENCRYPT(AES_DECRYPT(note, '%S%'), '%S%') FROM account")
plant("aes-comment", CRYPT, "both", "SELECT AES_ENCRYPT/**/('plain', '%S%')")
plant("aes-backticks", CRYPT, "both", "SELECT `AES_ENCRYPT`('plain', '%S%')")
plant("aes-kdf", CRYPT, "both", "SELECT HEX(AES_ENCRYPT('plain', '%S%', '0123456789abcdef', 'hkdf', '%S%', 'info'))")
plant("aes-hex-key", CRYPT, "both", "SELECT HEX(AES_ENCRYPT('plain', x'%H%')), HEX(AES_ENCRYPT('plain', 0x%H%))")
plant("encode", CRYPT, "both", "SELECT HEX(ENCODE('plain', '%S%')), DECODE(note, '%S%') FROM account")
plant("des", CRYPT, "both", "SELECT HEX(DES_ENCRYPT('plain', '%S%')), DES_DECRYPT(note, '%S%') FROM account")
plant("encrypt", CRYPT, "both", "SELECT ENCRYPT('%S%', 'sa')")
plant("password", CRYPT, "both", "SELECT PASSWORD('%S%'), OLD_PASSWORD('%S%')")
plant("kdf", "KDF", "mariadb", "SELECT HEX(KDF('%S%', 'salt', 'info', 'hkdf')), HEX(KDF('%S%', 'salt', 2000, 'pbkdf2_hmac'))")
plant("strength", CRYPT, "mysql", "SELECT VALIDATE_PASSWORD_STRENGTH('%S%')")
plant("asymmetric", "Enterprise Encryption Functions", "mysql", "SELECT ASYMMETRIC_ENCRYPT('RSA', 'plain', '%S%')",
      "SELECT ASYMMETRIC_SIGN('RSA', 'plain', '%S%', 'SHA256')", "SELECT CREATE_ASYMMETRIC_PUB_KEY('RSA', '%S%')",
      "SELECT ASYMMETRIC_DERIVE('public', '%S%')")
plant("keyring-store", "General-Purpose Keyring Functions", "mysql", "SELECT keyring_key_store('mykey', 'AES', '%S%')")
plant("audit-password", "Audit Log Functions", "mysql", "SELECT audit_log_encryption_password_set('%S%')")

# --- expressions ------------------------------------------------------------------------------------------------------------

WHERE = "Comparison Functions and Operators"
plant("where", WHERE, "both", "SELECT id FROM account WHERE id = 1 AND password = '%S%' AND name = 'ann'",
      "SELECT id FROM account WHERE '%S%' = account.password", "SELECT id FROM account WHERE `password` <=> N'%S%'")
plant("where-in", WHERE, "both", "SELECT id FROM account WHERE password IN ('%S%', _binary'%S%', _utf8mb4 x'%H%')",
      "SELECT id FROM account WHERE '%S%' IN (name, password)")
plant("where-between", WHERE, "both", "SELECT id FROM account WHERE password NOT BETWEEN '%S%' AND '%S%' AND id = 1")
plant("where-like", WHERE, "both", "SELECT id FROM account WHERE password LIKE '%S%' OR password REGEXP '%S%'")
plant("where-row", WHERE, "both", "SELECT id FROM account WHERE (name, password) = ('ann', '%S%')",
      "SELECT id FROM account WHERE (name, password) IN (('ann', '%S%'), ('ben', '%S%'))",
      "SELECT id FROM account WHERE ('ann', '%S%') = (name, password)")
plant("where-function", WHERE, "both", "SELECT id FROM account WHERE BINARY password = MD5(CONCAT('%S%', '%S%'))",
      "SELECT id FROM account WHERE MD5('%S%') = MD5(password)", "SELECT COALESCE('%S%', password, '%S%') FROM account",
      "SELECT id FROM account WHERE NULLIF(password, '%S%') IS NULL", "SELECT IF(id = 1, '%S%', password) FROM account")
plant("where-subquery", "Subqueries", "both", "SELECT id FROM account WHERE password = (SELECT '%S%')",
      "SELECT id FROM account WHERE '%S%' = (SELECT MIN(password) FROM account)")
plant("case-as", "Flow Control Functions", "both", "SELECT id, CASE WHEN id = 1 THEN '%S%' ELSE '%S%' END AS password FROM account")
plant("alias", "SELECT", "both", "SELECT id, '%S%' AS password, name FROM account", "SELECT id, '%S%' password FROM account",
      "SELECT '%S%' AS `password`", "SELECT '%S%' AS 'password'")
plant("into-variable", "SELECT ... INTO", "both", "SELECT '%S%' INTO @password", "SELECT 1, '%S%' INTO @a, @password")
plant("variables", "User-Defined Variables", "both", "SET @password := '%S%', @n = 1", "SELECT @pw := '%S%'", "SET @`password` = '%S%'")
plant("union", "UNION", "both", "SELECT name, password FROM account UNION SELECT 'n', '%S%' UNION ALL SELECT 'm', '%S%'",
      "SELECT 'n', '%S%' UNION SELECT name, password FROM account")
plant("with", "WITH (Common Table Expressions)", "both", "WITH c(name, password) AS (SELECT 'n', '%S%') SELECT name FROM c",
      "WITH c AS (SELECT '%S%' AS password) SELECT 1 FROM c")
plant("values-statement", "VALUES Statement", "mysql", "SELECT t.name FROM (VALUES ROW('n', '%S%'), ROW('m', '%S%')) AS t(name, password)")
plant("values-constructor", "Table Value Constructors", "mariadb",
      "WITH t(name, password) AS (VALUES ('n', '%S%'), ('m', '%S%')) SELECT name FROM t")
plant("derived-names", "Derived Tables", "mysql", "SELECT t.name FROM (SELECT 'n', '%S%') AS t(name, password)")

# --- rows and definitions ---------------------------------------------------------------------------------------------------

plant("insert", "INSERT", "both", "INSERT INTO account (id, password, note) VALUES (2, '%S%', 'n'), (3, '%S%', 'm')",
      "INSERT INTO account SET id = 4, password = '%S%'", "REPLACE account (password, id) VALUE ('%S%', 5)",
      "INSERT INTO account (id) VALUES (6) ON DUPLICATE KEY UPDATE password = '%S%'")
plant("insert-select", "INSERT ... SELECT", "both", "INSERT INTO account (id, password) SELECT 7, '%S%'",
      "INSERT INTO account (id, password) (SELECT 8, '%S%')", "INSERT INTO account (id, password) SELECT 9, '%S%' UNION SELECT 10, '%S%'")
plant("insert-values-row", "INSERT", "mysql", "INSERT INTO account (id, password) VALUES ROW(11, '%S%'), ROW(12, '%S%')")
plant("update", "UPDATE", "both", "UPDATE account SET note = 'n', password = CONCAT('%S%', '%S%') WHERE id = 2",
      "UPDATE account SET password = CASE id WHEN 1 THEN '%S%' ELSE '%S%' END WHERE id = 2")
plant("delete", "DELETE", "both", "DELETE FROM account WHERE password = '%S%' LIMIT 5")
plant("load-data", "LOAD DATA", "both", "LOAD DATA INFILE '/nonexistent' INTO TABLE account (id) SET password = '%S%'")
plant("default", "Data Type Default Values", "both", "CREATE TABLE planted_d (id INT, password VARCHAR(32) NOT NULL DEFAULT '%S%')",
      "ALTER TABLE planted_d ALTER password SET DEFAULT '%S%'", "ALTER TABLE planted_d MODIFY password VARCHAR(33) DEFAULT '%S%'",
      "DROP TABLE planted_d")
plant("check", "CHECK Constraints", "both", "CREATE TABLE planted_k (id INT CHECK (id > 5), password VARCHAR(32) CHECK (password <> '%S%'))",
      "DROP TABLE planted_k")
plant("generated", "Generated Columns", "both", "CREATE TABLE planted_g (id INT, password VARCHAR(32) AS (CONCAT(id, '%S%')))",
      "DROP TABLE planted_g")
plant("partition", "LIST COLUMNS partitioning", "both",
      "CREATE TABLE planted_p (password VARCHAR(32)) PARTITION BY LIST COLUMNS(password) (PARTITION p0 VALUES IN ('%S%'), "
      "PARTITION p1 VALUES IN ('%S%'))", "DROP TABLE planted_p")
plant("create-select", "CREATE TABLE ... SELECT", "both", "CREATE TABLE planted_t AS SELECT '%S%' AS password", "DROP TABLE planted_t")
plant("view", "CREATE VIEW", "both", "CREATE VIEW planted_v (id, password) AS SELECT 1, '%S%'", "DROP VIEW planted_v")

# --- programs and SQL that is put together ----------------------------------------------------------------------------------

plant("procedure", "CREATE PROCEDURE", "both",
      "CREATE PROCEDURE planted_p(IN password VARCHAR(32)) BEGIN DECLARE passwd VARCHAR(32) DEFAULT '%S%'; SET password = '%S%'; "
      "IF password = '%S%' THEN SELECT 1; END IF; SELECT '%S%' INTO password; END", "DROP PROCEDURE planted_p")
plant("compound", "BEGIN ... END", "mariadb",
      "BEGIN NOT ATOMIC DECLARE password VARCHAR(32) DEFAULT '%S%'; SET password = '%S%'; END")
plant("trigger", "CREATE TRIGGER", "both",
      "CREATE TRIGGER planted_t BEFORE INSERT ON account FOR EACH ROW SET NEW.password = COALESCE(NEW.password, '%S%')",
      "DROP TRIGGER planted_t")
plant("event", "CREATE EVENT", "both", "CREATE EVENT planted_e ON SCHEDULE EVERY 5 DAY DISABLE DO UPDATE account SET password = '%S%'",
      "DROP EVENT planted_e")
plant("prepare", "PREPARE", "both", "PREPARE s FROM 'ALTER USER nobody@localhost IDENTIFIED BY ''%S%'''",
      "SET @sql = CONCAT('ALTER USER nobody@localhost IDENTIFIED BY ', QUOTE('%S%'))")
plant("execute-immediate", "EXECUTE IMMEDIATE", "mariadb", "EXECUTE IMMEDIATE 'ALTER USER nobody@localhost IDENTIFIED BY ''%S%'''",
      "EXECUTE IMMEDIATE CONCAT('SET PASSWORD FOR nobody@localhost = ', QUOTE('%S%'))",
      "EXECUTE IMMEDIATE 'UPDATE account SET password = ?' USING '%S%'")
plant("json", "JSON Functions", "both", "SELECT JSON_OBJECT('name', 'n', 'password', '%S%')",
      "SELECT JSON_SET('{}', '$.password', '%S%'), JSON_VALUE('{\"password\": \"%S%\"}', '$.name')",
      "SELECT id FROM account WHERE JSON_EXTRACT(note, '$.password') = '%S%'")
plant("handler", "HANDLER", "both", "HANDLER account OPEN", "HANDLER account READ FIRST WHERE password = '%S%'", "HANDLER account CLOSE")
plant("many", "Multi-statements", "both", "SELECT 1; SET @password = '%S%'; SELECT 2")
plant("syntax-error", "Error Message Reference", "both", "ALTER USER p1@localhost IDENTIFIED BY '%S%' and then some",
      "SELECT * FORM account WHERE password = '%S%'", "CREATE USER p1 IDENTIFIED BY '%S%")

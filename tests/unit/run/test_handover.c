/* How a command gets to the proxy: which server its environment names, and what it gets instead. */
#include "run/handover.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>

/** Texts, the server that they name (NULL: none), and what the command gets. */
static const struct {
        const char *text;
        const char *server;
        const char *becomes;
} texts[] = {
    {"mysql://app:secret@db:3307/shop", "db:3307", "mysql://app:secret@127.0.0.1:4000/shop"},
    {"mysql2://app@db/shop?pool=5", "db:3306", "mysql2://app@127.0.0.1:4000/shop?pool=5"},
    {"mysql+pymysql://u:p%40x@[::1]:3306/a", "[::1]:3306", "mysql+pymysql://u:p%40x@127.0.0.1:4000/a"},
    {"jdbc:mariadb://db/shop?user=a&password=b", "db:3306",
     "jdbc:mariadb://127.0.0.1:4000/shop?user=a&password=b"},
    {"trilogy://u:p@w@db:1/x", "db:1", "trilogy://u:p@w@127.0.0.1:4000/x"},
    {"mysql://", "127.0.0.1:3306", "mysql://127.0.0.1:4000"},
    {"mysql:///shop", "127.0.0.1:3306", "mysql://127.0.0.1:4000/shop"},
    {"MYSQL://h", "h:3306", "MYSQL://127.0.0.1:4000"},
    {"app:secret@tcp(db:3306)/shop?parseTime=true", "db:3306",
     "app:secret@tcp(127.0.0.1:4000)/shop?parseTime=true"},
    {"app@tcp(db)/shop", "db:3306", "app@tcp(127.0.0.1:4000)/shop"},
    {"app@unix(/run/s)/shop", "unix:/run/s", "app@tcp(127.0.0.1:4000)/shop"},
    {"mysql:host=db;port=3308;dbname=shop", "db:3308", "mysql:host=127.0.0.1;port=4000;dbname=shop"},
    {"mysql:dbname=shop;host=db", "db:3306", "mysql:host=127.0.0.1;port=4000;dbname=shop"},
    {"mysql:unix_socket=/run/s;charset=utf8mb4", "unix:/run/s",
     "mysql:host=127.0.0.1;port=4000;charset=utf8mb4"},
    {"postgres://db/shop", NULL, NULL},
    {"https://example.org/?u=mysql://db", NULL, NULL},
    {"mysql", NULL, NULL},
    {"mysql:", NULL, NULL},
    {"see mysql://db", NULL, NULL},
    {"", NULL, NULL},
    {"x@tcp(db:3306", NULL, NULL},
};

static struct handover handover(const char *server)
{
        struct handover h = {.address = {.host = "127.0.0.1", .port = "4000", .socket = "", .admin = "off"}};
        (void)snprintf(h.server, sizeof h.server, "%s", server);
        return h;
}

static const char *find(char **list, const char *name)
{
        size_t len = strlen(name);
        const char *found = NULL;
        for (; *list != NULL; list++) {
                if (strncmp(*list, name, len) == 0 && (*list)[len] == '=') {
                        CU_ASSERT_PTR_NULL(found); /* once */
                        found = *list + len + 1;
                }
        }
        return found;
}

static void texts_that_name_a_server(void)
{
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
                struct handover_found found;
                char variable[160];
                char *environment[] = {variable, NULL};
                (void)snprintf(variable, sizeof variable, "X=%s", texts[i].text);
                bool is_found = handover_find(texts[i].text, &found);
                CU_ASSERT_EQUAL(is_found, texts[i].server != NULL);
                struct handover h = handover(texts[i].server != NULL ? texts[i].server : "db:3306");
                char **list = handover_environment(&h, environment);
                CU_ASSERT_PTR_NOT_NULL_FATAL(list);
                if (is_found) {
                        CU_ASSERT_STRING_EQUAL(found.server, texts[i].server);
                }
                const char *becomes = texts[i].server != NULL ? texts[i].becomes : texts[i].text;
                const char *got = find(list, "X");
                if (got == NULL || strcmp(got, becomes) != 0) {
                        printf("# %s became %s\n", texts[i].text, got);
                        CU_FAIL("another text");
                }
                handover_free(list);
        }
}

static void the_server_of_an_environment(void)
{
        static const struct {
                const char *variables[4];
                const char *server;
        } cases[] = {
            {{NULL}, "127.0.0.1:3306"},
            {{"MYSQL_HOST=db"}, "db:3306"},
            {{"MYSQL_HOST=db", "MYSQL_TCP_PORT=3309"}, "db:3309"},
            {{"MYSQL_PORT=3309"}, "127.0.0.1:3309"},
            {{"MYSQL_UNIX_PORT=/run/s"}, "unix:/run/s"},
            {{"MYSQL_HOST=localhost", "MYSQL_UNIX_PORT=/run/s"}, "unix:/run/s"},
            {{"MYSQL_HOST=db", "MYSQL_UNIX_PORT=/run/s"}, "db:3306"},
            {{"X=mysql://a/b", "MYSQL_HOST=db"}, "a:3306"},
            {{"X=mysql://a/b", "DATABASE_URL=mysql://c/d"}, "c:3306"},
            {{"X=mysql://a/b", "DATABASE_URL=postgres://c/d"}, "a:3306"},
            {{"MYSQL_HOST="}, "127.0.0.1:3306"},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                char room[4][64];
                char *environment[5] = {NULL};
                for (size_t k = 0; k < 4 && cases[i].variables[k] != NULL; k++) {
                        (void)snprintf(room[k], sizeof room[k], "%s", cases[i].variables[k]);
                        environment[k] = room[k];
                }
                struct handover h = handover("");
                handover_find_server(&h, environment);
                CU_ASSERT_STRING_EQUAL(h.server, cases[i].server);
        }
}

static void other_servers_are_left_alone(void)
{
        char one[] = "A=mysql://u:p@localhost/x";
        char other[] = "B=mysql://u:p@replica/x";
        char *environment[] = {one, other, NULL};
        struct handover h = handover("127.0.0.1:3306");
        char **list = handover_environment(&h, environment);
        CU_ASSERT_PTR_NOT_NULL_FATAL(list);
        CU_ASSERT_STRING_EQUAL(find(list, "A"), "mysql://u:p@127.0.0.1:4000/x");
        CU_ASSERT_STRING_EQUAL(find(list, "B"), "mysql://u:p@replica/x");
        handover_free(list);
        h.all = true; /* the user named the server */
        list = handover_environment(&h, environment);
        CU_ASSERT_PTR_NOT_NULL_FATAL(list);
        CU_ASSERT_STRING_EQUAL(find(list, "B"), "mysql://u:p@127.0.0.1:4000/x");
        handover_free(list);
}

static void variables_and_arguments(void)
{
        char host[] = "MYSQL_HOST=db";
        char path[] = "PATH=/bin";
        char *environment[] = {host, path, NULL};
        char program[] = "tests";
        char argument[] = "-h{host}:{port}{{port}}{x}";
        char *arguments[] = {program, argument};
        struct handover h = handover("db:3306");
        h.templates[h.n_templates++] = "DSN={host}/{port}/{socket}";
        h.templates[h.n_templates++] = "QUERYTAP_PORT=1";
        h.address.socket = "/run/q";
        char **list = handover_environment(&h, environment);
        CU_ASSERT_PTR_NOT_NULL_FATAL(list);
        CU_ASSERT_STRING_EQUAL(find(list, "MYSQL_HOST"), "127.0.0.1");
        CU_ASSERT_STRING_EQUAL(find(list, "MYSQL_TCP_PORT"), "4000");
        CU_ASSERT_STRING_EQUAL(find(list, "MYSQL_UNIX_PORT"), "/run/q");
        CU_ASSERT_STRING_EQUAL(find(list, "PATH"), "/bin");
        CU_ASSERT_STRING_EQUAL(find(list, "DSN"), "127.0.0.1/4000//run/q");
        CU_ASSERT_STRING_EQUAL(find(list, "QUERYTAP_PORT"), "1"); /* the user's own counts */
        handover_free(list);
        list = handover_arguments(&h, 2, arguments);
        CU_ASSERT_PTR_NOT_NULL_FATAL(list);
        CU_ASSERT_STRING_EQUAL(list[0], "tests");
        CU_ASSERT_STRING_EQUAL(list[1], "-h127.0.0.1:4000{4000}{x}");
        CU_ASSERT_PTR_NULL(list[2]);
        handover_free(list);
}

static const struct tap_test tests[] = {
    {"texts that name a server", texts_that_name_a_server},
    {"the server of an environment", the_server_of_an_environment},
    {"other servers are left alone", other_servers_are_left_alone},
    {"variables and arguments", variables_and_arguments},
};

int main(void)
{
        return TAP_RUN("handover", tests);
}

#include "journal/sample.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TEXT_MAX = 4 * 1024 * 1024 };

static char text[TEXT_MAX]; /* filled before there are threads */
static char dir[64];

struct record sample_record(uint64_t conn, uint64_t number, size_t len)
{
        struct record r;
        memset(&r, 0, sizeof r);
        r.event = EVENT_QUERY;
        record_set_uint(&r, FIELD_CONN_ID, conn);
        record_set_uint(&r, FIELD_CONN_SEQ_NUM, number);
        record_set_text(&r, FIELD_QUERY, span_of(text, len < sizeof text ? len : sizeof text));
        return r;
}

/** The number behind "name": in @p line; false if there is none. */
static bool number_of(const char *line, const char *name, uint64_t *number)
{
        char key[64];
        (void)snprintf(key, sizeof key, "\"%s\":", name);
        const char *at = strstr(line, key);
        if (at == NULL) {
                return false;
        }
        *number = strtoull(at + strlen(key), NULL, 10);
        return true;
}

static void read_line(struct sample_log *log, const char *line, uint64_t conn)
{
        size_t len = strlen(line);
        uint64_t number;
        uint64_t dropped;
        uint64_t line_conn;
        bool whole = strncmp(line, "{\"ts\":\"", 7) == 0 && len > 0 && line[len - 1] == '}';
        if (whole && strstr(line, "\"event\":\"gap\"") != NULL && number_of(line, "dropped", &dropped)) {
                log->gaps++;
                log->missing += dropped;
                log->next += conn == 0 ? dropped : 0;
                return;
        }
        if (!whole || !number_of(line, "conn_id", &line_conn) || !number_of(line, "conn_seq_num", &number)) {
                log->bad++;
                return;
        }
        if (conn != 0 && line_conn != conn) {
                return;
        }
        log->bad += conn == 0 ? number != log->next : number < log->next;
        log->next = number + 1;
        log->records++;
}

struct sample_log sample_read(struct span lines, uint64_t conn)
{
        struct sample_log log = {.ends_whole = lines.len == 0 || lines.data[lines.len - 1] == '\n'};
        char *copy = malloc(lines.len + 1);
        if (copy == NULL) {
                log.bad = 1;
                return log;
        }
        memcpy(copy, lines.data, lines.len);
        copy[lines.len] = '\0';
        for (char *line = copy; *line != '\0';) {
                char *end = strchr(line, '\n');
                if (end == NULL) {
                        break; /* the caller asks ends_whole */
                }
                *end = '\0';
                read_line(&log, line, conn);
                line = end + 1;
        }
        free(copy);
        return log;
}

char *sample_slurp(int fd, size_t *len)
{
        size_t size = 65536;
        char *all = malloc(size);
        *len = 0;
        while (all != NULL) {
                if (*len == size) {
                        size *= 2;
                        char *bigger = realloc(all, size);
                        if (bigger == NULL) {
                                free(all);
                                return NULL;
                        }
                        all = bigger;
                }
                ssize_t n = read(fd, all + *len, size - *len);
                if (n <= 0) {
                        break;
                }
                *len += (size_t)n;
        }
        return all;
}

bool sample_begin(void)
{
        memset(text, 'x', sizeof text);
        (void)snprintf(dir, sizeof dir, "/tmp/querytap-test-XXXXXX");
        return mkdtemp(dir) != NULL;
}

const char *sample_path(const char *name)
{
        static char path[512];
        (void)snprintf(path, sizeof path, "%s/%s", dir, name);
        return path;
}

void sample_end(void)
{
        DIR *d = opendir(dir);
        if (d == NULL) {
                return;
        }
        for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
                if (e->d_name[0] != '.') {
                        (void)unlink(sample_path(e->d_name));
                }
        }
        (void)closedir(d);
        (void)rmdir(dir);
}

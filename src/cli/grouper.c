#include "cli/grouper.h"

#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

#define PLAIN  "\033[0m"
#define DIM    "\033[2m"
#define BOLD   "\033[1m"
#define YELLOW "\033[33m"

enum {
        HEAD_LINE_MAX = 1024,       /* of the stream */
        LINE_MAX_BYTES = 16 * 1024, /* of a record in a group; it is cut behind that */
        SCOPE_SIZE = 513,           /* in hexadecimal */
        TITLE_SIZE = 256,           /* time, session and user of the first statement */
        CUT_MAX = 256,              /* groups that were printed while they may have gone on */
};

/* A record of the stream. */
struct line {
        size_t len;      /* of its text */
        size_t event_at; /* where the event begins in the text */
        char event[32];
        unsigned long long conn_id;
        unsigned long long trx_id;
        unsigned long long begin_us;
        unsigned long long end_us;
        char scope[SCOPE_SIZE];
};

struct group {
        unsigned long long conn_id;
        unsigned long long trx_id;
        char scope[SCOPE_SIZE];
        unsigned long long before_us; /* when the part ended that was printed before; 0 = there is none */
        uint64_t last_ms;             /* when its last statement arrived */
        unsigned long long began_us;
        unsigned long long ended_us;
        unsigned long long busy_us;
        unsigned long long idle_us;
        size_t n;      /* statements */
        size_t n_kept; /* whose lines are in text */
        char title[TITLE_SIZE];
        char *text;
        size_t len;
        size_t size;
};

struct grouper {
        enum group_by by;
        bool color;
        FILE *out;
        struct group *groups[GROUPS_MAX]; /* in the order of their first statements */
        size_t n;
        struct {
                unsigned long long conn_id;
                unsigned long long trx_id;
                unsigned long long ended_us;
                char scope[SCOPE_SIZE];
        } cut[CUT_MAX];
        size_t cut_at;
        /* the record that is being read */
        char head[HEAD_LINE_MAX];
        size_t head_len;
        struct line line;
        size_t left; /* bytes of its text that have not arrived */
        char text[LINE_MAX_BYTES];
        size_t text_len;
};

struct grouper *grouper_new(enum group_by by, bool color, FILE *out)
{
        struct grouper *g = calloc(1, sizeof *g);
        if (g != NULL) {
                g->by = by;
                g->color = color;
                g->out = out;
        }
        return g;
}

static void free_group(struct group *group)
{
        free(group->text);
        free(group);
}

void grouper_free(struct grouper *g)
{
        for (size_t i = 0; g != NULL && i < g->n; i++) {
                free_group(g->groups[i]);
        }
        free(g);
}

static const char *paint(const struct grouper *g, const char *color)
{
        return g->color ? color : "";
}

/* --- which group ---------------------------------------------------------------------------------------------------- */

static bool is_keyed(const struct grouper *g, const struct line *l)
{
        return g->by == GROUP_BY_TRANSACTION ? l->trx_id != 0 : strcmp(l->scope, "-") != 0;
}

/** Are these the same transaction, or the same scope? */
static bool is_same(const struct grouper *g, unsigned long long conn_id, unsigned long long trx_id,
                    const char *scope, const struct line *l)
{
        return g->by == GROUP_BY_TRANSACTION ? conn_id == l->conn_id && trx_id == l->trx_id
                                             : strcmp(scope, l->scope) == 0;
}

/** The number of the group of @p l; g->n if it is not open. */
static size_t find(const struct grouper *g, const struct line *l)
{
        size_t i = 0;
        while (i < g->n && !is_same(g, g->groups[i]->conn_id, g->groups[i]->trx_id, g->groups[i]->scope, l)) {
                i++;
        }
        return i;
}

/** When the part of the group of @p l ended that was printed, which is forgotten then. @return 0 if there is none. */
static unsigned long long take_cut(struct grouper *g, const struct line *l)
{
        for (size_t i = 0; i < CUT_MAX; i++) {
                if (g->cut[i].conn_id != 0 &&
                    is_same(g, g->cut[i].conn_id, g->cut[i].trx_id, g->cut[i].scope, l)) {
                        g->cut[i].conn_id = 0;
                        return g->cut[i].ended_us;
                }
        }
        return 0;
}

static void note_cut(struct grouper *g, const struct group *group)
{
        size_t i = g->cut_at++ % CUT_MAX;
        g->cut[i].conn_id = group->conn_id;
        g->cut[i].trx_id = group->trx_id;
        g->cut[i].ended_us = group->ended_us;
        memcpy(g->cut[i].scope, group->scope, sizeof group->scope);
}

/* --- printing --------------------------------------------------------------------------------------------------------- */

static void put_scope(const struct grouper *g, const struct group *group)
{
        char name[SCOPE_SIZE / 2 + 1];
        size_t n = 0;
        for (const char *c = group->scope; c[0] != '\0' && c[1] != '\0'; c += 2) {
                const char two[] = {c[0], c[1], '\0'};
                name[n++] = (char)strtoul(two, NULL, 16);
        }
        struct span text = span_of(name, n);
        while (text.len > 0) { /* a terminal gets no control characters */
                unsigned len = utf8_sequence(text);
                bool is_shown = len > 0 && !utf8_is_control(text) && !utf8_is_hidden(text);
                if (is_shown) {
                        (void)fwrite(text.data, 1, len, g->out);
                } else {
                        (void)fputc('?', g->out);
                }
                text = span_skip(text, len > 0 ? len : 1);
        }
}

/** The head line, as the proxy would write it at the end. @p why: what cut the group off; NULL = nothing. */
static void put_head(const struct grouper *g, const struct group *group, const char *why)
{
        (void)fputs(group->title, g->out);
        (void)fputs(paint(g, BOLD), g->out);
        if (g->by == GROUP_BY_TRANSACTION) {
                (void)fprintf(g->out, "transaction %llu", group->trx_id);
        } else {
                (void)fputs("scope ", g->out);
                put_scope(g, group);
        }
        (void)fputs(paint(g, PLAIN), g->out);
        (void)fprintf(g->out, "%s: %zu statement%s in %.3f ms, busy %.3f ms, idle %.3f ms",
                      group->before_us > 0 ? " (continued)" : "", group->n, group->n == 1 ? "" : "s",
                      (double)(group->ended_us - group->began_us) / 1e3, (double)group->busy_us / 1e3,
                      (double)group->idle_us / 1e3);
        if (why != NULL) {
                (void)fprintf(g->out, "  %s(%s)%s", paint(g, YELLOW), why, paint(g, PLAIN));
        }
        (void)fputc('\n', g->out);
}

/** Print group @p i, under the line @p head (NULL: one is made), and close it. */
static void print_group(struct grouper *g, size_t i, const char *head, size_t head_len, const char *why)
{
        struct group *group = g->groups[i];
        if (head != NULL) {
                (void)fwrite(head, 1, head_len, g->out);
        } else {
                put_head(g, group, why);
        }
        (void)fwrite(group->text, 1, group->len, g->out);
        if (group->n > group->n_kept) {
                (void)fprintf(g->out, "    %s… %zu more statements%s\n", paint(g, YELLOW),
                              group->n - group->n_kept, paint(g, PLAIN));
        }
        free_group(group);
        g->n--;
        memmove((void *)(g->groups + i), (void *)(g->groups + i + 1), (g->n - i) * sizeof(struct group *));
}

/** Print group @p i, which may go on. */
static void cut_group(struct grouper *g, size_t i, const char *why)
{
        note_cut(g, g->groups[i]);
        print_group(g, i, NULL, 0, why);
}

/* --- statements ------------------------------------------------------------------------------------------------------- */

static void cut_longest_silent(struct grouper *g)
{
        size_t oldest = 0;
        for (size_t i = 1; i < g->n; i++) {
                oldest = g->groups[i]->last_ms < g->groups[oldest]->last_ms ? i : oldest;
        }
        cut_group(g, oldest, "too many at once: it may go on");
}

/** @return NULL if out of memory. */
static struct group *open_group(struct grouper *g, const struct line *l)
{
        if (g->n == GROUPS_MAX) {
                cut_longest_silent(g);
        }
        struct group *group = calloc(1, sizeof *group);
        if (group == NULL) {
                return NULL;
        }
        group->conn_id = l->conn_id;
        group->trx_id = l->trx_id;
        memcpy(group->scope, l->scope, sizeof l->scope);
        group->before_us = take_cut(g, l);
        group->began_us = l->begin_us;
        group->ended_us = l->begin_us;
        size_t n = l->event_at < g->text_len ? l->event_at : g->text_len;
        if (n < sizeof group->title) {
                memcpy(group->title, g->text, n);
        }
        g->groups[g->n++] = group;
        return group;
}

/** @return false if there is no space. */
static bool reserve(struct group *group, size_t more)
{
        if (group->n_kept < group->n || group->n_kept == GROUP_LINES_MAX ||
            group->len + more > GROUP_BYTES_MAX) {
                return false; /* once one is left out, all that follow are */
        }
        if (group->len + more > group->size) {
                size_t size = 2 * group->size > group->len + more ? 2 * group->size : group->len + more;
                char *text = realloc(group->text, size);
                if (text == NULL) {
                        return false;
                }
                group->text = text;
                group->size = size;
        }
        return true;
}

/** The time that passed before the statement, in a column of its own. */
static int print_gap(const struct grouper *g, const struct group *group, const struct line *l, char *to,
                     size_t size)
{
        unsigned long long before_us = group->n > 0 ? group->ended_us : group->before_us;
        if (before_us == 0) {
                return snprintf(to, size, "%16s", "");
        }
        double us = l->begin_us > before_us ? (double)(l->begin_us - before_us) : 0;
        return us >= 1e7 ? snprintf(to, size, "  %s+%9.2f s %s  ", paint(g, DIM), us / 1e6, paint(g, PLAIN))
                         : snprintf(to, size, "  %s+%9.3f ms%s  ", paint(g, DIM), us / 1e3, paint(g, PLAIN));
}

static void add_statement(struct grouper *g, struct group *group, const struct line *l)
{
        char gap[64];
        int gap_len = print_gap(g, group, l, gap, sizeof gap);
        size_t at = l->event_at < g->text_len ? l->event_at : 0;
        struct span text = utf8_trim(span_of(g->text + at, g->text_len - at));
        bool is_cut = l->len > g->text_len;
        const char *end = !is_cut ? "" : g->color ? "…" PLAIN "\n" : "…\n";
        size_t more = (size_t)gap_len + text.len + strlen(end);
        if (reserve(group, more)) {
                char *to = group->text + group->len;
                memcpy(to, gap, (size_t)gap_len);
                memcpy(to + gap_len, text.data, text.len);
                memcpy(to + (size_t)gap_len + text.len, end, strlen(end));
                group->len += more;
                group->n_kept++;
        }
        group->n++;
        group->busy_us += l->end_us - l->begin_us;
        group->idle_us += l->begin_us > group->ended_us ? l->begin_us - group->ended_us : 0;
        group->ended_us = l->end_us > group->ended_us ? l->end_us : group->ended_us;
}

/** Print the transactions that @p l ends: those of its session that it is not in. */
static void end_others(struct grouper *g, const struct line *l)
{
        bool is_end = strcmp(l->event, "disconnect") == 0;
        if (g->by != GROUP_BY_TRANSACTION || (strcmp(l->event, "query") != 0 && !is_end)) {
                return;
        }
        for (size_t i = 0; i < g->n;) {
                const struct group *group = g->groups[i];
                if (group->conn_id == l->conn_id && (is_end || group->trx_id != l->trx_id)) {
                        print_group(g, i, NULL, 0, NULL);
                } else {
                        i++;
                }
        }
}

/** Is @p l the record about a whole group? */
static bool is_summary(const struct grouper *g, const struct line *l)
{
        return strcmp(l->event, g->by == GROUP_BY_TRANSACTION ? "transaction" : "scope") == 0;
}

/** The record that was being read is complete. */
static void take_line(struct grouper *g, uint64_t now_ms)
{
        const struct line *l = &g->line;
        size_t i = is_keyed(g, l) ? find(g, l) : g->n;
        if (is_summary(g, l) && i < g->n && l->len <= g->text_len) {
                print_group(g, i, g->text, g->text_len, NULL);
                return;
        }
        end_others(g, l);
        if (!is_keyed(g, l) || strcmp(l->event, "query") != 0) {
                (void)fwrite(g->text, 1, g->text_len, g->out); /* what did not fit was written already */
                return;
        }
        i = find(g, l);
        struct group *group = i < g->n ? g->groups[i] : open_group(g, l);
        if (group == NULL) {
                (void)fwrite(g->text, 1, g->text_len, g->out);
                return;
        }
        group->last_ms = now_ms;
        add_statement(g, group, l);
}

/* --- the stream ------------------------------------------------------------------------------------------------------- */

/** Read a number. *@p at is moved behind it, or becomes NULL if there is none. */
static unsigned long long read_number(const char **at)
{
        char *end = NULL;
        unsigned long long value = *at != NULL ? strtoull(*at, &end, 10) : 0;
        *at = end != *at ? end : NULL;
        return value;
}

/** Read a word to @p out. *@p at is moved behind it, or becomes NULL if there is none or if it is too long. */
static void read_word(const char **at, char *out, size_t size)
{
        const char *begin = *at != NULL ? *at + strspn(*at, " ") : "";
        size_t len = strcspn(begin, " \n");
        *at = len > 0 && len < size ? begin + len : NULL;
        (void)snprintf(out, size, "%.*s", (int)len, begin);
}

/** Read the line before a text. @return false if it is not one. */
static bool read_head(struct grouper *g)
{
        struct line *l = &g->line;
        *l = (struct line){.len = 0};
        g->head[g->head_len] = '\0';
        const char *at = g->head[0] == '@' ? g->head + 1 : NULL;
        l->len = read_number(&at);
        l->event_at = read_number(&at);
        read_word(&at, l->event, sizeof l->event);
        l->conn_id = read_number(&at);
        l->trx_id = read_number(&at);
        l->begin_us = read_number(&at);
        l->end_us = read_number(&at);
        read_word(&at, l->scope, sizeof l->scope);
        bool is_head = at != NULL;
        l->end_us = l->end_us > l->begin_us ? l->end_us : l->begin_us;
        return is_head;
}

/** Take a part of the text. @return how much. A line that is not kept for a group is passed on in parts. */
static size_t take_text(struct grouper *g, const char *bytes, size_t len)
{
        size_t n = len < g->left ? len : g->left;
        bool is_kept = is_keyed(g, &g->line) && strcmp(g->line.event, "query") == 0;
        if (!is_kept && g->text_len == sizeof g->text) {
                (void)fwrite(g->text, 1, g->text_len, g->out);
                g->text_len = 0;
        }
        size_t space = sizeof g->text - g->text_len;
        size_t kept = n < space ? n : space;
        memcpy(g->text + g->text_len, bytes, kept);
        g->text_len += kept;
        n = is_kept ? n : kept;
        g->left -= n;
        return n;
}

void grouper_feed(struct grouper *g, const char *bytes, size_t len, uint64_t now_ms)
{
        while (len > 0) {
                if (g->left > 0) {
                        size_t n = take_text(g, bytes, len);
                        bytes += n;
                        len -= n;
                        if (g->left == 0) {
                                take_line(g, now_ms);
                        }
                        continue;
                }
                char c = *bytes++;
                len--;
                g->head[g->head_len++] = c;
                if (c != '\n' && g->head_len < sizeof g->head - 1) {
                        continue;
                }
                if (read_head(g)) {
                        g->left = g->line.len;
                        g->text_len = 0;
                } else { /* it comes from a proxy that does not know groups */
                        (void)fwrite(g->head, 1, g->head_len, g->out);
                }
                g->head_len = 0;
        }
}

void grouper_tick(struct grouper *g, uint64_t now_ms)
{
        for (size_t i = 0; i < g->n;) {
                if (now_ms >= g->groups[i]->last_ms + GROUP_WAIT_MS) {
                        cut_group(g, i, g->by == GROUP_BY_TRANSACTION ? "no end was seen" : "it may go on");
                } else {
                        i++;
                }
        }
}

void grouper_finish(struct grouper *g)
{
        while (g->n > 0) {
                print_group(g, 0, NULL, 0, g->by == GROUP_BY_TRANSACTION ? "no end was seen" : NULL);
        }
}

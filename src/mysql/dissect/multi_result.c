#include "mysql/dissect/multi_result.h"

#include "profile/heap/prof.h"

#include <endian.h>

enum { RESULTS_MAX = 64 };

/* The results so far of the command at the head of the queue. */
struct multi_result {
        size_t n;
        uint64_t cut;         /* results beyond RESULTS_MAX */
        uint64_t rows_before; /* of all results so far */
        uint64_t results_before;
        uint64_t numbers[RESULTS_MAX];
        struct value rows[RESULTS_MAX];
        struct value affected[RESULTS_MAX];
};

static struct value number_of(const uint64_t *number, bool is_null)
{
        return (struct value){.type = VALUE_LONGLONG,
                              .is_unsigned = true,
                              .is_null = is_null,
                              .bytes = is_null ? span_of(NULL, 0) : span_of(number, sizeof *number),
                              .true_len = is_null ? 0 : sizeof *number};
}

void multi_result_add(struct multi_result **slot, const struct command *cmd, uint64_t affected_rows)
{
        struct multi_result *m = *slot != NULL ? *slot : prof_calloc(STAGE_DISSECT, 1, sizeof *m);
        *slot = m;
        if (m == NULL) {
                return; /* the record has the sums nonetheless */
        }
        if (m->n == RESULTS_MAX) {
                m->cut++;
                return;
        }
        bool has_columns = cmd->results > m->results_before;
        m->numbers[m->n] = htole64(has_columns ? cmd->rows - m->rows_before : affected_rows);
        m->rows[m->n] = number_of(&m->numbers[m->n], !has_columns);
        m->affected[m->n] = number_of(&m->numbers[m->n], has_columns);
        m->rows_before = cmd->rows;
        m->results_before = cmd->results;
        m->n++;
}

void multi_result_put(const struct multi_result *m, struct record *r)
{
        record_set_list(r, FIELD_RESULT_ROWS, (struct value_list){m->rows, m->n});
        record_set_list(r, FIELD_RESULT_AFFECTED_ROWS, (struct value_list){m->affected, m->n});
        if (m->cut > 0) {
                record_set_uint(r, FIELD_RESULTS_CUT, m->cut);
        }
}

void multi_result_drop(struct multi_result **slot)
{
        prof_free(*slot);
        *slot = NULL;
}

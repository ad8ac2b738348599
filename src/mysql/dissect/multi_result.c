/* Commands with several results: the figures of each. Nothing here runs for a command with one. */
#include "mysql/dissect/dissect_state.h"
#include "profile/heap/prof.h"

#include <endian.h>

enum { RESULTS_MAX = 64 };

/* What came so far of the command at the head of the FIFO. */
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

void multi_result_add(struct dissect *d, const struct command *cmd, uint64_t affected_rows)
{
        struct multi_result *p =
            d->multi_result != NULL ? d->multi_result : prof_calloc(STAGE_DISSECT, 1, sizeof *p);
        d->multi_result = p;
        if (p == NULL) {
                return; /* the sums are told nonetheless */
        }
        if (p->n == RESULTS_MAX) {
                p->cut++;
                return;
        }
        bool has_columns = cmd->results > p->results_before;
        p->numbers[p->n] = htole64(has_columns ? cmd->rows - p->rows_before : affected_rows);
        p->rows[p->n] = number_of(&p->numbers[p->n], !has_columns);
        p->affected[p->n] = number_of(&p->numbers[p->n], has_columns);
        p->rows_before = cmd->rows;
        p->results_before = cmd->results;
        p->n++;
}

void multi_result_put(const struct dissect *d, struct record *r)
{
        const struct multi_result *p = d->multi_result;
        record_set_list(r, FIELD_RESULT_ROWS, (struct value_list){p->rows, p->n});
        record_set_list(r, FIELD_RESULT_AFFECTED_ROWS, (struct value_list){p->affected, p->n});
        if (p->cut > 0) {
                record_set_uint(r, FIELD_RESULTS_CUT, p->cut);
        }
}

void multi_result_drop(struct dissect *d)
{
        prof_free(d->multi_result);
        d->multi_result = NULL;
}

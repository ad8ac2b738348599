#include "mysql/sql/secret_settings.h"

#include "mysql/sql/secret_behind.h"
#include "mysql/sql/secret_labels.h"

/* --- assignments ------------------------------------------------------------------------------------------------------- */

static bool assigns(const struct secret_finder *f)
{
        return f->statement == SECRET_STATEMENT_ASSIGN || f->statement == SECRET_STATEMENT_INSERT_ASSIGN;
}

void secret_on_assignment_word(struct secret_finder *f, struct secret_word_pair w, uint32_t at)
{
        if (f->depth > 0) {
                return;
        }
        enum secret_statement next = secret_next_assignment(f->statement, w);
        if (f->statement == SECRET_STATEMENT_ASSIGN && next == SECRET_STATEMENT_UPDATE) {
                f->assigned_to = at;
        }
        if (f->statement == SECRET_STATEMENT_UPDATE && next == SECRET_STATEMENT_ASSIGN) {
                f->set_at = f->set_at == SECRET_NOWHERE ? at : f->set_at;
        }
        f->statement = next;
}

void secret_on_value_column(struct secret_finder *f, struct span name, uint32_t end)
{
        struct secret_frame *x = secret_top(f);
        bool in_list = f->depth == 1 && x->kind == SECRET_ANY && x->part == SECRET_PART_LIST;
        bool is_assigned = f->depth == 0 && assigns(f) && (f->assigned == SECRET_NOWHERE || f->is_labelled);
        if ((!in_list && !is_assigned) || !secret_is_value_column(name)) {
                return;
        }
        if (in_list) {
                x->valued |= secret_place_bit(x);
                return;
        }
        f->assigned = f->assigned == SECRET_NOWHERE ? end : f->assigned;
        if (f->is_labelled) {
                secret_enter_arm(x, SECRET_VALUE);
        }
}

/* --- names of settings --------------------------------------------------------------------------------------------------- */

/** Where a label is, as far as its value can be found from there. */
enum label {
        LABEL_ELSEWHERE,
        LABEL_OF_UPDATE, /* behind the SET of an UPDATE */
        LABEL_OF_CASE,   /* in a test of a CASE that is assigned to a column for values */
        LABEL_OF_ROW,    /* in a row of VALUES */
        LABEL_OF_SELECT, /* in the list of the SELECT from which an INSERT takes its rows */
        LABEL_OF_INSERT, /* in INSERT … SET */
};

static enum label label_here(const struct secret_finder *f)
{
        const struct secret_frame *x = &f->frames[f->depth];
        if (secret_is_case(x) && x->part == SECRET_PART_TEST && assigns(f) && f->assigned != SECRET_NOWHERE) {
                return LABEL_OF_CASE;
        }
        if (f->assigned != SECRET_NOWHERE && f->assigned_to != SECRET_NOWHERE) {
                return LABEL_OF_UPDATE;
        }
        if (f->depth == 0 && f->statement == SECRET_STATEMENT_INSERT_ASSIGN) {
                return LABEL_OF_INSERT;
        }
        if (f->valued == 0) {
                return LABEL_ELSEWHERE;
        }
        if (f->depth == 0 && x->part == SECRET_PART_SELECT) {
                return LABEL_OF_SELECT;
        }
        bool is_row = f->depth == 1 && x->type == SECRET_GROUP && f->frames[0].part == SECRET_PART_ROWS;
        return is_row ? LABEL_OF_ROW : LABEL_ELSEWHERE;
}

void secret_on_label(struct secret_finder *f, struct span label, uint32_t at)
{
        enum label where = label_here(f);
        const struct secret_frame *x = secret_top(f);
        if (where == LABEL_ELSEWHERE || !secret_is_label(label)) {
                return;
        }
        switch (where) {
        case LABEL_OF_UPDATE: secret_behind_range(f, f->assigned, f->assigned_to); return;
        case LABEL_OF_CASE: secret_behind_list(f, x->begin, UINT64_MAX); return;
        case LABEL_OF_ROW: secret_behind_list(f, x->begin, f->valued); break;
        case LABEL_OF_SELECT: secret_behind_list(f, x->rows_at, f->valued); break;
        case LABEL_ELSEWHERE: /* was sorted out above */
        case LABEL_OF_INSERT:
                if (f->assigned != SECRET_NOWHERE) {
                        secret_behind_range(f, f->assigned, at);
                }
                break;
        }
        f->is_labelled = true; /* for further assignments, and ON DUPLICATE KEY UPDATE */
}

/* --- derived tables -------------------------------------------------------------------------------------------------------- */

void secret_on_column(struct secret_finder *f)
{
        bool is_assigned = f->statement == SECRET_STATEMENT_ASSIGN && f->frames[0].arm == SECRET_VALUE;
        if (is_assigned && f->derived_at != SECRET_NOWHERE && f->set_at != SECRET_NOWHERE) {
                secret_behind_range(f, f->derived_at, f->set_at);
        }
}

void secret_on_defined_name(struct secret_finder *f)
{
        unsigned i = f->depth;
        while (i > 0 && f->frames[i].kind == SECRET_DEFINITION) {
                i--;
        }
        const struct secret_frame *x = &f->frames[i];
        if (i < f->depth && secret_takes_arguments(x) && x->first_end > 0) {
                secret_behind_range(f, x->begin, x->first_end);
        }
}

#include "mysql/sql/outline_reader.h"

static void note_clause(struct outline_reader *r, enum outline_clause clause)
{
        if (!frame_of(r)->is_inner) {
                r->out->clauses |= 1U << clause;
        }
}

/** Clauses, which begin or end a list of tables. @return false if the current token is another word. */
static bool take_clause(struct outline_reader *r)
{
        static const char *const ends[] = {"SET", "VALUES", "WINDOW", "PROCEDURE", "RETURNING", NULL};
        static const struct {
                const char *word;
                const char *follows; /* NULL: anything */
                enum outline_clause clause;
        } clauses[] = {{"WHERE", NULL, CLAUSE_WHERE},    {"LIMIT", NULL, CLAUSE_LIMIT},
                       {"FETCH", "FIRST", CLAUSE_LIMIT}, {"FETCH", "NEXT", CLAUSE_LIMIT},
                       {"GROUP", "BY", CLAUSE_GROUP_BY}, {"HAVING", NULL, CLAUSE_HAVING},
                       {"ORDER", "BY", CLAUSE_ORDER_BY}, {"UNION", NULL, CLAUSE_UNION},
                       {"EXCEPT", NULL, CLAUSE_UNION},   {"INTERSECT", NULL, CLAUSE_UNION}};
        bool ends_list =
            sql_is_one_of(&r->t, ends) || (sql_is_word(&r->t, "VALUE") && r->form == FORM_INSERT);
        for (size_t i = 0; i < sizeof clauses / sizeof clauses[0]; i++) {
                const char *follows = clauses[i].follows;
                if (sql_is_word(&r->t, clauses[i].word) &&
                    (follows == NULL || sql_is_word(&r->ahead, follows))) {
                        note_clause(r, clauses[i].clause);
                        ends_list = true;
                }
        }
        if (ends_list) {
                frame_of(r)->is_list = false;
                r->expects_table = false;
        }
        return ends_list;
}

/** Words that are followed by a table within a query, an UPDATE or a DELETE. @return false if the current token is another word. */
static bool take_source(struct outline_reader *r)
{
        struct frame *f = frame_of(r);
        /* FOR SYSTEM_TIME FROM a TO b, FOR PORTION OF p FROM a TO b */
        bool is_period = sql_is_word(&r->before, "SYSTEM_TIME") || sql_is_word(&r->earlier, "OF");
        bool joins = sql_is_word(&r->t, "JOIN") || (sql_is_word(&r->t, "STRAIGHT_JOIN") && f->is_list);
        bool using_tables =
            sql_is_word(&r->t, "USING") && r->form == FORM_DELETE && !sql_is_sign(&r->ahead, '(');
        if (sql_is_word(&r->t, "SELECT")) {
                begin_query(r);
        } else if (sql_is_word(&r->t, "TABLE") && (f->is_query || r->form == FORM_INSERT) &&
                   !r->expects_table) {
                r->expects_table = true;                        /* INSERT INTO t TABLE u, UNION TABLE u */
        } else if (sql_is_word(&r->t, "FROM") && f->is_query) { /* and not EXTRACT(YEAR FROM …) */
                if (!is_period) {
                        expect_tables(r, true);
                }
        } else if (using_tables && r->depth == 0) {
                r->out->n_tables = r->first_table; /* those behind FROM may be aliases */
                expect_tables(r, true);
        } else if (joins && f->is_list) {
                note_clause(r, CLAUSE_JOIN);
                r->expects_table = true;
        } else if (sql_is_word(&r->t, "INTO") &&
                   sql_is_word(&r->before, "INDEX")) { /* LOAD INDEX INTO CACHE t, u */
                outline_advance(r);
                expect_tables(r, true);
        } else if (sql_is_word(&r->t, "INTO")) {
                bool names_table = r->form == FORM_INSERT || r->form == FORM_LOAD;
                r->expects_table = names_table && r->depth == 0;
                if (!names_table) {
                        note_clause(r, CLAUSE_INTO);
                        f->is_list = false;
                }
        } else {
                return false;
        }
        return true;
}

/** FOR UPDATE, FOR SHARE, LOCK IN SHARE MODE, and other uses of FOR; the statement behind SET STATEMENT … FOR. */
static bool take_lock(struct outline_reader *r)
{
        static const char *const uses[] = {"JOIN", "ORDER", "GROUP", NULL};
        if (sql_is_word(&r->t, "FOR") && sql_is_one_of(&r->ahead, uses)) { /* USE INDEX FOR JOIN (i) */
                outline_advance(r);
        } else if (sql_is_word(&r->t, "FOR") && r->form == FORM_SET && r->depth == 0) {
                r->expects_statement = true;
                r->form = FORM_OTHER;
        } else if (sql_is_word(&r->t, "FOR") &&
                   (sql_is_word(&r->ahead, "UPDATE") || sql_is_word(&r->ahead, "SHARE"))) {
                note_clause(r, sql_is_word(&r->ahead, "UPDATE") ? CLAUSE_FOR_UPDATE : CLAUSE_FOR_SHARE);
                outline_advance(r);
                frame_of(r)->is_list = false;
        } else if (sql_is_word(&r->t, "LOCK") && sql_is_word(&r->ahead, "IN")) {
                note_clause(r, CLAUSE_FOR_SHARE);
                frame_of(r)->is_list = false;
        } else {
                return false;
        }
        return true;
}

/** Words of statements about tables and other objects. @return false if the current token is another word. */
static bool take_object(struct outline_reader *r)
{
        static const char *const tables[] = {"TABLE", "TABLES", "VIEW", NULL};
        static const char *const programs[] = {"PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", NULL};
        static const char *const columns[] = {"COLUMNS", "FIELDS", "INDEX", "INDEXES", "KEYS", NULL};
        static const char *const parts[] = {"COLUMN", "INDEX", "KEY", "CONSTRAINT", NULL};
        static const char *const to[] = {"TO", "AS", NULL};
        bool is_object = r->form == FORM_OBJECT || r->form == FORM_LIST;
        bool is_show = r->form == FORM_SHOW;
        if ((is_object && r->depth == 0 && sql_is_one_of(&r->t, tables)) ||
            (is_show && sql_is_word(&r->before, "CREATE") && sql_is_one_of(&r->t, tables))) {
                expect_tables(r, r->lists_objects);
        } else if (is_object && r->creates && r->depth == 0 && sql_is_one_of(&r->t, programs)) {
                outline_skip_rest(r);
        } else if (sql_is_word(&r->t, "RENAME") && r->form == FORM_OBJECT && r->depth == 0 &&
                   r->out->n_tables > r->first_table &&
                   !sql_is_one_of(&r->ahead, parts)) { /* ALTER TABLE t RENAME TO u */
                if (sql_is_one_of(&r->ahead, to) || sql_is_sign(&r->ahead, '=')) {
                        outline_advance(r);
                }
                expect_tables(r, false);
        } else if (r->form == FORM_LIST &&
                   sql_is_word(&r->t, "UPDATE")) { /* ANALYZE TABLE t UPDATE HISTOGRAM ON a, b */
                frame_of(r)->is_list = false;
        } else if (r->form == FORM_GRANT && sql_is_word(&r->t, "PROXY")) {
                r->on_names_table = false;
        } else if (is_object && sql_is_word(&r->t, "INDEX")) {
                r->on_names_table = r->depth == 0;
        } else if ((sql_is_word(&r->t, "ON") && r->on_names_table) ||
                   (is_object &&
                    (sql_is_word(&r->t, "REFERENCES") ||
                     (sql_is_word(&r->t, "LIKE") && (r->depth == 0 || sql_is_sign(&r->before, '(')))))) {
                r->on_names_table = false;
                expect_tables(r, false);
        } else if (r->form == FORM_LIST && sql_is_word(&r->t, "TO") &&
                   r->depth == 0) { /* RENAME TABLE a TO b, c TO d */
                r->expects_table = frame_of(r)->is_list;
        } else if (is_show && sql_is_one_of(&r->t, columns)) {
                r->from_names_table = true;
        } else if (is_show && r->from_names_table &&
                   (sql_is_word(&r->t, "FROM") || sql_is_word(&r->t, "IN"))) {
                r->from_names_table = false;
                expect_tables(r, false);
        } else {
                return false;
        }
        return true;
}

bool outline_take_words(struct outline_reader *r)
{
        return take_source(r) || take_lock(r) || take_object(r) || take_clause(r);
}

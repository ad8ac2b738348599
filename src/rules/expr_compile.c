#include "rules/expr.h"

#include "profile/heap/prof.h"
#include "rules/expr_state.h"

#include <stdio.h>

/* --- compilation ---------------------------------------------------------------------------------------------------- */

/** Give a test a place in a memory, which is created with the first. A test for which there is no place left is not remembered. */
static bool remember(struct expr_test *test, struct expr_memory **memory, unsigned *n)
{
        if (*memory == NULL) {
                *memory = prof_calloc(STAGE_JOURNAL, 1, sizeof **memory);
        }
        if (*memory == NULL) {
                return false;
        }
        if (*n < MEMORY_PLACES) {
                test->is_remembered = true;
                test->place = (uint8_t)(*n)++;
        }
        return true;
}

static bool is_of_digest(const struct expr_test *test)
{
        return test->term.match == expr_match_op || test->term.match == expr_match_clause ||
               test->term.match == expr_match_table || test->term.match == expr_match_statements;
}

/** Use a faster function for the usual tests of one field. */
static void choose_match(struct expr_test *test)
{
        bool is_number = test->kind == KIND_NUMBER || test->kind == KIND_DURATION;
        bool is_text = test->kind == KIND_GLOB || test->kind == KIND_PREFIX;
        if (test->term.match != expr_match_field) {
                return;
        }
        if (is_number) {
                test->term.match = expr_match_number;
        } else if (is_text && test->n == 1 && !test->texts[0].is_glob) {
                test->term.match = expr_match_one_text;
        }
}

static bool prepare_tests(struct expr *e)
{
        for (size_t i = 0; i < e->n_tests; i++) {
                struct expr_test *test = &e->tests[i];
                bool of_session = test->term.match == expr_match_attribute;
                if (is_of_digest(test) && !remember(test, &e->digests, &e->n_digest_tests)) {
                        return false;
                }
                if (of_session && !remember(test, &e->sessions, &e->n_session_tests)) {
                        return false;
                }
                choose_match(test);
                e->time = test->term.time > e->time ? test->term.time : e->time;
        }
        return true;
}

/** Sort the children of a node by what they cost, so that cheap ones decide first. The list is merged from sorted runs of one cost:
 *  costs are few and small. */
static void sort_children(struct expr *e, struct expr_node *parent)
{
        uint32_t first = NODE_NONE;
        uint32_t *end = &first;
        for (unsigned cost = 0; parent->child != NODE_NONE; cost++) {
                uint32_t *link = &parent->child;
                while (*link != NODE_NONE) {
                        struct expr_node *child = &e->nodes[*link];
                        if (child->cost > cost) {
                                link = &child->next;
                                continue;
                        }
                        *end = *link;
                        *link = child->next;
                        end = &child->next;
                }
        }
        *end = NODE_NONE;
        parent->child = first;
}

/** Children stand before their parents in the array. A node costs as much as its cheapest child: that may decide it. */
static void order(struct expr *e)
{
        for (size_t i = 0; i < e->n_nodes; i++) {
                struct expr_node *node = &e->nodes[i];
                if (node->kind == NODE_TEST) {
                        node->cost = e->tests[node->child].term.cost;
                        continue;
                }
                if (node->kind != NODE_NOT) {
                        sort_children(e, node);
                }
                node->cost = e->nodes[node->child].cost;
        }
}

enum status expr_new(struct span text, struct expr **out, struct expr_error *error)
{
        enum status status = STATUS_NOMEM;
        struct expr *e = prof_calloc(STAGE_JOURNAL, 1, sizeof *e);
        uint8_t *copy = e != NULL && text.len <= EXPR_TEXT_MAX ? expr_alloc(e, text.len + 1) : NULL;
        *out = NULL;
        *error = (struct expr_error){.text = "out of memory"};
        if (copy != NULL) {
                (void)span_copy(copy, text);
                status = expr_read(e, span_of(copy, text.len), error);
        } else if (e != NULL && text.len > EXPR_TEXT_MAX) {
                status = expr_read(e, text, error);
        }
        if (status == STATUS_OK && !prepare_tests(e)) {
                status = STATUS_NOMEM;
                *error = (struct expr_error){.text = "out of memory"};
        }
        if (status != STATUS_OK) {
                expr_free(e);
                return status;
        }
        order(e);
        *out = e;
        return STATUS_OK;
}

void expr_free(struct expr *e)
{
        if (e == NULL) {
                return;
        }
        for (size_t i = 0; i < e->n_tests; i++) {
                pattern_free(e->tests[i].pattern);
        }
        expr_free_blocks(e);
        prof_free(e->digests);
        prof_free(e->sessions);
        prof_free(e->tests);
        prof_free(e->nodes);
        prof_free(e);
}

enum expr_time expr_known_at(const struct expr *e)
{
        return e->time;
}

static bool is_among(const char *name, const char *const *names)
{
        while (*names != NULL && strcmp(*names, name) != 0) {
                names++;
        }
        return *names != NULL;
}

const char *expr_other_term(const struct expr *e, const char *const *names)
{
        for (size_t i = 0; i < e->n_tests; i++) {
                if (!is_among(e->tests[i].term.name, names)) {
                        return e->tests[i].term.name;
                }
        }
        return NULL;
}

uint64_t expr_undecided(const struct expr *e)
{
        return atomic_load_explicit(&e->undecided, memory_order_relaxed);
}

/* --- matching ------------------------------------------------------------------------------------------------------- */

static enum truth negate(enum truth t)
{
        return t == TRUTH_UNKNOWN ? t : t == TRUTH_TRUE ? TRUTH_FALSE : TRUTH_TRUE;
}

static enum truth match_test(const struct expr *e, const struct expr_node *node, struct expr_subject *subject)
{
        const struct expr_test *test = &e->tests[node->child];
        return test->term.match(test, subject);
}

/** The truth of a node. The recursion is as deep as the expression is nested: EXPR_DEPTH_MAX bounds it. */
static enum truth match_node(const struct expr *e, uint32_t number, struct expr_subject *subject)
{
        const struct expr_node *node = &e->nodes[number];
        if (node->kind == NODE_TEST) {
                return match_test(e, node, subject);
        }
        if (node->kind == NODE_NOT) {
                return negate(match_node(e, node->child, subject));
        }
        enum truth decides = node->kind == NODE_AND ? TRUTH_FALSE : TRUTH_TRUE;
        enum truth result = negate(decides);
        for (uint32_t child = node->child; child != NODE_NONE; child = e->nodes[child].next) {
                enum truth t = match_node(e, child, subject);
                if (t == decides) {
                        return t;
                }
                result = t == TRUTH_UNKNOWN ? t : result;
        }
        return result;
}

bool expr_match(struct expr *e, const struct record *r)
{
        const struct expr_node *root = &e->nodes[e->root];
        struct expr_subject *subject = &e->subject;
        if (r->event == EVENT_GAP) {
                return false;
        }
        *subject = (struct expr_subject){.e = e, .r = r, .has_outline = false};
        if (e->sessions != NULL && r->event == EVENT_AUTH) {
                expr_remember_session(e, subject);
        }
        if (root->kind == NODE_TEST) { /* which most expressions are */
                return match_test(e, root, subject) == TRUTH_TRUE;
        }
        return match_node(e, e->root, subject) == TRUTH_TRUE;
}

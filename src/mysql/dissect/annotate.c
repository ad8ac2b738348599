#include "mysql/dissect/annotate.h"

#include "mysql/dissect/execute.h"
#include "mysql/dissect/rows.h"
#include "mysql/wire/capability.h"
#include "mysql/wire/packet_fields.h"
#include "mysql/wire/result_head.h"
#include "profile/heap/prof.h"

/* The dissector in it is given no bytes: it lends the readers what they need of a session, such as a table of statements. */
struct annotate {
        const struct dissect *live;
        struct dissect_pool pool;
        struct dissect_settings settings;
        struct dissect *d;
        struct command cmd; /* the command whose reply comes, as far as it is known */
        uint64_t columns;   /* of the result that has begun; 0: its definitions are there, or will not come */
        uint64_t defs_left; /* definitions that are still to come */
        bool is_answered;   /* a packet of the server came after that command */
        bool is_pipelined;  /* commands were sent without a wait: whose reply comes is not known any more */
        uint8_t seq;        /* of the last packet of the server */
        bool continues[2];  /* by enum side: the next packet belongs to the payload of the last one */
        bool is_prepare_open;   /* a COM_STMT_PREPARE has not been answered yet */
        uint32_t last_prepared; /* see LAST_PREPARED; LAST_PREPARED: not known */
};

struct annotate *annotate_new(const struct dissect *live)
{
        struct annotate *a = prof_calloc(STAGE_DISSECT, 1, sizeof *a);
        if (a == NULL) {
                return NULL;
        }
        a->live = live;
        a->last_prepared = live != NULL ? live->statements.last_prepared : LAST_PREPARED;
        a->settings = (struct dissect_settings){.pool = &a->pool,
                                                .query_bytes = SIZE_MAX / 4,
                                                .value_bytes = SIZE_MAX / 4,
                                                .held_bytes = SIZE_MAX / 4,
                                                .rows = 1};
        a->d = dissect_new(&a->settings, (struct dissect_sink){.arg = NULL});
        if (a->d == NULL) {
                prof_free(a);
                return NULL;
        }
        a->cmd.type = command_type(COM_SLEEP);
        a->is_answered = true;
        return a;
}

void annotate_free(struct annotate *a)
{
        if (a != NULL) {
                row_store_free(a->cmd.first_rows);
                dissect_free(a->d);
                dissect_pool_drain(&a->pool);
                prof_free(a);
        }
}

/* --- statements ------------------------------------------------------------------------------------------------------- */

/** Add a statement with @p params parameters, whose types are those of @p like unless that is NULL. */
static struct statement *add_statement(struct annotate *a, uint32_t id, uint16_t params,
                                       const struct statement *like)
{
        struct statements *all = &a->d->statements;
        struct statement *st = statements_add(all, id, (struct span){NULL, 0});
        if (st == NULL) {
                return NULL;
        }
        st->n_params = params;
        uint16_t *types = like != NULL && like->n_types > 0 ? statement_types(all, st, like->n_types) : NULL;
        if (types != NULL) {
                memcpy(types, like->types, like->n_types * sizeof *types);
        }
        return st;
}

/** @return NULL if nothing is known of the statement. */
static struct statement *find_statement(struct annotate *a, uint32_t id)
{
        struct statement *st = statements_find(&a->d->statements, id);
        const struct statement *known =
            st == NULL && a->live != NULL ? statements_find(&a->live->statements, id) : NULL;
        return known != NULL ? add_statement(a, id, known->n_params, known) : st;
}

static void take_long_data(struct annotate *a, struct span payload)
{
        struct reader r = reader_over(payload);
        (void)reader_u8(&r);
        struct statement *st = find_statement(a, reader_u32(&r));
        uint16_t param = reader_u16(&r);
        if (st != NULL && !r.failed) {
                (void)statement_long_data(&a->d->statements, st, param, (struct span){NULL, 0}, 0, 0);
        }
}

/* --- commands ----------------------------------------------------------------------------------------------------------- */

/** A command begins: the next reply is its own, unless others are still awaited. */
static void begin_command(struct annotate *a, uint8_t code, struct span payload)
{
        struct command *cmd = &a->cmd;
        const struct command_type *type = command_type(code);
        struct reader r = reader_over(payload);
        (void)reader_u8(&r);
        uint32_t id = reader_u32(&r);
        bool has_id = type->has_stmt_id && !r.failed;
        if (type->shape == SHAPE_NONE) {
                return;
        }
        if (!a->is_answered && (!has_id || !cmd->has_stmt_id || cmd->stmt_id != id)) {
                a->is_pipelined = true;
        }
        a->is_answered = false;
        a->is_prepare_open = code == COM_STMT_PREPARE;
        cmd->code = code;
        cmd->type = type;
        cmd->stmt_id = has_id && id == LAST_PREPARED ? a->last_prepared : id;
        cmd->has_stmt_id = has_id && !a->is_pipelined;
        if (code == COM_STMT_FETCH) {
                rows_expect(a->d, cmd, 0); /* the columns are those of its statement */
        }
}

/** Report what stands behind the id of the statement. */
static void report_execution(struct annotate *a, struct span payload, struct field_trace *f)
{
        struct reader r = reader_over(payload);
        struct command cmd = {.code = reader_u8(&r), .body = (uint8_t *)(uintptr_t)payload.data};
        cmd.type = command_type(cmd.code);
        cmd.stmt_id = reader_u32(&r);
        if (cmd.stmt_id == LAST_PREPARED) {
                cmd.stmt_id = a->is_prepare_open ? LAST_PREPARED : a->last_prepared;
        }
        cmd.body_len = payload.len;
        cmd.true_len = f->length;
        cmd.has_stmt_id = !r.failed;
        struct statement *st = cmd.has_stmt_id ? find_statement(a, cmd.stmt_id) : NULL;
        if (st == NULL) {
                field_report_rest(f, "parameters of an unknown statement", false);
                return;
        }
        if (!execute_fields(a->d, &cmd, f)) {
                field_report_rest(f, "parameters whose types are not known", false);
        }
        if (cmd.code == COM_STMT_EXECUTE) {
                statement_drop_long_data(&a->d->statements, st);
        }
}

static void report_query(struct annotate *a, struct field_trace *f)
{
        struct reader r = reader_over(f->payload);
        if ((a->d->capabilities & CAP_QUERY_ATTRIBUTES) != 0 && !execute_attribute_fields(a->d, f)) {
                field_report_rest(f, "attributes that are not complete", false);
        }
        (void)reader_take(&r, f->named);
        field_string(f, &r, "statement", reader_rest(&r));
}

static void on_command(struct annotate *a, uint8_t code, struct span payload, struct field_trace *f)
{
        struct statements *all = &a->d->statements;
        switch (code) {
        case COM_QUERY: report_query(a, f); break;
        case COM_STMT_EXECUTE:
        case COM_STMT_BULK_EXECUTE: report_execution(a, payload, f); break;
        case COM_STMT_SEND_LONG_DATA: take_long_data(a, payload); break;
        default: break;
        }
        begin_command(a, code, payload);
        struct statement *st = code == COM_STMT_RESET ? find_statement(a, a->cmd.stmt_id) : NULL;
        if (st != NULL) {
                statement_drop_long_data(all, st);
        }
        if (code == COM_CHANGE_USER || code == COM_RESET_CONNECTION) {
                statements_clear(all);
        }
}

/* --- replies ------------------------------------------------------------------------------------------------------------ */

static void begin_result(struct annotate *a, struct span payload)
{
        struct column_count count;
        bool is_read = column_count_parse(payload, a->d->capabilities, &count);
        a->columns = is_read && count.has_definitions ? count.columns : 0;
        a->defs_left = a->columns;
        if (a->defs_left == 0) {
                rows_expect(a->d, &a->cmd, 0); /* the columns are those that came last for its statement */
        }
}

static void on_definition(struct annotate *a, struct span payload)
{
        if (a->defs_left == 0) {
                return; /* of COM_FIELD_LIST, or its result began before the first packet */
        }
        if (a->defs_left == a->columns) {
                rows_expect(a->d, &a->cmd, a->columns);
        }
        if (a->cmd.first_rows != NULL) {
                rows_definition(a->d, &a->cmd, payload);
        }
        if (--a->defs_left == 0 && a->cmd.first_rows != NULL) {
                rows_prepared(a->d, &a->cmd);
        }
}

static void on_prepared(struct annotate *a, struct span payload)
{
        struct prepared prepared;
        a->is_prepare_open = false;
        if (!prepared_parse(payload, a->d->capabilities, &prepared)) {
                return;
        }
        (void)add_statement(a, prepared.stmt_id, prepared.params, NULL);
        a->last_prepared = prepared.stmt_id;
        a->cmd.stmt_id = prepared.stmt_id;
        a->cmd.has_stmt_id = !a->is_pipelined;
        a->columns = prepared.has_definitions ? prepared.columns : 0;
        a->defs_left = a->columns;
}

static void report_row(struct annotate *a, const struct packet *p, struct field_trace *f)
{
        bool is_binary = p->kind == PACKET_BINARY_ROW;
        bool follows = a->is_answered ? p->seq == (uint8_t)(a->seq + 1) : a->cmd.code == COM_STMT_FETCH;
        if (!follows) { /* packets are missing, and these may be the rows of another result */
                rows_expect(a->d, &a->cmd, 0);
        }
        rows_fields(a->d, &a->cmd, is_binary, f);
        if (is_binary) {
                struct reader r = reader_over(f->payload);
                (void)reader_u8(&r);
                field_bytes(f, &r, "header");
                bool is_whole = f->payload.len == f->length;
                field_report_rest(f, is_whole ? "values whose columns are not known" : "values", false);
        }
}

static void on_reply(struct annotate *a, const struct packet *p, struct field_trace *f)
{
        struct span payload = p->head;
        if (p->kind == PACKET_COLUMN_COUNT) {
                begin_result(a, payload);
        } else if (p->kind == PACKET_COLUMN_DEFINITION) {
                on_definition(a, payload);
        } else if (p->kind == PACKET_PREPARED) {
                on_prepared(a, payload);
        } else if (p->kind == PACKET_ROW || p->kind == PACKET_BINARY_ROW) {
                report_row(a, p, f);
        } else if (p->kind == PACKET_ERR) {
                a->is_prepare_open = false;
        }
        a->is_answered = true;
        a->seq = p->seq;
}

/* --- all ----------------------------------------------------------------------------------------------------------------- */

static void ignore(void *arg, const struct field *field)
{
        (void)arg;
        (void)field;
}

/** Is @p p not the first packet of its payload, which is at least 16 MiB long? */
static bool note_continuation(struct annotate *a, const struct packet *p)
{
        bool continues = a->continues[p->from];
        a->continues[p->from] = p->kind == PACKET_PART && p->length == FRAME_MAX_PAYLOAD;
        return continues;
}

void annotate_packet(struct annotate *a, const struct packet *p,
                     void (*on_field)(void *arg, const struct field *field), void *arg)
{
        struct field_trace f = {.on_field = on_field != NULL ? on_field : ignore,
                                .arg = arg,
                                .payload = p->head,
                                .length = p->length};
        bool is_command = p->kind < PACKET_UNKNOWN;
        if (note_continuation(a, p)) {
                field_report_rest(&f, "rest of a longer payload", false);
                return;
        }
        a->d->capabilities = capability_unpack(p->agreed);
        packet_fields(&f, p->kind, a->d->capabilities);
        if (is_command) {
                on_command(a, (uint8_t)p->kind, p->head, &f);
        } else if (p->from == SIDE_SERVER) {
                on_reply(a, p, &f);
        }
        bool is_whole = p->head.len == p->length;
        field_report_rest(&f, is_whole ? "bytes behind the last field" : "beginning of a field", is_whole);
}

#include "mcp/tool.h"

#include "mcp/show.h"

#include <string.h>

/* --- the table ------------------------------------------------------------------------------------------------------ */

#define NUMBER(NAME, MOST, OTHERWISE, HELP)                                                                  \
        {                                                                                                    \
                .name = (NAME), .type = TOOL_NUMBER, .most = (MOST), .otherwise = (OTHERWISE),               \
                .param = (NAME), .help = (HELP)                                                              \
        }
#define TEXT(NAME, PARAM, HELP)                                                                              \
        {                                                                                                    \
                .name = (NAME), .type = TOOL_TEXT, .param = (PARAM), .help = (HELP)                          \
        }
#define WORD(NAME, PARAM, WORDS, HELP)                                                                       \
        {                                                                                                    \
                .name = (NAME), .type = TOOL_WORD, .words = (WORDS), .param = (PARAM), .help = (HELP)        \
        }
#define SINCE  TEXT("since", "since", "Only records that ended after this mark.")
#define BEFORE NUMBER("before", UINT32_MAX, 0, "Only records before this number: the way to older ones.")
#define EXPRESSION                                                                                           \
        "An expression of the filter language. Terms side by side must all hold; | means or, ! not, "        \
        "parentheses group. Terms: d>100ms (duration), err, err:1213, op:update (the verb), table:orders, "  \
        "rows>1000, affected>0, finding:n_plus_one, finding:no_index, user:app*, db:shop, session:7, "       \
        "digest:HASH, tag.route:/books*, trx:3, event:deadlock, text:\"part of the text\", value:42, "       \
        "clause:where. The resource querytap://manual/querytap-filter has all."

const struct tool tools[] = {
    {"recent", "The last records",
     "The newest statements and events, oldest first, one line each: number, time, session, duration, text, "
     "rows, errors, findings. Use it to see what the application has just sent; with since, what it sent "
     "after a mark.",
     .method = "GET", .paths = {"/records?ids=1&cut=4096"}, .is_lines = true,
     .args = {NUMBER("n", 200, 40, "How many, at most."), SINCE, BEFORE}, .show = show_records},
    {"search", "Records that match",
     "Recent statements and events that match an expression, oldest first. Use it to find slow, failing or "
     "particular statements, such as err, or d>100ms table:orders.",
     .method = "GET", .paths = {"/records?ids=1&cut=4096"}, .is_lines = true,
     .args = {{.name = "q", .type = TOOL_TEXT, .is_required = true, .param = "q", .help = EXPRESSION},
              NUMBER("n", 200, 40, "How many, at most."),
              SINCE,
              BEFORE},
     .show = show_records},
    {"statement", "One record, whole",
     "Everything about one record: the whole text, values of parameters, times (request, server, stream, "
     "proxy), rows, error, transaction, tags (code line), findings. Use it after recent, search or findings.",
     .method = "GET", .paths = {"/records/*"}, .place = "number",
     .args = {{.name = "number",
               .type = TOOL_NUMBER,
               .is_required = true,
               .most = UINT32_MAX,
               .help = "The number at the begin of its line."},
              {.name = "offset",
               .type = TOOL_NUMBER,
               .most = UINT32_MAX,
               .help = "Begin the text at this byte, to read the rest of a long one."}},
     .show = show_statement},
    {"transactions", "Transactions",
     "The last transactions with their statements, the time of each and the application's time between "
     "them. Use it for locks, deadlocks, transactions that are held open, and what happened before an error.",
     .method = "GET", .paths = {"/transactions"},
     .args = {NUMBER("n", 200, 10, "How many, at most."),
              NUMBER("session", UINT32_MAX, 0, "Only those of this session.")},
     .show = show_transactions},
    {"scopes", "Totals by request, test, user or tag",
     "Statements, errors, time, N+1 and duplicates grouped by what the application sent them for. Use it to "
     "find which request or test sends most.",
     .method = "GET", .paths = {"/digests"},
     .args = {{.name = "by",
               .type = TOOL_TEXT,
               .is_required = true,
               .param = "by",
               .help = "scope (request or test), trace, user, db, client, session, or tag.NAME."},
              WORD("sort", "sort", "time|count|errors|max|rows|last", "What comes first."),
              NUMBER("n", 200, 20, "How many, at most.")},
     .show = show_scopes},
    {"digests", "Statements by shape",
     "Statements grouped by their shape (digest), with counts, times, rows and errors. Use it for what takes "
     "the time.",
     .method = "GET", .paths = {"/digests"},
     .args = {WORD("sort", "sort", "time|active|count|errors|max|p99|rows|last", "What comes first."),
              NUMBER("n", 200, 20, "How many, at most."),
              TEXT("q", "q", "Only shapes that match: table:orders, op:update, finding:no_index.")},
     .show = show_digests},
    {"findings", "What deserves attention",
     "N+1 loops, missing indexes, slow statements, duplicates, write loops, deadlocks and more: count, time "
     "lost, the code line where the application writes it into comments, an example. Use it first when a "
     "page is slow or a test sends too much.",
     .method = "GET", .paths = {"/findings"},
     .args = {TEXT("kind", "kind", "Only this finding, such as n_plus_one."),
              NUMBER("n", 128, 20, "How many, at most.")},
     .show = show_findings},
    {"sessions", "Open sessions",
     "The open connections, and what each is doing. Use it to see who is connected, what runs now, and who "
     "holds a transaction.",
     .method = "GET", .paths = {"/sessions"}, .show = show_sessions},
    {"hex", "Packets of an exchange",
     "The packets of a session as a hex dump with the name of each field, the newest first to be kept. Use "
     "it "
     "for questions about the protocol.",
     .method = "GET", .paths = {"/sessions/*/hex?annotate=1"}, .place = "session", .is_text = true,
     .args = {{.name = "session",
               .type = TOOL_NUMBER,
               .is_required = true,
               .most = UINT32_MAX,
               .help = "The number behind # in the lines of recent."},
              {.name = "text",
               .type = TOOL_TEXT,
               .help = "Only from the packet whose line has this text on, such as a part of the statement."}},
     .show = show_hex},
    {"memory", "Memory by stage, and whether it leaks",
     "The proxy's own memory by stage, and two verdicts: whether its bytes leak, and why its allocation "
     "records grow. Use it to answer whether the proxy leaks.",
     .method = "GET", .paths = {"/stages", "/verdicts"}, .show = show_memory},
    {"marks", "List marks", "The marks that were set: moments that since refers to.", .method = "GET",
     .paths = {"/marks"}, .show = show_marks},
    {"set_mark", "Set a mark",
     "Remember this moment under a name. Set one before the application does something, and use it as since "
     "in recent and search.",
     .method = "POST", .paths = {"/marks"},
     .args = {{.name = "name",
               .type = TOOL_TEXT,
               .is_required = true,
               .param = "name",
               .help = "1 to 31 letters, digits and the like."}},
     .show = show_done},
    {"kill", "Close a session", "Close a session, as if its connection were lost.", .is_action = true,
     .method = "POST", .paths = {"/sessions/*/kill"}, .place = "session",
     .args = {{.name = "session",
               .type = TOOL_NUMBER,
               .is_required = true,
               .most = UINT32_MAX,
               .help = "Its number."}},
     .show = show_done},
};

const size_t tools_n = sizeof tools / sizeof tools[0];

const struct tool *tools_find(const char *name, bool allow_actions)
{
        for (size_t i = 0; i < tools_n; i++) {
                if (strcmp(tools[i].name, name) == 0) {
                        return tools[i].is_action && !allow_actions ? NULL : &tools[i];
                }
        }
        return NULL;
}

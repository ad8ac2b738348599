/* Output for people: the two answers on a screenful, and more if asked for. */
#include "profile/explain/print.h"

#include <inttypes.h>

enum { SCREEN_ROWS = 7, SITES_SHOWN = 2 };

static const char *program_of(const struct explain_run *run)
{
        return run->bytes.go ? "one Go process" : "one process";
}

/** "100 heap profiles of one Go process, taken without gc=1; one sample in 512 KiB." */
static void print_head(const struct explain *e, size_t i, FILE *out)
{
        const struct explain_run *run = &e->run[i];
        struct print_text p = {.at = 0};
        if (e->n_run > 1) {
                print_add(&p, "%s: ",
                          e->runs.runs[i].same_program ? "The program was restarted"
                          : i > 0                      ? "Another program"
                                                       : "The first process");
        }
        print_add(&p, "%zu heap profile%s of %s", run->n_rounds, run->n_rounds == 1 ? "" : "s",
                  program_of(run));
        if (run->bytes.go && run->n_rounds > 1) {
                print_add(&p, ", taken %s", run->bytes.collected ? "with gc=1" : "without gc=1");
        }
        print_add(&p, run->sample_bytes > 1 ? "; one sample in " : "; every allocation is sampled");
        if (run->sample_bytes > 1) {
                print_add_bytes(&p, (double)run->sample_bytes);
        }
        print_add(&p, ".");
        (void)print_lines(&p, "", 0, out);
}

static void print_answers(const struct explain *e, const struct explain_run *run, FILE *out)
{
        struct print_text p = {.at = 0};
        print_add(&p, "Bytes: %s. ", explain_bytes_name(run->bytes.verdict));
        print_bytes_sentence(&p, e, run);
        (void)print_lines(&p, "", 2, out);
        for (size_t i = 0; i < run->bytes.n_sites && i < SITES_SHOWN; i++) {
                struct print_text site = {.at = 0};
                print_site(&site, e, run, i);
                (void)print_lines(&site, "  - ", 4, out);
        }
        struct print_text advice = {.at = 0};
        print_advice(&advice, e, run);
        if (advice.at > 0) {
                (void)print_lines(&advice, "  ", 2, out);
        }
        struct print_text records = {.at = 0};
        print_add(&records, "Records: %s. ", explain_records_name(run->records));
        print_records_sentence(&records, e, run);
        (void)print_lines(&records, "", 2, out);
}

static void print_nothing(const struct explain *e, FILE *out)
{
        struct print_text p = {.at = 0};
        print_troubles(&p, e);
        (void)fputs("This contains no heap profile: it needs a line that begins with \"heap profile:\", or a "
                    "profile that curl\nsaved from /debug/pprof/heap.\n",
                    out);
        if (p.at > 0) {
                (void)print_lines(&p, "", 0, out);
        }
}

void explain_print_text(const struct explain *e, FILE *out)
{
        if (e->n_run == 0) {
                print_nothing(e, out);
                return;
        }
        for (size_t i = 0; i < e->n_run; i++) {
                const struct explain_run *run = &e->run[i];
                bool newest = i + 1 == e->n_run;
                bool tables = e->verbose || e->list_first > 0;
                print_head(e, i, out);
                if (tables && newest) {
                        print_tables(e, run, out);
                }
                print_answers(e, run, out);
                if (!tables && newest && e->n_run == 1) {
                        (void)putc('\n', out);
                        print_rounds(run, SCREEN_ROWS, out);
                } else if (!newest) {
                        (void)putc('\n', out);
                }
        }
        struct print_text p = {.at = 0};
        print_troubles(&p, e);
        if (p.at > 0) {
                (void)putc('\n', out);
                (void)print_lines(&p, "", 0, out);
        }
}

/** @file handlers.h  The functions that answer requests, for the table in endpoints.c, and those that finish open requests when the port
 * closes. Each handler calls call_reply or call_fail (call.h) exactly once, at once or later.
 * Threads: main. */
#ifndef ADMIN_HANDLERS_H
#define ADMIN_HANDLERS_H

#include <stddef.h>

struct admin_context;
struct call;

/* sessions.c */
void handle_sessions(struct call *call);
void handle_hex(struct call *call);
/** The words of the parameter "annotate"; NULL behind the last. */
const char *sessions_annotate(size_t i);
void handle_kill(struct call *call);
/** Fail because the packets of the session in the path are not kept. */
void call_fail_session(struct call *call);
/* pcap.c */
void handle_pcap(struct call *call);
/* pcap_stream.c */
void handle_pcap_stream(struct call *call);
/** End all streams of packets, as long as the proxy is there. */
void pcap_end_streams(struct admin_context *a);
/* records.c */
void handle_records(struct call *call);
void handle_record(struct call *call);
/* findings.c */
void handle_findings(struct call *call);
/** The words of the parameter "kind"; NULL behind the last. */
const char *findings_kind(size_t i);
/* traffic.c */
void handle_traffic(struct call *call);
/* transactions.c */
void handle_transactions(struct call *call);
/* stream.c */
void handle_stream(struct call *call);
/** End all streams. */
void records_end_streams(struct admin_context *a);
/* open_scope.c */
void handle_scope_get(struct call *call);
void handle_scope_post(struct call *call);
/** The words of the parameter "do"; NULL behind the last. */
const char *open_scope_words(size_t i);
/* heap.c */
void handle_heap(struct call *call);
void handle_allocs(struct call *call);
void handle_heap_v2(struct call *call);
void handle_marks(struct call *call);
void handle_mark(struct call *call);
void handle_diff(struct call *call);
void handle_births(struct call *call);
/** Answer the requests that wait for a profile over an interval. */
void heap_end_deltas(struct admin_context *a);
/* memory.c */
void handle_stages(struct call *call);
void handle_cmdline(struct call *call);
void handle_symbol(struct call *call);
void handle_threads(struct call *call);
/* digests.c */
void handle_digests(struct call *call);
void handle_digest_detail(struct call *call);
void handle_digests_reset(struct call *call);
/** The words of the parameter "sort"; NULL behind the last. */
const char *digests_order(size_t i);
/* mcp.c */
void handle_mcp(struct call *call);
/* fault.c */
void handle_fault_get(struct call *call);
void handle_fault_post(struct call *call);
/* verdicts.c */
void handle_verdicts(struct call *call);
/* growth.c */
void handle_series(struct call *call);
void handle_sample(struct call *call);
#ifdef PLANTED_LEAKS
void handle_plant(struct call *call);
#endif
/* openapi.c */
void handle_openapi(struct call *call);
/* web.c */
void handle_web(struct call *call);
/* pages.c */
void handle_page(struct call *call);
void handle_pprof_index(struct call *call);
/* health.c */
void handle_health(struct call *call);
void handle_ready(struct call *call);
/** The proxy stops: answer those who wait for that. */
void health_end(struct admin_context *a);
/* counters.c */
void handle_counters(struct call *call);
/* reload.c */
void handle_reload(struct call *call);
/* metrics.c */
void handle_metrics(struct call *call);
/* settings.c */
void handle_settings(struct call *call);

#endif

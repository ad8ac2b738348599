/* The proxy's parts that work alone: addresses, reasons, mailboxes, reaching a server. */
#include "base/clock.h"
#include "house.h"
#include "profile/heap/hooks.h"
#include "proxy/net/address.h"
#include "proxy/net/mailbox.h"
#include "proxy/net/upstream.h"
#include "proxy/reason.h"
#include "tap.h"

#include <errno.h>
#include <event2/dns.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

/* --- addresses ------------------------------------------------------------------------------------------------------- */

static void addresses_are_read(void)
{
        static const struct {
                const char *text;
                const char *host; /* NULL = refused */
                uint16_t port;
                bool is_unix;
                bool numeric;
        } rows[] = {
            {"127.0.0.1:3306", "127.0.0.1", 3306, false, true},
            {"[::1]:0", "::1", 0, false, true},
            {"[fe80::1]:65535", "fe80::1", 65535, false, true},
            {"db.example.net:3306", "db.example.net", 3306, false, false},
            {"localhost:1", "localhost", 1, false, false},
            {"unix:/run/mysqld/mysqld.sock", "/run/mysqld/mysqld.sock", 0, true, true},
            {"unix:relative", "relative", 0, true, true},
            {"", NULL, 0, false, false},
            {"localhost", NULL, 0, false, false},
            {":3306", NULL, 0, false, false},
            {"[]:3306", NULL, 0, false, false},
            {"host:", NULL, 0, false, false},
            {"host:65536", NULL, 0, false, false},
            {"host:-1", NULL, 0, false, false},
            {"host:+1", NULL, 0, false, false},
            {"host: 1", NULL, 0, false, false},
            {"host:1x", NULL, 0, false, false},
            {"host:99999999999999999999", NULL, 0, false, false},
            {"::1:3306", NULL, 0, false, false},
            {"[::1]", NULL, 0, false, false},
            {"unix:", NULL, 0, false, false},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct address a;
                struct sockaddr_storage ss;
                socklen_t len;
                enum status status = address_parse(rows[i].text, &a);
                CU_ASSERT_EQUAL(status, rows[i].host != NULL ? STATUS_OK : STATUS_INVALID);
                if (status == STATUS_OK && rows[i].host != NULL) {
                        CU_ASSERT_STRING_EQUAL(a.host, rows[i].host);
                        CU_ASSERT_EQUAL(a.port, rows[i].port);
                        CU_ASSERT_EQUAL(a.is_unix, rows[i].is_unix);
                        CU_ASSERT_EQUAL(address_numeric(&a, &ss, &len), rows[i].numeric);
                }
        }
}

static void long_addresses_are_refused(void)
{
        char text[300];
        struct address a;
        struct sockaddr_un un;
        size_t longest = sizeof un.sun_path - 1;
        memset(text, 'x', sizeof text);
        memcpy(text, "unix:", 5);
        text[5 + longest] = '\0';
        CU_ASSERT_EQUAL(address_parse(text, &a), STATUS_OK);
        text[5 + longest] = 'x';
        text[5 + longest + 1] = '\0';
        CU_ASSERT_EQUAL(address_parse(text, &a), STATUS_INVALID);
        memset(text, 'x', ADDRESS_TEXT_MAX);
        (void)snprintf(text + ADDRESS_TEXT_MAX, sizeof text - ADDRESS_TEXT_MAX, ":1");
        CU_ASSERT_EQUAL(address_parse(text, &a), STATUS_INVALID);
        CU_ASSERT_EQUAL(address_parse(text + 1, &a), STATUS_OK);
}

static void addresses_are_written_as_read(void)
{
        static const char *const texts[] = {"127.0.0.1:3306", "[::1]:65535", "unix:/run/x.sock"};
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
                struct address a;
                struct sockaddr_storage ss;
                socklen_t len = 0;
                char out[ADDRESS_TEXT_MAX];
                CU_ASSERT_EQUAL(address_parse(texts[i], &a), STATUS_OK);
                CU_ASSERT_TRUE(address_numeric(&a, &ss, &len));
                address_format(&ss, len, out);
                CU_ASSERT_STRING_EQUAL(out, texts[i]);
        }
        struct sockaddr_storage nameless = {.ss_family = AF_UNIX};
        char out[ADDRESS_TEXT_MAX];
        address_format(&nameless, sizeof(sa_family_t), out); /* a client of a UNIX socket has no name */
        CU_ASSERT_STRING_EQUAL(out, "unix:");
        address_own(-1, out);
        CU_ASSERT_STRING_EQUAL(out, "");
}

/* --- reasons --------------------------------------------------------------------------------------------------------- */

static void reasons_have_names(void)
{
        for (enum reason i = REASON_NONE; i < REASON_COUNT; i++) {
                CU_ASSERT_PTR_NOT_NULL_FATAL(reason_name(i));
                CU_ASSERT_PTR_NOT_NULL_FATAL(reason_text(i));
                CU_ASSERT_TRUE(strlen(reason_text(i)) > 3);
                CU_ASSERT_EQUAL(strspn(reason_name(i), "abcdefghijklmnopqrstuvwxyz_"),
                                strlen(reason_name(i)));
                for (enum reason j = REASON_NONE; j < i; j++) {
                        CU_ASSERT_STRING_NOT_EQUAL(reason_name(i), reason_name(j));
                        CU_ASSERT_STRING_NOT_EQUAL(reason_text(i), reason_text(j));
                }
        }
        uint64_t before = reason_counted(REASON_KILLED);
        reason_count(REASON_KILLED);
        CU_ASSERT_EQUAL(reason_counted(REASON_KILLED), before + 1);
        uint64_t count;
        size_t n = 0;
        while (proxy_close_reason(n, &count) != NULL) {
                n++;
        }
        CU_ASSERT_EQUAL(n, REASON_COUNT - 1); /* all but none */
}

/* --- mailboxes ------------------------------------------------------------------------------------------------------- */

enum { POSTERS = 4, LETTERS = 2000 };

struct letter {
        struct message message;
        struct post *post;
        unsigned poster;
        unsigned number;
};

struct post {
        struct mailbox mailbox;
        struct event_base *base;
        struct letter letters[POSTERS][LETTERS];
        unsigned came[POSTERS];
        unsigned all;
        bool in_order;
        unsigned posters;
};

static void on_letter(struct message *message)
{
        struct letter *l = (struct letter *)message;
        l->post->in_order = l->post->in_order && l->number == l->post->came[l->poster];
        l->post->came[l->poster]++;
        if (++l->post->all == POSTERS * LETTERS) {
                (void)event_base_loopbreak(l->post->base);
        }
}

struct poster {
        struct post *post;
        unsigned index;
};

static void *post_all(void *arg)
{
        const struct poster *p = arg;
        for (unsigned i = 0; i < LETTERS; i++) {
                struct letter *l = &p->post->letters[p->index][i];
                *l = (struct letter){
                    .message.run = on_letter, .post = p->post, .poster = p->index, .number = i};
                mailbox_post(&p->post->mailbox, &l->message);
        }
        return NULL;
}

static void messages_come_in_order_from_all_threads(void)
{
        static struct post post;
        pthread_t threads[POSTERS];
        struct poster posters[POSTERS];
        const struct timeval patience = {PATIENCE_MS / 1000, 0};
        memset(&post, 0, sizeof post);
        post.in_order = true;
        post.base = event_base_new();
        CU_ASSERT_EQUAL_FATAL(mailbox_init(&post.mailbox, post.base), STATUS_OK);
        for (unsigned i = 0; i < POSTERS; i++) {
                posters[i] = (struct poster){&post, i};
                CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, post_all, &posters[i]), 0);
        }
        (void)event_base_loopexit(post.base, &patience);
        (void)event_base_dispatch(post.base);
        for (unsigned i = 0; i < POSTERS; i++) {
                (void)pthread_join(threads[i], NULL);
                CU_ASSERT_EQUAL(post.came[i], LETTERS);
        }
        CU_ASSERT_TRUE(post.in_order);
        mailbox_fini(&post.mailbox);
        event_base_free(post.base);
}

struct echo {
        struct message message;
        struct mailbox *mailbox;
        unsigned left;
};

static void on_echo(struct message *message)
{
        struct echo *e = (struct echo *)message;
        if (e->left-- > 0) {
                mailbox_post(e->mailbox, message);
        }
}

static void messages_may_be_posted_from_messages(void)
{
        struct mailbox mailbox;
        struct event_base *base = event_base_new();
        CU_ASSERT_EQUAL_FATAL(mailbox_init(&mailbox, base), STATUS_OK);
        struct echo e = {.message.run = on_echo, .mailbox = &mailbox, .left = 1};
        mailbox_post(&mailbox, &e.message);
        mailbox_drain(&mailbox);
        CU_ASSERT_EQUAL(e.left, 0); /* what is posted meanwhile waits for the next turn */
        (void)event_base_loop(base, EVLOOP_NONBLOCK);
        CU_ASSERT_EQUAL(e.left, UINT32_MAX);
        mailbox_fini(&mailbox);
        mailbox_fini(&mailbox); /* harmless */
        event_base_free(base);
}

/* --- reaching a server ------------------------------------------------------------------------------------------------ */

struct reach {
        struct event_base *base;
        struct loop loop; /* of that base */
        struct address address;
        unsigned calls;
        int fd;
        char error[256];
};

static void on_reached(void *arg, int fd, const char *error)
{
        struct reach *r = arg;
        r->calls++;
        r->fd = fd;
        (void)snprintf(r->error, sizeof r->error, "%s", error != NULL ? error : "");
        (void)event_base_loopbreak(r->base);
}

static struct upstream *reach(struct reach *r, struct evdns_base *dns, const char *address,
                              uint64_t timeout_ms)
{
        struct event_base *base = r->base;
        *r = (struct reach){.base = base, .loop = {.base = base, .dns = dns}, .fd = -1};
        CU_ASSERT_EQUAL_FATAL(address_parse(address, &r->address), STATUS_OK);
        const struct upstream_try t = upstream_connect(&r->loop, &r->address, timeout_ms, on_reached, r);
        CU_ASSERT_TRUE_FATAL((t.under_way != NULL) != (t.fd >= 0));
        CU_ASSERT_EQUAL(r->calls, 0); /* never from within */
        r->fd = t.fd;
        return t.under_way;
}

static void run_for(struct event_base *base, unsigned ms)
{
        const struct timeval timeout = {ms / 1000, (suseconds_t)(ms % 1000) * 1000};
        (void)event_base_loopexit(base, &timeout);
        (void)event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY);
}

static void end_reach(struct reach *r)
{
        if (r->fd >= 0) {
                (void)close(r->fd);
        }
        (void)event_base_loop(r->base, EVLOOP_NONBLOCK); /* what libevent has put off */
        event_base_free(r->base);
}

static void a_server_is_reached(void)
{
        struct reach r = {.base = event_base_new()};
        uint16_t port = 0;
        char address[64];
        int server = listen_somewhere(4, &port);
        (void)snprintf(address, sizeof address, "127.0.0.1:%u", port);
        if (reach(&r, NULL, address, PATIENCE_MS) !=
            NULL) { /* on this machine it is there at once, nearly always */
                run_for(r.base, PATIENCE_MS);
        }
        CU_ASSERT_TRUE(r.fd >= 0);
        CU_ASSERT_TRUE((fcntl(r.fd, F_GETFL) & O_NONBLOCK) != 0);
        (void)close(r.fd);
        (void)close(server);
        (void)reach(&r, NULL, address, PATIENCE_MS);
        run_for(r.base, PATIENCE_MS);
        CU_ASSERT_EQUAL(r.calls, 1);
        CU_ASSERT_EQUAL(r.fd, -1);
        CU_ASSERT_STRING_EQUAL(r.error, "Connection refused");
        upstream_cancel(reach(&r, NULL, address, PATIENCE_MS));
        run_for(r.base, 10);
        CU_ASSERT_EQUAL(r.calls, 0);
        (void)reach(&r, NULL, "127.0.0.1:0", PATIENCE_MS);
        run_for(r.base, PATIENCE_MS);
        CU_ASSERT_EQUAL(r.calls, 1);
        CU_ASSERT_TRUE(r.error[0] != '\0');
        (void)reach(&r, NULL, "unix:/nowhere/at/all", PATIENCE_MS);
        run_for(r.base, PATIENCE_MS);
        CU_ASSERT_STRING_EQUAL(r.error, "No such file or directory");
        end_reach(&r);
}

/** Fill @p address' queue, so that one more does not get in. @return sockets in @p fds. */
static size_t fill_queue(const struct sockaddr *sa, socklen_t len, int *fds, size_t max)
{
        for (size_t i = 0; i < max; i++) {
                fds[i] = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
                int result = connect(fds[i], sa, len);
                struct pollfd p = {.fd = fds[i], .events = POLLOUT};
                if (result != 0 && (errno != EINPROGRESS || poll(&p, 1, 300) == 0)) {
                        return i + 1;
                }
        }
        CU_FAIL("the queue does not fill");
        return max;
}

static void close_all(const int *fds, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                (void)close(fds[i]);
        }
}

static void a_full_unix_socket_is_waited_for(void)
{
        struct reach r = {.base = event_base_new()};
        struct sockaddr_un un = {.sun_family = AF_UNIX};
        char folder[] = "/tmp/querytap-unit-XXXXXX";
        char address[128];
        int fds[16];
        CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
        (void)snprintf(un.sun_path, sizeof un.sun_path, "%s/s", folder);
        (void)snprintf(address, sizeof address, "unix:%s", un.sun_path);
        int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CU_ASSERT_EQUAL_FATAL(bind(server, (struct sockaddr *)&un, sizeof un), 0);
        CU_ASSERT_EQUAL_FATAL(listen(server, 0), 0);
        size_t n = fill_queue((struct sockaddr *)&un, sizeof un, fds, 16);
        (void)reach(&r, NULL, address, PATIENCE_MS);
        run_for(r.base, 50);
        CU_ASSERT_EQUAL(r.calls, 0); /* waits for its turn, as a blocking client does */
        int first = accept(server, NULL, NULL);
        run_for(r.base, PATIENCE_MS);
        CU_ASSERT_EQUAL(r.calls, 1);
        CU_ASSERT_TRUE(r.fd >= 0);
        (void)close(first);
        int second = r.fd;
        (void)reach(&r, NULL, address, 60);
        run_for(r.base, PATIENCE_MS);
        CU_ASSERT_EQUAL(r.calls, 1); /* but not for ever */
        CU_ASSERT_STRING_EQUAL(r.error, "no answer from the server within limits.connect_timeout_ms");
        (void)close(second);
        close_all(fds, n);
        (void)close(server);
        (void)unlink(un.sun_path);
        CU_ASSERT_EQUAL(rmdir(folder), 0);
        end_reach(&r);
}

static void a_server_that_is_far_takes_its_time(void)
{
        struct reach r = {.base = event_base_new()};
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        uint16_t port = 0;
        char address[64];
        int fds[16];
        int server = listen_somewhere(0, &port);
        in.sin_port = htons(port);
        size_t n = fill_queue((struct sockaddr *)&in, sizeof in, fds, 16);
        (void)snprintf(address, sizeof address, "127.0.0.1:%u", port);
        CU_ASSERT_PTR_NOT_NULL(reach(&r, NULL, address, PATIENCE_MS));
        run_for(r.base, 50);
        CU_ASSERT_EQUAL(r.calls, 0);
        close_all(fds, n);
        int first = accept(server, NULL, NULL); /* makes room, which its next attempt finds */
        run_for(r.base, PATIENCE_MS);
        CU_ASSERT_EQUAL(r.calls, 1);
        CU_ASSERT_TRUE(r.fd >= 0);
        (void)close(first);
        (void)close(server);
        end_reach(&r);
}

/** A dns base that knows one name, as a hosts file tells. */
static struct evdns_base *dns_with_hosts(struct event_base *base, const char *hosts)
{
        char path[] = "/tmp/querytap-unit-XXXXXX";
        struct evdns_base *dns = evdns_base_new(base, 0);
        int fd = mkstemp(path);
        CU_ASSERT_TRUE_FATAL(dns != NULL && fd >= 0 && write(fd, hosts, strlen(hosts)) > 0);
        CU_ASSERT_EQUAL(evdns_base_load_hosts(dns, path), 0);
        (void)close(fd);
        (void)unlink(path);
        return dns;
}

static void an_address_that_never_answers_leaves_time_for_the_next(void)
{
        struct reach r = {.base = event_base_new()};
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        uint16_t port = 0;
        char address[64];
        int fds[16];
        int silent = listen_somewhere(0, &port);
        in.sin_port = htons(port);
        size_t n = fill_queue((struct sockaddr *)&in, sizeof in, fds, 16);
        int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_in other = in;
        other.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
        CU_ASSERT_EQUAL_FATAL(bind(server, (struct sockaddr *)&other, sizeof other), 0);
        CU_ASSERT_EQUAL_FATAL(listen(server, 4), 0);
        struct evdns_base *dns = dns_with_hosts(r.base, "127.0.0.1 two.test\n127.0.0.2 two.test\n");
        (void)snprintf(address, sizeof address, "two.test:%u", port);
        uint64_t start_ms = now_ms();
        (void)reach(&r, dns, address, 1000);
        run_for(r.base, PATIENCE_MS);
        uint64_t took_ms = now_ms() - start_ms;
        CU_ASSERT_EQUAL(r.calls, 1);
        CU_ASSERT_TRUE(r.fd >= 0);
        CU_ASSERT_TRUE(took_ms >= 400); /* the silent one had its share */
        (void)close(server);
        close_all(fds, n);
        (void)close(silent);
        evdns_base_free(dns, 1);
        end_reach(&r);
}

static void a_name_server_that_never_answers_is_given_up(void)
{
        struct reach r = {.base = event_base_new()};
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof in;
        int silent = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        CU_ASSERT_EQUAL_FATAL(bind(silent, (struct sockaddr *)&in, len), 0);
        CU_ASSERT_EQUAL_FATAL(getsockname(silent, (struct sockaddr *)&in, &len), 0);
        struct evdns_base *dns = evdns_base_new(r.base, 0);
        CU_ASSERT_EQUAL(evdns_base_nameserver_sockaddr_add(dns, (struct sockaddr *)&in, len, 0), 0);
        (void)reach(&r, dns, "db.test:3306", 50);
        run_for(r.base, PATIENCE_MS);
        CU_ASSERT_EQUAL(r.calls, 1);
        CU_ASSERT_STRING_EQUAL(r.error, "no answer from the server within limits.connect_timeout_ms");
        struct upstream *u = reach(&r, dns, "db.test:3306", PATIENCE_MS);
        run_for(r.base, 10);
        upstream_cancel(u);
        (void)event_base_loop(r.base, EVLOOP_NONBLOCK);
        CU_ASSERT_EQUAL(r.calls, 0);
        evdns_base_free(dns, 1);
        (void)close(silent);
        end_reach(&r);
}

int main(void)
{
        static const struct tap_test tests[] = {
            {"addresses are read", addresses_are_read},
            {"long addresses are refused", long_addresses_are_refused},
            {"addresses are written as read", addresses_are_written_as_read},
            {"reasons have names", reasons_have_names},
            {"messages come in order from all threads", messages_come_in_order_from_all_threads},
            {"messages may be posted from messages", messages_may_be_posted_from_messages},
            {"a server is reached, or why not", a_server_is_reached},
            {"a full UNIX socket is waited for", a_full_unix_socket_is_waited_for},
            {"a server that is far takes its time", a_server_that_is_far_takes_its_time},
            {"an address that never answers leaves time for the next",
             an_address_that_never_answers_leaves_time_for_the_next},
            {"a name server that never answers is given up", a_name_server_that_never_answers_is_given_up},
        };
        (void)signal(SIGPIPE, SIG_IGN);
        (void)prof_hooks_install();
        int result = TAP_RUN("proxy parts", tests);
        libevent_global_shutdown();
        return result;
}

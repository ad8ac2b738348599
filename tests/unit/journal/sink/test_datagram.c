/* Messages to syslog and journald. */
#include "base/clock.h"
#include "base/diag.h"
#include "journal/sink/log_file.h"
#include "tap.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_NS (60 * CLOCK_S_NS)

static int listen_at(const char *socket_path)
{
        struct sockaddr_un at = {.sun_family = AF_UNIX};
        int size = 1 << 16;
        (void)snprintf(at.sun_path, sizeof at.sun_path, "%s", socket_path);
        (void)unlink(socket_path);
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
        CU_ASSERT_EQUAL_FATAL(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
        return fd;
}

static char socket_path[100];

static int begin_messages(const char *kind)
{
        char file[200];
        log_defaults("messages");
        (void)snprintf(socket_path, sizeof socket_path, "%s", sample_path("socket"));
        (void)snprintf(file, sizeof file, "%s:%s", kind, socket_path);
        CU_ASSERT_EQUAL_FATAL(settings_set(&log_settings, "log.file", file, "test"), STATUS_OK);
        CU_ASSERT_EQUAL_FATAL(settings_set(&log_settings, "log.syslog_facility", "local1", "test"),
                              STATUS_OK);
        CU_ASSERT_EQUAL_FATAL(settings_set(&log_settings, "log.syslog_tag", "tap", "test"), STATUS_OK);
        return listen_at(socket_path);
}

static void a_record_is_a_message_of_syslog(void)
{
        struct sink sink;
        char text[4096];
        int fd = begin_messages("syslog");
        log_open(&sink);
        log_put(&sink, 0, 2, 20);
        CU_ASSERT_TRUE(sink_flush(&sink));
        for (uint64_t i = 0; i < 2; i++) {
                char want[64];
                ssize_t n = recv(fd, text, sizeof text - 1, 0);
                CU_ASSERT_TRUE_FATAL(n > 0);
                text[n] = '\0';
                (void)snprintf(want, sizeof want, " tap[%ld]: {\"ts\":", (long)getpid());
                CU_ASSERT_EQUAL(strncmp(text, "<142>", 5), 0); /* 17 * 8 + 6 */
                CU_ASSERT_TRUE(text[8] == ' ' && text[11] == ' ' && text[14] == ':' && text[17] == ':');
                CU_ASSERT_EQUAL(strncmp(text + 20, want, strlen(want)), 0);
                CU_ASSERT_EQUAL(text[n - 1], '}');
        }
        CU_ASSERT_EQUAL(recv(fd, text, sizeof text, 0), -1);
        CU_ASSERT_EQUAL(sink.counters.records, 2);
        sink_close(&sink);
        (void)close(fd);
}

static void a_message_that_is_too_long_is_a_gap(void)
{
        struct sink sink;
        static char text[1 << 20];
        int fd = begin_messages("syslog");
        log_open(&sink);
        uint64_t said = diag_count(DIAG_WARNING);
        log_put(&sink, 0, 1, 20);
        log_put(&sink, 1, 3, 900000);
        log_put(&sink, 3, 4, 20);
        CU_ASSERT_TRUE(sink_flush(&sink));
        CU_ASSERT_EQUAL(sink.counters.records, 2);
        CU_ASSERT_EQUAL(sink.counters.dropped, 2);
        CU_ASSERT_EQUAL(diag_count(DIAG_WARNING), said + 1);
        for (unsigned i = 0; i < 4; i++) {
                ssize_t n = recv(fd, text, sizeof text - 1, 0);
                CU_ASSERT_TRUE_FATAL(n > 0);
                text[n] = '\0';
                CU_ASSERT_EQUAL(strstr(text, "\"event\":\"gap\"") != NULL, i == 1 || i == 2);
                CU_ASSERT_EQUAL(strncmp(text, i == 1 || i == 2 ? "<140>" : "<142>", 5), 0);
        }
        sink_close(&sink);
        (void)close(fd);
}

static void a_daemon_that_goes_away_and_comes_back(void)
{
        struct sink sink;
        char text[4096];
        int fd = begin_messages("syslog");
        log_open(&sink);
        log_put(&sink, 0, 1, 20);
        CU_ASSERT_TRUE(sink_flush(&sink));
        (void)close(fd);
        (void)unlink(socket_path);
        uint64_t errors = diag_count(DIAG_ERROR);
        log_put(&sink, 1, 20001, 200); /* more than is kept */
        CU_ASSERT_FALSE(sink_flush(&sink));
        CU_ASSERT_FALSE(sink_flush(&sink));
        CU_ASSERT_EQUAL(diag_count(DIAG_ERROR), errors + 1);
        CU_ASSERT_TRUE(sink.counters.dropped > 0 && sink.counters.dropped < 20000);
        fd = listen_at(socket_path);
        sink.deadline_ns = 1; /* the reader is this thread: no use to wait for it */
        uint64_t got = 0;
        uint64_t missing = 0;
        uint64_t start_ns = clock_mono_ns();
        while (got + missing < 20000 && clock_mono_ns() - start_ns < PATIENCE_NS) {
                (void)sink_flush(&sink);
                ssize_t n;
                while ((n = recv(fd, text, sizeof text - 1, 0)) > 0) {
                        text[n] = '\0';
                        const char *gap = strstr(text, "\"dropped\":");
                        missing += gap != NULL ? strtoull(gap + 10, NULL, 10) : 0;
                        got += gap == NULL ? 1 : 0;
                }
        }
        CU_ASSERT_EQUAL(got + missing, 20000);
        CU_ASSERT_EQUAL(missing, sink.counters.dropped);
        CU_ASSERT_EQUAL(sink.counters.records, got + 1);
        CU_ASSERT_EQUAL(diag_count(DIAG_ERROR), errors + 1);
        sink_close(&sink);
        (void)close(fd);
}

/** poll would tell at once, each time, that such a socket is ready. */
static void a_full_socket_whose_daemon_goes_away_is_not_waited_for(void)
{
        struct sink sink;
        int fd = begin_messages("syslog");
        log_open(&sink);
        log_put(&sink, 0, 2000, 300);
        CU_ASSERT_FALSE(sink_flush(&sink));
        CU_ASSERT_TRUE(sink_wait_fd(&sink) >= 0);
        (void)close(fd);
        CU_ASSERT_FALSE(sink_flush(&sink));
        CU_ASSERT_TRUE(sink_is_blocked(&sink));
        CU_ASSERT_EQUAL(sink_wait_fd(&sink), -1);
        fd = listen_at(socket_path);
        CU_ASSERT_FALSE(sink_flush(&sink)); /* as much as it takes */
        CU_ASSERT_TRUE(sink.counters.records > 0);
        CU_ASSERT_TRUE(sink_wait_fd(&sink) >= 0);
        sink_close(&sink);
        (void)close(fd);
}

static void journald_gets_fields(void)
{
        struct sink sink;
        static char text[8192];
        int fd = begin_messages("journald");
        log_open(&sink);
        log_put(&sink, 0, 1, 20);
        CU_ASSERT_TRUE(sink_flush(&sink));
        ssize_t n = recv(fd, text, sizeof text - 1, 0);
        CU_ASSERT_TRUE_FATAL(n > 100);
        static const char head[] = "PRIORITY=6\nSYSLOG_FACILITY=17\nSYSLOG_IDENTIFIER=tap\nSYSLOG_PID=";
        CU_ASSERT_EQUAL(strncmp(text, head, strlen(head)), 0);
        char *at = memmem(text, (size_t)n, "\nQUERYTAP_EVENT=query\nMESSAGE\n", 30);
        CU_ASSERT_PTR_NOT_NULL_FATAL(at);
        at += 30;
        uint64_t len = 0;
        memcpy(&len, at, sizeof len); /* little-endian, as this machine */
        CU_ASSERT_EQUAL((size_t)n, (size_t)(at - text) + sizeof len + len + 1);
        CU_ASSERT_EQUAL(text[n - 1], '\n');
        CU_ASSERT_EQUAL(at[8], '{');
        CU_ASSERT_EQUAL(text[n - 2], '}');
        log_put(&sink, 1, 2, 900000); /* larger than a datagram: a file */
        CU_ASSERT_TRUE(sink_flush(&sink));
        CU_ASSERT_EQUAL(sink.counters.records, 2);
        union {
                struct cmsghdr align;
                char room[CMSG_SPACE(sizeof(int))];
        } control;
        struct iovec part = {text, sizeof text};
        struct msghdr m = {
            .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
        CU_ASSERT_EQUAL(recvmsg(fd, &m, MSG_CMSG_CLOEXEC), 0);
        const struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        CU_ASSERT_PTR_NOT_NULL_FATAL(c);
        int file = -1;
        struct stat st = {.st_size = 0};
        memcpy(&file, CMSG_DATA(c), sizeof file);
        CU_ASSERT_EQUAL(fstat(file, &st), 0);
        CU_ASSERT_TRUE(st.st_size > 900000);
        (void)close(file);
        sink_close(&sink);
        (void)close(fd);
}

static void a_socket_that_is_not_there_is_refused(void)
{
        struct sink sink;
        int fd = begin_messages("journald");
        (void)close(fd);
        (void)unlink(socket_path);
        memset(&sink, 0, sizeof sink);
        CU_ASSERT_EQUAL(sink_open(&sink, log_sink, NULL), STATUS_IO);
        (void)snprintf(log_sink->file, sizeof log_sink->file, "syslog:/%0150d", 1);
        CU_ASSERT_EQUAL(sink_open(&sink, log_sink, NULL), STATUS_IO);
}

static const struct tap_test tests[] = {
    {"a record is a message of syslog", a_record_is_a_message_of_syslog},
    {"a message that is too long is a gap", a_message_that_is_too_long_is_a_gap},
    {"a daemon that goes away and comes back", a_daemon_that_goes_away_and_comes_back},
    {"a full socket whose daemon goes away is not waited for",
     a_full_socket_whose_daemon_goes_away_is_not_waited_for},
    {"journald gets fields", journald_gets_fields},
    {"a socket that is not there is refused", a_socket_that_is_not_there_is_refused},
};

int main(void)
{
        (void)signal(SIGPIPE, SIG_IGN);
        if (!sample_begin()) {
                return 1;
        }
        int status = TAP_RUN("datagram", tests);
        sample_end();
        return status;
}

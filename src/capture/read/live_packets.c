#include "capture/read/live_packets.h"

#include "base/clock.h"
#include "profile/heap/prof.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
        PACKET_BYTES = 1 << 18, /* segments that the network card is to cut have 64 KiB */
        SOCKET_BYTES = 1 << 24, /* of packets that wait in the socket */
        LINK_RAW = 101,
        NOBODY = 65534,
};

struct live_packets {
        int fd;
        uint8_t bytes[PACKET_BYTES];
};

/* --- life -------------------------------------------------------------------------------------------------------------------- */

static bool set_promiscuous(int fd, unsigned index)
{
        const struct packet_mreq request = {.mr_ifindex = (int)index, .mr_type = PACKET_MR_PROMISC};
        return setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof request) == 0;
}

/** Set up the socket @p fd. @return false with errno. */
static bool set_up(int fd, unsigned index, bool promiscuous)
{
        const int on = 1;
        const int size = SOCKET_BYTES;
        const struct sockaddr_ll address = {
            .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)index};
        if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0) {
                (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
        }
        return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) == 0 &&
               (!promiscuous || set_promiscuous(fd, index)) &&
               bind(fd, (const struct sockaddr *)&address, sizeof address) == 0;
}

enum status live_packets_open(const char *interface, bool promiscuous, struct live_packets **out,
                              const char **why)
{
        bool is_any = strcmp(interface, "any") == 0;
        unsigned index = is_any ? 0 : if_nametoindex(interface);
        if (index == 0 && !is_any) {
                *why = "there is no such interface";
                return STATUS_IO;
        }
        struct live_packets *l = prof_alloc(STAGE_CAPTURE, sizeof *l);
        if (l == NULL) {
                *why = "out of memory";
                return STATUS_NOMEM;
        }
        l->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (l->fd < 0 || !set_up(l->fd, index, promiscuous && !is_any)) {
                *why = errno == EPERM ? "that needs root or the capability CAP_NET_RAW" : strerror(errno);
                live_packets_close(l);
                return STATUS_IO;
        }
        *out = l;
        return STATUS_OK;
}

void live_packets_close(struct live_packets *l)
{
        if (l != NULL && l->fd >= 0) {
                (void)close(l->fd);
        }
        prof_free(l);
}

/* --- privileges ---------------------------------------------------------------------------------------------------------------- */

/** The number in the environment variable @p name; 0 if there is none. */
static unsigned id_of(const char *name)
{
        const char *text = getenv(name);
        char *end;
        unsigned long n = text != NULL ? strtoul(text, &end, 10) : 0;
        return text != NULL && *text != '\0' && *end == '\0' && n < UINT32_MAX ? (unsigned)n : 0;
}

static bool become_user(void)
{
        uid_t uid = id_of("SUDO_UID");
        gid_t gid = id_of("SUDO_GID");
        const struct passwd *nobody = getpwnam("nobody");
        if (uid == 0) {
                uid = nobody != NULL ? nobody->pw_uid : NOBODY;
                gid = nobody != NULL ? nobody->pw_gid : NOBODY;
        }
        return setgroups(0, NULL) == 0 && setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0;
}

bool live_packets_drop_privileges(void)
{
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
        const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
        if (geteuid() == 0 && !become_user()) {
                return false;
        }
        if (getuid() != geteuid() && setresuid(getuid(), getuid(), getuid()) != 0) {
                return false;
        }
        return syscall(SYS_capset, &header, none) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

/* --- packets ------------------------------------------------------------------------------------------------------------------- */

static uint64_t time_of(struct msghdr *m)
{
        for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
                if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
                        struct timespec t;
                        memcpy(&t, CMSG_DATA(c), sizeof t);
                        return (uint64_t)t.tv_sec * CLOCK_S_NS + (uint64_t)t.tv_nsec;
                }
        }
        return clock_wall_ns();
}

/** Is it a packet that is read, and not one that was read when it was sent? */
static bool is_wanted(const struct sockaddr_ll *from)
{
        bool is_copy = from->sll_hatype == ARPHRD_LOOPBACK && from->sll_pkttype == PACKET_OUTGOING;
        uint16_t protocol = ntohs(from->sll_protocol);
        return !is_copy && (protocol == ETH_P_IP || protocol == ETH_P_IPV6);
}

static enum live_found receive(struct live_packets *l, struct captured *out)
{
        union {
                struct cmsghdr align;
                uint8_t bytes[CMSG_SPACE(sizeof(struct timespec))];
        } control;
        struct sockaddr_ll from = {0};
        struct iovec room = {l->bytes, sizeof l->bytes};
        struct msghdr m = {.msg_name = &from,
                           .msg_namelen = sizeof from,
                           .msg_iov = &room,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof control};
        ssize_t n;
        do {
                m.msg_namelen = sizeof from;
                m.msg_controllen = sizeof control;
                n = recvmsg(l->fd, &m, MSG_TRUNC);
        } while (n >= 0 && !is_wanted(&from));
        if (n < 0) {
                return errno == EAGAIN || errno == EINTR ? LIVE_NONE : LIVE_FAILED;
        }
        *out = (struct captured){.bytes = span_head(span_of(l->bytes, sizeof l->bytes), (size_t)n),
                                 .length = (uint32_t)n,
                                 .link_type = LINK_RAW,
                                 .time_ns = time_of(&m)};
        return LIVE_PACKET;
}

enum live_found live_packets_next(struct live_packets *l, int wait_ms, struct captured *out)
{
        struct pollfd p = {.fd = l->fd, .events = POLLIN};
        enum live_found found = receive(l, out);
        if (found == LIVE_NONE && wait_ms > 0 && poll(&p, 1, wait_ms) > 0) {
                found = receive(l, out);
        }
        return found;
}

uint64_t live_packets_take_drops(struct live_packets *l)
{
        struct tpacket_stats stats = {0};
        socklen_t size = sizeof stats;
        return getsockopt(l->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0 ? stats.tp_drops : 0;
}

#include "cli/terminal.h"

#include "base/diag.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

/* Alternate screen, no cursor; and back. */
static const char enter_screen[] = "\033[?1049h\033[?25l";
static const char leave_screen[] = "\033[0m\033[?25h\033[?1049l";

enum { ESCAPE = 27, ESCAPE_MS = 30, DELETE = 127 };

static struct {
        bool is_entered;
        struct termios before;
        sigset_t mask_before;
        int signals_fd;
        char keys[64]; /* that were read together */
        size_t at;
        size_t n;
} state = {.signals_fd = -1};

bool terminal_is_there(void)
{
        return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

void terminal_size(unsigned *columns, unsigned *rows)
{
        struct winsize size;
        bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
        *columns = known ? size.ws_col : 0;
        *rows = known ? size.ws_row : 0;
}

static void put(const char *text)
{
        size_t len = strlen(text);
        while (len > 0) {
                ssize_t n = write(STDOUT_FILENO, text, len);
                if (n < 0 && errno != EINTR) {
                        return;
                }
                text += n > 0 ? n : 0;
                len -= n > 0 ? (size_t)n : 0;
        }
}

/** Keys arrive at once and are not echoed. Ctrl-C, Ctrl-Z and Ctrl-\ still are signals. */
static bool set_modes(void)
{
        struct termios modes = state.before;
        modes.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        modes.c_cc[VMIN] = 1;
        modes.c_cc[VTIME] = 0;
        if (tcsetattr(STDIN_FILENO, TCSADRAIN, &modes) != 0) {
                return false;
        }
        put(enter_screen);
        return true;
}

static void restore_modes(void)
{
        put(leave_screen);
        (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &state.before);
}

bool terminal_enter(void)
{
        static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH};
        static bool is_registered;
        sigset_t set;
        (void)sigemptyset(&set);
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
                (void)sigaddset(&set, numbers[i]);
        }
        if (!is_registered) {
                is_registered = atexit(terminal_leave) == 0;
        }
        state.signals_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
        if (!is_registered || state.signals_fd < 0 || tcgetattr(STDIN_FILENO, &state.before) != 0 ||
            sigprocmask(SIG_BLOCK, &set, &state.mask_before) != 0) {
                diag(DIAG_ERROR, "the terminal can't be used: %s", strerror(errno));
                return false;
        }
        state.is_entered = true;
        if (!set_modes()) {
                diag(DIAG_ERROR, "the terminal can't be used: %s", strerror(errno));
                terminal_leave();
                return false;
        }
        return true;
}

void terminal_leave(void)
{
        if (!state.is_entered) {
                return;
        }
        state.is_entered = false;
        restore_modes();
        (void)close(state.signals_fd);
        state.signals_fd = -1;
        (void)sigprocmask(SIG_SETMASK, &state.mask_before, NULL);
}

int terminal_signals_fd(void)
{
        return state.signals_fd;
}

int terminal_take_signal(void)
{
        struct signalfd_siginfo info;
        ssize_t n = read(state.signals_fd, &info, sizeof info);
        return n == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}

void terminal_stop(void)
{
        restore_modes();
        (void)raise(SIGSTOP);
        (void)set_modes();
}

/* --- keys ---------------------------------------------------------------------------------------------------------- */

/** Read more keys, waiting @p ms at most. @return false if there are none. */
static bool read_more(int ms)
{
        struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
        if (poll(&p, 1, ms) <= 0) {
                return false;
        }
        ssize_t n = read(STDIN_FILENO, state.keys, sizeof state.keys);
        state.at = 0;
        state.n = n > 0 ? (size_t)n : 0;
        return n > 0;
}

static bool next_byte(int ms, char *c)
{
        if (state.at == state.n && !read_more(ms)) {
                return false;
        }
        *c = state.keys[state.at++];
        return true;
}

/** The key of the sequence ESC [ or ESC O, which ends with @p last and may begin with a number, @p first. */
static int named(char last, char first)
{
        static const struct {
                char last;
                char first; /* 0: any */
                enum terminal_key key;
        } keys[] = {{'A', 0, KEY_UP},        {'B', 0, KEY_DOWN},        {'C', 0, KEY_RIGHT},
                    {'D', 0, KEY_LEFT},      {'H', 0, KEY_HOME},        {'F', 0, KEY_END},
                    {'M', 0, KEY_ENTER},     {'~', '1', KEY_HOME},      {'~', '4', KEY_END},
                    {'~', '5', KEY_PAGE_UP}, {'~', '6', KEY_PAGE_DOWN}, {'~', '7', KEY_HOME},
                    {'~', '8', KEY_END}};
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
                if (keys[i].last == last && (keys[i].first == 0 || keys[i].first == first)) {
                        return (int)keys[i].key;
                }
        }
        return KEY_OTHER;
}

/** What follows ESC: nothing, if the key itself was pressed, or a sequence. */
static int read_sequence(void)
{
        char c;
        char first = 0;
        if (!next_byte(ESCAPE_MS, &c)) {
                return KEY_ESCAPE;
        }
        if (c != '[' && c != 'O') {
                return KEY_OTHER;
        }
        while (next_byte(ESCAPE_MS, &c)) {
                if (c >= '@' && c <= '~') {
                        return named(c, first);
                }
                first = first == 0 ? c : first;
        }
        return KEY_OTHER;
}

int terminal_read_key(void)
{
        char c;
        struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
        if (state.at == state.n && poll(&p, 1, 0) <= 0) {
                return KEY_NONE;
        }
        if (!next_byte(0, &c)) {
                return KEY_GONE; /* it is readable, and there is nothing: its end */
        }
        if (c == ESCAPE) {
                return read_sequence();
        }
        if (c == '\r' || c == '\n') {
                return KEY_ENTER;
        }
        return c > ' ' && c < DELETE ? KEY_CHAR + c : KEY_OTHER;
}

/** @file terminal.h  The terminal of a program that is used with single keys: its modes, its size, its signals and its keys.
 *
 *      terminal_enter -> … terminal_read_key, terminal_take_signal … -> terminal_leave
 *
 * Between the two, keys are not echoed and arrive at once, the alternate screen is shown, and the signals that end or stop a program
 * arrive through a file descriptor. terminal_leave restores everything; exit(3) calls it, too.
 * Threads: main; there is one terminal in a process. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>

enum terminal_key {
        KEY_NONE,
        KEY_UP,
        KEY_DOWN,
        KEY_LEFT,
        KEY_RIGHT,
        KEY_PAGE_UP,
        KEY_PAGE_DOWN,
        KEY_HOME,
        KEY_END,
        KEY_ENTER,
        KEY_ESCAPE,
        KEY_OTHER,      /**< a key without a name here */
        KEY_GONE,       /**< the terminal is gone */
        KEY_CHAR = 256, /**< the character c is KEY_CHAR + c */
};

/** Whether standard input and output are a terminal. */
bool terminal_is_there(void);
/** Columns and lines of the terminal; 0 if they are not known. */
void terminal_size(unsigned *columns, unsigned *rows);
/** @return false if the terminal, or memory, does not allow it, which is reported. */
bool terminal_enter(void);
/** Restore the modes, the screen and the signals. Does nothing outside. */
void terminal_leave(void);
/** Readable when a signal has arrived. */
int terminal_signals_fd(void);
/** Take a signal that has arrived. @return its number; 0 if there is none. */
int terminal_take_signal(void);
/** Stop this program as the signal SIGTSTP does, with the terminal restored; return when it is continued. */
void terminal_stop(void);
/** Take the next key from standard input, which is readable or has keys that arrived together. @return KEY_NONE if there is no more. */
int terminal_read_key(void);

#endif

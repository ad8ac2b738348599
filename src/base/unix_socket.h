/** @file unix_socket.h  Sockets in the file system on which a program listens: the file is created with the mode that was asked for,
 * replaces one that nobody listens on, and is removed at the end.
 *
 * A program that was killed leaves its file behind. Whether somebody listens on a file is found out by connecting to it. While one
 * program does this and creates its own file, it holds a lock of the folder, so that two that start at once can't remove each other's.
 * Threads: any.   Memory: allocates nothing. */
#ifndef BASE_UNIX_SOCKET_H
#define BASE_UNIX_SOCKET_H

#include <sys/stat.h>
#include <sys/types.h>

enum { UNIX_SOCKET_PATH_MAX = 107 }; /**< bytes; a longer path is no address (sockaddr_un.sun_path) */

/** The file of a listening socket, to be removed at the end. */
struct unix_socket_file {
        char path[UNIX_SOCKET_PATH_MAX + 1]; /**< "" = there is no file */
        dev_t device;
        ino_t inode;
};

/** Listen on @p path, a file with exactly the permissions @p mode, whatever the umask is. *@p file describes it.
 *  @return a socket that is non-blocking and closed by exec; -1 with errno: EADDRINUSE if a program listens on the file or it is not
 *  a socket, ENAMETOOLONG, or what the system calls give. */
int unix_socket_listen(const char *path, mode_t mode, int backlog, struct unix_socket_file *file);

/** Remove the file, if it is still the one that was created; *@p file is cleared. Harmless if there is none. */
void unix_socket_remove(struct unix_socket_file *file);

/** Could unix_socket_listen use @p path, apart from a program that listens on it now? Nothing is created.
 *  @return 0 or the errno that it would fail with. */
int unix_socket_objection(const char *path);

#endif

/* Counts the calls by which a process changes files in one folder, and spoils one of them.

   Preloaded into petmsg by tests/campaigns/syscalls.py. Everything is asked of the environment at
   each call, so that a forked process can be told what to do:

     SHIM_FOLDER  only files below this folder count; not set: the shim does nothing
     SHIM_LOG     a file that takes a line for each call that counts
     SHIM_AT      which call is spoiled, from 1
     SHIM_HOW     before, after: the process is killed then; EIO, ENOSPC: the call fails;
                  full: it fails with ENOSPC, and so does every call after it that needs room */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))
#define GROWS 1
#define KEEPS 0

static atomic_long calls;

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static void note(const char *name, const char *path) {
    const char *log = getenv("SHIM_LOG");
    char line[PATH_MAX + 64];
    if (log == NULL)
        return;
    const char *base = strrchr(path, '/');
    int length = snprintf(line, sizeof line, "%s %s\n", name, base ? base + 1 : path);
    long fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) {
        syscall(SYS_write, fd, line, (size_t) length);
        syscall(SYS_close, fd);
    }
}

/* 0: go on; an errno: fail with it; -1: do it, then die. */
static int meet(const char *name, const char *path, int grows) {
    const char *folder = getenv("SHIM_FOLDER");
    if (folder == NULL || path == NULL)
        return 0;
    size_t length = strlen(folder);
    if (path[0] == '/' && (strncmp(path, folder, length) != 0 || path[length] != '/'))
        return 0; /* what is relative is below: the process stands in the folder */
    int saved = errno;
    note(name, path);
    long mine = atomic_fetch_add(&calls, 1) + 1;
    const char *at = getenv("SHIM_AT"), *how = getenv("SHIM_HOW");
    errno = saved;
    if (at == NULL || how == NULL)
        return 0;
    if (strcmp(how, "full") == 0)
        return mine == atol(at) || (mine > atol(at) && grows) ? ENOSPC : 0;
    if (mine != atol(at))
        return 0;
    if (strcmp(how, "before") == 0)
        die();
    if (strcmp(how, "after") == 0)
        return -1;
    return strcmp(how, "EIO") == 0 ? EIO : ENOSPC;
}

static int meet_fd(const char *name, int fd, int grows) {
    char link[64], path[PATH_MAX];
    if (getenv("SHIM_FOLDER") == NULL)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0 || path[0] != '/') /* a pipe, a socket */
        return 0;
    path[length] = '\0';
    return meet(name, path, grows);
}

#define SPOIL(verdict, type, call)                                                                 \
    do {                                                                                           \
        int found = (verdict);                                                                     \
        if (found > 0) {                                                                           \
            errno = found;                                                                         \
            return -1;                                                                             \
        }                                                                                          \
        type result = (call);                                                                      \
        if (found < 0)                                                                             \
            die();                                                                                 \
        return result;                                                                             \
    } while (0)

#define FD(type, name, grows, parameters, ...)                                                     \
    type name parameters { SPOIL(meet_fd(#name, fd, grows), type, REAL(name)(__VA_ARGS__)); }
#define PATH(name, path, grows, parameters, ...)                                                   \
    int name parameters { SPOIL(meet(#name, path, grows), int, REAL(name)(__VA_ARGS__)); }

FD(ssize_t, write, GROWS, (int fd, const void *data, size_t size), fd, data, size)
FD(ssize_t, writev, GROWS, (int fd, const struct iovec *all, int count), fd, all, count)
FD(ssize_t, pwrite, GROWS, (int fd, const void *data, size_t size, off_t at), fd, data, size, at)
FD(ssize_t, pwrite64, GROWS, (int fd, const void *data, size_t size, off64_t at), fd, data, size,
   at)
FD(int, ftruncate, GROWS, (int fd, off_t size), fd, size)
FD(int, ftruncate64, GROWS, (int fd, off64_t size), fd, size)
FD(int, fsync, KEEPS, (int fd), fd)
FD(int, fdatasync, KEEPS, (int fd), fd)
PATH(unlink, path, KEEPS, (const char *path), path)
PATH(unlinkat, path, KEEPS, (int at, const char *path, int flags), at, path, flags)
PATH(rmdir, path, KEEPS, (const char *path), path)
PATH(mkdir, path, GROWS, (const char *path, mode_t mode), path, mode)
PATH(rename, to, GROWS, (const char *from, const char *to), from, to)
PATH(renameat, to, GROWS, (int at, const char *from, int into, const char *to), at, from, into, to)
PATH(link, to, GROWS, (const char *from, const char *to), from, to)

/* copy_file_range and sendfile, with which Python copies files. */
ssize_t sendfile64(int fd, int from, off64_t *at, size_t size) {
    typedef ssize_t (*sending)(int, int, off64_t *, size_t);
    SPOIL(meet_fd("sendfile64", fd, GROWS), ssize_t,
          ((sending) dlsym(RTLD_NEXT, "sendfile64"))(fd, from, at, size));
}

FD(ssize_t, copy_file_range, GROWS,
   (int from, off64_t *at, int fd, off64_t *to, size_t size, unsigned flags), from, at, fd, to,
   size, flags)

/* Opening counts where it may make the file. */
#define MODE(flags)                                                                                \
    mode_t mode = 0;                                                                               \
    if ((flags) & O_CREAT) {                                                                       \
        va_list more;                                                                              \
        va_start(more, flags);                                                                     \
        mode = va_arg(more, mode_t);                                                               \
        va_end(more);                                                                              \
    }
#define MAKES(name) ((flags) & O_CREAT ? meet(name, path, GROWS) : 0)

int open(const char *path, int flags, ...) {
    MODE(flags)
    SPOIL(MAKES("open"), int, REAL(open)(path, flags, mode));
}

int open64(const char *path, int flags, ...) {
    MODE(flags)
    SPOIL(MAKES("open"), int, REAL(open64)(path, flags, mode));
}

int openat(int at, const char *path, int flags, ...) {
    MODE(flags)
    SPOIL(MAKES("openat"), int, REAL(openat)(at, path, flags, mode));
}

int openat64(int at, const char *path, int flags, ...) {
    MODE(flags)
    SPOIL(MAKES("openat"), int, REAL(openat64)(at, path, flags, mode));
}

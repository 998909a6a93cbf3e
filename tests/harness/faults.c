/* Counts the system calls that make files durable, and fails the n-th one.

   Preloaded (LD_PRELOAD). Only calls on files below the folder that is armed count: write, pwrite,
   ftruncate, fsync, fdatasync, rename, link, unlink. The n-th call either kills the process (a write has
   written half of its bytes by then) or returns EIO and does nothing. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { COUNT_ONLY, KILL, ERROR };

static char folder[PATH_MAX];
static size_t folder_length;
static int kind, at;
static atomic_int reached;

void faults_arm(const char *below, int when, int what) {
    strncpy(folder, below, sizeof folder - 1);
    folder_length = strlen(folder);
    at = when;
    kind = what;
    atomic_store(&reached, 0);
}

int faults_reached(void) { return atomic_load(&reached); }

static int below(const char *path) {
    return folder_length && strncmp(path, folder, folder_length) == 0;
}

static int is_below(int fd) {
    char link[64], path[PATH_MAX];
    if (!folder_length) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return below(path);
}

/* Says whether this call is the one to fail. */
static int due(void) { return atomic_fetch_add(&reached, 1) + 1 == at && kind != COUNT_ONLY; }

static int fails(void) {
    if (kind == KILL) kill(getpid(), SIGKILL);
    errno = EIO;
    return -1;
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

ssize_t write(int fd, const void *data, size_t count) {
    REAL(ssize_t, "write", int, const void *, size_t);
    if (is_below(fd) && due()) {
        if (kind == KILL) real(fd, data, count / 2);
        return fails();
    }
    return real(fd, data, count);
}

ssize_t pwrite(int fd, const void *data, size_t count, off_t offset) {
    REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
    if (is_below(fd) && due()) {
        if (kind == KILL) real(fd, data, count / 2, offset);
        return fails();
    }
    return real(fd, data, count, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t count, off64_t offset) {
    return pwrite(fd, data, count, offset);
}

int ftruncate(int fd, off_t length) {
    REAL(int, "ftruncate", int, off_t);
    return is_below(fd) && due() ? fails() : real(fd, length);
}

int ftruncate64(int fd, off64_t length) { return ftruncate(fd, length); }

int fsync(int fd) {
    REAL(int, "fsync", int);
    return is_below(fd) && due() ? fails() : real(fd);
}

int fdatasync(int fd) {
    REAL(int, "fdatasync", int);
    return is_below(fd) && due() ? fails() : real(fd);
}

int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    return below(to) && due() ? fails() : real(from, to);
}

int link(const char *from, const char *to) {
    REAL(int, "link", const char *, const char *);
    return below(to) && due() ? fails() : real(from, to);
}

int linkat(int in, const char *from, int at_, const char *to, int flags) {
    REAL(int, "linkat", int, const char *, int, const char *, int);
    return below(to) && due() ? fails() : real(in, from, at_, to, flags);
}

int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    return below(path) && due() ? fails() : real(path);
}

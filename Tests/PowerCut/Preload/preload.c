// A layer between a program and the system's files (LD_PRELOAD) that records operations on files below POWERCUT_ROOT in
// the log POWERCUT_LOG. Without a log it only skips all syncs, which makes recovery quick.
//
// Compiled by the tests, together with record.c. Writes of the C library itself (stdio) are not recorded.
#define _GNU_SOURCE
#include "CPowerCut.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static struct powercut_log *record_log;
static char root[PATH_MAX];
static size_t root_length;

// Runs before the program begins; the opening of the log is not recorded.
__attribute__((constructor)) static void set_up(void) {
    const char *file = getenv("POWERCUT_LOG");
    const char *below = getenv("POWERCUT_ROOT");
    if (!file || !below) return;
    root_length = strlen(below);
    memcpy(root, below, root_length + 1);
    record_log = powercut_open(file);
    // A test that records nothing would prove nothing.
    if (!record_log) abort();
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define REAL(name)                                                                                                     \
    static __typeof__(&name) real;                                                                                     \
    if (!real) real = NEXT(name)

static int is_watched(const char *path) { return strncmp(path, root, root_length) == 0; }

// The path of an open file; 0 when it is not watched.
static int path_of(int descriptor, char *path) {
    if (!record_log) return 0;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return is_watched(path);
}

// A path from the program, made absolute; 0 when it is not watched.
static int path_from(const char *given, char *path) {
    if (!record_log || !given) return 0;
    if (given[0] == '/') {
        if (strlen(given) >= PATH_MAX) return 0;
        strcpy(path, given);
    } else {
        char folder[PATH_MAX];
        if (!getcwd(folder, sizeof folder)) return 0;
        const char *rest = strncmp(given, "./", 2) == 0 ? given + 2 : given;
        if (snprintf(path, PATH_MAX, "%s/%s", folder, rest) >= PATH_MAX) return 0;
    }
    return is_watched(path);
}

static void wrote(int descriptor, const void *bytes, ssize_t count, off_t offset) {
    char path[PATH_MAX];
    if (count <= 0 || !path_of(descriptor, path)) return;
    powercut_add(record_log, POWERCUT_WRITE, path, (uint64_t)offset, bytes, (uint64_t)count);
    // The file was opened so that each write is synced.
    if (fcntl(descriptor, F_GETFL) & O_DSYNC)
        powercut_add(record_log, POWERCUT_SYNC, path, powercut_position(record_log), NULL, 0);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    REAL(pwrite);
    ssize_t result = real(descriptor, bytes, count, offset);
    wrote(descriptor, bytes, result, offset);
    return result;
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
    return pwrite(descriptor, bytes, count, offset);
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    REAL(write);
    ssize_t result = real(descriptor, bytes, count);
    if (result > 0 && record_log) {
        off_t end = lseek(descriptor, 0, SEEK_CUR);
        if (end >= result) wrote(descriptor, bytes, result, end - result);
    }
    return result;
}

ssize_t pwritev(int descriptor, const struct iovec *parts, int count, off_t offset) {
    REAL(pwritev);
    ssize_t result = real(descriptor, parts, count, offset), left = result;
    off_t at = offset;
    for (int index = 0; index < count && left > 0; index++) {
        ssize_t length = (ssize_t)parts[index].iov_len < left ? (ssize_t)parts[index].iov_len : left;
        wrote(descriptor, parts[index].iov_base, length, at);
        at += length;
        left -= length;
    }
    return result;
}

ssize_t pwritev64(int descriptor, const struct iovec *parts, int count, off64_t offset) {
    return pwritev(descriptor, parts, count, offset);
}

static void truncated(const char *path, off_t size) {
    powercut_add(record_log, POWERCUT_TRUNCATE, path, (uint64_t)size, NULL, 0);
}

int ftruncate(int descriptor, off_t size) {
    REAL(ftruncate);
    int result = real(descriptor, size);
    char path[PATH_MAX];
    if (result == 0 && path_of(descriptor, path)) truncated(path, size);
    return result;
}

int ftruncate64(int descriptor, off64_t size) { return ftruncate(descriptor, size); }

int truncate(const char *given, off_t size) {
    REAL(truncate);
    int result = real(given, size);
    char path[PATH_MAX];
    if (result == 0 && path_from(given, path)) truncated(path, size);
    return result;
}

int truncate64(const char *given, off64_t size) { return truncate(given, size); }

static int synced(int descriptor, int (*real)(int)) {
    char path[PATH_MAX];
    if (!record_log) return 0;
    // Bytes written while the sync runs are not covered by it.
    uint64_t covered = powercut_position(record_log);
    // Watched files are not really synced: the log decides what the disk keeps.
    if (!path_of(descriptor, path)) return real(descriptor);
    powercut_add(record_log, POWERCUT_SYNC, path, covered, NULL, 0);
    return 0;
}

int fsync(int descriptor) {
    REAL(fsync);
    return synced(descriptor, real);
}

int fdatasync(int descriptor) {
    REAL(fdatasync);
    return synced(descriptor, real);
}

int rename(const char *from, const char *to) {
    REAL(rename);
    int result = real(from, to);
    char source[PATH_MAX], target[PATH_MAX];
    if (result == 0 && path_from(from, source) && path_from(to, target))
        powercut_add(record_log, POWERCUT_RENAME, source, 0, target, strlen(target));
    return result;
}

int link(const char *from, const char *to) {
    REAL(link);
    int result = real(from, to);
    char source[PATH_MAX], target[PATH_MAX];
    // PostgreSQL links a new name and then removes the old one.
    if (result == 0 && path_from(from, source) && path_from(to, target))
        powercut_add(record_log, POWERCUT_RENAME, source, 0, target, strlen(target));
    return result;
}

int unlink(const char *given) {
    REAL(unlink);
    int result = real(given);
    char path[PATH_MAX];
    if (result == 0 && path_from(given, path)) powercut_add(record_log, POWERCUT_REMOVE, path, 0, NULL, 0);
    return result;
}

// Records a file that is truncated or created when it is opened.
static void opened(const char *given, int flags, int descriptor) {
    char path[PATH_MAX];
    if (descriptor < 0 || !(flags & (O_TRUNC | O_CREAT)) || !path_from(given, path)) return;
    if (flags & O_TRUNC) truncated(path, 0);
    // Adds no bytes, and records the name.
    else powercut_add(record_log, POWERCUT_WRITE, path, 0, NULL, 0);
}

int open(const char *path, int flags, ...) {
    REAL(open);
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    int descriptor = real(path, flags, mode);
    opened(path, flags, descriptor);
    return descriptor;
}

int open64(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return open(path, flags, mode);
}

int __open_2(const char *path, int flags) { return open(path, flags); }
int __open64_2(const char *path, int flags) { return open(path, flags); }

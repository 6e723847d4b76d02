#include "CPowerCut.h"
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// A VFS layer of SQLite that records what reaches the disk, and when. It lies over the default VFS and touches the
// watched paths only.

struct watched {
    char *prefix;
    struct powercut_log *log;
    int fault;
    struct watched *next;
};

struct layered_file {
    sqlite3_file base;
    struct watched *watched;
    char *path;
    // The file of the layer below lies behind.
    sqlite3_file *below;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct watched *all;
static sqlite3_vfs *usual;
static sqlite3_vfs layer;

static struct watched *find(const char *path) {
    struct watched *found = NULL;
    if (!path) return NULL;
    pthread_mutex_lock(&lock);
    for (struct watched *each = all; each && !found; each = each->next)
        if (strncmp(path, each->prefix, strlen(each->prefix)) == 0) found = each;
    pthread_mutex_unlock(&lock);
    return found;
}

static struct layered_file *layered(sqlite3_file *file) { return (struct layered_file *)file; }
static sqlite3_file *below(sqlite3_file *file) { return layered(file)->below; }
#define BELOW(file, method, ...) below(file)->pMethods->method(below(file), ##__VA_ARGS__)

static int fault_of(sqlite3_file *file) {
    pthread_mutex_lock(&lock);
    int fault = layered(file)->watched->fault;
    pthread_mutex_unlock(&lock);
    return fault;
}

static int close_file(sqlite3_file *file) {
    int result = BELOW(file, xClose);
    free(layered(file)->path);
    return result;
}

static int read_file(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset) {
    return BELOW(file, xRead, bytes, count, offset);
}

static int write_file(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
    if (fault_of(file) == POWERCUT_FULL) return SQLITE_FULL;
    int result = BELOW(file, xWrite, bytes, count, offset);
    if (result == SQLITE_OK)
        powercut_add(layered(file)->watched->log, POWERCUT_WRITE, layered(file)->path, (uint64_t)offset, bytes,
                     (uint64_t)count);
    return result;
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 size) {
    int result = BELOW(file, xTruncate, size);
    if (result == SQLITE_OK)
        powercut_add(layered(file)->watched->log, POWERCUT_TRUNCATE, layered(file)->path, (uint64_t)size, NULL, 0);
    return result;
}

static int sync_file(sqlite3_file *file, int flags) {
    struct watched *watched = layered(file)->watched;
    // Bytes written while the sync runs are not covered by it.
    uint64_t covered = powercut_position(watched->log);
    pthread_mutex_lock(&lock);
    while (watched->fault == POWERCUT_STALLED) pthread_cond_wait(&changed, &lock);
    int isFailing = watched->fault == POWERCUT_FAILING_SYNC;
    if (isFailing) watched->fault = POWERCUT_SOUND;
    pthread_mutex_unlock(&lock);
    if (isFailing) {
        powercut_add(watched->log, POWERCUT_LOST, layered(file)->path, powercut_position(watched->log), NULL, 0);
        return SQLITE_IOERR_FSYNC;
    }
    int result = BELOW(file, xSync, flags);
    if (result == SQLITE_OK)
        powercut_add(watched->log, POWERCUT_SYNC, layered(file)->path, covered, NULL, 0);
    return result;
}

static int size_of_file(sqlite3_file *file, sqlite3_int64 *size) { return BELOW(file, xFileSize, size); }
static int lock_file(sqlite3_file *file, int level) { return BELOW(file, xLock, level); }
static int unlock_file(sqlite3_file *file, int level) { return BELOW(file, xUnlock, level); }
static int check_reserved(sqlite3_file *file, int *result) { return BELOW(file, xCheckReservedLock, result); }
static int control(sqlite3_file *file, int code, void *argument) { return BELOW(file, xFileControl, code, argument); }
static int sector_size(sqlite3_file *file) { return BELOW(file, xSectorSize); }
static int characteristics(sqlite3_file *file) { return BELOW(file, xDeviceCharacteristics); }
static int map_shared(sqlite3_file *file, int page, int size, int extend, void volatile **memory) {
    return BELOW(file, xShmMap, page, size, extend, memory);
}
static int lock_shared(sqlite3_file *file, int offset, int count, int flags) {
    return BELOW(file, xShmLock, offset, count, flags);
}
static void barrier(sqlite3_file *file) { BELOW(file, xShmBarrier); }
static int unmap_shared(sqlite3_file *file, int isDeleted) { return BELOW(file, xShmUnmap, isDeleted); }

// Version 2: no file is mapped into memory, which would bypass this layer.
static const sqlite3_io_methods methods = {
    2,         close_file,     read_file,    write_file,      truncate_file, sync_file,   size_of_file,
    lock_file, unlock_file,    check_reserved, control,       sector_size,   characteristics,
    map_shared, lock_shared,   barrier,      unmap_shared,    NULL,          NULL,
};

static int open_file(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *given) {
    (void)vfs;
    struct watched *watched = find(path);
    if (!watched) return usual->xOpen(usual, path, file, flags, given);
    struct layered_file *own = layered(file);
    memset(own, 0, sizeof *own);
    own->below = (sqlite3_file *)(own + 1);
    int result = usual->xOpen(usual, path, own->below, flags, given);
    if (result != SQLITE_OK) return result;
    own->watched = watched;
    own->path = strdup(path);
    own->base.pMethods = &methods;
    return SQLITE_OK;
}

static int delete_file(sqlite3_vfs *vfs, const char *path, int isSynced) {
    (void)vfs;
    int result = usual->xDelete(usual, path, isSynced);
    struct watched *watched = find(path);
    if (watched && result == SQLITE_OK) powercut_add(watched->log, POWERCUT_REMOVE, path, 0, NULL, 0);
    return result;
}

int powercut_watch(const char *prefix, struct powercut_log *log) {
    struct watched *watched = calloc(1, sizeof *watched);
    if (!watched) return SQLITE_NOMEM;
    watched->prefix = strdup(prefix);
    watched->log = log;
    pthread_mutex_lock(&lock);
    watched->next = all;
    all = watched;
    int isFirst = usual == NULL;
    if (isFirst) {
        usual = sqlite3_vfs_find(NULL);
        layer = *usual;
        layer.zName = "powercut";
        layer.pNext = NULL;
        layer.szOsFile = usual->szOsFile + (int)sizeof(struct layered_file);
        layer.xOpen = open_file;
        layer.xDelete = delete_file;
    }
    pthread_mutex_unlock(&lock);
    return isFirst ? sqlite3_vfs_register(&layer, 1) : SQLITE_OK;
}

void powercut_fail(const char *prefix, int fault) {
    struct watched *watched = find(prefix);
    if (!watched) return;
    pthread_mutex_lock(&lock);
    watched->fault = fault;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

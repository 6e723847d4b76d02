#define _GNU_SOURCE
#include "CPowerCut.h"
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// A log takes as much of the disk as is written into it.
#define CAPACITY ((uint64_t)1 << 32)

struct powercut_log {
    _Atomic uint64_t *position;
    char *bytes;
};

struct powercut_log *powercut_open(const char *file) {
    int descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor < 0) return NULL;
    struct powercut_log *log = malloc(sizeof *log);
    void *bytes = MAP_FAILED;
    if (log && ftruncate(descriptor, CAPACITY) == 0)
        bytes = mmap(NULL, CAPACITY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, descriptor, 0);
    close(descriptor);
    if (bytes == MAP_FAILED) {
        free(log);
        return NULL;
    }
    log->bytes = bytes;
    log->position = bytes;
    uint64_t none = 0;
    atomic_compare_exchange_strong(log->position, &none, POWERCUT_START);
    return log;
}

uint64_t powercut_position(const struct powercut_log *log) { return atomic_load(log->position); }

void powercut_add(struct powercut_log *log, uint16_t kind, const char *path, uint64_t offset, const void *data,
                  uint64_t length) {
    uint64_t path_length = strlen(path);
    uint64_t size = (sizeof(struct powercut_record) + path_length + length + 7) & ~(uint64_t)7;
    uint64_t at = atomic_fetch_add(log->position, size);
    // Larger than the load of any test: records that do not fit are dropped, and the reader sees that the log is full.
    if (at + size > CAPACITY) return;
    struct powercut_record *record = (struct powercut_record *)(log->bytes + at);
    record->kind = kind;
    record->path_length = (uint16_t)path_length;
    record->offset = offset;
    record->data_length = length;
    memcpy(log->bytes + at + sizeof *record, path, path_length);
    if (length) memcpy(log->bytes + at + sizeof *record + path_length, data, length);
    atomic_thread_fence(memory_order_release);
    record->size = (uint32_t)size;
}

void powercut_close(struct powercut_log *log) {
    munmap(log->bytes, CAPACITY);
    free(log);
}

#pragma once

#include <stdint.h>

// The operations of a program on its files, in order: a log from which the state of a disk after a loss of power can be
// made. A layer of SQLite writes it (powercut_vfs.c), and one below a whole PostgreSQL (preload.c).

// The kinds of records.
enum {
    POWERCUT_WRITE = 1,
    POWERCUT_TRUNCATE = 2,
    // The file's operations recorded before `offset` are on the disk.
    POWERCUT_SYNC = 3,
    POWERCUT_RENAME = 4,
    POWERCUT_REMOVE = 5,
    // A sync failed: the file's operations recorded before it will never be on the disk, and no later sync reports
    // that.
    POWERCUT_LOST = 6,
};

// The head of a record; the path follows, then the data, and the next record begins at a multiple of eight.
struct powercut_record {
    // The length of the whole record; written last, so that a record is whole when it is not zero.
    uint32_t size;
    uint16_t kind;
    uint16_t path_length;
    uint64_t offset;
    uint64_t data_length;
};

// The position of the first record of a log.
#define POWERCUT_START 64

struct powercut_log;

// Opens the log in a file, which is made when it is not there and may be shared by processes; NULL when that fails.
struct powercut_log *powercut_open(const char *file);
// The position of the next record: an answer given now comes before every record from here on.
uint64_t powercut_position(const struct powercut_log *log);
// Adds a record.
void powercut_add(struct powercut_log *log, uint16_t kind, const char *path, uint64_t offset, const void *data,
                  uint64_t length);
void powercut_close(struct powercut_log *log);

// The faults of a watched database's files.
enum {
    POWERCUT_SOUND = 0,
    // The disk is full: writing fails.
    POWERCUT_FULL = 1,
    // Syncing fails once: the unsynced bytes are lost, and the system does not report it again.
    POWERCUT_FAILING_SYNC = 2,
    // Syncing does not return until the disk is sound again.
    POWERCUT_STALLED = 3,
};

// Makes SQLite record its operations on files whose path begins with `prefix`, until the process ends; returns 0 on
// success. Databases of other paths are not affected.
int powercut_watch(const char *prefix, struct powercut_log *log);
// Sets the fault of the files of a watched prefix.
void powercut_fail(const char *prefix, int fault);

#pragma once

#include <stdint.h>

// What a program asks of its files, in the order in which it asks: a log from which the state of a disk can be made as a
// loss of power leaves it. A layer of SQLite writes it (powercut_vfs.c), and one below a whole PostgreSQL (preload.c).

// The kinds of records.
enum {
    POWERCUT_WRITE = 1,
    POWERCUT_TRUNCATE = 2,
    // Everything that the file's records before `offset` say is on the disk.
    POWERCUT_SYNC = 3,
    POWERCUT_RENAME = 4,
    POWERCUT_REMOVE = 5,
    // A sync failed: what the file's records before it say will never be on the disk, and no later sync says so.
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

// Where the first record of a log stands.
#define POWERCUT_START 64

struct powercut_log;

// Opens the log in a file, which is made when it is not there and may be shared by processes; NULL when that fails.
struct powercut_log *powercut_open(const char *file);
// Where the next record will stand. Whoever has an answer has it before everything that is recorded from there on.
uint64_t powercut_position(const struct powercut_log *log);
// Adds a record.
void powercut_add(struct powercut_log *log, uint16_t kind, const char *path, uint64_t offset, const void *data,
                  uint64_t length);
void powercut_close(struct powercut_log *log);

// What goes wrong with a watched database's files.
enum {
    POWERCUT_SOUND = 0,
    // The disk is full: writing fails.
    POWERCUT_FULL = 1,
    // Syncing fails, once; what was to be synced is lost, though the system does not say so again.
    POWERCUT_FAILING_SYNC = 2,
    // Syncing does not return until the disk is sound again.
    POWERCUT_STALLED = 3,
};

// Has SQLite record what it does with files whose path begins with `prefix`; 0 is success. For as long as the process
// lives: the databases of other paths notice nothing.
int powercut_watch(const char *prefix, struct powercut_log *log);
// What goes wrong with the files of a watched prefix from now on.
void powercut_fail(const char *prefix, int fault);

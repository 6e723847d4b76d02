#include "CCeilings.h"

#include <sqlite3.h>
#include <string.h>
#include <time.h>

static double seconds_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static const char *const schema =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "CREATE TABLE invoice (id BLOB PRIMARY KEY, state INTEGER NOT NULL, received BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE observation (key BLOB PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE journal (sequence INTEGER PRIMARY KEY, id BLOB NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL,"
    " seal BLOB NOT NULL) STRICT;"
    "CREATE TABLE posting (sequence INTEGER NOT NULL, line INTEGER NOT NULL, account INTEGER NOT NULL, units INTEGER NOT"
    " NULL, PRIMARY KEY (sequence, line)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE balance (account INTEGER PRIMARY KEY, units INTEGER NOT NULL) STRICT;"
    "CREATE TABLE outbox (id BLOB PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;";

enum { BEGIN, COMMIT, OBSERVE, SETTLE, JOURNAL, POSTING, BALANCE, ANNOUNCE, STATEMENTS };

static const char *const texts[STATEMENTS] = {
    "BEGIN IMMEDIATE",
    "COMMIT",
    "INSERT INTO observation VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    "UPDATE invoice SET state = 2, received = ?2 WHERE id = ?1 AND state = 0",
    "INSERT INTO journal VALUES (?1, ?2, 'invoice_settled', ?3, ?4)",
    "INSERT INTO posting VALUES (?1, 0, ?2, ?3), (?1, 1, ?4, ?5), (?1, 2, 3, ?6)",
    "UPDATE balance SET units = units + ?2 WHERE account = ?1",
    "INSERT INTO outbox VALUES (?1, ?2)",
};

static int once(sqlite3_stmt *statement) {
    int result = sqlite3_step(statement);
    sqlite3_reset(statement);
    return result == SQLITE_DONE ? 0 : 1;
}

static void ordered_key(uint8_t key[16], int64_t number) {
    memset(key, 0, 16);
    for (int byte = 0; byte < 8; byte++) key[7 - byte] = (uint8_t)(number >> (8 * byte));
    // What orders by time ends in something that cannot be guessed.
    uint64_t mixed = (uint64_t)number * 0x9E3779B97F4A7C15u;
    memcpy(key + 8, &mixed, 8);
}

static int credit(sqlite3_stmt **statements, int64_t number) {
    static const char body[] =
        "{\"id\":\"evt_00000000000000000000000000\",\"type\":\"invoice.settled\",\"timestamp\":\"2026-01-01T00:00:00.000Z\","
        "\"data\":{\"id\":\"inv_00000000000000000000000000\",\"object\":\"invoice\",\"amount\":\"12.50\",\"state\":\"settled\"}}";
    uint8_t key[16], seal[32] = {0};
    ordered_key(key, number);
    memcpy(seal, key, 16);
    sqlite3_bind_blob(statements[OBSERVE], 1, seal, 32, SQLITE_STATIC);
    sqlite3_bind_int64(statements[OBSERVE], 2, number);
    int failed = once(statements[OBSERVE]);
    sqlite3_bind_blob(statements[SETTLE], 1, key, 16, SQLITE_STATIC);
    sqlite3_bind_blob(statements[SETTLE], 2, seal, 32, SQLITE_STATIC);
    failed |= once(statements[SETTLE]);
    sqlite3_bind_int64(statements[JOURNAL], 1, number);
    sqlite3_bind_blob(statements[JOURNAL], 2, key, 16, SQLITE_STATIC);
    sqlite3_bind_int64(statements[JOURNAL], 3, number);
    sqlite3_bind_blob(statements[JOURNAL], 4, seal, 32, SQLITE_STATIC);
    failed |= once(statements[JOURNAL]);
    sqlite3_stmt *posting = statements[POSTING];
    const int64_t amounts[3] = {1250, -1237, -13};
    sqlite3_bind_int64(posting, 1, number);
    sqlite3_bind_int64(posting, 2, 1);
    sqlite3_bind_int64(posting, 3, amounts[0]);
    sqlite3_bind_int64(posting, 4, 2);
    sqlite3_bind_int64(posting, 5, amounts[1]);
    sqlite3_bind_int64(posting, 6, amounts[2]);
    failed |= once(posting);
    for (int account = 0; account < 3; account++) {
        sqlite3_bind_int64(statements[BALANCE], 1, account + 1);
        sqlite3_bind_int64(statements[BALANCE], 2, amounts[account]);
        failed |= once(statements[BALANCE]);
    }
    sqlite3_bind_blob(statements[ANNOUNCE], 1, key, 16, SQLITE_STATIC);
    sqlite3_bind_text(statements[ANNOUNCE], 2, body, sizeof body - 1, SQLITE_STATIC);
    return failed | once(statements[ANNOUNCE]);
}

static int open_invoices(sqlite3 *database, int32_t count) {
    sqlite3_stmt *insert = NULL;
    int failed = sqlite3_exec(database, "BEGIN; INSERT INTO balance VALUES (1, 0), (2, 0), (3, 0)", NULL, NULL, NULL);
    failed |= sqlite3_prepare_v2(database, "INSERT INTO invoice VALUES (?1, 0, zeroblob(32))", -1, &insert, NULL);
    for (int32_t number = 1; number <= count && !failed; number++) {
        uint8_t key[16];
        ordered_key(key, number);
        sqlite3_bind_blob(insert, 1, key, 16, SQLITE_STATIC);
        failed |= once(insert);
    }
    sqlite3_finalize(insert);
    return failed | sqlite3_exec(database, "COMMIT", NULL, NULL, NULL);
}

double ceiling_sqlite_credits(const char *path, int32_t count, int32_t batch) {
    sqlite3 *database = NULL;
    sqlite3_stmt *statements[STATEMENTS] = {NULL};
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int failed = sqlite3_open_v2(path, &database, flags, NULL);
    if (!failed) failed = sqlite3_exec(database, schema, NULL, NULL, NULL) || open_invoices(database, count);
    for (int index = 0; index < STATEMENTS && !failed; index++)
        failed = sqlite3_prepare_v3(database, texts[index], -1, SQLITE_PREPARE_PERSISTENT, &statements[index], NULL);
    double start = seconds_now();
    for (int32_t number = 1; number <= count && !failed;) {
        failed |= once(statements[BEGIN]);
        for (int32_t member = 0; member < batch && number <= count; member++) failed |= credit(statements, number++);
        failed |= once(statements[COMMIT]);
    }
    double elapsed = seconds_now() - start;
    for (int index = 0; index < STATEMENTS; index++) sqlite3_finalize(statements[index]);
    sqlite3_close(database);
    return failed ? -1 : elapsed;
}

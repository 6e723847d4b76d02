#pragma once
#include <stddef.h>
#include <stdint.h>

// What the bare C libraries can do on this machine: the yardsticks that the product is measured against.

// Durable credits with SQLite, WAL and synchronous=FULL: `batch` credits a commit, each one a row of the journal, three
// postings, an outbox row, an observation and the update of an invoice, with keys that order by time. Returns the
// seconds that `count` of them took, or a negative number when SQLite failed.
double ceiling_sqlite_credits(const char *_Nonnull path, int32_t count, int32_t batch);

// Parses a bag of ordinary cells and hashes each of them, `times` times. Returns the seconds that it took, or a negative
// number when the bag is not one; writes the root's hash.
double ceiling_bag_of_cells(const uint8_t *_Nonnull bytes, size_t length, int32_t times, uint8_t root[_Nonnull 32]);

// One ECDSA operation of libsecp256k1, `times` times: 0 signs, 1 verifies, 2 recovers. Returns the seconds that it took,
// or a negative number when one failed.
double ceiling_ecdsa(int32_t operation, int32_t times);

// Walks an RLP encoding as strictly as Ethereum wants it, `times` times, and counts its items. Returns the seconds that it
// took, or a negative number when it is none.
double ceiling_rlp(const uint8_t *_Nonnull bytes, size_t length, int32_t times, int32_t *_Nonnull items);

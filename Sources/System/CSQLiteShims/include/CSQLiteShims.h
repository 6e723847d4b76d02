#pragma once

// sqlite3_config is variadic, which Swift cannot call.

// Has SQLite not count the memory that it uses, for which each of its allocations takes one lock of the whole process.
// Only before the first connection; the answer is SQLite's own code.
int sqlite_shim_count_no_memory(void);

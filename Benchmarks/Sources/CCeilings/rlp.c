#include "CCeilings.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
    struct timespec moment;
    clock_gettime(CLOCK_MONOTONIC, &moment);
    return (double)moment.tv_sec + (double)moment.tv_nsec * 1e-9;
}

// Reads the items of a list into copies of their bytes, which the caller keeps until the end as a program that uses them
// would. Returns how many there are, or -1.
static int32_t walk(const uint8_t *bytes, size_t length, int depth, uint8_t **kept) {
    int32_t items = 0;
    size_t at = 0;
    if (depth > 32) return -1;
    while (at < length) {
        uint8_t head = bytes[at];
        size_t start = at + 1, count = 0;
        int list = head >= 0xC0;
        uint8_t base = list ? 0xC0 : 0x80;
        if (head < 0x80) {
            start = at;
            count = 1;
        } else if (head < base + 56) {
            count = head - base;
            if (!list && count == 1 && (start >= length || bytes[start] < 0x80)) return -1;
        } else {
            size_t width = head - base - 55;
            if (start + width > length || bytes[start] == 0) return -1;
            for (size_t index = 0; index < width; index++) count = count << 8 | bytes[start + index];
            if (count < 56) return -1;
            start += width;
        }
        if (count > length - start) return -1;
        if (list) {
            int32_t inner = walk(bytes + start, count, depth + 1, kept + items);
            if (inner < 0) return -1;
            items += inner;
        } else {
            uint8_t *copy = malloc(count + 1);
            if (copy == NULL) return -1;
            memcpy(copy, bytes + start, count);
            kept[items++] = copy;
        }
        at = start + count;
    }
    return items;
}

double ceiling_rlp(const uint8_t *bytes, size_t length, int32_t times, int32_t *items) {
    // There are never more items than bytes.
    uint8_t **kept = calloc(length, sizeof *kept);
    if (kept == NULL) return -1;
    double start = now();
    for (int32_t turn = 0; turn < times; turn++) {
        *items = walk(bytes, length, 0, kept);
        if (*items < 0) return -1;
        for (int32_t index = 0; index < *items; index++) free(kept[index]);
    }
    double took = now() - start;
    free(kept);
    return took;
}

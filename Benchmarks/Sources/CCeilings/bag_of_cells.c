#include "CCeilings.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// A reader of the plain form only: no index, ordinary cells, references of one or two bytes. It checks what it must to
// stay inside the buffer, and the checksum is left out in favour of the reader.

typedef struct {
    const uint8_t *data;
    uint16_t references[4];
    uint16_t depth;
    uint8_t descriptors[2];
    uint8_t length;
    uint8_t count;
    uint8_t hash[32];
} bare_cell;

static double seconds_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static uint64_t number(const uint8_t *bytes, int width) {
    uint64_t value = 0;
    for (int index = 0; index < width; index++) value = value << 8 | bytes[index];
    return value;
}

static int find_cells(const uint8_t *bytes, const uint8_t *end, int width, bare_cell *cells, uint64_t count) {
    for (uint64_t index = 0; index < count; index++) {
        bare_cell *cell = &cells[index];
        if (end - bytes < 2) return -1;
        cell->descriptors[0] = bytes[0];
        cell->descriptors[1] = bytes[1];
        cell->count = bytes[0] & 7;
        if (cell->count > 4 || bytes[0] & 0xF8) return -1;
        cell->length = (uint8_t)((bytes[1] >> 1) + (bytes[1] & 1));
        cell->data = bytes + 2;
        bytes += 2 + cell->length;
        if (end - bytes < cell->count * width) return -1;
        for (int reference = 0; reference < cell->count; reference++, bytes += width) {
            uint64_t target = number(bytes, width);
            if (target <= index || target >= count) return -1;
            cell->references[reference] = (uint16_t)target;
        }
    }
    return bytes == end ? 0 : -1;
}

static void hash_cells(bare_cell *cells, uint64_t count, EVP_MD_CTX *context, const EVP_MD *sha256) {
    for (int64_t index = (int64_t)count - 1; index >= 0; index--) {
        bare_cell *cell = &cells[index];
        uint8_t message[2 + 128 + 4 * 34];
        int length = 2 + cell->length;
        memcpy(message, cell->descriptors, 2);
        memcpy(message + 2, cell->data, cell->length);
        cell->depth = 0;
        for (int reference = 0; reference < cell->count; reference++) {
            uint16_t depth = cells[cell->references[reference]].depth;
            if (depth + 1 > cell->depth) cell->depth = depth + 1;
            message[length++] = (uint8_t)(depth >> 8);
            message[length++] = (uint8_t)depth;
        }
        for (int reference = 0; reference < cell->count; reference++, length += 32)
            memcpy(message + length, cells[cell->references[reference]].hash, 32);
        EVP_DigestInit_ex2(context, sha256, NULL);
        EVP_DigestUpdate(context, message, (size_t)length);
        EVP_DigestFinal_ex(context, cell->hash, NULL);
    }
}

double ceiling_bag_of_cells(const uint8_t *bytes, size_t length, int32_t times, uint8_t root[32]) {
    if (length < 16 || number(bytes, 4) != 0xB5EE9C72 || bytes[4] & 0xB8) return -1;
    int width = bytes[4] & 7, offset = bytes[5];
    if (width < 1 || width > 2 || offset < 1 || offset > 8) return -1;
    uint64_t count = number(bytes + 6, width);
    uint64_t size = number(bytes + 6 + 3 * width, offset);
    const uint8_t *start = bytes + 6 + 4 * width + offset;
    const uint8_t *end = bytes + length - (bytes[4] & 0x40 ? 4 : 0);
    if (count < 1 || count > UINT16_MAX || start > end || (uint64_t)(end - start) != size) return -1;
    bare_cell *cells = calloc(count, sizeof *cells);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_MD *sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    int failed = 0;
    double begin = seconds_now();
    for (int32_t turn = 0; turn < times && !failed; turn++) {
        failed = find_cells(start, end, width, cells, count);
        if (!failed) hash_cells(cells, count, context, sha256);
    }
    double elapsed = seconds_now() - begin;
    memcpy(root, cells[0].hash, 32);
    EVP_MD_free(sha256);
    EVP_MD_CTX_free(context);
    free(cells);
    return failed ? -1 : elapsed;
}

#include "CCeilings.h"

#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <string.h>
#include <time.h>

static double now(void) {
    struct timespec moment;
    clock_gettime(CLOCK_MONOTONIC, &moment);
    return (double)moment.tv_sec + (double)moment.tv_nsec * 1e-9;
}

double ceiling_ecdsa(int32_t operation, int32_t times) {
    secp256k1_context *context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    unsigned char secret[32], digest[32];
    memset(secret, 7, 32);
    memset(digest, 9, 32);
    secp256k1_pubkey key, found;
    secp256k1_ecdsa_signature signature;
    secp256k1_ecdsa_recoverable_signature recoverable;
    int good = secp256k1_ec_pubkey_create(context, &key, secret)
        && secp256k1_ecdsa_sign(context, &signature, digest, secret, NULL, NULL)
        && secp256k1_ecdsa_sign_recoverable(context, &recoverable, digest, secret, NULL, NULL);
    double start = now();
    for (int32_t turn = 0; good && turn < times; turn++) {
        switch (operation) {
        case 0: good = secp256k1_ecdsa_sign(context, &signature, digest, secret, NULL, NULL); break;
        case 1: good = secp256k1_ecdsa_verify(context, &signature, digest, &key); break;
        default: good = secp256k1_ecdsa_recover(context, &found, &recoverable, digest); break;
        }
    }
    double took = now() - start;
    secp256k1_context_destroy(context);
    return good ? took : -1;
}

#ifndef BRIGADE_COPENSSL_H
#define BRIGADE_COPENSSL_H
/* The one-call digests (SHA256_Update and its like) are deprecated since OpenSSL 3.0 in favour of EVP, whose contexts
   are allocated and fetched: several times the cost of hashing the few hundred bytes of a signature. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/md5.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

// CRC-32C by the processor's own instruction, which Swift has no name for: eight bytes a step.
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

static inline int brigade_has_crc32c(void) {
    unsigned int a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_2) != 0;
}

// Neither the initial value nor the final complement is applied.
__attribute__((target("sse4.2"))) static inline uint32_t brigade_crc32c(
    uint32_t crc, const void *bytes, size_t count) {
    const unsigned char *at = bytes;
    uint64_t wide = crc;
    for (; count >= 8; at += 8, count -= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    crc = (uint32_t)wide;
    for (; count > 0; at++, count--) crc = __builtin_ia32_crc32qi(crc, *at);
    return crc;
}
#else
static inline int brigade_has_crc32c(void) { return 0; }
static inline uint32_t brigade_crc32c(uint32_t crc, const void *bytes, size_t count) { return crc; }
#endif

#endif

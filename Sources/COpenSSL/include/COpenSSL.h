#ifndef BRIGADE_COPENSSL_H
#define BRIGADE_COPENSSL_H
/* The one-call digests (SHA256_Update and its like) are deprecated since OpenSSL 3.0 in favour of EVP, whose contexts
   are allocated and fetched: several times the cost of hashing the few hundred bytes of a signature. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/md5.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#endif

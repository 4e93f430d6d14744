#ifndef BRIGADE_COPENSSL_H
#define BRIGADE_COPENSSL_H
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <openssl/md5.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#endif

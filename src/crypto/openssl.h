/*
 * openssl - the headers of libcrypto that this folder uses.
 *
 * They are included through this file only: libcrypto has a type named
 * ERR_STATE, which is also a row of base/err.h.
 */
#ifndef CRYPTO_OPENSSL_H
#define CRYPTO_OPENSSL_H

#define ERR_STATE openssl_err_state
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <openssl/sha.h>
#undef ERR_STATE

#endif

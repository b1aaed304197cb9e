/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl and OpenSSL copy what passes through them: headers with tokens, decrypted
 * answers. Both are given an allocator that wipes what it frees.
 */
#include <curl/curl.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "shared/rest.h"

static void *resize(void *p, size_t n)
{
    size_t had = p ? malloc_usable_size(p) : 0;
    void *larger = malloc(n);
    if (!larger)
        return NULL;
    if (p)
        memcpy(larger, p, had < n ? had : n);
    mem_wipe_free(p);
    return larger;
}

static char *copy_text(const char *s)
{
    return mem_dup(s, strlen(s));
}

static void *crypto_malloc(size_t n, const char *file, int line)
{
    return malloc(n);
}

static void *crypto_resize(void *p, size_t n, const char *file, int line)
{
    if (!n) {
        mem_wipe_free(p);
        return NULL;
    }
    return resize(p, n);
}

static void crypto_free(void *p, const char *file, int line)
{
    mem_wipe_free(p);
}

int rest_setup(struct err *e)
{
    if (!CRYPTO_set_mem_functions(crypto_malloc, crypto_resize, crypto_free))
        return err_set(e, ERR_INTERNAL, "OpenSSL has begun to work already");
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, mem_wipe_free, resize,
                             copy_text, calloc))
        return err_no_memory(e);
    return 0;
}

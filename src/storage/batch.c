/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "storage/storage.h"

#define BATCH_FIRST_CAP 8

static int make_room(struct storage_batch *b)
{
    if (b->len < b->cap)
        return 0;
    size_t cap = b->cap ? 2 * b->cap : BATCH_FIRST_CAP;
    struct storage_write *grown = calloc(cap, sizeof(*grown));
    if (!grown)
        return ERR_NO_MEMORY;
    if (b->len)
        memcpy(grown, b->writes, b->len * sizeof(*grown));
    free(b->writes);
    b->writes = grown;
    b->cap = cap;
    return 0;
}

struct storage_write *storage_batch_add(struct storage_batch *b, const char *key)
{
    assert(strlen(key) < STORAGE_KEY_SIZE);
    if (make_room(b))
        return NULL;
    struct storage_write *w = &b->writes[b->len++];
    *w = (struct storage_write){.value = BUF_INIT};
    strcpy_cut(w->key, sizeof(w->key), key);
    return w;
}

void storage_batch_deinit(struct storage_batch *b)
{
    for (size_t i = 0; i < b->len; i++)
        buf_deinit(&b->writes[i].value);
    free(b->writes);
    *b = (struct storage_batch)STORAGE_BATCH_INIT;
}
